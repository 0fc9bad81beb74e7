/** Words of 64 bits at a fixed address, read and written as numbers. */
export class Words {
  readonly address: number
  readonly #halves: Uint32Array

  constructor(count: number, addressOf: (view: ArrayBufferView) => number) {
    // An explicit buffer: V8 keeps a small typed array's own memory where it may move.
    this.#halves = new Uint32Array(new ArrayBuffer(8 * count))
    this.address = addressOf(this.#halves)
  }

  get length(): number {
    return this.#halves.length / 2
  }

  get(index: number): number {
    return (this.#halves[2 * index] as number) + (this.#halves[2 * index + 1] as number) * 0x1_0000_0000
  }

  /** @param value from 0 up, at most 2^53 */
  set(index: number, value: number): void {
    this.#halves[2 * index] = value
    this.#halves[2 * index + 1] = value / 0x1_0000_0000
  }

  /** The lower half of a word, where a function gives back an int. */
  int(index: number): number {
    return this.#halves[2 * index] as number
  }

  addressOf(index: number): number {
    return this.address + 8 * index
  }
}
