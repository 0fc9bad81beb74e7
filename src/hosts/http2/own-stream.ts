import {
  CANCEL,
  DATA,
  END_HEADERS,
  END_STREAM,
  FLOW_CONTROL_ERROR,
  FRAME_BYTES,
  FRAME_HEAD_BYTES,
  HEADERS,
  MOST,
  NO_ERROR,
  PROTOCOL_ERROR,
  STREAM_CLOSED,
  writeHead,
} from './frames.ts'
import type { HeaderBlock } from './header-block.ts'
import { Held } from './held.ts'
import type { Sending } from './sending.ts'
import type { Http2Stream, StreamListener } from './session.ts'

/** What a stream needs of its connection. */
export interface Link {
  readonly sending: Sending
  /** A frame of data was sent. */
  sent(): void
  /** So much was taken of what has come. */
  taken(size: number): void
  sendReset(id: number, code: number): void
  /** The stream ends while the client still has something to say. */
  cutShort(id: number): void
  sendWindowUpdate(id: number, size: number): void
  /** Counts a fault of the client's. */
  strike(): void
  closed(stream: OwnStream): void
  /** Does what nobody else would catch: a failure ends the connection. */
  guard(work: () => void): void
}

/** Pieces up to this size are copied, to be sent with what stands beside them (bytes). */
const COPIED_BYTES = 1024

const NOTHING = new Uint8Array()

/** A request and its answer, on a connection of ours. @see RFC 9113, "Stream States" */
export class OwnStream implements Http2Stream {
  readonly id: number
  readonly #link: Link
  readonly #windowBytes: number
  listener: StreamListener | undefined
  isClosed = false
  hasBegun = false
  isPaused = false
  waitingBytes = 0

  // what comes
  /** What the client may still send. */
  #receiveWindow: number
  /** What was taken of it, and the client was not told yet. */
  #takenBytes = 0
  /** Whether the client has said all. */
  isRemoteClosed: boolean
  #missingBytes: number | undefined
  #held: Held | undefined
  #isEndHeld = false
  #isDelivering = false

  // what goes
  /** What the client takes. Below zero where it has changed its mind. */
  #sendWindow: number
  #queue: Uint8Array[] = []
  /** Where the first of them goes on. */
  #offset = 0
  #trailers: HeaderBlock | undefined
  #wantsWritable = false

  /**
   * @param sendWindow what the client takes at first (bytes)
   * @param windowBytes what it may send at first (bytes)
   * @param contentLength what it says how long its body is (bytes)
   */
  constructor(
    id: number,
    link: Link,
    sendWindow: number,
    windowBytes: number,
    contentLength: number | undefined,
    isRemoteClosed: boolean,
  ) {
    this.id = id
    this.#link = link
    this.#sendWindow = sendWindow
    this.#windowBytes = windowBytes
    this.#receiveWindow = windowBytes
    this.#missingBytes = contentLength
    this.isRemoteClosed = isRemoteClosed
  }

  // what comes

  /** @param size what it costs of the window, padding included */
  receive(bytes: Buffer, start: number, end: number, size: number): void {
    this.#receiveWindow -= size
    if (this.isRemoteClosed) return this.#refuse(STREAM_CLOSED, size)
    if (this.#receiveWindow < 0) return this.#refuse(FLOW_CONTROL_ERROR, size)
    if (this.#missingBytes !== undefined && (this.#missingBytes -= end - start) < 0)
      return this.#refuse(PROTOCOL_ERROR, size)
    if (this.isPaused || this.#held !== undefined) {
      this.#held ??= new Held()
      this.#held.add(bytes.subarray(start, end))
      if (size > end - start) this.#taken(size - (end - start))
      return
    }
    if (end > start) this.listener?.data(bytes.subarray(start, end))
    this.#taken(size)
  }

  /** The client has said all, with the last frame or by trailers. */
  receiveEnd(): void {
    if (this.isClosed) return
    if (this.isRemoteClosed) return this.#refuse(STREAM_CLOSED, 0)
    this.isRemoteClosed = true
    if (this.#missingBytes !== undefined && this.#missingBytes > 0) return this.#refuse(PROTOCOL_ERROR, 0)
    if (this.#held === undefined) this.listener?.end()
    else this.#isEndHeld = true
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    if (this.#held === undefined || this.#isDelivering) return
    this.#isDelivering = true
    queueMicrotask(() => this.#link.guard(() => this.#deliver()))
  }

  /** Hands out what was held back, for as long as it is wanted. */
  #deliver(): void {
    while (!this.isPaused && this.#held !== undefined && !this.isClosed) {
      const slice = this.#held.take()
      if (this.#held.isEmpty) this.#held = undefined
      this.listener?.data(slice)
      this.#taken(slice.length)
    }
    this.#isDelivering = false
    if (this.#isEndHeld && this.#held === undefined && !this.isClosed) {
      this.#isEndHeld = false
      this.listener?.end()
    }
  }

  #taken(size: number): void {
    this.#link.taken(size)
    this.#takenBytes += size
    if (this.isClosed || this.isRemoteClosed || this.#takenBytes < this.#windowBytes / 2) return
    this.#link.sendWindowUpdate(this.id, this.#takenBytes)
    this.#receiveWindow += this.#takenBytes
    this.#takenBytes = 0
  }

  /** The client has broken a rule. */
  #refuse(code: number, size: number): void {
    this.#link.taken(size)
    this.#link.strike()
    this.reset(code)
  }

  // what goes

  /** Whether there is something to be sent. */
  get isWaiting(): boolean {
    return this.waitingBytes > 0 || this.#trailers !== undefined
  }

  begin(head: HeaderBlock): void {
    if (this.isClosed || this.hasBegun) return
    this.hasBegun = true
    this.#sendHeaders(head, END_HEADERS)
  }

  write(prefix: Uint8Array, body: Uint8Array): boolean {
    if (this.isClosed) return false
    const size = prefix.length + body.length
    this.waitingBytes += size
    this.#link.sending.waitingBytes += size
    if (size <= COPIED_BYTES) this.#queue.push(Buffer.concat([prefix, body], size))
    else {
      if (prefix.length > 0) this.#queue.push(Uint8Array.from(prefix))
      this.#queue.push(body)
    }
    this.#link.sending.send(this)
    this.#wantsWritable = this.waitingBytes > 0
    return !this.#wantsWritable
  }

  finish(trailers: HeaderBlock): void {
    if (this.isClosed || this.#trailers !== undefined) return
    this.#trailers = trailers
    this.#link.sending.send(this)
  }

  answerHead(head: HeaderBlock): void {
    if (this.isClosed || this.hasBegun) return
    this.hasBegun = true
    this.finish(head)
  }

  answer(head: HeaderBlock, prefix: Uint8Array, body: Uint8Array, trailers: HeaderBlock): void {
    if (this.isClosed || this.hasBegun) return
    const { output, window } = this.#link.sending
    const size = prefix.length + body.length
    if (size <= FRAME_BYTES && size <= this.#sendWindow && size <= window && !output.isBlocked)
      return this.#answerAtOnce(head.bytes, prefix, body, trailers.bytes)
    this.begin(head)
    this.write(prefix, body)
    this.finish(trailers)
  }

  /** The usual answer, without a queue: three frames beside each other. */
  #answerAtOnce(head: Buffer, prefix: Uint8Array, body: Uint8Array, trailers: Buffer): void {
    const { sending } = this.#link
    const update = sending.takeTableUpdate()
    const size = prefix.length + body.length
    let at = sending.output.reserve(3 * FRAME_HEAD_BYTES + update.length + head.length + size + trailers.length)
    const { slab } = sending.output
    at = writeHead(slab, at, update.length + head.length, HEADERS, END_HEADERS, this.id)
    at = put(slab, update, at)
    at = put(slab, head, at)
    at = writeHead(slab, at, size, DATA, 0, this.id)
    at = put(slab, prefix, at)
    at = put(slab, body, at)
    at = writeHead(slab, at, trailers.length, HEADERS, END_HEADERS | END_STREAM, this.id)
    put(slab, trailers, at)
    sending.window -= size
    this.#link.sent()
    this.hasBegun = true
    this.#endLocal()
  }

  /** Sends a frame, and the trailers where it was the last. @returns whether anything was sent */
  sendSome(): boolean {
    const { window, frameBytes } = this.#link.sending
    const size = Math.min(this.waitingBytes, this.#sendWindow, window, frameBytes)
    if (size > 0) this.#sendData(size)
    if (this.waitingBytes > 0) return size > 0
    if (this.#trailers !== undefined) {
      this.#sendHeaders(this.#trailers, END_HEADERS | END_STREAM)
      this.#endLocal()
    } else if (this.#wantsWritable) {
      this.#wantsWritable = false
      this.listener?.writable()
    }
    return true
  }

  #sendData(size: number): void {
    const { output } = this.#link.sending
    const start = output.reserve(FRAME_HEAD_BYTES)
    writeHead(output.slab, start, size, DATA, 0, this.id)
    for (let rest = size; rest > 0;) {
      const piece = this.#queue[0] ?? NOTHING
      const end = Math.min(piece.length, this.#offset + rest)
      const part = piece.subarray(this.#offset, end)
      if (part.length > COPIED_BYTES) output.pass(part)
      else {
        const at = output.reserve(part.length)
        output.slab.set(part, at)
      }
      rest -= part.length
      this.#offset = end
      if (end === piece.length) {
        this.#queue.shift()
        this.#offset = 0
      }
    }
    this.waitingBytes -= size
    this.#sendWindow -= size
    this.#link.sending.waitingBytes -= size
    this.#link.sending.window -= size
    this.#link.sent()
  }

  #sendHeaders({ bytes }: HeaderBlock, flags: number): void {
    const { output } = this.#link.sending
    if (bytes.length === 0) {
      const start = output.reserve(FRAME_HEAD_BYTES)
      writeHead(output.slab, start, 0, DATA, END_STREAM, this.id)
      return
    }
    const update = this.#link.sending.takeTableUpdate()
    const size = update.length + bytes.length
    if (size > FRAME_BYTES) throw new Error(`headers of ${size} bytes; this is a bug`)
    let at = output.reserve(FRAME_HEAD_BYTES + size)
    at = writeHead(output.slab, at, size, HEADERS, flags, this.id)
    at = put(output.slab, update, at)
    put(output.slab, bytes, at)
  }

  /** All is said: what the client has not said yet is not wanted. */
  #endLocal(): void {
    if (this.isRemoteClosed) this.close()
    else this.reset(NO_ERROR)
  }

  reset(code: number = CANCEL): void {
    if (this.isClosed) return
    this.#link.sendReset(this.id, code)
    if (!this.isRemoteClosed) this.#link.cutShort(this.id)
    this.close()
  }

  /** The client takes more. @returns whether it may say so */
  widen(size: number): boolean {
    this.#sendWindow += size
    return this.#sendWindow <= MOST
  }

  /** Nothing more is said. */
  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#link.sending.waitingBytes -= this.waitingBytes
    this.waitingBytes = 0
    this.#queue = []
    this.#trailers = undefined
    while (this.#held !== undefined && !this.#held.isEmpty) this.#link.taken(this.#held.take().length)
    this.#held = undefined
    this.#link.closed(this)
  }
}

function put(target: Buffer, bytes: Uint8Array, at: number): number {
  target.set(bytes, at)
  return at + bytes.length
}
