import { BoundSocket, type Server } from 'node:net'
import { ServingError } from '../core/errors.ts'

/** Where a socket is bound, and the option that chose its port. Plain data: it crosses a process border. */
export interface BoundAddress {
  readonly host: string
  readonly port: number
  /** `--port` */
  readonly flag: string
}

/**
 * Makes an address ours without listening on it yet. Two processes that do so at the same moment may both have it: which of
 * them keeps it shows when they listen.
 * @param address 0 as its port for any free one
 * @throws {ServingError} `unavailable` for an address that cannot be had, `invalid_argument` for one that is none
 */
export function bind({ host, port, flag }: BoundAddress): BoundSocket {
  try {
    return new BoundSocket({ host, port })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') throw portInUse({ host, port, flag }, error)
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL')
      throw new ServingError('unavailable', `cannot listen on ${host}, port ${port} (${code})`, { cause: error })
    throw new ServingError(
      'invalid_argument',
      `--host takes a numeric address such as 127.0.0.1 or ::1, found ${host}`,
      { cause: error },
    )
  }
}

/**
 * Listens on a socket that was bound before.
 * @param fd of the socket, in this process
 * @throws {ServingError} `unavailable` when another process, which had bound the same address, listens there already
 */
export async function listenOn(server: Server, fd: number, address: BoundAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? portInUse(address, error) : error)
    server.once('error', onError)
    server.listen({ fd, backlog: 1024 }, () => {
      server.off('error', onError)
      resolve()
    })
  })
}

function portInUse({ host, port, flag }: BoundAddress, cause: unknown): ServingError {
  return new ServingError('unavailable', `port ${port} on ${host} is in use: choose another with ${flag}`, { cause })
}

/** Address and port of a bound socket, as clients call them. */
export function addressOf(socket: BoundSocket): string {
  const { address, family, port } = socket.address()
  // an address that means all of them is no address to call
  const isAny = address === '0.0.0.0' || address === '::'
  const host = isAny ? '127.0.0.1' : family === 'IPv6' ? `[${address}]` : address
  return `${host}:${port}`
}
