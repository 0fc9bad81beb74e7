import { ServingError } from '../../core/errors.ts'
import type { CallHead } from './call-head.ts'
import { cutOff, pastDeadline, tooSlow, type CallOptions } from './calls.ts'
import { inflateMessage } from './compression.ts'
import { MessageReader } from './message-reader.ts'
import { MessageRoom } from './message-room.ts'
import type { Flow } from '../../runtime/body-memory.ts'
import type { Http2Stream } from '../http2/session.ts'

/**
 * Reads the one message of a call. A class, since there is one for each call: closures beside a getter would each get a
 * hidden class of their own, and those are let go by large collections alone.
 */
export class Question {
  readonly #head: CallHead
  readonly #options: CallOptions
  readonly #onWhole: (message: Uint8Array) => void
  readonly #onRefused: (error: ServingError) => void
  readonly #stream: Http2Stream
  readonly #flow: Flow
  readonly #reader: MessageReader
  readonly #room: MessageRoom
  readonly #begunAtMs = performance.now()
  #message: Uint8Array | undefined
  #isCompressed = false
  #isRefused = false
  /** What has come while there was no room for it, and whether that was all. */
  #unread: Buffer | undefined
  #isEndHeld = false
  /** Gives back the room of what was inflated. */
  #releaseInflated: (() => void) | undefined
  /** Whether the client has said all. */
  isComplete = false

  /**
   * @param onWhole told of it once the client has said all, as it was before it was compressed
   * @param onRefused told instead why there is none; what still comes is thrown away
   */
  constructor(
    stream: Http2Stream,
    head: CallHead,
    flow: Flow,
    options: CallOptions,
    onWhole: (message: Uint8Array) => void,
    onRefused: (error: ServingError) => void,
  ) {
    this.#stream = stream
    this.#head = head
    this.#flow = flow
    this.#options = options
    this.#onWhole = onWhole
    this.#onRefused = onRefused
    const { memory, maxMessageBytes } = options
    this.#room = new MessageRoom({
      memory,
      flow,
      onRoom: () => this.#readOn(),
      onRefused: (error) => this.#refuse(error),
    })
    this.#reader = new MessageReader(maxMessageBytes, this.#onMessage, this.#hasRoom)
  }

  readonly #onMessage = (bytes: Uint8Array, isCompressed: boolean): void => {
    this.#message = bytes
    this.#isCompressed = isCompressed
  }

  readonly #hasRoom = (length: number, isWhole: boolean): boolean => {
    if (this.#message !== undefined)
      throw new ServingError('invalid_argument', 'the call has several messages; it takes one')
    return length === 0 || this.#room.ask(length, isWhole)
  }

  data(chunk: Buffer): void {
    if (this.#isRefused) return
    if (this.#unread !== undefined) {
      this.#unread = Buffer.concat([this.#unread, chunk])
      return
    }
    try {
      this.#room.came(chunk.length)
      const rest = this.#reader.push(chunk)
      if (!this.#room.isAwaited) return
      this.#unread = rest
      this.#stream.pause()
    } catch (error) {
      this.#refuse(ServingError.from(error))
    }
  }

  /** There is room now. */
  #readOn(): void {
    const unread = this.#unread
    if (unread === undefined || this.#isRefused) return
    this.#unread = undefined
    this.data(unread)
    this.#stream.resume()
    if (this.#isEndHeld) this.end()
  }

  end(): void {
    if (this.#isRefused) return
    if (this.#unread !== undefined) {
      this.#isEndHeld = true
      return
    }
    this.isComplete = true
    this.#room.complete()
    const message = this.#message
    if (this.#reader.isWithin) this.#refuse(cutOff())
    else if (message === undefined)
      this.#refuse(new ServingError('invalid_argument', 'the call has no message; it takes one'))
    else if (this.#isCompressed) void this.#inflate(message)
    else this.#onWhole(message)
  }

  async #inflate(message: Uint8Array): Promise<void> {
    const { maxMessageBytes, memory } = this.#options
    const room = { memory, flow: this.#flow }
    try {
      const isWanted = () => !this.#isRefused
      const { body, release } = await inflateMessage(message, this.#head.encoding, maxMessageBytes, isWanted, room)
      this.#room.release()
      this.#message = undefined
      this.#releaseInflated = release
      this.#onWhole(body)
    } catch (error) {
      this.release()
      this.#refuse(ServingError.from(error))
    }
  }

  /** The message is needed no more: gives back its room. */
  release(): void {
    this.#room.release()
    this.#releaseInflated?.()
  }

  /** The caller has gone: nobody is told any more. */
  abandon(): void {
    this.#isRefused = true
    this.#unread = undefined
    if (!this.isComplete) this.release()
  }

  /** Refuses it where it comes too slowly. */
  check(nowMs: number): void {
    if (this.isComplete) return
    const tookMs = nowMs - this.#begunAtMs
    const { timeoutMs } = this.#head
    const { requestTimeoutMs } = this.#options
    if (timeoutMs !== undefined && tookMs > timeoutMs) this.#refuse(pastDeadline())
    else if (requestTimeoutMs > 0 && tookMs > requestTimeoutMs) this.#refuse(tooSlow())
  }

  #refuse(error: ServingError): void {
    if (this.#isRefused) return
    this.#isRefused = true
    this.#unread = undefined
    this.release()
    if (this.#stream.isPaused) this.#stream.resume()
    this.#onRefused(error)
  }
}
