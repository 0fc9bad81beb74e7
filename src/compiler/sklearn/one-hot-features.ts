import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { MatrixFeatures, SparseFeatures, type Column, type Features, type SparseRows } from './features.ts'

/** From this width on, rows are handed on by their ones: a product with them then costs less than one with the zeros. */
const SPARSE_WIDTH = 512

/** Rows of zeros with a one for each column's category, written by one host kernel in whichever form is wanted. */
export class OneHotFeatures implements Features {
  readonly width: number
  readonly names: readonly string[] | undefined
  readonly isWhole: boolean
  readonly #ops: Ops
  readonly #source: () => { readonly inputs: readonly Value[]; readonly columns: readonly object[] }

  constructor(
    ops: Ops,
    width: number,
    source: () => { readonly inputs: readonly Value[]; readonly columns: readonly object[] },
    names: readonly string[] | undefined,
    isWhole: boolean,
  ) {
    this.#ops = ops
    this.width = width
    this.#source = source
    this.names = names
    this.isWhole = isWhole
  }

  matrix(): Value {
    const { inputs, columns } = this.#source()
    const shape = [-1, this.width]
    const parameters = { width: this.width, form: 'dense', columns }
    return this.#ops.b.kernel('one-hot', parameters, inputs, [{ datatype: 'FP64', shape }])[0] as Value
  }

  get sparse(): SparseRows | undefined {
    if (this.width < SPARSE_WIDTH) return undefined
    const { inputs, columns } = this.#source()
    const shape = [-1, columns.length]
    const parameters = { width: this.width, form: 'sparse', columns }
    const [indices, values] = this.#ops.b.kernel('one-hot', parameters, inputs, [
      { datatype: 'INT64', shape },
      { datatype: 'FP64', shape },
    ])
    return { indices: indices as Value, values: values as Value }
  }

  /** Zeros and ones are finite. */
  check(): Features {
    return this
  }

  column(index: number): Column {
    return this.#written().column(index)
  }

  select(indices: readonly number[]): Features {
    return this.#written().select(indices)
  }

  #written(): Features {
    const { sparse } = this
    return sparse === undefined
      ? new MatrixFeatures(this.#ops, this.matrix(), this.names)
      : new SparseFeatures(this.#ops, this.width, sparse, this.names)
  }
}
