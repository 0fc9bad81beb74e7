import type { ServingError } from '../../core/errors.ts'
import type { BodyMemory, Claim, Flow } from '../../runtime/body-memory.ts'
import { STREAM_WINDOW_BYTES } from '../http2/limits.ts'

/** Where messages take their room, and for whom. */
export interface RoomOptions {
  readonly memory: BodyMemory
  readonly flow: Flow
  /** Told that the message which had to wait may be read. */
  readonly onRoom: () => void
  /** Told that there is no room for it, or no longer. */
  readonly onRefused: (error: ServingError) => void
}

/** Room for the message of a call that is being read. A class, since there is one for each call. */
export class MessageRoom {
  readonly #options: RoomOptions
  #claim: Claim | undefined
  #takenBytes = 0

  constructor(options: RoomOptions) {
    this.#options = options
  }

  /** Whether a message waits for room. */
  get isAwaited(): boolean {
    return this.#claim?.hasRoom === false
  }

  /**
   * Asks for room for the message that was announced; again once `onRoom` was told.
   * @param isWhole whether all of it has come
   * @returns whether it may be read now
   * @throws {ServingError} `overloaded`
   */
  ask(bytes: number, isWhole: boolean): boolean {
    if (this.#claim !== undefined) return this.#claim.hasRoom
    const { memory, flow, onRoom, onRefused } = this.#options
    if (isWhole && memory.take(bytes)) {
      this.#takenBytes = bytes
      return true
    }
    const begunBytes = Math.min(bytes, STREAM_WINDOW_BYTES)
    this.#claim = memory.claim({ bytes, flow, begunBytes, isToCome: !isWhole, onRoom, onRefused })
    return this.#claim.hasRoom
  }

  came(bytes: number): void {
    this.#claim?.came(bytes)
  }

  /** The message is whole: its room is no longer this one's, which is for the next. @returns what gives it back */
  handOn(): () => void {
    const claim = this.#claim
    const takenBytes = this.#takenBytes
    this.#claim = undefined
    this.#takenBytes = 0
    claim?.complete()
    if (claim !== undefined) return () => claim.release()
    return takenBytes === 0 ? nothing : () => this.#options.memory.give(takenBytes)
  }

  complete(): void {
    this.#claim?.complete()
  }

  /** Gives it back, whole or not. May be called again. */
  release(): void {
    this.#claim?.release()
    if (this.#takenBytes > 0) this.#options.memory.give(this.#takenBytes)
    this.#takenBytes = 0
  }
}

function nothing(): void {}
