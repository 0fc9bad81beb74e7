const NOTHING = Buffer.alloc(0)
const FIRST_BYTES = 4096

/** How much is handed out at a time (bytes). */
const SLICE_BYTES = 4096

/** Bytes that came and are not wanted yet, in one piece of memory however small the pieces were in which they came. */
export class Held {
  #bytes: Buffer = NOTHING
  #start = 0
  #end = 0

  get isEmpty(): boolean {
    return this.#start === this.#end
  }

  add(chunk: Uint8Array): void {
    if (this.#bytes.length - this.#end < chunk.length) {
      const size = this.#end - this.#start
      // not in place: what was handed out may still be used
      const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * (size + chunk.length)))
      this.#bytes.copy(grown, 0, this.#start, this.#end)
      this.#bytes = grown
      this.#start = 0
      this.#end = size
    }
    this.#bytes.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /** The oldest of them. */
  take(): Buffer {
    const end = Math.min(this.#end, this.#start + SLICE_BYTES)
    const slice = this.#bytes.subarray(this.#start, end)
    this.#start = end
    if (this.isEmpty) this.clear()
    return slice
  }

  clear(): void {
    this.#bytes = NOTHING
    this.#start = 0
    this.#end = 0
  }
}
