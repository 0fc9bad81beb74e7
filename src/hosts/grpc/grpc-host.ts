import { createServer, type Server, type Socket } from 'node:net'
import type { Server as TlsServer, TLSSocket } from 'node:tls'
import type { CallKind } from '../../protocols/oip-grpc/call-kind.ts'
import type { Answered, Handle, WireRequest } from '../../protocols/protocol.ts'
import { unboundedBodyMemory, type BodyMemory, type Flow } from '../../runtime/body-memory.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import { createTlsServer, renewCredentials, type TlsCredentials } from '../http/tls.ts'
import { takeWaiting } from '../take-waiting.ts'
import { serveConnection, type Connection, type ConnectionOptions } from './connection.ts'
import { SWEEP_INTERVAL_MS } from './limits.ts'

/** Zero turns a timeout off. */
export interface GrpcHostOptions {
  readonly handle: Handle
  /**
   * Throws for a call that is refused at its head, before anything of its messages is read; says of others whose they are.
   * All pass where it is absent.
   */
  readonly admit?: (head: WireRequest) => Flow
  readonly plane: DataPlane
  /** Where messages take their room; as much as comes where it is absent. */
  readonly memory?: BodyMemory | undefined
  /** How the messages of each method follow each other, by path; `unary` where a path is not listed. */
  readonly kinds: ReadonlyMap<string, CallKind>
  /** Largest message, also when it is inflated (bytes). */
  readonly maxMessageBytes: number
  /** Most calls of one connection at once. Default 250. */
  readonly maxConcurrentStreams?: number
  /** Most connections at once; more are closed as they come. */
  readonly maxConnections: number
  /** How long a client may take to say that it speaks HTTP/2 (ms); with TLS also the handshake, which has 10 s at most. */
  readonly headersTimeoutMs: number
  /** How long a message may take to arrive (ms). */
  readonly requestTimeoutMs: number
  /** How long a connection without calls is kept (ms). Default 300,000: clients of gRPC keep theirs. */
  readonly idleTimeoutMs?: number
  /** How often a connection with long calls is asked whether its client is still there (ms). Default 60,000. */
  readonly pingIntervalMs?: number
  /** How long a client may take over any answer, short or long (ms). Default 30,000. */
  readonly writeTimeoutMs?: number
  /** How fast a client reads at least, once that has passed (bytes per ms). Default 64. */
  readonly slowestReadBytesPerMs?: number
  /** How long a draining host keeps a stream on which nothing happens (ms). Default 500. */
  readonly drainGraceMs?: number
  /** How often a watched answer is looked at (ms). Default 1000. */
  readonly watchIntervalMs?: number
  /** Whether HTTP/2 is ours, which costs a fraction, else Node's. Default true. */
  readonly isOwnHttp2?: boolean
  /** Speaks TLS alone; HTTP/2 in the clear when absent. */
  readonly tls?: TlsCredentials
  /** Told once of each answered message, after its answer was handed to the socket. */
  readonly onAnswered?: (answered: Answered) => void
  /** Told of answers that could not be sent because of a defect of ours. */
  readonly onDefect?: (error: unknown) => void
}

export interface GrpcHost {
  readonly server: Server
  /**
   * Stops accepting, tells every client to take its next calls elsewhere, and lets those under way end. Streams on which
   * nothing happens are ended with UNAVAILABLE.
   * @returns once the last connection is closed
   */
  drain(): Promise<void>
  /** Cuts what is left. */
  destroy(): void
  /**
   * Another certificate for the connections to come.
   * @throws {ServingError} `invalid_argument` for one that cannot be used; the old one stays
   */
  renewTls(credentials: TlsCredentials): void
}

const DEFAULTS = {
  isOwnHttp2: true,
  maxConcurrentStreams: 250,
  idleTimeoutMs: 300_000,
  pingIntervalMs: 60_000,
  writeTimeoutMs: 30_000,
  slowestReadBytesPerMs: 64,
  drainGraceMs: 500,
  watchIntervalMs: 1000,
  admit: undefined,
  onAnswered: undefined,
  onDefect: undefined,
}

const DRAIN_CHECK_MS = 50

/**
 * gRPC over HTTP/2: each message to a protocol's `handle` as a request of its own, and its answer back as a message with
 * trailers. It knows frames, compression, deadlines and streams, and nothing of what the messages say.
 * @see gRPC over HTTP2
 */
export function createGrpcHost(options: GrpcHostOptions): GrpcHost {
  const { memory = unboundedBodyMemory() } = options
  const connectionOptions: ConnectionOptions = { ...DEFAULTS, ...options, memory }
  const tlsServer: TlsServer | undefined =
    options.tls === undefined ? undefined : createTlsServer(options.tls, options.headersTimeoutMs, 'h2')
  const server: Server = tlsServer ?? createServer({ noDelay: true })
  server.maxConnections = options.maxConnections
  /** Every connection, secure or on its way there. */
  const sockets = new Set<Socket>()
  const connections = new Map<Socket, Connection>()
  let isDraining = false

  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on(tlsServer === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    socket.on('error', () => {}) // a client that went; its close is what counts
    // a client that does not ask for HTTP/2 would not understand it
    if (tlsServer !== undefined && (socket as TLSSocket).alpnProtocol !== 'h2') return void socket.destroy()
    const connection = serveConnection(socket, connectionOptions)
    connections.set(socket, connection)
    socket.once('close', () => connections.delete(socket))
    if (isDraining) connection.drain()
  })
  const sweep = setInterval(() => {
    const nowMs = performance.now()
    for (const connection of connections.values()) connection.check(nowMs)
  }, SWEEP_INTERVAL_MS)
  sweep.unref()
  server.on('close', () => clearInterval(sweep))

  return {
    server,
    async drain() {
      await takeWaiting(server)
      isDraining = true
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const connection of connections.values()) connection.drain()
      const timer = setInterval(() => {
        const nowMs = performance.now()
        for (const connection of connections.values()) {
          connection.endIdleCalls(nowMs)
          connection.check(nowMs)
        }
      }, DRAIN_CHECK_MS)
      await closed
      clearInterval(timer)
    },
    destroy() {
      for (const socket of sockets) socket.destroy()
    },
    renewTls(credentials) {
      if (tlsServer === undefined) throw new Error('a host without TLS has no certificate to renew; this is a bug')
      renewCredentials(tlsServer, credentials)
    },
  }
}
