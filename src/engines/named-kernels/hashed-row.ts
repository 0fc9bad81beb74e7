import type { Parameters } from './kernel.ts'
import { murmurHash, placeOf } from './murmur-hash.ts'
import { SparseRowsWriter } from './sparse-rows.ts'

/** Adds values up at the places that their names hash to. */
export class HashedRow {
  readonly #count: number
  readonly #isSigned: boolean
  readonly #isSingle: boolean
  readonly #sums = new Map<number, number>()
  readonly writer = new SparseRowsWriter()

  /** Reads `features`, how many places there are; `isSigned`; `isSingle` for FP32's precision. */
  constructor(parameters: Parameters) {
    this.#count = parameters.int('features', 1)
    this.#isSigned = parameters.flag('isSigned')
    this.#isSingle = parameters.flag('isSingle')
  }

  get isSingle(): boolean {
    return this.#isSingle
  }

  add(name: string, value: number): void {
    if (value === 0) return
    const hash = murmurHash(name)
    const place = placeOf(hash, this.#count)
    const signed = this.#isSigned && hash < 0 ? -value : value
    const sum = (this.#sums.get(place) ?? 0) + (this.#isSingle ? Math.fround(signed) : signed)
    this.#sums.set(place, this.#isSingle ? Math.fround(sum) : sum)
  }

  /** Writes the row, sorted; what has cancelled out stays, as scikit-learn keeps it. */
  end(isBinary: boolean, finish: (writer: SparseRowsWriter) => void = () => {}): void {
    const places = Int32Array.from(this.#sums.keys()).sort()
    for (const place of places) this.writer.add(place, isBinary ? 1 : (this.#sums.get(place) ?? 0))
    finish(this.writer)
    this.writer.endRow()
    this.#sums.clear()
  }

  clear(): void {
    this.#sums.clear()
    this.writer.clear()
  }
}
