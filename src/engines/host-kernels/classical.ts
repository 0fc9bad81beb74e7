import type { Tensor } from '../../tensor/tensor.ts'
import { asFloat32, asFloat64, countOf, elements, floats, make, type Elements, type Floats } from './arrays.ts'
import type { Kernel, KernelDatatype, KernelNode, Run, Value } from './kernel.ts'
import { indicesWithin } from './shape.ts'

const NUMBERS: readonly KernelDatatype[] = ['FP32', 'FP64', 'INT64', 'INT32']

const { fround } = Math

/** The [rows, features] tensor that a classical operator takes. */
function matrixInput(node: KernelNode, datatypes: readonly KernelDatatype[]): Value {
  node.expectInputs(1)
  const x = node.input(0, datatypes)
  if (x.shape.length !== 2) throw node.refuse(`takes a tensor of rank ${x.shape.length}; 2 is covered`)
  return x
}

/** @throws {ServingError} unless a list has one element or one for each feature */
function expectPerFeature(length: number, features: number, what: string, error: (reason: string) => Error): void {
  if (length !== 1 && features !== -1 && length !== features)
    throw error(`${length} ${what} for ${features} features; 1 or ${features} are allowed`)
}

/** Scaler: (x - offset) * scale, given as FP32. FP64 is computed in FP64 and rounded at the end. */
export const scaler: Kernel = (node) => {
  const x = matrixInput(node, NUMBERS)
  const scale = node.floats('scale') ?? new Float32Array(0)
  const offset = node.floats('offset') ?? new Float32Array(0)
  if (scale.length === 0 || scale.length !== offset.length)
    throw node.refuse(`has ${scale.length} scales and ${offset.length} offsets; as many of both are covered`)
  const check = (features: number, error: (reason: string) => Error): void =>
    expectPerFeature(scale.length, features, 'scales', error)
  check(x.shape[1] as number, (reason) => node.refuse(`has ${reason}`))
  const isDouble = x.datatype === 'FP64'
  const run: Run = (inputs) => {
    const x = inputs[0] as Tensor
    check(x.shape[1] as number, (reason) => node.failure(reason))
    const out = floats('FP32', x.data.length)
    const source = isDouble ? (x.data as Float64Array) : asFloat32(x)
    for (let i = 0, j = 0; i < out.length; i++) {
      const moved = (source[i] as number) - (offset[j] as number)
      out[i] = (isDouble ? moved : fround(moved)) * (scale[j] as number)
      if (++j === scale.length) j = 0
    }
    return [make('FP32', x.shape, out)]
  }
  return { outputs: [{ datatype: 'FP32', shape: x.shape }], run }
}

type RowNorm = (source: Floats, from: number, end: number) => number

const rowMost: RowNorm = (source, from, end) => {
  let most = -3.4028234663852886e38
  for (let i = from; i < end; i++) {
    const value = fround(source[i] as number)
    if (most < value) most = value
  }
  return most
}
const rowSum: RowNorm = (source, from, end) => {
  let sum = 0
  for (let i = from; i < end; i++) sum = fround(sum + fround(Math.abs(source[i] as number)))
  return sum
}
const rowSquares: RowNorm = (source, from, end) => {
  let sum = 0
  for (let i = from; i < end; i++) sum = fround(sum + fround((source[i] as number) * (source[i] as number)))
  return sum
}

/** Normalizer by row: MAX, L1 or L2, given as FP32. A row whose divisor is 0 stays as it is. */
export const normalizer: Kernel = (node) => {
  const x = matrixInput(node, ['FP32', 'FP64'])
  const norm = node.text('norm', 'MAX')
  const measure = { MAX: rowMost, L1: rowSum, L2: rowSquares }[norm]
  if (measure === undefined) throw node.refuse(`has the norm ${norm}; MAX, L1 and L2 are covered`)
  const run: Run = (inputs) => {
    const x = inputs[0] as Tensor
    const source = x.data as Floats
    const [rows, features] = x.shape as readonly [number, number]
    const out = floats('FP32', source.length)
    for (let row = 0, from = 0; row < rows; row++, from += features) {
      const divisor = measure(source, from, from + features)
      for (let i = from; i < from + features; i++) {
        const value = source[i] as number
        if (divisor === 0) out[i] = value
        else if (norm === 'L2') {
          const root = Math.sqrt(fround(fround(value * value) / divisor))
          out[i] = value < 0 ? -root : root
        } else out[i] = fround(value) / divisor
      }
    }
    return [make('FP32', x.shape, out)]
  }
  return { outputs: [{ datatype: 'FP32', shape: x.shape }], run }
}

/** Imputer: one value (NaN included) is replaced by another, or by one for each feature. */
export const imputer: Kernel = (node) => {
  const x = matrixInput(node, ['FP32', 'FP64', 'INT64'])
  const { datatype, shape } = x
  const givenFloats = node.floats('imputed_value_floats')
  const givenInts = node.bigints('imputed_value_int64s')
  const replacedFloat = node.float('replaced_value_float', 0)
  const replacedInt = node.bigint('replaced_value_int64', 0n)
  const isInt = datatype === 'INT64'
  const values: ArrayLike<number | bigint> = (isInt ? givenInts : givenFloats) ?? []
  if (values.length === 0 || ((isInt ? givenFloats : givenInts)?.length ?? 0) > 0)
    throw node.refuse(`has no ${isInt ? 'integers' : 'floats'} alone to put in place of missing values`)
  const check = (features: number, error: (reason: string) => Error): void =>
    expectPerFeature(values.length, features, 'values', error)
  check(shape[1] as number, (reason) => node.refuse(`has ${reason}`))
  const replaced: unknown = isInt ? replacedInt : replacedFloat
  const replacesNan = Number.isNaN(replaced)
  const run: Run = (inputs) => {
    const x = inputs[0] as Tensor
    check(x.shape[1] as number, (reason) => node.failure(reason))
    const source = x.data as unknown as Elements
    const out = elements(datatype, source.length)
    for (let i = 0, j = 0; i < source.length; i++) {
      const value = source[i]
      out[i] = (replacesNan ? Number.isNaN(value) : value === replaced) ? values[j] : value
      if (++j === values.length) j = 0
    }
    return [make(datatype, x.shape, out)]
  }
  return { outputs: [{ datatype, shape }], run }
}

/** ArrayFeatureExtractor: elements of the last axis by index; a vector becomes a matrix of one row. */
export const arrayFeatureExtractor: Kernel = (node) => {
  node.expectInputs(2)
  const x = node.input(0, [...NUMBERS, 'BYTES'])
  const indices = node.input(1, ['INT64'])
  const { datatype, shape } = x
  const rank = shape.length
  if (rank === 0) throw node.refuse('takes from a scalar')
  const width = shape[rank - 1] as number
  if (width !== -1 && indices.constant !== undefined) wanted(indices.constant, width, (reason) => node.refuse(reason))
  const shapeOf = (from: readonly number[], count: number): number[] =>
    rank === 1 ? [1, count] : [...from.slice(0, -1), count]
  const run: Run = (inputs) => {
    const x = inputs[0] as Tensor
    const width = x.shape[rank - 1] as number
    const columns = wanted(inputs[1] as Tensor, width, (reason) => node.failure(reason))
    const result = shapeOf(x.shape, columns.length)
    const count = countOf(result, node)
    const source = x.data as unknown as Elements
    const out = elements(datatype, count)
    for (let at = 0, start = 0; at < count; start += width)
      for (let k = 0; k < columns.length; k++) out[at++] = source[start + (columns[k] as number)]
    return [make(datatype, result, out)]
  }
  const count = indices.shape.includes(-1) ? -1 : indices.shape.reduce((product, size) => product * size, 1)
  return { outputs: [{ datatype, shape: shapeOf(shape, count) }], run }
}

function wanted(indices: Tensor, width: number, error: (reason: string) => Error): Int32Array {
  if (indices.data.length === 0) throw error('names no element to extract')
  for (const index of indices.data as BigInt64Array)
    if (index < 0n) throw error(`extracts element ${index}; they count from 0 up`)
  return indicesWithin(indices, width, error)
}

/** Binarizer: 1 above the threshold, else 0. */
export const binarizer: Kernel = (node) => {
  node.expectInputs(1)
  const { datatype, shape } = node.input(0, ['FP32', 'FP64'])
  const threshold = node.float('threshold', 0)
  const run: Run = (inputs) => {
    const x = inputs[0] as Tensor
    const source = asFloat64(x)
    const out = elements(datatype, source.length)
    for (let i = 0; i < source.length; i++) out[i] = (source[i] as number) > threshold ? 1 : 0
    return [make(datatype, x.shape, out)]
  }
  return { outputs: [{ datatype, shape }], run }
}
