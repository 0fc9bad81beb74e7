import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'

/** The columns on their way from one estimator to the next. */
export interface Features {
  readonly width: number
  /** Names of the columns, where scikit-learn would hand on a data frame. */
  readonly names: readonly string[] | undefined
  /** All columns, FP64 [rows, width]. @throws {ServingError} `unsupported` where one is text that was never encoded */
  matrix(): Value
  column(index: number): Column
  /** Whether a column is text by itself, and not by who asks for it. */
  textual?(index: number): boolean
  select(indices: readonly number[]): Features
  /** The rows by what is not zero in them, where they came so; what can work on that should. */
  readonly sparse?: SparseRows | undefined
  /** Whether scikit-learn hands on a sparse matrix, which keeps no zeros: to some libraries those are missing values. */
  readonly isStoredSparse?: boolean | undefined
  /** Whether scikit-learn holds these as integers: an output of them is INT64. */
  readonly isWhole?: boolean | undefined
  /** Whether scikit-learn hands on a list here, and no matrix of one column: an output of them is [rows]. */
  readonly isFlat?: boolean
  /** The same where rows with an infinity (and NaN, unless it is allowed) are refused; see `checked`. */
  check?(isNaNAllowed: boolean): Features
}

/**
 * The same features, where a row with an infinity, or NaN unless that is allowed, is refused naming its column: for
 * estimators that refuse them, where what they would answer could pass for an answer. The check stands as near to the
 * model's inputs as it can, so that no graph is cut for it.
 */
export function checked(ops: Ops, x: Features, isNaNAllowed = false): Features {
  if (x.check !== undefined) return x.check(isNaNAllowed)
  if (x.width === 0) return x
  return refuseMissing(ops, [x.matrix()], x.names ?? [], undefined, isNaNAllowed)
}

/**
 * Columns of values side by side, checked.
 * @param columns positions to take; all where there are none
 */
export function refuseMissing(
  ops: Ops,
  values: readonly Value[],
  names: readonly string[],
  columns: readonly number[] | undefined,
  isNaNAllowed: boolean,
): MatrixFeatures {
  const width = columns?.length ?? values.reduce((sum, { shape }) => sum + (shape[1] ?? 1), 0)
  const [matrix] = ops.b.kernel('refuse-missing', { names, columns: columns ?? null, isNaNAllowed }, values, [
    { datatype: 'FP64', shape: [-1, width] },
  ])
  const features: MatrixFeatures = new MatrixFeatures(
    ops,
    matrix as Value,
    names.length === width ? names : undefined,
    (isStillAllowed) =>
      isNaNAllowed && !isStillAllowed ? refuseMissing(ops, values, names, columns, false) : features,
  )
  return features
}

/** What an elementwise or linear formula makes of all columns: NaN and infinities stay visible in what comes out. */
export function mapped(ops: Ops, x: Features, make: (matrix: Value) => Value, names?: readonly string[]): Features {
  const made = new MatrixFeatures(ops, make(x.matrix()), names, (isNaNAllowed) =>
    mapped(ops, checked(ops, x, isNaNAllowed), make, names),
  )
  return storedSparse(made, x.isStoredSparse === true)
}

/** The same features, as scikit-learn hands them on: in a sparse matrix or in a dense one. */
export function storedSparse(x: Features, isSparse: boolean): Features {
  if ((x.isStoredSparse === true) === isSparse) return x
  const { width, names, isWhole, isFlat } = x
  return {
    width,
    names,
    isStoredSparse: isSparse,
    isWhole,
    ...(isFlat !== undefined && { isFlat }),
    get sparse() {
      return x.sparse
    },
    matrix: () => x.matrix(),
    column: (index) => x.column(index),
    select: (indices) => storedSparse(x.select(indices), isSparse),
    ...(x.textual && { textual: (index: number) => x.textual?.(index) === true }),
    ...(x.check && { check: (isNaNAllowed: boolean) => storedSparse(x.check?.(isNaNAllowed) ?? x, isSparse) }),
  }
}

export interface Column {
  readonly name: string | undefined
  /** Whether it is text by itself; a column of the model's input is what the first who asks takes it for. */
  readonly isText?: boolean
  /** FP64 [rows, 1]. */
  number(): Value
  /** BYTES [rows, 1] (or [rows]); empty where the value is missing. */
  text(): Value
  /**
   * The text before an imputer that fills NaN and leaves None alone: for an encoder behind it which knows a missing value
   * as a category, so that its data can only have had None.
   */
  textWithMissing?(): Value
}

/** Each row as positions and values; rows with fewer than the longest are filled up with position 0 and value 0. */
export interface SparseRows {
  /** INT64 [rows, -1]. */
  readonly indices: Value
  /** FP64 [rows, -1]. */
  readonly values: Value
}

/** Columns that lie side by side in one value. */
export class MatrixFeatures implements Features {
  readonly width: number
  readonly names: readonly string[] | undefined
  readonly #ops: Ops
  readonly #value: Value
  readonly #check: ((isNaNAllowed: boolean) => Features) | undefined

  /**
   * @param value FP64 [rows, width]
   * @param check how to make it checked, where the values before it are better looked at
   */
  constructor(ops: Ops, value: Value, names?: readonly string[], check?: (isNaNAllowed: boolean) => Features) {
    this.#ops = ops
    this.#value = value
    this.#check = check
    this.width = value.shape[1] ?? 0
    this.names = names
  }

  check(isNaNAllowed: boolean): Features {
    return (
      this.#check?.(isNaNAllowed) ?? refuseMissing(this.#ops, [this.#value], this.names ?? [], undefined, isNaNAllowed)
    )
  }

  matrix(): Value {
    return this.#value
  }

  column(index: number): Column {
    const name = this.names?.[index]
    return {
      name,
      number: () => this.#ops.slice(this.#value, index, index + 1),
      text: () => {
        throw new ServingError(
          'unsupported',
          `column ${name === undefined ? index + 1 : quote(name)} is a number where text is needed`,
        )
      },
    }
  }

  select(indices: readonly number[]): Features {
    const names = this.names === undefined ? undefined : indices.map((index) => this.names?.[index] ?? '')
    return new MatrixFeatures(this.#ops, this.#ops.take(this.#value, indices), names)
  }
}

/** Columns that lie side by side, and that scikit-learn holds as integers. */
export class WholeFeatures extends MatrixFeatures {
  readonly isWhole = true
}

/** Columns that each have their own value, numbers or text: what a data frame is. */
export class ColumnFeatures implements Features {
  readonly width: number
  readonly names: readonly string[] | undefined
  readonly #ops: Ops
  readonly #columns: readonly Column[]

  constructor(ops: Ops, columns: readonly Column[]) {
    this.#ops = ops
    this.#columns = columns
    this.width = columns.length
    const names = columns.map(({ name }) => name)
    this.names = names.every((name) => name !== undefined) ? names : undefined
  }

  matrix(): Value {
    if (this.width === 0) throw new ServingError('unsupported', 'a step of the model takes no columns at all')
    return this.#ops.concat(
      this.#columns.map((column) => column.number()),
      1,
    )
  }

  column(index: number): Column {
    const column = this.#columns[index]
    if (column !== undefined) return column
    throw new ServingError(
      'refused',
      `a step of the model reads column ${index + 1} of the ${this.width} that the steps before it give; the file is damaged`,
    )
  }

  textual(index: number): boolean {
    return this.#columns[index]?.isText === true
  }

  select(indices: readonly number[]): Features {
    return new ColumnFeatures(
      this.#ops,
      indices.map((index) => this.column(index)),
    )
  }

  check(isNaNAllowed: boolean): Features {
    if (this.width === 0) return this
    return refuseMissing(
      this.#ops,
      this.#columns.map((column) => column.number()),
      this.names ?? [],
      undefined,
      isNaNAllowed,
    )
  }
}

/** Features of several makers side by side; those that are text stay so until they are asked for as numbers. */
export class JoinedFeatures implements Features {
  readonly width: number
  readonly names: readonly string[] | undefined
  readonly #ops: Ops
  readonly #parts: readonly Features[]
  /** For each column, its part and its place in it. */
  readonly #places: readonly (readonly [part: number, index: number])[]

  constructor(ops: Ops, parts: readonly Features[], names?: readonly string[]) {
    this.#ops = ops
    this.#parts = parts
    this.#places = parts.flatMap((part, p) => Array.from({ length: part.width }, (_, i) => [p, i] as const))
    this.width = this.#places.length
    this.names = names
  }

  matrix(): Value {
    return this.#ops.concat(
      this.#parts.map((part) => part.matrix()),
      1,
    )
  }

  column(index: number): Column {
    const [p, i] = this.#places[index] as readonly [number, number]
    const column = (this.#parts[p] as Features).column(i)
    return this.names === undefined ? column : { ...column, name: this.names[index] }
  }

  textual(index: number): boolean {
    const [p, i] = this.#places[index] as readonly [number, number]
    return this.#parts[p]?.textual?.(i) === true
  }

  select(indices: readonly number[]): Features {
    const runs: { part: number; own: number[] }[] = []
    for (const index of indices) {
      const [part, own] = this.#places[index] as readonly [number, number]
      const last = runs.at(-1)
      if (last?.part === part) last.own.push(own)
      else runs.push({ part, own: [own] })
    }
    const names = this.names === undefined ? undefined : indices.map((index) => this.names?.[index] ?? '')
    return new JoinedFeatures(
      this.#ops,
      runs.map(({ part, own }) => (this.#parts[part] as Features).select(own)),
      names,
    )
  }

  check(isNaNAllowed: boolean): Features {
    return new JoinedFeatures(
      this.#ops,
      this.#parts.map((part) => checked(this.#ops, part, isNaNAllowed)),
      this.names,
    )
  }
}

/** Columns of a sparse matrix, as text gives them. */
export class SparseFeatures implements Features {
  readonly width: number
  readonly names: readonly string[] | undefined
  readonly sparse: SparseRows
  readonly isWhole: boolean
  readonly isStoredSparse = true
  readonly #ops: Ops

  constructor(ops: Ops, width: number, sparse: SparseRows, names?: readonly string[], isWhole = false) {
    this.#ops = ops
    this.width = width
    this.sparse = sparse
    this.names = names
    this.isWhole = isWhole
  }

  /** Written out: [rows, width] with its zeros. */
  matrix(): Value {
    const { values, indices } = this.sparse
    const [dense] = this.#ops.b.kernel(
      'dense',
      { width: this.width },
      [indices, values],
      [{ datatype: 'FP64', shape: [-1, this.width] }],
    )
    return dense as Value
  }

  column(index: number): Column {
    return new MatrixFeatures(this.#ops, this.matrix(), this.names).column(index)
  }

  /** Counts and hashes are finite. */
  check(_isNaNAllowed = false): Features {
    return this
  }

  select(indices: readonly number[]): Features {
    // a column that is left out becomes a zero at position 0, which adds nothing
    const { ops, positions, kept } = {
      ops: this.#ops,
      positions: new Float64Array(this.width),
      kept: new Float64Array(this.width),
    }
    if (new Set(indices).size !== indices.length)
      return new MatrixFeatures(ops, this.matrix(), this.names).select(indices)
    indices.forEach((from, to) => {
      positions[from] = to
      kept[from] = 1
    })
    const { indices: old, values } = this.sparse
    const sparse = {
      indices: ops.gather(ops.integers(positions), old),
      values: ops.mul(values, ops.gather(ops.numbers(kept), old)),
    }
    const names = this.names === undefined ? undefined : indices.map((index) => this.names?.[index] ?? '')
    return new SparseFeatures(ops, indices.length, sparse, names)
  }
}

/** Features side by side: scikit-learn's `hstack`. Stays sparse where all parts are. */
export function sideBySide(ops: Ops, parts: readonly Features[], names?: readonly string[]): Features {
  // one sparse part makes the whole sparse
  return storedSparse(
    joined(ops, parts, names),
    parts.some(({ isStoredSparse }) => isStoredSparse === true),
  )
}

function joined(ops: Ops, parts: readonly Features[], names?: readonly string[]): Features {
  const filled = parts.filter(({ width }) => width > 0)
  const [only] = filled
  if (only === undefined) throw new ServingError('unsupported', 'no step of the model gives any columns')
  if (filled.length === 1 && names === undefined) return only
  if (filled.every(({ sparse }) => sparse !== undefined)) {
    const indices: Value[] = []
    const values: Value[] = []
    let width = 0
    for (const { sparse, width: own } of filled) {
      if (sparse === undefined) continue
      indices.push(ops.add(sparse.indices, ops.constant('INT64', [], BigInt64Array.of(BigInt(width)))))
      values.push(sparse.values)
      width += own
    }
    // a filled-up place now points at the first column of its part, with value 0: it still adds nothing
    return new SparseFeatures(ops, width, { indices: ops.concat(indices, 1), values: ops.concat(values, 1) }, names)
  }
  return new JoinedFeatures(ops, filled, names)
}

/** X · W for W of [width, k]: FP64 [rows, k], without writing sparse rows out. */
export function product(ops: Ops, x: Features, weights: Float64Array, k: number): Value {
  const table = ops.numbers(weights, [x.width, k])
  if (x.sparse === undefined) return ops.matMul(x.matrix(), table)
  const rows = ops.gather(table, x.sparse.indices)
  return ops.sum(ops.mul(rows, ops.unsqueeze(x.sparse.values, 2)), 1)
}
