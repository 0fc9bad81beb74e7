import type { Server as TlsServer } from 'node:tls'
import { ServingError } from '../../core/errors.ts'

/** A certificate chain and its private key, both PEM. */
export interface TlsCredentials {
  readonly cert: string | Buffer
  readonly key: string | Buffer
}

/** How long a client may take over the handshake at most (ms). */
const MAX_HANDSHAKE_TIMEOUT_MS = 10_000

const MIN_VERSION = 'TLSv1.2'

/**
 * A server of TLS 1.2 and 1.3 whose connections, once secure, carry HTTP. Node's TLS is loaded by the first call: processes
 * that speak plain HTTP are spared its memory.
 * @param headersTimeoutMs also the limit of the handshake, which is never over 10 s; 0 for 10 s
 * @param protocol what is spoken, as ALPN names it; of HTTP/1.1, a client may have said all and still want its answer
 * @throws {ServingError} `invalid_argument` for a certificate or key that cannot be used
 */
export function createTlsServer(
  credentials: TlsCredentials,
  headersTimeoutMs: number,
  protocol: 'http/1.1' | 'h2' = 'http/1.1',
): TlsServer {
  checkCredentials(credentials)
  const server = tls().createServer({
    ...secureOptions(credentials),
    handshakeTimeout: Math.min(headersTimeoutMs || MAX_HANDSHAKE_TIMEOUT_MS, MAX_HANDSHAKE_TIMEOUT_MS),
    ALPNProtocols: [protocol],
    allowHalfOpen: protocol === 'http/1.1',
    noDelay: true,
  })
  // a handshake that failed or took too long: Node leaves closing to us
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  return server
}

/**
 * New handshakes use the new certificate; connections that stand stay as they are.
 * @throws {ServingError} `invalid_argument` for a certificate or key that cannot be used; the old ones stay
 */
export function renewCredentials(server: TlsServer, credentials: TlsCredentials): void {
  checkCredentials(credentials)
  server.setSecureContext(secureOptions(credentials))
}

function secureOptions({ cert, key }: TlsCredentials) {
  return { cert, key, minVersion: MIN_VERSION } as const
}

function checkCredentials(credentials: TlsCredentials): void {
  for (const part of ['cert', 'key'] as const)
    if (!credentials[part]?.length)
      // OpenSSL would serve without it, and fail each handshake
      throw new ServingError('invalid_argument', `the TLS ${part} is empty`)
  try {
    tls().createSecureContext(secureOptions(credentials))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ServingError('invalid_argument', `the TLS certificate and its key cannot be used: ${code ?? 'not PEM'}`, {
      cause: error,
    })
  }
}

function tls(): typeof import('node:tls') {
  return process.getBuiltinModule('node:tls')
}
