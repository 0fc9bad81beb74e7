import type { Tensor } from '../../tensor/tensor.ts'
import { asFloat32, asFloat64, make } from './arrays.ts'
import type { Kernel, KernelDatatype, Run } from './kernel.ts'

const DATATYPES: readonly KernelDatatype[] = ['FP32', 'FP64', 'INT64', 'INT32', 'BOOL']

/** Datatypes by their number in a file. @see onnx.proto3, TensorProto.DataType */
const TARGETS: ReadonlyMap<number, KernelDatatype> = new Map([
  [1, 'FP32'],
  [6, 'INT32'],
  [7, 'INT64'],
  [9, 'BOOL'],
  [11, 'FP64'],
])

const INT32_LEAST = -0x8000_0000
const INT64_LEAST = -(2n ** 63n)

/**
 * Cast between numbers and BOOL. Floats are cut towards zero; what does not fit an integer becomes its least value,
 * which is what the processors that ONNX Runtime runs on make of it (ONNX leaves it open).
 */
export const cast: Kernel = (node) => {
  node.expectInputs(1)
  const { datatype: from, shape } = node.input(0, DATATYPES)
  const number = node.int('to', 0)
  // Both tell how to round to datatypes that are not covered.
  node.ignore('saturate', 'round_mode')
  const to = TARGETS.get(number)
  if (to === undefined) throw node.refuse(`casts to the datatype number ${number}; ${DATATYPES.join(', ')} are covered`)
  const convert = from === to ? undefined : CONVERSIONS[to as keyof typeof CONVERSIONS]
  const run: Run = (inputs) => {
    const x = inputs[0] as Tensor
    return [convert === undefined ? x : make(to, x.shape, convert(x))]
  }
  return { outputs: [{ datatype: to, shape }], run }
}

const CONVERSIONS = {
  FP32: asFloat32,
  FP64: asFloat64,
  INT32: toInt32,
  INT64: toInt64,
  BOOL: toBool,
}

function toInt32(x: Tensor): Int32Array {
  const { data } = x
  if (data instanceof BigInt64Array) return Int32Array.from(data, (value) => Number(BigInt.asIntN(32, value)))
  const out = new Int32Array(data.length)
  for (let i = 0; i < out.length; i++) {
    const value = data[i] as number
    out[i] = value > INT32_LEAST - 1 && value < 2 ** 31 ? value : INT32_LEAST
  }
  return out
}

function toInt64(x: Tensor): BigInt64Array {
  const { data } = x
  const out = new BigInt64Array(data.length)
  for (let i = 0; i < out.length; i++) {
    const cut = Math.trunc(data[i] as number)
    out[i] = cut >= -(2 ** 63) && cut < 2 ** 63 ? BigInt(cut) : INT64_LEAST
  }
  return out
}

function toBool(x: Tensor): Uint8Array {
  const { data } = x
  if (data instanceof BigInt64Array) return Uint8Array.from(data, (value) => (value === 0n ? 0 : 1))
  return Uint8Array.from(data as Float64Array, (value) => (value === 0 ? 0 : 1))
}
