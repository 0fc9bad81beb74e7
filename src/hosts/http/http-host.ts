import { createServer, type Server, type Socket } from 'node:net'
import type { Server as TlsServer } from 'node:tls'
import { OPEN_DOOR, type Answered, type Door, type Handle } from '../../protocols/protocol.ts'
import { unboundedBodyMemory, type BodyMemory } from '../../runtime/body-memory.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import { takeWaiting } from '../take-waiting.ts'
import { createFastLane } from './fast-lane.ts'
import type { LaneOptions } from './lane.ts'
import { createNodeLane } from './node-lane.ts'
import { createTlsServer, renewCredentials, type TlsCredentials } from './tls.ts'

export interface HttpHostOptions {
  readonly handle: Handle
  readonly plane: DataPlane
  /** Asked before a body is read that has not come with its head. All pass where it is absent. */
  readonly door?: Door | undefined
  /** Where bodies take their room; as much as comes where it is absent. */
  readonly memory?: BodyMemory | undefined
  /** Largest request body (bytes). */
  readonly maxBodyBytes: number
  /** Most connections at once; more are closed as they come. */
  readonly maxConnections: number
  /** How long headers may take to arrive (ms); with TLS also the handshake, which has 10 s at most. */
  readonly headersTimeoutMs: number
  /** How long a whole request may take to arrive (ms). */
  readonly requestTimeoutMs: number
  /** How long an idle connection is kept (ms). */
  readonly keepAliveTimeoutMs: number
  /** How long a client may take nothing of its answer (ms). Default 30,000. */
  readonly writeTimeoutMs?: number
  /** Speaks TLS alone; plain HTTP when absent. */
  readonly tls?: TlsCredentials
  /** Told once of each answered request, after its answer was handed to the socket. */
  readonly onAnswered?: (answered: Answered) => void
  /** Told of answers that could not be sent because of a defect of ours. */
  readonly onDefect?: (error: unknown) => void
  /** False sends every connection through Node's HTTP server, for tests that compare. Default true. */
  readonly isFastLaneOn?: boolean
}

export interface HttpHost {
  readonly server: Server
  /**
   * Stops accepting, lets every request under way finish with `Connection: close`, then closes what is idle: a client
   * that is about to ask again on its kept connection gets its answer, and learns there to go elsewhere.
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

const WRITE_TIMEOUT_MS = 30_000

/** How long connections without a request are kept while draining (ms). */
const DRAIN_GRACE_MS = 500
const DRAIN_CHECK_MS = 50

/**
 * HTTP/1.1: bytes to a protocol's `handle`, and its answer back in one write. Connections begin in the fast lane, which
 * knows the plain form of requests that clients send; whatever else comes goes to Node's HTTP server.
 */
export function createHttpHost(options: HttpHostOptions): HttpHost {
  const { writeTimeoutMs = WRITE_TIMEOUT_MS, isFastLaneOn = true, onAnswered, onDefect } = options
  const { door = OPEN_DOOR, memory = unboundedBodyMemory() } = options
  let isDraining = false
  const laneOptions: LaneOptions = {
    ...options,
    door,
    memory,
    writeTimeoutMs,
    onAnswered,
    onDefect,
    isDraining: () => isDraining,
  }
  const nodeLane = createNodeLane(laneOptions)
  const fastLane = isFastLaneOn ? createFastLane(laneOptions, nodeLane.accept) : undefined
  const lanes = fastLane === undefined ? [nodeLane] : [fastLane, nodeLane]
  const { accept } = fastLane ?? nodeLane

  const tlsServer: TlsServer | undefined =
    options.tls === undefined ? undefined : createTlsServer(options.tls, options.headersTimeoutMs)
  const server: Server = tlsServer ?? createServer({ allowHalfOpen: true, noDelay: true })
  server.maxConnections = options.maxConnections

  /** Every connection, secure or on its way there. */
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on(tlsServer === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    socket.on('error', () => {}) // a client that went; its close is what counts
    accept(socket)
  })
  server.on('close', () => {
    for (const lane of lanes) lane.close()
  })

  async function drain(): Promise<void> {
    await takeWaiting(server)
    isDraining = true // from now on, not before: clients that are sent elsewhere must not come back to us
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    const begun = performance.now()
    const timer = setInterval(() => {
      if (performance.now() - begun < DRAIN_GRACE_MS) return
      for (const lane of lanes) lane.closeIdle()
    }, DRAIN_CHECK_MS)
    await closed
    clearInterval(timer)
  }

  return {
    server,
    drain,
    destroy() {
      for (const socket of sockets) socket.destroy()
    },
    renewTls(credentials) {
      if (tlsServer === undefined) throw new Error('a host without TLS has no certificate to renew; this is a bug')
      renewCredentials(tlsServer, credentials)
    },
  }
}
