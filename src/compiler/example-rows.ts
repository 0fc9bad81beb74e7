import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { isBigInt, type NumericDatatype } from '../tensor/datatype.ts'
import { elementCount } from '../tensor/shape.ts'
import { allocate, type Tensor, type Tensors } from '../tensor/tensor.ts'
import { parseMetadata, type CompiledModel } from './compile-onnx.ts'

/** How many rows are made up where a model brings none. */
const ROWS = 4

/** Sizes tried, in turn, for dimensions other than rows that the model leaves open. */
export const OPEN_SIZES: readonly number[] = [8, 1, 16, 32, 224]

/**
 * The rows that the model's file brings for its inputs: metadata `slipway.example.<input>`, a JSON list of rows.
 * @returns undefined when it does not bring them for every input
 * @throws {ServingError} `refused` when they do not fit the input
 */
export function broughtRows({ inputs, metadata }: CompiledModel): Tensors | undefined {
  const rows = new Map<string, Tensor>()
  for (const { name, datatype, shape } of inputs) {
    const key = `slipway.example.${name}`
    const text = metadata.get(key)
    if (text === undefined || datatype === 'BYTES') return undefined
    const flat = [parseMetadata(key, text)].flat(Infinity)
    const perRow = shape.slice(1).reduce((product, size) => product * size, 1)
    const isWhole = perRow > 0 && flat.length > 0 && flat.length % perRow === 0
    if (!isWhole || !flat.every((value) => typeof value === 'number'))
      throw new ServingError('refused', `the model's metadata ${quote(key)} is no list of rows of ${perRow} numbers`)
    const data = allocate(datatype, flat.length)
    flat.forEach((value, i) => (data[i] = isBigInt(datatype) ? BigInt(value) : value))
    rows.set(name, { datatype, shape: [flat.length / perRow, ...shape.slice(1)], data } as Tensor)
  }
  return rows
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
  const data = allocate(datatype, count)
  for (let i = 0; i < count; i++) {
    const value = next()
    if (datatype === 'FP32' || datatype === 'FP64') data[i] = value
    else if (datatype === 'FP16') data[i] = 0x3800 + Math.floor(value * 0x400) // 0.5 to 1
    else if (datatype === 'BF16') data[i] = 0x3f00 + Math.floor(value * 0x80) // 0.5 to 1
    else data[i] = isBigInt(datatype) ? BigInt(Math.round(value)) : Math.round(value)
  }
  return data
}

/** Numbers from 0 to 1 with three decimals, the same sequence each time. */
function createSequence(): () => number {
  let state = 12_345
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * 1000) / 1000
  }
}
