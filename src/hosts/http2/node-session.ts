import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { http2 } from '../node-http2.ts'
import { CANCEL, MOST, NO_ERROR } from './frames.ts'
import type { HeaderBlock } from './header-block.ts'
import * as limits from './limits.ts'
import { readRequestHead } from './request-headers.ts'
import type { Http2Session, Http2Stream, SessionHandlers, SessionOptions, StreamListener } from './session.ts'

/** Memory that one connection may use before new requests on it are refused (MB of 1,000,000 bytes). */
const CONNECTION_MEMORY_MB = limits.MAX_WAITING_BYTES / 1_000_000

/** Frames that break the rules, and requests over the limit, before a connection is closed. */
const MAX_INVALID_FRAMES = 100
const MAX_REJECTED = 100

/** Answers up to this size are sent as one piece; longer ones are not copied (bytes). */
const ONE_PIECE_BYTES = 16 * 1024

// no `date`, which calls of gRPC do without
const WITH_TRAILERS = { waitForTrailers: true, sendDate: false }
const WITHOUT_BODY = { endStream: true, sendDate: false }

/** HTTP/2 as Node speaks it: what ours is measured and tested against. */
export function serveNodeHttp2<Listener extends StreamListener>(
  socket: Socket,
  options: SessionOptions,
  handlers: SessionHandlers<Listener>,
): Http2Session {
  let isGreeted = false
  const session: ServerHttp2Session = http2().performServerHandshake(socket, {
    settings: {
      maxConcurrentStreams: options.maxConcurrentStreams,
      maxHeaderListSize: limits.MAX_HEADERS_BYTES,
      initialWindowSize: limits.STREAM_WINDOW_BYTES,
      enablePush: false,
    },
    maxHeaderListPairs: limits.MAX_HEADERS,
    maxSessionMemory: CONNECTION_MEMORY_MB,
    maxSessionInvalidFrames: MAX_INVALID_FRAMES,
    maxSessionRejectedStreams: MAX_REJECTED,
    streamResetBurst: limits.RESET_BURST,
    streamResetRate: limits.RESETS_PER_SECOND,
  })
  session.on('error', ignore) // a client that broke the rules, or went: its requests are told by their streams
  session.setLocalWindowSize(limits.CONNECTION_WINDOW_BYTES)
  session.once('remoteSettings', () => {
    isGreeted = true
    handlers.greeted()
  })
  session.on('stream', (stream: ServerHttp2Stream, _headers, _flags, raw: readonly string[]) => {
    stream.on('error', ignore) // as above
    const head = readRequestHead(raw)
    if (head === undefined) return stream.close(http2().constants.NGHTTP2_PROTOCOL_ERROR)
    const adapted = new NodeStream(stream)
    const listener = handlers.open(adapted, head.headers)
    if (listener === undefined) return void stream.resume()
    let isTold = false
    const tellClosed = () => {
      if (!isTold) handlers.closed(listener)
      isTold = true
    }
    stream.on('data', (chunk: Buffer) => listener.data(chunk))
    stream.on('end', () => listener.end())
    stream.on('drain', () => listener.writable())
    stream.on('aborted', tellClosed) // a stream that is not read closes late
    stream.on('close', tellClosed)
  })

  return {
    get isGreeted() {
      return isGreeted
    },
    get isDestroyed() {
      return session.destroyed
    },
    ping: (onAnswered) =>
      !session.destroyed &&
      session.ping((error) => {
        if (error === null) onAnswered()
      }),
    sayGoodbye: () => session.goaway(NO_ERROR, MOST),
    close: () => session.close(),
    destroy: () => session.destroy(),
    check() {}, // Node has limits of its own
  }
}

class NodeStream implements Http2Stream {
  readonly #stream: ServerHttp2Stream

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream
  }

  get isClosed(): boolean {
    return this.#stream.destroyed || this.#stream.closed
  }

  get hasBegun(): boolean {
    return this.#stream.headersSent
  }

  get isPaused(): boolean {
    return this.#stream.isPaused()
  }

  get waitingBytes(): number {
    return this.#stream.writableLength
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  begin({ fields }: HeaderBlock): void {
    if (!this.isClosed) this.#stream.respond(fields, WITH_TRAILERS)
  }

  write(prefix: Uint8Array, body: Uint8Array): boolean {
    if (this.isClosed) return false
    if (body.length <= ONE_PIECE_BYTES) return this.#stream.write(Buffer.concat([prefix, body]))
    this.#stream.cork()
    this.#stream.write(Uint8Array.from(prefix))
    const isTaken = this.#stream.write(body)
    this.#stream.uncork()
    return isTaken
  }

  finish({ fields }: HeaderBlock): void {
    if (this.isClosed) return
    this.#stream.once('wantTrailers', () => {
      this.#stream.sendTrailers(fields)
      this.#closeLater() // after the trailers, which wait for that turn too
    })
    this.#stream.resume() // what still comes is thrown away
    this.#stream.end()
  }

  answer(head: HeaderBlock, prefix: Uint8Array, body: Uint8Array, trailers: HeaderBlock): void {
    this.begin(head)
    this.write(prefix, body)
    this.finish(trailers)
  }

  answerHead({ fields }: HeaderBlock): void {
    if (this.isClosed) return
    this.#stream.respond(fields, WITHOUT_BODY)
    this.#closeLater()
  }

  reset(code: number = CANCEL): void {
    if (!this.isClosed) this.#stream.close(code)
  }

  /** Tells a client that has not said all to send no more, once what was said before has gone out. */
  #closeLater(): void {
    const stream = this.#stream
    if (stream.readableEnded || stream.endAfterHeaders) return
    stream.resume()
    setImmediate(() => {
      if (!stream.readableEnded) stream.close()
    })
  }
}

function ignore(): void {}
