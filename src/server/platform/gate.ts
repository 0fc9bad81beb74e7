import { connect, type Server, type Socket } from 'node:net'
import { ServingError } from '../../core/errors.ts'
import type { Answered, Handle, WireRequest, WireResponse } from '../../protocols/protocol.ts'
import type { Call, DataPlane } from '../../runtime/plane.ts'

/**
 * The way of a request from the runner that took its connection to a runner of the project that it is for: whole requests and
 * whole answers, each a frame. A frame is two lengths (uint32, little endian: of the head, of the body), the head in JSON,
 * the body as it came.
 */

/** What stands before a body. */
interface Head {
  readonly id: number
}

interface RequestHead extends Head, Omit<WireRequest, 'body'> {
  readonly wire: 'http' | 'grpc'
}

interface ResponseHead extends Head, Omit<WireResponse, 'body'> {
  readonly isText: boolean
}

/** The caller has gone. */
interface CancelHead extends Head {
  readonly cancels: true
}

const PREFIX_BYTES = 8
/** Largest head (bytes): headers have 64 KiB at most. */
const MAX_HEAD_BYTES = 1024 * 1024
const MAX_BODY_BYTES = 2 ** 31 - 1
/** How soon a connection that broke is tried again (ms). */
const RECONNECT_MS = 100
/** How long a project's runner may take to come up before its requests are refused (ms). */
const CONNECT_PATIENCE_MS = 10_000
/** Bodies of requests that are under way by one gate, or that its runner has not taken (bytes): a project whose runner is
 * slow must not take the memory of whoever hands over. */
const MAX_HELD_BYTES = 256 * 2 ** 20
/** When a caller who found no room may try again (ms). */
const NO_ROOM_RETRY_MS = 1000
/** How often callers are asked whether they still wait (ms). */
const LOOK_FOR_GONE_MS = 250

/** @param maxBodyBytes of a frame's body */
function readFrames(socket: Socket, onFrame: (head: unknown, body: Buffer) => void): void {
  let chunks: Buffer[] = []
  let length = 0
  let needed = PREFIX_BYTES
  const take = (bytes: number): Buffer => {
    const whole = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
    chunks = whole.length === bytes ? [] : [whole.subarray(bytes)]
    length = whole.length - bytes
    return whole.subarray(0, bytes)
  }
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    while (length >= needed) {
      const first = chunks[0] !== undefined && chunks[0].length >= PREFIX_BYTES ? chunks[0] : Buffer.concat(chunks)
      const headBytes = first.readUInt32LE(0)
      const bodyBytes = first.readUInt32LE(4)
      if (headBytes > MAX_HEAD_BYTES || bodyBytes > MAX_BODY_BYTES)
        return void socket.destroy(new Error('a frame between our processes is too large; this is a bug'))
      needed = PREFIX_BYTES + headBytes + bodyBytes
      if (length < needed) return
      const frame = take(needed)
      needed = PREFIX_BYTES
      try {
        const head: unknown = JSON.parse(frame.toString('utf8', PREFIX_BYTES, PREFIX_BYTES + headBytes))
        onFrame(head, frame.subarray(PREFIX_BYTES + headBytes))
      } catch (error) {
        return void socket.destroy(error instanceof Error ? error : undefined)
      }
    }
  })
}

function writeFrame(socket: Socket, head: object, body: Uint8Array): void {
  if (!socket.writable) return
  const text = Buffer.from(JSON.stringify(head))
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES)
  prefix.writeUInt32LE(text.length, 0)
  prefix.writeUInt32LE(body.length, 4)
  socket.cork()
  socket.write(prefix)
  socket.write(text)
  if (body.length > 0) socket.write(body)
  socket.uncork()
}

export interface GateServer {
  /** Answers what is under way, then ends its connections. */
  drain(): Promise<void>
}

/**
 * Answers what other runners hand over.
 * @param handles by wire; gRPC only where it is spoken
 * @param onAnswered told of each once its answer was handed to the socket
 */
export function serveGate(
  server: Server,
  plane: DataPlane,
  handles: { readonly http: Handle; readonly grpc?: Handle | undefined },
  onAnswered?: (answered: Answered) => void,
): GateServer {
  const sockets = new Set<Socket>()
  let underWay = 0
  let onIdle: (() => void) | undefined
  server.on('connection', (socket) => {
    sockets.add(socket)
    const calls = new Map<number, { aborted: boolean }>()
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      for (const call of calls.values()) call.aborted = true
    })
    readFrames(socket, (document, body) => {
      const head = document as RequestHead | CancelHead
      if ('cancels' in head) {
        const call = calls.get(head.id)
        if (call !== undefined) call.aborted = true
        return
      }
      const receivedAtMs = performance.now()
      const { id, wire, ...rest } = head
      const request = { ...rest, body }
      const handle = handles[wire]
      const call: Call & { aborted: boolean } = { aborted: false }
      calls.set(id, call)
      underWay++
      void (handle === undefined ? Promise.resolve(NOT_SPOKEN) : handle(request, plane, call)).then(
        ({ status, headers, body: answer }) => {
          calls.delete(id)
          const isText = typeof answer === 'string'
          const bytes = isText ? Buffer.from(answer) : answer
          writeFrame(socket, { id, status, headers, isText } satisfies ResponseHead, bytes)
          const totalMs = performance.now() - receivedAtMs
          onAnswered?.({ request, call, status, sentBytes: bytes.length, receivedAtMs, totalMs })
          if (--underWay === 0) onIdle?.()
        },
      )
    })
  })
  return {
    async drain() {
      server.close()
      if (underWay > 0) await new Promise<void>((resolve) => (onIdle = resolve))
      for (const socket of sockets) socket.end()
    },
  }
}

const NOT_SPOKEN: WireResponse = { status: 501, headers: {}, body: '' }

/** A way to a project's runner, which need not be there yet. */
export interface Gate {
  /** @throws {ServingError} `overloaded` when too much waits already; `unavailable` when the runner cannot be reached, or went before it answered */
  ask(wire: 'http' | 'grpc', request: WireRequest, call: Call): Promise<WireResponse>
  close(): void
}

interface Asked {
  readonly call: Call
  readonly resolve: (response: WireResponse) => void
  readonly reject: (error: ServingError) => void
}

/** @param path of the Unix socket @param maxHeldBytes of bodies that are handed over and not yet answered */
export function openGate(path: string, maxHeldBytes = MAX_HELD_BYTES): Gate {
  let socket: Socket | undefined
  let opening: Promise<Socket> | undefined
  let isClosed = false
  let lastId = 0
  let heldBytes = 0
  const waiting = new Map<number, Asked>()
  const timer = setInterval(() => {
    for (const [id, { call, reject }] of waiting)
      if (call.aborted) {
        waiting.delete(id)
        if (socket !== undefined) writeFrame(socket, { id, cancels: true } satisfies CancelHead, Buffer.alloc(0))
        reject(new ServingError('cancelled', 'the caller went away'))
      }
  }, LOOK_FOR_GONE_MS)
  timer.unref()

  function connectOnce(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const fresh = connect(path)
      fresh.once('error', reject)
      fresh.once('connect', () => {
        fresh.off('error', reject)
        fresh.on('error', () => {})
        fresh.on('close', () => {
          if (socket === fresh) socket = undefined
          for (const asked of waiting.values()) asked.reject(gone())
          waiting.clear()
        })
        readFrames(fresh, (document, body) => {
          const { id, status, headers, isText } = document as ResponseHead
          waiting.get(id)?.resolve({ status, headers, body: isText ? body.toString('utf8') : body })
          waiting.delete(id)
        })
        socket = fresh
        resolve(fresh)
      })
    })
  }

  async function connectPatiently(): Promise<Socket> {
    const begun = performance.now()
    for (;;) {
      try {
        return await connectOnce()
      } catch (cause) {
        if (isClosed || performance.now() - begun > CONNECT_PATIENCE_MS)
          throw new ServingError('unavailable', 'the runner of this project does not answer at the moment: try again', {
            cause,
          })
        await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS))
      }
    }
  }

  return {
    async ask(wire, { body, ...request }, call) {
      // what callers have given up may still be on its way
      const held = Math.max(heldBytes, socket?.writableLength ?? 0)
      if (held > 0 && held + body.length > maxHeldBytes) throw noRoom()
      heldBytes += body.length
      try {
        let to = socket
        if (to === undefined) {
          opening ??= connectPatiently().finally(() => (opening = undefined))
          to = await opening
        }
        const id = ++lastId
        const answered = Promise.withResolvers<WireResponse>()
        waiting.set(id, { call, ...answered })
        writeFrame(to, { id, wire, ...request } satisfies RequestHead, body)
        return await answered.promise
      } finally {
        heldBytes -= body.length
      }
    },
    close() {
      isClosed = true
      clearInterval(timer)
      socket?.destroy()
    },
  }
}

function noRoom(): ServingError {
  return new ServingError('overloaded', 'the runner of this project has too much to take in already: wait', {
    details: { retryAfterMs: NO_ROOM_RETRY_MS },
  })
}

function gone(): ServingError {
  return new ServingError('unavailable', 'the runner of this project went before it answered: try again')
}
