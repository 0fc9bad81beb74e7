import { ServingError } from '../../core/errors.ts'
import type { CallHead } from './call-head.ts'
import { cutOff, pastDeadline, tooSlow, type CallOptions } from './calls.ts'
import { inflateMessage } from './compression.ts'
import { MessageReader } from './message-reader.ts'

/**
 * Reads the one message of a call. A class, since there is one for each call: closures beside a getter would each get a
 * hidden class of their own, and those are let go by large collections alone.
 */
export class Question {
  readonly #head: CallHead
  readonly #options: CallOptions
  readonly #onWhole: (message: Uint8Array) => void
  readonly #onRefused: (error: ServingError) => void
  readonly #reader: MessageReader
  readonly #begunAtMs = performance.now()
  #message: Uint8Array | undefined
  #isCompressed = false
  #isRefused = false
  /** Whether the client has said all. */
  isComplete = false

  /**
   * @param onWhole told of it once the client has said all, as it was before it was compressed
   * @param onRefused told instead why there is none; what still comes is thrown away
   */
  constructor(
    head: CallHead,
    options: CallOptions,
    onWhole: (message: Uint8Array) => void,
    onRefused: (error: ServingError) => void,
  ) {
    this.#head = head
    this.#options = options
    this.#onWhole = onWhole
    this.#onRefused = onRefused
    this.#reader = new MessageReader(options.maxMessageBytes, (bytes, isCompressed) => {
      if (this.#message !== undefined)
        throw new ServingError('invalid_argument', 'the call has several messages; it takes one')
      this.#message = bytes
      this.#isCompressed = isCompressed
    })
  }

  data(chunk: Buffer): void {
    if (this.#isRefused) return
    try {
      this.#reader.push(chunk)
    } catch (error) {
      this.#refuse(ServingError.from(error))
    }
  }

  end(): void {
    if (this.#isRefused) return
    this.isComplete = true
    const message = this.#message
    if (this.#reader.isWithin) this.#refuse(cutOff())
    else if (message === undefined)
      this.#refuse(new ServingError('invalid_argument', 'the call has no message; it takes one'))
    else if (this.#isCompressed)
      inflateMessage(message, this.#head.encoding, this.#options.maxMessageBytes, () => !this.#isRefused).then(
        this.#onWhole,
        (error: unknown) => this.#refuse(ServingError.from(error)),
      )
    else this.#onWhole(message)
  }

  /** The caller has gone: nobody is told any more. */
  abandon(): void {
    this.#isRefused = true
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
    this.#onRefused(error)
  }
}
