import { ServingError } from '../../core/errors.ts'
import type { NumericArray } from '../../tensor/datatype.ts'
import type { Budget } from './limits.ts'
import { isFileDtype } from './numpy-values.ts'
import { isKind, itemsOf, shapeOf, wholeOf } from './refs.ts'
import type { Dtype, NumericNdArray, PyObject, PyValue, SparseMatrix } from './values.ts'

type NumberMaker = new (length: number) => NumericArray

/** Elements of a matrix by their places, in any order. */
interface Triplets {
  readonly rows: Int32Array
  readonly columns: Int32Array
  readonly values: NumericArray
  /** Whether the values are True and False, which add up to True. */
  readonly isBool?: boolean
}

/**
 * A sparse matrix of scipy as CSR, from what its pickle says; undefined where it has one dimension, or elements that are
 * no plain numbers: then it stays an inert object.
 * @param layout `csr`, `csc`, `coo`, `dia`, `lil`, `bsr` or `dok`
 * @throws {ServingError} `refused` where its parts do not fit each other
 */
export function readSparse(layout: string, object: PyObject, budget: Budget): SparseMatrix | undefined {
  const shape = shapeOf(object.attributes.get('_shape') ?? object.attributes.get('shape'))
  const [rows, columns] = shape ?? []
  if (rows === undefined || columns === undefined || shape?.length !== 2) return undefined
  if (rows < 0 || columns < 0 || rows > 0x7fff_ffff || columns > 0x7fff_ffff)
    throw bad(`has the shape [${rows},${columns}]`)
  const sides = [rows, columns] as const
  // its parts may be shared with other matrices and are looked through for each
  for (const part of object.attributes.values())
    if (isKind(part, 'ndarray') && part.holds === 'numbers') budget.work(part.data.length >> 4)
  if (layout === 'csr') {
    const parts = compressed(object, rows, columns, budget)
    return parts === undefined ? undefined : { kind: 'sparse', shape: sides, ...parts }
  }
  const triplets = TRIPLETS[layout]?.(object, sides, budget)
  return triplets === undefined ? undefined : fromTriplets(triplets, sides, budget)
}

const TRIPLETS: Readonly<
  Record<string, (object: PyObject, shape: readonly [number, number], budget: Budget) => Triplets | undefined>
> = {
  csc: readCsc,
  coo: readCoo,
  dia: readDia,
  lil: readLil,
  bsr: readBsr,
  dok: readDok,
}

/** The parts of CSR, or of CSC with rows and columns in each other's place. */
function compressed(
  { attributes }: PyObject,
  rows: number,
  columns: number,
  budget: Budget,
): Pick<SparseMatrix, 'starts' | 'columns' | 'values'> | undefined {
  const starts = indices(attributes.get('indptr'), budget)
  const places = indices(attributes.get('indices'), budget)
  const values = numbersOf(attributes.get('data'), 1)?.data
  if (starts === undefined || places === undefined || values === undefined) return undefined
  const count = checkStarts(starts, rows)
  if (count > places.length || count > values.length) throw bad('has fewer elements than it counts')
  const used = places.subarray(0, count)
  if (used.some((place) => place < 0 || place >= columns)) throw bad('has an element outside of it')
  return { starts, columns: used, values: values.subarray(0, count) }
}

function checkStarts(starts: Int32Array, rows: number): number {
  if (starts.length !== rows + 1 || starts[0] !== 0) throw bad(`has ${starts.length - 1} rows instead of ${rows}`)
  for (let i = 0; i < rows; i++)
    if ((starts[i] as number) > (starts[i + 1] as number)) throw bad('has a row that ends before it begins')
  return starts[rows] as number
}

function readCsc(object: PyObject, [rows, columns]: readonly [number, number], budget: Budget): Triplets | undefined {
  const parts = compressed(object, columns, rows, budget)
  if (parts === undefined) return undefined
  return { rows: parts.columns, columns: repeated(parts.starts, budget), values: parts.values }
}

/** For each element, the row that it is in. */
function repeated(starts: Int32Array, budget: Budget): Int32Array {
  const count = starts.at(-1) ?? 0
  budget.allocate(count * 4)
  const rows = new Int32Array(count)
  for (let row = 0; row + 1 < starts.length; row++) rows.fill(row, starts[row], starts[row + 1])
  return rows
}

function readCoo({ attributes }: PyObject, shape: readonly [number, number], budget: Budget): Triplets | undefined {
  const [first, second] = itemsOf(attributes.get('coords')) ?? [attributes.get('row'), attributes.get('col')]
  const rows = indices(first, budget)
  const columns = indices(second, budget)
  const data = numbersOf(attributes.get('data'), 1)
  if (rows === undefined || columns === undefined || data === undefined) return undefined
  return { rows, columns, values: data.data, isBool: data.dtype.code === 'b' }
}

/** Diagonals: element j of one stands in column j. Zeros are none of its elements. */
function readDia({ attributes }: PyObject, [rows, columns]: readonly [number, number], budget: Budget) {
  const data = numbersOf(attributes.get('data'), 2)
  const offsets = indices(attributes.get('offsets'), budget, true)
  if (data === undefined || offsets === undefined) return undefined
  const [count = 0, width = 0] = data.shape
  if (offsets.length !== count) throw bad(`has ${count} diagonals and ${offsets.length} places for them`)
  const found: number[] = []
  budget.allocate(data.data.length * 24)
  const made = { rows: [] as number[], columns: [] as number[] }
  offsets.forEach((offset, k) => {
    for (let j = Math.max(0, offset); j < Math.min(width, columns, rows + offset); j++) {
      const at = k * width + j
      if (Number(data.data[at]) === 0) continue
      found.push(at)
      made.rows.push(j - offset)
      made.columns.push(j)
    }
  })
  return {
    rows: Int32Array.from(made.rows),
    columns: Int32Array.from(made.columns),
    values: picked(data.data, found),
  }
}

/** Lists of places and of values, one for each row. */
function readLil(object: PyObject, _shape: readonly [number, number], budget: Budget): Triplets | undefined {
  const rows = listsOf(object.attributes.get('rows'))
  const data = listsOf(object.attributes.get('data'))
  if (rows === undefined || data === undefined || rows.length !== data.length) return undefined
  const made = { rows: [] as number[], columns: [] as number[], values: [] as PyValue[] }
  for (const [row, places] of rows.entries()) {
    const values = data[row] as readonly PyValue[]
    if (places.length !== values.length) throw bad(`has ${places.length} places for ${values.length} elements`)
    budget.work(1 + places.length)
    for (const [i, place] of places.entries()) {
      made.rows.push(row)
      made.columns.push(wholeOf(place) ?? -1)
      made.values.push(values[i] as PyValue)
    }
  }
  return typed(made.rows, made.columns, made.values, object, budget)
}

function listsOf(value: PyValue | undefined): readonly (readonly PyValue[])[] | undefined {
  if (!isKind(value, 'ndarray') || value.holds !== 'objects') return undefined
  const lists = value.data.map(itemsOf)
  return lists.includes(undefined) ? undefined : (lists as (readonly PyValue[])[])
}

/** A dict from places to values. */
function readDok(object: PyObject, _shape: readonly [number, number], budget: Budget): Triplets | undefined {
  const dict = object.attributes.get('_dict')
  const entries = isKind(dict, 'dict') ? dict.entries : object.entries
  budget.work(entries.length)
  const places = entries.map(([key]) => itemsOf(key)?.map(wholeOf) ?? [])
  return typed(
    places.map(([row]) => row ?? -1),
    places.map(([, column]) => column ?? -1),
    entries.map(([, value]) => value),
    object,
    budget,
  )
}

/** Small dense matrices: places of CSR whose elements are blocks. */
function readBsr({ attributes }: PyObject, [rows, columns]: readonly [number, number], budget: Budget) {
  const starts = indices(attributes.get('indptr'), budget)
  const places = indices(attributes.get('indices'), budget)
  const blocks = numbersOf(attributes.get('data'), 3)
  if (starts === undefined || places === undefined || blocks === undefined) return undefined
  const [, height = 0, width = 0] = blocks.shape
  if (height === 0 || width === 0 || rows % height !== 0 || columns % width !== 0)
    throw bad(`has blocks of [${height},${width}], which do not fill it`)
  const count = checkStarts(starts, rows / height)
  const total = count * height * width
  if (count > places.length || total > blocks.data.length) throw bad('has fewer blocks than it counts')
  budget.allocate(total * 8)
  const made = { rows: new Int32Array(total), columns: new Int32Array(total) }
  const blockRows = repeated(starts, budget)
  for (let at = 0; at < total; at++) {
    const block = Math.floor(at / (height * width))
    made.rows[at] = (blockRows[block] as number) * height + (Math.floor(at / width) % height)
    made.columns[at] = (places[block] as number) * width + (at % width)
  }
  return { ...made, values: blocks.data.subarray(0, total) }
}

/** Values of Python as an array of the matrix's type. */
function typed(
  rows: readonly number[],
  columns: readonly number[],
  values: readonly PyValue[],
  { attributes }: PyObject,
  budget: Budget,
): Triplets | undefined {
  const dtype = attributes.get('dtype')
  if (!isFileDtype(dtype)) return undefined
  budget.allocate(values.length * 16)
  const plain = values.map((value) => (isKind(value, 'scalar') ? value.value : value))
  if (!plain.every((value) => typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'))
    return undefined
  const data = arrayOf(dtype, plain)
  return data === undefined
    ? undefined
    : { rows: Int32Array.from(rows), columns: Int32Array.from(columns), values: data, isBool: dtype.code === 'b' }
}

function arrayOf({ code, itemSize }: Dtype, values: readonly (number | bigint | boolean)[]): NumericArray | undefined {
  if (code === 'b') return Uint8Array.from(values, (value) => (value ? 1 : 0))
  if (code === 'f' && itemSize === 4) return Float32Array.from(values, Number)
  if (code === 'f' && itemSize === 8) return Float64Array.from(values, Number)
  const isWhole = (code === 'i' || code === 'u') && values.every((value) => typeof value !== 'number')
  return isWhole ? BigInt64Array.from(values, BigInt) : undefined
}

/** Sorts elements by row and column, and adds those up that stand in one place, as scipy does. */
function fromTriplets(
  { rows, columns, values, isBool = false }: Triplets,
  [height, width]: readonly [number, number],
  budget: Budget,
): SparseMatrix {
  const count = values.length
  if (rows.length !== count || columns.length !== count) throw bad('has places and values of different counts')
  if (rows.some((row) => row < 0 || row >= height) || columns.some((column) => column < 0 || column >= width))
    throw bad('has an element outside of it')
  budget.allocate((height + 1) * 4 + count * 24)
  const order = Uint32Array.from(rows.keys()).sort(
    (a, b) => (rows[a] as number) - (rows[b] as number) || (columns[a] as number) - (columns[b] as number) || a - b,
  )
  const starts = new Int32Array(height + 1)
  const places = new Int32Array(count)
  const sorted = new (values.constructor as NumberMaker)(count)
  let kept = 0
  let before = -1
  for (const at of order) {
    const [row, column] = [rows[at] as number, columns[at] as number]
    const value = values[at] as number | bigint
    if (before !== -1 && rows[before] === row && columns[before] === column)
      sorted[kept - 1] = isBool
        ? Math.max(Number(sorted[kept - 1]), Number(value))
        : (sorted[kept - 1] as never) + (value as never)
    else {
      places[kept] = column
      sorted[kept] = value
      kept++
      starts[row + 1] = (starts[row + 1] as number) + 1
    }
    before = at
  }
  for (let row = 0; row < height; row++) starts[row + 1] = (starts[row + 1] as number) + (starts[row] as number)
  return {
    kind: 'sparse',
    shape: [height, width],
    starts,
    columns: places.subarray(0, kept),
    values: sorted.subarray(0, kept),
  }
}

function picked(values: NumericArray, at: readonly number[]): NumericArray {
  const made = new (values.constructor as NumberMaker)(at.length)
  at.forEach((from, to) => (made[to] = values[from] as number | bigint))
  return made
}

/** Whole numbers that fit 32 bits. */
function indices(value: PyValue | undefined, budget: Budget, isSigned = false): Int32Array | undefined {
  if (!isKind(value, 'ndarray') || value.holds !== 'numbers' || value.shape.length !== 1) return undefined
  if (value.data instanceof Int32Array) return value.data
  if (!(value.data instanceof BigInt64Array)) return undefined
  budget.allocate(value.data.length * 4)
  const least = isSigned ? -0x8000_0000n : 0n
  const narrow = new Int32Array(value.data.length)
  for (let i = 0; i < narrow.length; i++) {
    const index = value.data[i] as bigint
    if (index < least || index > 0x7fff_ffffn) throw bad('has an element outside of it')
    narrow[i] = Number(index)
  }
  return narrow
}

/** An array of plain numbers; half floats are kept as bits and cannot be added, so they are none. */
function numbersOf(value: PyValue | undefined, rank: number): NumericNdArray | undefined {
  if (!isKind(value, 'ndarray') || value.holds !== 'numbers' || value.shape.length !== rank) return undefined
  const { code, itemSize } = value.dtype
  return 'biuf'.includes(code) && !(code === 'f' && itemSize === 2) ? value : undefined
}

function bad(what: string): ServingError {
  return new ServingError('refused', `a sparse matrix in the file ${what}; the file is damaged or was tampered with`)
}
