/** Reads numbers of bits, the highest first, as bzip2 writes them. Behind the end there are zeros: see `isPastEnd`. */
export class BitReader {
  readonly #bytes: Uint8Array
  #at: number
  #held = 0
  #count = 0

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  /** Whether more was read than there is. */
  get isPastEnd(): boolean {
    return this.#at - (this.#count >> 3) > this.#bytes.length
  }

  /** Where the next whole byte begins. */
  get nextByte(): number {
    return this.#at - (this.#count >> 3)
  }

  /** The next bits, which stay where they are. @param count at most 24 */
  peek(count: number): number {
    while (this.#count < count) {
      this.#held = (this.#held << 8) | (this.#bytes[this.#at] ?? 0)
      this.#at++
      this.#count += 8
    }
    return (this.#held >>> (this.#count - count)) & ((1 << count) - 1)
  }

  skip(count: number): void {
    this.#count -= count
  }

  /** @param count at most 24 */
  read(count: number): number {
    const value = this.peek(count)
    this.#count -= count
    return value
  }

  /** 32 bits, as a number from 0 up. */
  readWord(): number {
    return this.read(16) * 65_536 + this.read(16)
  }
}
