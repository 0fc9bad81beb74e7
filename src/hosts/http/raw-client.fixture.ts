import { connect, type Socket } from 'node:net'
import { ServingError } from '../../core/errors.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import type { HttpHost } from './http-host.ts'

/** A plane without models. */
export const NO_PLANE: DataPlane = {
  isReady: () => true,
  models: () => [],
  model() {
    throw new ServingError('not_found', 'no models here')
  },
  predict: () => Promise.reject(new ServingError('not_found', 'no models here')),
}

/** A connection on which tests say exactly what goes over the wire. */
export interface RawClient {
  readonly socket: Socket
  readonly errors: readonly Error[]
  /** All that came so far, a character a byte. */
  text(): string
  /** Waits until what came has this in it `times` times. */
  until(part: string, times?: number): Promise<string>
  /** Waits until the server has closed; what came until then. */
  closed(): Promise<string>
}

/** Listens to a socket, connected or connecting. */
export function rawClient(socket: Socket): RawClient {
  let text = ''
  socket.on('data', (chunk) => (text += chunk.toString('latin1')))
  const errors: Error[] = []
  socket.on('error', (error) => errors.push(error))
  const until = async (part: string, times = 1) => {
    while (text.split(part).length <= times) {
      if (socket.closed) throw new Error(`closed before ${JSON.stringify(part)} came ${times} times: ${text}`)
      await new Promise<void>((resolve) => {
        const go = () => {
          socket.off('data', go).off('close', go)
          resolve()
        }
        socket.on('data', go).on('close', go)
      })
    }
    return text
  }
  const closed = async () => {
    if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
    return text
  }
  return { socket, errors, text: () => text, until, closed }
}

export function openRaw(port: number, first: string | Uint8Array = ''): RawClient {
  const client = rawClient(connect(port, '127.0.0.1'))
  if (first.length > 0) client.socket.write(first)
  return client
}

/** How many connections a host has. */
export function connectionsOf({ server }: HttpHost): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  )
}

/** Cuts every connection and frees the port. */
export async function stopHost(host: HttpHost): Promise<void> {
  host.destroy()
  if (host.server.listening) await new Promise((resolve) => host.server.close(resolve))
}
