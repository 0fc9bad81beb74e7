import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { ServingError } from '../../core/errors.ts'
import type { CallKind } from '../../protocols/oip-grpc/call-kind.ts'
import { grpcFailure } from '../../protocols/oip-grpc/status.ts'
import { http2 } from '../node-http2.ts'
import { readCallHead, refuseHttp, type CallHead } from './call-head.ts'
import { MessageCall, tellAnswered, type CallOptions, type OpenCall } from './calls.ts'
import { serveExchange } from './exchange.ts'
import {
  CONNECTION_MEMORY_MB,
  CONNECTION_WINDOW_BYTES,
  MAX_INVALID_FRAMES,
  MAX_METADATA_BYTES,
  MAX_METADATA_PAIRS,
  MAX_REJECTED_CALLS,
  RESET_BURST,
  RESETS_PER_SECOND,
  STREAM_WINDOW_BYTES,
} from './limits.ts'
import { sendHttpRefusal, sendTrailersOnly, trailersOf } from './send.ts'
import { serveUnary } from './unary.ts'
import { serveWatch } from './watch.ts'

export interface ConnectionOptions extends CallOptions {
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

/** No stream has a greater number: nothing is refused yet. @see RFC 9113, "GOAWAY" */
const EVERY_STREAM = 2 ** 31 - 1

/** How long a client may take to notice that the host drains (ms). */
const GOODBYE_MS = 1000

/** How long a client may keep a connection that is over (ms). */
const LINGER_MS = 1000

/** HTTP/2 on a connection that was accepted elsewhere, each of its streams a call of gRPC. */
export function serveConnection(socket: Socket, options: ConnectionOptions): Connection {
  const peer = socket.remoteAddress
  const calls = new Set<OpenCall>()
  let isGreeted = false
  let isDraining = false
  const begunAtMs = performance.now()
  let idleSinceMs = begunAtMs
  let pingedAtMs = begunAtMs
  let isPingOpen = false
  let endedAtMs: number | undefined

  const session: ServerHttp2Session = http2().performServerHandshake(socket, {
    settings: {
      maxConcurrentStreams: options.maxConcurrentStreams,
      maxHeaderListSize: MAX_METADATA_BYTES,
      initialWindowSize: STREAM_WINDOW_BYTES,
      enablePush: false,
    },
    maxHeaderListPairs: MAX_METADATA_PAIRS,
    maxSessionMemory: CONNECTION_MEMORY_MB,
    maxSessionInvalidFrames: MAX_INVALID_FRAMES,
    maxSessionRejectedStreams: MAX_REJECTED_CALLS,
    streamResetBurst: RESET_BURST,
    streamResetRate: RESETS_PER_SECOND,
  })
  session.on('error', ignore) // a client that broke the rules, or went: its calls are told by their streams
  session.on('stream', receive)
  session.once('remoteSettings', () => (isGreeted = true))
  session.setLocalWindowSize(CONNECTION_WINDOW_BYTES)

  function receive(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    _flags: number,
    raw: readonly string[],
  ): void {
    stream.on('error', ignore) // as above
    const refusal = refuseHttp(headers)
    if (refusal !== undefined) return sendHttpRefusal(stream, refusal, !stream.endAfterHeaders)
    let head: CallHead
    try {
      head = readCallHead(headers, raw, peer)
    } catch (error) {
      return refuse(stream, headers, ServingError.from(error))
    }
    const open = OPENERS[options.kinds.get(head.request.path) ?? 'unary'](stream, head, options)
    calls.add(open)
    const watched: WatchedStream = stream
    watched[OPEN] = open
    watched[FORGET] = forget
    stream.on('data', onData).on('end', onEnd).on('close', onClose)
  }

  function forget(open: OpenCall): void {
    calls.delete(open)
    if (calls.size === 0) idleSinceMs = performance.now()
  }

  /** A call whose metadata cannot be read. */
  function refuse(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, error: ServingError): void {
    const answer = grpcFailure(error)
    const request = {
      method: 'POST',
      path: headers[':path'] ?? '',
      query: '',
      headers: {},
      body: new Uint8Array(),
      peer,
    }
    sendTrailersOnly(stream, trailersOf(answer), undefined, !stream.endAfterHeaders)
    tellAnswered(options, request, new MessageCall(), answer, performance.now())
  }

  function ping(nowMs: number): void {
    pingedAtMs = nowMs
    isPingOpen = session.ping((error) => {
      if (error === null) isPingOpen = false
    })
  }

  function checkIdle(nowMs: number): void {
    if (!isGreeted) {
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
    if (isDraining || session.destroyed) return
    isDraining = true
    const timer = setTimeout(close, GOODBYE_MS)
    if (isGreeted) sayGoodbye()
    // it was accepted just now: what the client sends with its greeting is still answered
    else session.once('remoteSettings', sayGoodbye)

    function sayGoodbye(): void {
      session.goaway(NO_ERROR, EVERY_STREAM)
      session.ping(close) // its answer shows that the client has been told
    }

    function close(): void {
      clearTimeout(timer)
      if (!isGreeted) socket.destroy()
      else if (!session.destroyed) session.close()
    }
  }

  return {
    check(nowMs) {
      if (session.destroyed) {
        // it waits for its client to close too, which may never do so
        endedAtMs ??= nowMs
        if (nowMs - endedAtMs > LINGER_MS) socket.destroy()
        return
      }
      for (const call of calls) call.check(nowMs)
      checkIdle(nowMs)
    },
    drain,
    endIdleCalls(nowMs) {
      for (const call of calls) call.drain(nowMs)
    },
  }
}

const NO_ERROR = 0

function ignore(): void {}

/**
 * What a stream leads to. Node holds on to streams that have ended until its next large collection, and to all that they
 * lead to: so their listeners are the same for all, and the call is let go at once.
 */
interface WatchedStream extends ServerHttp2Stream {
  [OPEN]?: OpenCall | undefined
  [FORGET]?: (open: OpenCall) => void
}

const OPEN = Symbol('open')
const FORGET = Symbol('forget')

function onData(this: WatchedStream, chunk: Buffer): void {
  this[OPEN]?.data(chunk)
}

function onEnd(this: WatchedStream): void {
  this[OPEN]?.end()
}

function onClose(this: WatchedStream): void {
  const open = this[OPEN]
  if (open === undefined) return
  this[OPEN] = undefined
  this[FORGET]?.(open)
  open.leave()
}

const OPENERS: Record<CallKind, (stream: ServerHttp2Stream, head: CallHead, options: CallOptions) => OpenCall> = {
  unary: serveUnary,
  exchange: serveExchange,
  watch: serveWatch,
}
