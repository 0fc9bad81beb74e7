import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { convertInputs } from '../tensor/convert.ts'
import { isBigInt, type NumericDatatype } from '../tensor/datatype.ts'
import { isHalf, narrowToHalves, widenHalves } from '../tensor/half.ts'
import { elementCount } from '../tensor/shape.ts'
import { allocate, rowsOf, tensor, type Tensor, type Tensors } from '../tensor/tensor.ts'
import { parseMetadata, type CompiledModel } from './compile-onnx.ts'

/** Most rows that a model's first run takes: they are kept in the bundle. */
export const MAX_EXAMPLE_ROWS = 16

/** How many rows are made up where a model brings none. */
const ROWS = 4

/** Sizes tried, in turn, for dimensions other than rows that the model leaves open. */
export const OPEN_SIZES: readonly number[] = [8, 1, 16, 32, 224]

/**
 * The rows that the model's file brings for its inputs: metadata `slipway.example.<input>`, a JSON list of rows; the
 * first of them, as many as are kept.
 * @returns undefined when it does not bring them for every input, or an input is of a kind that JSON rows cannot be for
 * @throws {ServingError} `refused` when they do not fit the input
 */
export function broughtRows({ inputs, metadata }: CompiledModel): Tensors | undefined {
  const rows = new Map<string, Tensor>()
  for (const { name, datatype, shape } of inputs) {
    const key = `slipway.example.${name}`
    const text = metadata.get(key)
    const isPlain = shape[0] === -1 && shape.slice(1).every((size) => size > 0)
    if (text === undefined || !isPlain || datatype === 'BYTES') return undefined
    rows.set(name, readRows(key, text, datatype, shape))
  }
  const counts = new Set([...rows.values()].map(rowsOf))
  if (counts.size === 1) return rows
  throw new ServingError('refused', `the model's metadata has examples of ${[...counts].join(' and ')} rows`)
}

function readRows(key: string, text: string, datatype: NumericDatatype, shape: readonly number[]): Tensor {
  const list = parseMetadata(key, text)
  const perRow = shape.slice(1).reduce((product, size) => product * size, 1)
  const rows = Array.isArray(list) ? list.slice(0, MAX_EXAMPLE_ROWS) : []
  const flat = rows.map((row: unknown) => flatten(row, shape.length))
  if (flat.length === 0 || !flat.every((row) => row.length === perRow && row.every(isNumber)))
    throw new ServingError('refused', `the model's metadata ${quote(key)} is no list of rows of ${perRow} numbers`)
  const given = tensor('FP64', [rows.length, ...shape.slice(1)], Float64Array.from(flat.flat() as number[]))
  if (isHalf(datatype)) {
    const data = narrowToHalves(datatype, given.data as Float64Array)
    if (widenHalves(datatype, data).every((value) => Number.isFinite(value))) return { ...given, datatype, data }
    throw new ServingError(
      'refused',
      `the model's metadata ${quote(key)} has numbers that are too large for ${datatype}`,
    )
  }
  if (datatype === 'FP32') return { ...given, datatype, data: Float32Array.from(given.data as Float64Array) }
  const inputs = [{ name: key, datatype, shape }]
  try {
    return convertInputs(new Map([[key, given]]), { inputs, outputs: [] }).get(key) ?? given
  } catch (error) {
    throw new ServingError('refused', `the model's metadata: ${ServingError.from(error).message}`, { cause: error })
  }
}

/** @param depth most lists inside one another that are opened */
function flatten(row: unknown, depth: number): unknown[] {
  return Array.isArray(row) ? row.flat(depth) : [row]
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

/**
 * Rows made up for a model that brings none: small numbers, the same ones each time.
 * @param openSize size of dimensions that the model leaves open, other than the first
 */
export function madeUpRows({ inputs }: CompiledModel, openSize: number): Tensors {
  const next = createSequence()
  const rows = new Map<string, Tensor>()
  for (const { name, datatype, shape } of inputs) {
    const concrete = shape.map((size, axis) => (size >= 0 ? size : axis === 0 ? ROWS : openSize))
    const count = elementCount(concrete, `input ${quote(name)}`)
    if (datatype === 'BYTES') {
      const data = Array.from({ length: count }, () => Buffer.from(next() < 0.5 ? 'a' : 'b'))
      rows.set(name, { datatype, shape: concrete, data })
    } else rows.set(name, { datatype, shape: concrete, data: fill(datatype, count, next) } as Tensor)
  }
  return rows
}

function fill(datatype: NumericDatatype, count: number, next: () => number) {
  if (isHalf(datatype)) return narrowToHalves(datatype, Array.from({ length: count }, next))
  const data = allocate(datatype, count)
  for (let i = 0; i < count; i++) {
    const value = next()
    if (datatype === 'FP32' || datatype === 'FP64') data[i] = value
    else data[i] = isBigInt(datatype) ? BigInt(Math.round(value)) : Math.round(value)
  }
  return data
}

/** Numbers from 0 to 1 with three decimals, the same sequence each time. */
export function createSequence(): () => number {
  let state = 12_345
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * 1000) / 1000
  }
}
