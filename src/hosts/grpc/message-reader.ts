import { ServingError } from '../../core/errors.ts'
import { formatBytes } from '../../core/text.ts'
import { BodyCollector } from '../http/body.ts'

/** What stands before each message: whether it is compressed, and its length. */
export const PREFIX_BYTES = 5

const never = (): boolean => false
const always = (): boolean => true

/** Told of each whole message. @param bytes a view of what came where that was in one piece */
export type OnMessage = (bytes: Uint8Array, isCompressed: boolean) => void

/**
 * Asked when a message is announced whether it may be read now; else what has come of it is not read, and asked about again.
 * @param isWhole whether all of it has come
 */
export type HasRoom = (length: number, isWhole: boolean) => boolean

/**
 * Takes a call's bytes apart into its messages. A message's length is checked when it is announced, and its memory grows
 * as it comes.
 * @see gRPC over HTTP2, "Length-Prefixed-Message"
 */
export class MessageReader {
  readonly #maxMessageBytes: number
  readonly #onMessage: OnMessage
  readonly #hasRoom: HasRoom
  #prefix: Buffer | undefined
  #body: BodyCollector | undefined
  #isCompressed = false
  #waits = false

  constructor(maxMessageBytes: number, onMessage: OnMessage, hasRoom: HasRoom = always) {
    this.#maxMessageBytes = maxMessageBytes
    this.#onMessage = onMessage
    this.#hasRoom = hasRoom
  }

  /** Whether a part of a message has come, and not all of it. */
  get isWithin(): boolean {
    return this.#prefix !== undefined || this.#body !== undefined
  }

  /**
   * @param isFull whether no more is read for now, asked between messages
   * @returns what was not read
   * @throws {ServingError} `too_large` for an announced message over the limit, `invalid_argument` for an unknown flag
   */
  push(chunk: Buffer, isFull: () => boolean = never): Buffer {
    let rest = chunk
    this.#waits = false
    while (rest.length > 0 && !this.#waits && !isFull())
      rest = this.#body === undefined ? this.#readPrefix(rest) : this.#readBody(this.#body, rest)
    return rest
  }

  #readPrefix(chunk: Buffer): Buffer {
    const before = this.#prefix
    const joined = before === undefined ? chunk : Buffer.concat([before, chunk])
    if (joined.length < PREFIX_BYTES) {
      this.#prefix = Buffer.from(joined) // a few bytes: a copy does not hold on to the chunk
      return joined.subarray(joined.length)
    }
    this.#prefix = undefined
    const flag = joined[0] ?? 0
    if (flag > 1)
      throw new ServingError(
        'invalid_argument',
        `a message begins with the flag ${flag}; it takes 0, or 1 for compressed`,
      )
    const length = joined.readUInt32BE(1)
    if (length > this.#maxMessageBytes)
      throw new ServingError(
        'too_large',
        `a message of ${formatBytes(length)} is announced, ${formatBytes(this.#maxMessageBytes)} is the most that is taken`,
      )
    const end = PREFIX_BYTES + length
    if (!this.#hasRoom(length, joined.length >= end)) {
      this.#waits = true
      return joined
    }
    if (joined.length >= end) {
      this.#onMessage(joined.subarray(PREFIX_BYTES, end), flag === 1)
      return joined.subarray(end)
    }
    this.#isCompressed = flag === 1
    this.#body = new BodyCollector(length)
    return joined.subarray(PREFIX_BYTES)
  }

  #readBody(body: BodyCollector, chunk: Buffer): Buffer {
    const { missing } = body
    body.append(chunk.length <= missing ? chunk : chunk.subarray(0, missing))
    if (chunk.length < missing) return chunk.subarray(chunk.length)
    this.#body = undefined
    this.#onMessage(body.received, this.#isCompressed)
    return chunk.subarray(missing)
  }
}
