import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What befalls one request; `undefined` lets it pass. */
export type Fault =
  /** An answer of this status in its place. */
  | { readonly status: number }
  /** The answer's body stops after so many bytes: and stays so, or the connection breaks. */
  | { readonly stopAfter: number; readonly breaks: boolean }
  /** A bit of the answer's body is another. */
  | { readonly flipAt: number }
  /** There is never an answer. */
  | 'silent'

/** Stands before a server and does harm. */
export interface FaultyProxy {
  readonly endpoint: string
  /** Every request so far: method, path and headers. */
  readonly requests: IncomingMessage[]
  /** Decides on each request. */
  fault: (request: IncomingMessage) => Fault | undefined
  end(): void
}

export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const requests: IncomingMessage[] = []
  const server = createServer((incoming, outgoing) => {
    requests.push(incoming)
    const fault = proxy.fault(incoming)
    if (fault === 'silent') return
    if (fault !== undefined && 'status' in fault) {
      incoming.resume()
      incoming.on('end', () => outgoing.writeHead(fault.status).end())
      return
    }
    const { method, headers, url = '/' } = incoming
    const forwarded = request(new URL(url, target), { method, headers }, (answer) => pass(answer, outgoing, fault))
    forwarded.on('error', () => outgoing.destroy())
    incoming.pipe(forwarded)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: FaultyProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    fault: () => undefined,
    end: () => {
      server.closeAllConnections()
      server.close()
    },
  }
  return proxy
}

function pass(
  answer: IncomingMessage,
  outgoing: ServerResponse,
  fault: Exclude<Fault, 'silent' | { status: number }> | undefined,
) {
  outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
  let sent = 0
  answer.on('data', (piece: Buffer) => {
    const from = sent
    sent += piece.length
    if (fault === undefined) outgoing.write(piece)
    else if ('flipAt' in fault) {
      const copy = Buffer.from(piece)
      const place = fault.flipAt - from
      if (place >= 0 && place < copy.length) copy.writeUInt8(copy.readUInt8(place) ^ 1, place)
      outgoing.write(copy)
    } else if (from < fault.stopAfter) {
      const isLast = sent >= fault.stopAfter
      outgoing.write(piece.subarray(0, fault.stopAfter - from), () => isLast && fault.breaks && outgoing.destroy())
    }
  })
  answer.on('end', () => {
    if (fault === undefined || 'flipAt' in fault) outgoing.end()
  })
}
