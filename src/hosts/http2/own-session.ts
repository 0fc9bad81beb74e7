import type { Socket } from 'node:net'
import { FrameReader } from './frame-reader.ts'
import * as h2 from './frames.ts'
import { broken, frame, goaway, Http2Error, PREFACE, tooWide, uint32, wrongSize } from './frames.ts'
import { HeadersReader, type Block } from './headers-reader.ts'
import * as limits from './limits.ts'
import { OwnStream, type Link } from './own-stream.ts'
import { Patience } from './patience.ts'
import { areTrailers, readRequestHead, type RequestHead } from './request-headers.ts'
import type { Http2Session, SessionHandlers, SessionOptions, StreamListener } from './session.ts'
import { Sending } from './sending.ts'
import { readSettings, settingsFrame } from './settings.ts'

/**
 * HTTP/2 without Node's: requests and answers cost a fraction, since the usual ones need no objects of streams and events,
 * and all answers of a tick are one write.
 * @param socket connected, and spoken by nobody else; its errors are its owner's to hear
 * @see RFC 9113
 */
export function serveOwnHttp2<Listener extends StreamListener>(
  socket: Socket,
  options: SessionOptions,
  handlers: SessionHandlers<Listener>,
): Http2Session {
  return new OwnSession(socket, options, handlers)
}

const SETTINGS_ACK = frame(h2.SETTINGS, h2.ACK, 0, Buffer.alloc(0))

class OwnSession<Listener extends StreamListener> implements Http2Session, Link {
  readonly #socket: Socket
  readonly #options: SessionOptions
  readonly #handlers: SessionHandlers<Listener>
  readonly #frames: FrameReader
  readonly #headers = new HeadersReader()
  readonly #heads = new WeakMap<readonly string[], RequestHead>()
  readonly #streams = new Map<number, OwnStream>()
  readonly #idleFrames = new Patience(limits.IDLE_FRAME_BURST, limits.IDLE_FRAMES_PER_SECOND)
  readonly #resets = new Patience(limits.RESET_BURST, limits.RESETS_PER_SECOND)
  readonly sending: Sending
  isGreeted = false
  isDestroyed = false

  /** How much of its first words the client has said. */
  #prefaceBytes = 0
  /** Whether the client has heard of our settings. */
  #isHeard = false
  #lastId = 0
  /** Streams that we have ended while the client had more to say, the latest of them: it may not know yet. */
  readonly #cutShort = new Set<number>()
  #isClosing = false
  #receiveWindow = limits.CONNECTION_WINDOW_BYTES
  #takenBytes = 0
  #initialSendWindow = h2.DEFAULT_WINDOW_BYTES
  readonly #onPong = new Map<number, () => void>()
  #pings = 0

  // seen by `check`
  #blockedSinceMs: number | undefined
  #headersSinceMs: number | undefined

  constructor(socket: Socket, options: SessionOptions, handlers: SessionHandlers<Listener>) {
    this.#socket = socket
    this.#options = options
    this.#handlers = handlers
    this.#frames = new FrameReader(this.#onFrame)
    this.sending = new Sending(socket, (work) => this.guard(work))
    this.#write(
      settingsFrame([
        [h2.MAX_CONCURRENT_STREAMS, options.maxConcurrentStreams],
        [h2.INITIAL_WINDOW_SIZE, limits.STREAM_WINDOW_BYTES],
        [h2.MAX_HEADER_LIST_SIZE, limits.MAX_HEADERS_BYTES],
      ]),
    )
    this.sendWindowUpdate(0, limits.CONNECTION_WINDOW_BYTES - h2.DEFAULT_WINDOW_BYTES)
    socket.on('data', this.#onData).on('end', this.#onGone).on('close', this.#onGone)
  }

  // what comes

  readonly #onData = (chunk: Buffer): void => {
    if (this.isDestroyed) return // what still comes after a word of farewell
    this.guard(() => {
      const rest = this.#prefaceBytes < PREFACE.length ? this.#readPreface(chunk) : chunk
      if (rest.length > 0) this.#frames.push(rest)
    })
  }

  guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (error instanceof Http2Error) return this.#fail(error.code, error.message)
      this.#options.onDefect?.(error)
      this.#fail(h2.INTERNAL_ERROR, '')
    }
  }

  readonly #onGone = (): void => {
    this.isDestroyed = true
    for (const stream of this.#streams.values()) stream.close()
    this.sending.output.end()
  }

  #readPreface(chunk: Buffer): Buffer {
    const size = Math.min(chunk.length, PREFACE.length - this.#prefaceBytes)
    if (PREFACE.compare(chunk, 0, size, this.#prefaceBytes, this.#prefaceBytes + size) !== 0)
      throw new Http2Error(h2.PROTOCOL_ERROR, 'this port speaks HTTP/2 alone')
    this.#prefaceBytes += size
    return chunk.subarray(size)
  }

  readonly #onFrame = (type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): void => {
    if (this.isDestroyed) return
    if (!this.isGreeted && type !== h2.SETTINGS) throw broken('the first frame is not SETTINGS')
    if (this.#headers.isOpen && type !== h2.CONTINUATION) throw broken('another frame stands among headers')
    const size = end - start
    switch (type) {
      case h2.DATA:
        return this.#onDataFrame(flags, id, bytes, start, end)
      case h2.HEADERS:
      case h2.CONTINUATION: {
        const block = this.#headers.read(type, flags, id, bytes, start, end)
        return block && this.#onHeaders(block)
      }
      case h2.RST_STREAM:
        if (size !== 4) throw wrongSize()
        return this.#onReset(id)
      case h2.SETTINGS:
        return this.#onSettings(flags, id, bytes, start, end)
      case h2.PING:
        if (size !== 8) throw wrongSize()
        return this.#onPing(flags, id, bytes.subarray(start, end))
      case h2.WINDOW_UPDATE:
        if (size !== 4) throw wrongSize()
        return this.#onWindowUpdate(id, bytes.readUInt32BE(start) & h2.MOST)
      case h2.PUSH_PROMISE:
        throw broken('clients do not push')
      case h2.GOAWAY:
        if (id !== 0) throw broken('GOAWAY is not about a stream')
        if (size < 8) throw wrongSize()
        break
      case h2.PRIORITY:
        if (id === 0) throw broken('PRIORITY is about a stream')
        if (size !== 5) throw wrongSize()
    }
    this.#countIdle(1) // priorities, farewells, and what we do not know
  }

  #onDataFrame(flags: number, id: number, bytes: Buffer, start: number, frameEnd: number): void {
    const size = frameEnd - start
    let begin = start
    let end = frameEnd
    if (flags & h2.PADDED) {
      end -= bytes[begin++] ?? 0
      if (size === 0 || end < begin) throw broken('padding is longer than its frame')
    }
    this.#receiveWindow -= size
    if (this.#receiveWindow < 0) throw new Http2Error(h2.FLOW_CONTROL_ERROR, 'more data than the window of all streams')
    const isLast = (flags & h2.END_STREAM) !== 0
    if (end === begin && !isLast) this.#countIdle(1)
    const stream = this.#streams.get(id)
    if (stream === undefined) {
      this.#checkKnown(id)
      if (id <= this.#lastId) this.#checkCutShort(id, isLast)
      return this.taken(size)
    }
    stream.receive(bytes, begin, end, size)
    if (isLast) stream.receiveEnd()
  }

  #onHeaders({ id, isLast, fields }: Block): void {
    const stream = this.#streams.get(id)
    if (stream !== undefined) {
      if (isLast && fields !== 'too large' && areTrailers(fields)) return stream.receiveEnd()
      this.strike()
      return stream.reset(stream.isRemoteClosed ? h2.STREAM_CLOSED : h2.PROTOCOL_ERROR)
    }
    if (id % 2 === 0) throw broken('clients number their streams oddly')
    if (id <= this.#lastId) {
      this.#countIdle(1)
      return this.#checkCutShort(id, isLast)
    }
    if (this.#isClosing) return // it was told
    this.#lastId = id
    const refusal = this.#refusalOf(fields)
    if (refusal !== undefined) return this.#refuse(id, refusal, isLast)
    const head = fields === 'too large' ? undefined : this.#headOf(fields)
    if (head === undefined || (isLast && (head.contentLength ?? 0) > 0)) {
      this.strike()
      return this.#refuse(id, h2.PROTOCOL_ERROR, isLast)
    }
    this.#idleFrames.giveBack(limits.IDLE_FRAMES_PER_REQUEST)
    this.#open(id, head, isLast)
  }

  #open(id: number, { headers, contentLength }: RequestHead, isLast: boolean): void {
    const stream = new OwnStream(id, this, this.#initialSendWindow, limits.STREAM_WINDOW_BYTES, contentLength, isLast)
    this.#streams.set(id, stream)
    const listener = this.#handlers.open(stream, headers)
    if (stream.isClosed) return listener && this.#handlers.closed(listener)
    stream.listener = listener
    if (isLast) listener?.end()
  }

  #refuse(id: number, code: number, isLast: boolean): void {
    this.sendReset(id, code)
    if (!isLast) this.cutShort(id)
  }

  /** Why a new request is not taken, as a code. */
  #refusalOf(fields: Block['fields']): number | undefined {
    if (fields === 'too large' || this.sending.waitingBytes > limits.MAX_WAITING_BYTES) {
      this.#countIdle(1)
      return h2.ENHANCE_YOUR_CALM
    }
    if (this.#streams.size < this.#options.maxConcurrentStreams) return undefined
    this.#countIdle(this.#isHeard ? limits.EXCESS_REQUEST_COST : limits.UNKNOWING_REQUEST_COST)
    return h2.REFUSED_STREAM
  }

  /** Headers that come again are the same object, and are not looked at again. */
  #headOf(fields: readonly string[]): RequestHead | undefined {
    const known = this.#heads.get(fields)
    if (known !== undefined) return known
    const head = readRequestHead(fields)
    if (head !== undefined) this.#heads.set(fields, head)
    return head
  }

  #onReset(id: number): void {
    this.#checkKnown(id)
    this.strike()
    this.#cutShort.delete(id)
    this.#streams.get(id)?.close()
  }

  #onSettings(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id !== 0) throw broken('SETTINGS are not about a stream')
    this.#countIdle(1)
    if (flags & h2.ACK) {
      if (end > start) throw wrongSize()
      this.#isHeard = true
      return
    }
    const { initialWindowBytes, maxFrameBytes } = readSettings(bytes, start, end)
    if (maxFrameBytes !== undefined) this.sending.frameBytes = Math.min(maxFrameBytes, limits.MAX_SENT_FRAME_BYTES)
    this.#write(SETTINGS_ACK)
    if (initialWindowBytes !== undefined) this.#changeWindows(initialWindowBytes)
    if (this.isGreeted) return
    this.isGreeted = true
    this.#handlers.greeted()
  }

  /** @see RFC 9113, "Initial Flow-Control Window Size" */
  #changeWindows(initialBytes: number): void {
    const change = initialBytes - this.#initialSendWindow
    this.#initialSendWindow = initialBytes
    for (const stream of this.#streams.values()) if (!stream.widen(change)) throw tooWide()
    this.sending.go()
  }

  #onPing(flags: number, id: number, payload: Buffer): void {
    if (id !== 0) throw broken('PING is not about a stream')
    this.#countIdle(1)
    if ((flags & h2.ACK) === 0) return this.#write(frame(h2.PING, h2.ACK, 0, payload))
    const ping = payload.readDoubleBE()
    const onPong = this.#onPong.get(ping)
    this.#onPong.delete(ping)
    onPong?.()
  }

  #onWindowUpdate(id: number, size: number): void {
    this.#countIdle(1)
    if (id === 0) {
      if (size === 0) throw broken('a window is opened by nothing')
      this.sending.window += size
      if (this.sending.window > h2.MOST) throw tooWide()
    } else {
      this.#checkKnown(id)
      const stream = this.#streams.get(id)
      if (stream === undefined) return
      if (size === 0 || !stream.widen(size)) {
        this.strike()
        stream.reset(size === 0 ? h2.PROTOCOL_ERROR : h2.FLOW_CONTROL_ERROR)
      }
    }
    this.sending.go()
  }

  /** Frames of streams that never began are no mistake of timing. */
  #checkKnown(id: number): void {
    if (id === 0 || id % 2 === 0 || (id > this.#lastId && !this.#isClosing)) throw broken(`stream ${id} has not begun`)
  }

  cutShort(id: number): void {
    this.#cutShort.add(id)
    if (this.#cutShort.size <= limits.MAX_CUT_SHORT) return
    for (const oldest of this.#cutShort) return void this.#cutShort.delete(oldest)
  }

  /** What comes on a stream that has ended is late where we have ended it, and a mistake where the client has. */
  #checkCutShort(id: number, isLast: boolean): void {
    if (!this.#cutShort.has(id)) throw new Http2Error(h2.STREAM_CLOSED, `stream ${id} has ended`)
    if (isLast) this.#cutShort.delete(id)
  }

  /** Counts what costs the client nothing. */
  #countIdle(cost: number): void {
    if (!this.#idleFrames.take(cost)) throw new Http2Error(h2.ENHANCE_YOUR_CALM, 'too many frames that ask for nothing')
  }

  strike(): void {
    if (!this.#resets.take(1)) throw new Http2Error(h2.ENHANCE_YOUR_CALM, 'too many streams were reset')
  }

  taken(size: number): void {
    this.#takenBytes += size
    if (this.#takenBytes < limits.CONNECTION_WINDOW_BYTES / 2 || this.isDestroyed) return
    this.sendWindowUpdate(0, this.#takenBytes)
    this.#receiveWindow += this.#takenBytes
    this.#takenBytes = 0
  }

  // what goes

  sent(): void {
    this.#idleFrames.giveBack(limits.IDLE_FRAMES_PER_SENT_FRAME)
  }

  sendReset(id: number, code: number): void {
    this.#write(frame(h2.RST_STREAM, 0, id, uint32(code)))
  }

  sendWindowUpdate(id: number, size: number): void {
    this.#write(frame(h2.WINDOW_UPDATE, 0, id, uint32(size)))
  }

  closed(stream: OwnStream): void {
    this.#streams.delete(stream.id)
    this.sending.forget(stream)
    if (stream.listener !== undefined) this.#handlers.closed(stream.listener as Listener)
    if (this.#isClosing && this.#streams.size === 0) this.#end()
  }

  #write(bytes: Uint8Array): void {
    if (!this.isDestroyed) this.sending.write(bytes)
  }

  // the connection

  ping(onAnswered: () => void): boolean {
    if (this.isDestroyed) return false
    this.#onPong.set(++this.#pings, onAnswered)
    const payload = Buffer.alloc(8)
    payload.writeDoubleBE(this.#pings)
    this.#write(frame(h2.PING, 0, 0, payload))
    return true
  }

  sayGoodbye(): void {
    this.#write(goaway(h2.MOST, h2.NO_ERROR, ''))
  }

  close(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#write(goaway(this.#lastId, h2.NO_ERROR, ''))
    if (this.#streams.size === 0) this.#end()
  }

  destroy(): void {
    this.#socket.destroy()
    this.#onGone()
  }

  check(nowMs: number): void {
    const { writeTimeoutMs, slowestReadBytesPerMs, headersTimeoutMs } = this.#options
    this.sending.output.rest()
    this.#blockedSinceMs = this.sending.output.isBlocked ? (this.#blockedSinceMs ?? nowMs) : undefined
    this.#headersSinceMs = this.#headers.isOpen ? (this.#headersSinceMs ?? nowMs) : undefined
    const mayTakeMs = writeTimeoutMs + this.#socket.writableLength / slowestReadBytesPerMs
    if (writeTimeoutMs > 0 && nowMs - (this.#blockedSinceMs ?? nowMs) > mayTakeMs) this.destroy()
    else if (headersTimeoutMs > 0 && nowMs - (this.#headersSinceMs ?? nowMs) > headersTimeoutMs)
      this.#fail(h2.PROTOCOL_ERROR, 'the headers did not arrive in time')
  }

  /** The client has broken a rule of the connection: nothing on it can be understood any more. */
  #fail(code: number, message: string): void {
    this.#write(goaway(this.#lastId, code, message))
    this.#end()
    this.#socket.pause() // whatever else it sends
  }

  #end(): void {
    if (this.isDestroyed) return
    this.#onGone()
    this.#socket.end()
  }
}
