/** Memory that a body gets with its first bytes, if it is as long (bytes). */
const FIRST_BYTES = 64 * 1024

/** With each step, memory for this many times what has come. */
const GROWTH = 4

const NOTHING = Buffer.alloc(0)

/**
 * Gathers a body of known length from its pieces, whatever their sizes, in one piece of memory: announced bytes are believed
 * only as far as they come. A class, since there is one for each body: an object with getters of its own would keep its
 * bytes until a large collection.
 */
export class BodyCollector {
  readonly #length: number
  #buffer: Buffer = NOTHING
  #size = 0

  /** @param length of the whole body (bytes) */
  constructor(length: number) {
    this.#length = length
  }

  /** All bytes that came so far. */
  get received(): Buffer {
    return this.#size === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, this.#size)
  }

  /** How many are still to come. */
  get missing(): number {
    return this.#length - this.#size
  }

  /** @param chunk at most as long as what is missing; not to be changed afterwards */
  append(chunk: Buffer): void {
    const size = this.#size + chunk.length
    if (size > this.#length) throw new Error(`${chunk.length} bytes for ${this.missing}; this is a bug`)
    if (chunk.length === this.#length) this.#buffer = chunk // all of it, in a packet behind the head's
    else {
      if (size > this.#buffer.length) this.#makeRoom(size)
      this.#buffer.set(chunk, this.#size)
    }
    this.#size = size
  }

  #makeRoom(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#length, Math.max(FIRST_BYTES, GROWTH * needed)))
    this.#buffer.copy(grown, 0, 0, this.#size)
    this.#buffer = grown
  }
}
