import { ServingError } from '../../core/errors.ts'
import type { Tensor } from '../../tensor/tensor.ts'

/** Most numbers that a kernel writes out at once: 512 MiB of FP64. */
const MAX_AREA = 2 ** 26

/** @returns rows x columns @throws {ServingError} `too_large` where that is more than a kernel writes out at once */
export function checkedArea(rows: number, columns: number): number {
  const area = rows * columns
  if (area <= MAX_AREA) return area
  throw new ServingError(
    'too_large',
    `${rows} rows of ${columns} columns are more than ${MAX_AREA} numbers at once; send fewer rows together`,
  )
}

/**
 * Gathers rows by the positions that are not zero in them, and writes them as programs have sparse rows: sorted
 * positions, INT64 [rows, m], and values, FP64 [rows, m]; rows with fewer than the longest, and at least one, are filled
 * up with position 0 and value 0.
 */
export class SparseRowsWriter {
  #positions = new Int32Array(256)
  #values = new Float64Array(256)
  #used = 0
  readonly #ends: number[] = []

  /** Adds to the row that is being written. */
  add(position: number, value: number): void {
    if (this.#used === this.#positions.length) this.#grow()
    this.#positions[this.#used] = position
    this.#values[this.#used++] = value
  }

  /** Where the row begins that is being written, for those who work on its values in place. */
  get start(): number {
    return this.#ends.at(-1) ?? 0
  }

  get end(): number {
    return this.#used
  }

  /** Positions and values written so far; valid until the next `add`. */
  get positions(): Int32Array {
    return this.#positions
  }

  get values(): Float64Array {
    return this.#values
  }

  endRow(): void {
    this.#ends.push(this.#used)
  }

  /** Forgets what was written, and gives it as tensors. */
  take(): Tensor[] {
    const rows = this.#ends.length
    let longest = 1
    let start = 0
    for (const end of this.#ends) {
      if (end - start > longest) longest = end - start
      start = end
    }
    const area = checkedArea(rows, longest)
    const positions = new BigInt64Array(area)
    const low = new Int32Array(positions.buffer)
    const values = new Float64Array(area)
    start = 0
    this.#ends.forEach((end, row) => {
      const to = row * longest
      for (let i = start; i < end; i++) {
        low[(to + i - start) * 2] = this.#positions[i] as number
        values[to + i - start] = this.#values[i] as number
      }
      start = end
    })
    this.#used = 0
    this.#ends.length = 0
    if (this.#positions.length > 2 ** 20) {
      this.#positions = new Int32Array(256)
      this.#values = new Float64Array(256)
    }
    return [
      { datatype: 'INT64', shape: [rows, longest], data: positions },
      { datatype: 'FP64', shape: [rows, longest], data: values },
    ]
  }

  /** Forgets what was written, after a failure. */
  clear(): void {
    this.#used = 0
    this.#ends.length = 0
  }

  #grow(): void {
    const positions = new Int32Array(this.#positions.length * 2)
    const values = new Float64Array(this.#values.length * 2)
    positions.set(this.#positions)
    values.set(this.#values)
    this.#positions = positions
    this.#values = values
  }
}
