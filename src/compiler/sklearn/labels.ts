import { ServingError } from '../../core/errors.ts'
import type { NdArray, PyValue } from '../../formats/python/values.ts'
import type { Datatype } from '../../tensor/datatype.ts'
import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'

/** The labels of a classifier, in their own type. */
export interface Labels {
  readonly datatype: 'INT64' | 'FP64' | 'BOOL' | 'BYTES'
  readonly count: number
  /** As text, for the names of columns. */
  readonly names: readonly string[]
  /** The label itself: bigint, number, boolean, or the text's UTF-8. */
  readonly values: readonly (bigint | number | boolean | Uint8Array)[]
  /** All labels as a constant [count]. */
  constant(ops: Ops): Value
  /** Labels by their positions: INT64 of any shape to labels of that shape. */
  at(ops: Ops, index: Value): Value
}

/**
 * Labels of an array or list, as scikit-learn keeps them in `classes_`.
 * @throws {ServingError} `unsupported` for labels of several types, or of none that can be served
 */
export function labelsOf(value: NdArray | readonly PyValue[], where: string): Labels {
  const items = Array.isArray(value) ? (value as readonly PyValue[]) : itemsOf(value as NdArray, where)
  const values = items.map((item) => labelOf(item, where))
  return makeLabels(values, where)
}

/** Labels 0 to count - 1. */
export function countedLabels(count: number): Labels {
  return makeLabels(
    Array.from({ length: count }, (_, i) => BigInt(i)),
    'labels',
  )
}

export function makeLabels(values: readonly (bigint | number | boolean | Uint8Array)[], where: string): Labels {
  const datatype = datatypeOf(values, where)
  const tooLarge = values.find((value) => typeof value === 'bigint' && BigInt.asIntN(64, value) !== value)
  if (tooLarge !== undefined)
    throw new ServingError(
      'unsupported',
      `${where} has the label ${String(tooLarge)}, which no signed integer of 64 bits holds`,
    )
  const names = values.map((each) =>
    each instanceof Uint8Array ? Buffer.from(each).toString('utf8') : pythonText(each),
  )
  const constant = (ops: Ops) => ops.constant(datatype, [values.length], dataOf(datatype, values))
  return {
    datatype,
    count: values.length,
    names,
    values,
    constant,
    at: (ops, index) => ops.gather(constant(ops), index),
  }
}

function itemsOf(array: NdArray, where: string): readonly PyValue[] {
  if (array.shape.length !== 1)
    throw new ServingError('refused', `${where} is an array of ${array.shape.length} dimensions`)
  if (array.holds === 'objects' || array.holds === 'text' || array.holds === 'bytes') return array.data
  if (array.holds !== 'numbers') throw new ServingError('unsupported', `${where} has records as labels`)
  if (array.dtype.code === 'b') return Array.from(array.data as Uint8Array, (each) => each === 1)
  if (array.dtype.code === 'i' || array.dtype.code === 'u')
    return Array.from(array.data as Int32Array, (each: number | bigint) => BigInt(each))
  if (array.dtype.code === 'f' && array.dtype.itemSize > 2) return Array.from(array.data as Float64Array)
  throw new ServingError('unsupported', `${where} has labels of a type that cannot be served`)
}

function labelOf(item: PyValue, where: string): bigint | number | boolean | Uint8Array {
  if (typeof item === 'bigint' || typeof item === 'number' || typeof item === 'boolean') return item
  if (typeof item === 'string') return Buffer.from(item, 'utf8')
  if (item instanceof Uint8Array) return item
  if (item !== null && item.kind === 'scalar') return labelOf(item.value, where)
  throw new ServingError('unsupported', `${where} has a label that is neither a number nor text`)
}

function datatypeOf(values: readonly unknown[], where: string): Labels['datatype'] {
  if (values.every((value) => typeof value === 'bigint')) return 'INT64'
  if (values.every((value) => typeof value === 'boolean')) return 'BOOL'
  if (values.every((value) => value instanceof Uint8Array)) return 'BYTES'
  if (values.every((value) => typeof value === 'number' || typeof value === 'bigint')) return 'FP64'
  throw new ServingError('unsupported', `${where} has labels of several types; they cannot go into one output`)
}

function dataOf(datatype: Datatype, values: Labels['values']) {
  if (datatype === 'INT64') return BigInt64Array.from(values as readonly bigint[])
  if (datatype === 'BOOL') return Uint8Array.from(values, Number)
  if (datatype === 'FP64') return Float64Array.from(values as readonly number[], Number)
  return values as readonly Uint8Array[]
}

/** As Python's `str` writes it. */
function pythonText(value: bigint | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number' && Number.isInteger(value)) return `${value}.0`
  return String(value)
}
