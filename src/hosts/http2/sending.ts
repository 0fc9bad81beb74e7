import type { Socket } from 'node:net'
import { DEFAULT_WINDOW_BYTES, FRAME_BYTES } from './frames.ts'
import { Output } from './output.ts'
import type { OwnStream } from './own-stream.ts'

const TABLE_UPDATE = Buffer.of(0x20)
const NOTHING = Buffer.alloc(0)

/** What goes out on a connection, as far as its client takes it: the streams that have something to say take turns. */
export class Sending {
  readonly output: Output
  /** What the client takes of all streams together (bytes). */
  window = DEFAULT_WINDOW_BYTES
  /** Largest frame that the client takes, and we make (bytes). */
  frameBytes = FRAME_BYTES
  /** What waits in all streams (bytes). */
  waitingBytes = 0
  readonly #waiting = new Set<OwnStream>()
  #isGoing = false
  #isTableSaid = false

  /** @param guard catches what fails while the client reads again */
  constructor(socket: Socket, guard: (work: () => void) => void) {
    this.output = new Output(socket, () => guard(() => this.go()))
  }

  /** Sends what a stream has, as soon as it may. */
  send(stream: OwnStream): void {
    this.#waiting.add(stream)
    this.go()
  }

  /** A frame of each stream in turn, for as long as the client takes them. */
  go(): void {
    if (this.#isGoing || this.#waiting.size === 0) return
    this.#isGoing = true
    try {
      while (this.#sendRound()) {}
    } finally {
      this.#isGoing = false
    }
  }

  /** @returns whether another may send more */
  #sendRound(): boolean {
    let hasSent = false
    for (const stream of this.#waiting) {
      if (this.output.isFull) this.output.flush()
      if (this.output.isBlocked) return false
      if (stream.sendSome()) hasSent = true
      if (!stream.isWaiting) this.#waiting.delete(stream)
    }
    return hasSent && this.#waiting.size > 0
  }

  forget(stream: OwnStream): void {
    this.#waiting.delete(stream)
  }

  /** Sends a whole frame of the connection's own. */
  write(frame: Uint8Array): void {
    const at = this.output.reserve(frame.length)
    this.output.slab.set(frame, at)
  }

  /**
   * What is said once, before the first headers: we use no table, and so are below whatever limit the client sets one day.
   * @see RFC 7541, "Dynamic Table Size Update"
   */
  takeTableUpdate(): Buffer {
    if (this.#isTableSaid) return NOTHING
    this.#isTableSaid = true
    return TABLE_UPDATE
  }
}
