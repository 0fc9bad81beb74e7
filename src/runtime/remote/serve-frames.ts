import type { Server, Socket } from 'node:net'
import type { Principal } from '../../auth/authorizer.ts'
import { ServingError } from '../../core/errors.ts'
import type { Tensors } from '../../tensor/tensor.ts'
import { damaged, DEFAULT_MAX_FRAME_BYTES, type Frame, type FrameRequest } from '../../tensor/frames/frame.ts'
import { createFrameReader } from '../../tensor/frames/read-frame.ts'
import { encodeAnswer, encodeFailure, encodeGoodbye, sendPieces } from '../../tensor/frames/write-frame.ts'

/** A request that came from another process, and whether somebody there still waits for it. */
export interface RemoteRequest extends FrameRequest {
  readonly call: RemoteCall
}

export interface RemoteCall {
  /** Whether the caller has gone: it said so, or its connection ended. */
  readonly aborted: boolean
  /** Called when that happens, by then once. */
  onAborted: (() => void) | undefined
  /** Who asked the other process, as far as that has to do with turns; what the key may do was asked there. */
  readonly principal?: Principal | undefined
}

export interface ServeFramesOptions {
  /** Refuse frames above this, and answer with none (bytes). Default: 1 GiB. */
  readonly maxFrameBytes?: number
  /** Most requests that one connection may have under way; more are refused as `overloaded`. Default: 1024. */
  readonly maxInFlight?: number
  /** Called with each failure of ours: its cause, which does not cross, is for the log. */
  readonly onFailure?: (error: ServingError) => void
  /** Called when a connection is ended because what came over it was damaged. */
  readonly onDamage?: (error: ServingError) => void
}

export interface FrameServer {
  /** Requests under way, over all connections. */
  readonly inFlight: number
  /** Open connections. */
  readonly connections: number
  /**
   * Takes no more connections and tells those that are there; ends once every request is answered and the other sides
   * have gone.
   * @param timeoutMs cut what is left after this
   */
  drain(timeoutMs: number): Promise<void>
}

interface Connection {
  readonly socket: Socket
  readonly calls: Map<number, { aborted: boolean; onAborted: (() => void) | undefined }>
}

/** How soon a client should come back that was refused for want of room (ms). */
const RETRY_AFTER_MS = 100

/**
 * Answers frames on every connection of a server: each request by one call of `handler`, in the order of their answers.
 * A handler that answers in the calling tick is answered for in that tick.
 * @param handler its rejections cross as they are when they are `ServingError`s, else as `internal`
 */
export function serveFrames(
  server: Server,
  handler: (request: RemoteRequest) => Tensors | Promise<Tensors>,
  options: ServeFramesOptions = {},
): FrameServer {
  const { maxFrameBytes = DEFAULT_MAX_FRAME_BYTES, maxInFlight = 1024 } = options
  const connections = new Set<Connection>()
  let inFlight = 0
  let isDraining = false
  let whenEmpty: (() => void) | undefined

  server.on('connection', accept)

  function accept(socket: Socket): void {
    const connection: Connection = { socket, calls: new Map() }
    const reader = createFrameReader(maxFrameBytes, (frame) => receive(connection, frame))
    connections.add(connection)
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk)
      } catch (thrown) {
        const error = ServingError.from(thrown)
        options.onDamage?.(error)
        socket.destroy()
      }
    })
    // a client that does not read its answers is not read from either
    socket.on('drain', () => socket.resume())
    socket.on('error', () => {}) // its close follows
    socket.on('close', () => {
      connections.delete(connection)
      for (const call of connection.calls.values()) abort(call)
      if (connections.size === 0) whenEmpty?.()
    })
    if (isDraining) sendPieces(socket, encodeGoodbye())
  }

  function receive(connection: Connection, frame: Frame): void {
    if (frame.kind === 'request') take(connection, frame.id, frame.request)
    else if (frame.kind === 'cancel') {
      const call = connection.calls.get(frame.id)
      if (call !== undefined) abort(call)
    } else throw damaged(`a client sends no ${frame.kind}`)
  }

  function take(connection: Connection, id: number, request: FrameRequest): void {
    const { calls } = connection
    if (calls.has(id)) throw damaged('two requests have one id')
    if (isDraining) return refuse(connection, id, new ServingError('unavailable', 'the process is ending: ask another'))
    if (calls.size >= maxInFlight) {
      const error = new ServingError('overloaded', `${calls.size} requests of one connection are under way: wait`, {
        details: { retryAfterMs: RETRY_AFTER_MS },
      })
      return refuse(connection, id, error)
    }
    const { key } = request
    const principal = key === undefined ? undefined : { name: key, uid: key }
    const call = { aborted: false, onAborted: undefined, principal }
    calls.set(id, call)
    inFlight++
    let outputs: Tensors | Promise<Tensors>
    try {
      outputs = handler({ ...request, call })
    } catch (error) {
      return fail(connection, id, error)
    }
    if (!(outputs instanceof Promise)) return answer(connection, id, outputs)
    outputs.then(
      (settled) => answer(connection, id, settled),
      (error: unknown) => fail(connection, id, error),
    )
  }

  function answer(connection: Connection, id: number, outputs: Tensors): void {
    try {
      finish(connection, id, encodeAnswer(id, outputs, maxFrameBytes))
    } catch (error) {
      fail(connection, id, error)
    }
  }

  function fail(connection: Connection, id: number, thrown: unknown): void {
    const error = ServingError.from(thrown)
    if (error.code === 'internal') options.onFailure?.(error)
    finish(connection, id, encodeFailure(id, error))
  }

  function finish(connection: Connection, id: number, pieces: readonly Uint8Array[]): void {
    connection.calls.delete(id)
    inFlight--
    write(connection.socket, pieces)
  }

  function refuse(connection: Connection, id: number, error: ServingError): void {
    write(connection.socket, encodeFailure(id, error))
  }

  function write(socket: Socket, pieces: readonly Uint8Array[]): void {
    if (!socket.writable) return
    sendPieces(socket, pieces)
    if (socket.writableNeedDrain) socket.pause()
  }

  async function drain(timeoutMs: number): Promise<void> {
    if (!isDraining) {
      isDraining = true
      server.close()
      for (const { socket } of connections) write(socket, encodeGoodbye())
    }
    if (connections.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(() => {
      for (const { socket } of connections) socket.destroy()
    }, timeoutMs)
    whenEmpty = resolve
    await promise
    clearTimeout(timer)
  }

  return {
    drain,
    get inFlight() {
      return inFlight
    },
    get connections() {
      return connections.size
    },
  }
}

function abort(call: { aborted: boolean; onAborted: (() => void) | undefined }): void {
  if (call.aborted) return
  call.aborted = true
  call.onAborted?.()
}
