import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { TransportError, transportErrorOf, type Transport } from './transport.ts'

export interface NodeTransportOptions {
  /** Certificates in PEM that are trusted besides those of the system. */
  readonly ca?: string | undefined
  /** Longest answer (bytes). */
  readonly maxAnswerBytes?: number
}

/**
 * Over node:http and node:https, with connections that are kept: for the command line, which `fetch` would cost tens of
 * milliseconds to load, and which may have a CA of its own.
 * @returns the transport, and `close` to let go of idle connections so that the process can end
 */
export function createNodeTransport({ ca, maxAnswerBytes = 256 * 2 ** 20 }: NodeTransportOptions = {}): {
  readonly transport: Transport
  readonly close: () => void
} {
  const http = new HttpAgent({ keepAlive: true })
  let https: HttpsAgent | undefined
  const agentFor = async (protocol: string) => {
    if (protocol !== 'https:') return http
    if (https !== undefined) return https
    if (ca === undefined) return (https = new HttpsAgent({ keepAlive: true }))
    const { getCACertificates } = await import('node:tls')
    return (https = new HttpsAgent({ keepAlive: true, ca: [...getCACertificates('default'), ca] }))
  }
  const transport: Transport = async ({ method, url, headers, body, signal }) => {
    const target = new URL(url)
    if (target.protocol !== 'http:' && target.protocol !== 'https:')
      throw new TransportError(`${target.protocol}// is neither http:// nor https://`, { isPassing: false })
    const agent = await agentFor(target.protocol)
    signal?.throwIfAborted()
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const options: RequestOptions = { method, agent, headers: { ...headers, ...length }, ...(signal ? { signal } : {}) }
    const start = target.protocol === 'https:' ? httpsRequest : httpRequest
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) =>
        reject(
          signal?.aborted === true
            ? asError(signal.reason)
            : error instanceof TransportError
              ? error
              : transportErrorOf(error),
        )
      const request = start(target, options, (answer) => {
        readText(answer, maxAnswerBytes).then(
          (text) => resolve({ status: answer.statusCode ?? 0, text, header: (name) => headerOf(answer, name) }),
          fail,
        )
      })
      request.on('error', fail)
      request.end(body)
    })
  }
  const close = () => {
    http.destroy()
    https?.destroy()
  }
  return { transport, close }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const found = headers[name]
  return Array.isArray(found) ? found.join(', ') : found
}

async function readText(answer: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let total = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    total += chunk.byteLength
    if (total > maxBytes) {
      answer.destroy()
      throw new TransportError(`the answer is longer than ${maxBytes} bytes`, { isPassing: false })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
