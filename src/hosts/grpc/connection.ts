import type { Socket } from 'node:net'
import { ServingError } from '../../core/errors.ts'
import type { CallKind } from '../../protocols/oip-grpc/call-kind.ts'
import { grpcFailure } from '../../protocols/oip-grpc/status.ts'
import type { WireRequest } from '../../protocols/protocol.ts'
import { EVERYBODY, type Flow } from '../../runtime/body-memory.ts'
import { serveNodeHttp2 } from '../http2/node-session.ts'
import { serveOwnHttp2 } from '../http2/own-session.ts'
import type { Http2Stream, RequestHeaders } from '../http2/session.ts'
import { readCallHead, refuseHttp, type CallHead } from './call-head.ts'
import { MessageCall, tellAnswered, type CallOptions, type OpenCall } from './calls.ts'
import { serveExchange } from './exchange.ts'
import { sendHttpRefusal, sendTrailersOnly, trailersOf } from './send.ts'
import { serveUnary } from './unary.ts'
import { serveWatch } from './watch.ts'

export interface ConnectionOptions extends CallOptions {
  /** Whether HTTP/2 is ours, else Node's. */
  readonly isOwnHttp2: boolean
  /** Throws for a call that is refused at its head. */
  readonly admit: ((head: WireRequest) => Flow) | undefined
  /** How the messages of each method follow each other, by path; `unary` where a path is not listed. */
  readonly kinds: ReadonlyMap<string, CallKind>
  /** Most calls of one connection at once. */
  readonly maxConcurrentStreams: number
  /** How long a client may take to say that it speaks HTTP/2 (ms). */
  readonly headersTimeoutMs: number
  /** How long a connection without calls is kept (ms). */
  readonly idleTimeoutMs: number
  /** How often a connection with long calls is asked whether its client is still there (ms). */
  readonly pingIntervalMs: number
}

/** One client's connection. */
export interface Connection {
  /** Ends what is too slow, too long idle, or gone without a word. */
  check(nowMs: number): void
  /** Sends the client elsewhere with its next calls, lets those under way end, and closes. */
  drain(): void
  /** Ends calls on which nothing happens. Only while draining. */
  endIdleCalls(nowMs: number): void
}

/** How long a client may take to notice that the host drains (ms). */
const GOODBYE_MS = 1000

/** How long a client may keep a connection that is over, once it has read all (ms). */
const LINGER_MS = 1000

/** HTTP/2 on a connection that was accepted elsewhere, each of its streams a call of gRPC. */
export function serveConnection(socket: Socket, options: ConnectionOptions): Connection {
  const peer = socket.remoteAddress
  const calls = new Set<OpenCall>()
  /** What is known of each call by its metadata, which come again and again. */
  const heads = new WeakMap<RequestHeaders, CallHead>()
  let isDraining = false
  const begunAtMs = performance.now()
  let idleSinceMs = begunAtMs
  let pingedAtMs = begunAtMs
  let isPingOpen = false
  let endedAtMs: number | undefined
  let onGreeted: (() => void) | undefined

  const serve = options.isOwnHttp2 ? serveOwnHttp2<OpenCall> : serveNodeHttp2<OpenCall>
  const session = serve(socket, options, {
    open(stream, headers) {
      const head = heads.get(headers) ?? readHead(stream, headers)
      const flow = head && admit(stream, head)
      if (head === undefined || flow === undefined) return undefined
      const call = OPENERS[options.kinds.get(head.request.path) ?? 'unary'](stream, head, options, flow)
      calls.add(call)
      return call
    },
    closed(call) {
      calls.delete(call)
      if (calls.size === 0) idleSinceMs = performance.now()
      call.leave()
    },
    greeted: () => onGreeted?.(),
  })

  /** @returns `undefined` for what is no proper call, once it is refused */
  function readHead(stream: Http2Stream, headers: RequestHeaders): CallHead | undefined {
    const refusal = refuseHttp(headers)
    if (refusal !== undefined) {
      sendHttpRefusal(stream, refusal)
      return undefined
    }
    try {
      const head = readCallHead(headers, peer)
      heads.set(headers, head)
      return head
    } catch (error) {
      const request = {
        method: 'POST',
        path: headers[':path'] ?? '',
        query: '',
        headers: {},
        body: new Uint8Array(),
        peer,
      }
      refuse(stream, request, undefined, ServingError.from(error))
      return undefined
    }
  }

  /** @returns whose messages it brings; `undefined` once it is refused */
  function admit(stream: Http2Stream, { request, requestId }: CallHead): Flow | undefined {
    try {
      return options.admit === undefined ? EVERYBODY : options.admit(request)
    } catch (error) {
      refuse(stream, request, requestId, ServingError.from(error))
      return undefined
    }
  }

  /** Answers a call of which nothing but its metadata is looked at. */
  function refuse(stream: Http2Stream, request: WireRequest, requestId: string | undefined, error: ServingError): void {
    const answer = grpcFailure(error)
    sendTrailersOnly(stream, trailersOf(answer), requestId)
    tellAnswered(options, request, new MessageCall(), answer, performance.now())
  }

  function ping(nowMs: number): void {
    pingedAtMs = nowMs
    isPingOpen = session.ping(() => {
      isPingOpen = false
    })
  }

  function checkIdle(nowMs: number): void {
    if (!session.isGreeted) {
      if (options.headersTimeoutMs > 0 && nowMs - begunAtMs > options.headersTimeoutMs) session.destroy()
    } else if (calls.size === 0) {
      if (options.idleTimeoutMs > 0 && nowMs - idleSinceMs > options.idleTimeoutMs) drain()
    } else if (options.pingIntervalMs > 0 && nowMs - pingedAtMs > options.pingIntervalMs) {
      if (isPingOpen) session.destroy()
      else ping(nowMs)
    }
  }

  /** First a word that nothing is refused yet; what the client began before it heard that is still answered. */
  function drain(): void {
    if (isDraining || session.isDestroyed) return
    isDraining = true
    const timer = setTimeout(close, GOODBYE_MS)
    if (session.isGreeted) sayGoodbye()
    // it was accepted just now: what the client sends with its greeting is still answered
    else onGreeted = sayGoodbye

    function sayGoodbye(): void {
      session.sayGoodbye()
      session.ping(close) // its answer shows that the client has been told
    }

    function close(): void {
      clearTimeout(timer)
      if (!session.isGreeted) socket.destroy()
      else if (!session.isDestroyed) session.close()
    }
  }

  return {
    check(nowMs) {
      if (session.isDestroyed) {
        // it waits for its client to close too, which may never do so
        endedAtMs ??= nowMs
        const lingerMs = socket.writableLength === 0 ? LINGER_MS : options.writeTimeoutMs || Infinity
        if (nowMs - endedAtMs > lingerMs) socket.destroy()
        return
      }
      session.check(nowMs)
      for (const call of calls) call.check(nowMs)
      checkIdle(nowMs)
    },
    drain,
    endIdleCalls(nowMs) {
      for (const call of calls) call.drain(nowMs)
    },
  }
}

type Opener = (stream: Http2Stream, head: CallHead, options: CallOptions, flow: Flow) => OpenCall

const OPENERS: Record<CallKind, Opener> = {
  unary: serveUnary,
  exchange: serveExchange,
  watch: serveWatch,
}
