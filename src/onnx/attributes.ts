import { ServingError } from '../core/errors.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { OnnxAttribute, OnnxGraph, OnnxTensor } from './model.ts'

const encoder = new TextEncoder()

/** A float attribute, rounded to FP32 as the format keeps it. */
export function float(value: number): OnnxAttribute {
  return { type: 'float', value: Math.fround(value) }
}

/** An integer attribute. @throws {ServingError} `invalid_argument` for a fraction */
export function int(value: number | bigint): OnnxAttribute {
  return { type: 'int', value: whole(value) }
}

/** A list of floats, rounded to FP32 as the format keeps them. */
export function floats(values: Iterable<number>): OnnxAttribute {
  return { type: 'floats', value: Float32Array.from(values) }
}

/** A list of integers. @throws {ServingError} `invalid_argument` for a fraction */
export function ints(values: Iterable<number | bigint>): OnnxAttribute {
  return { type: 'ints', value: BigInt64Array.from(Array.from(values, whole)) }
}

/** Text, kept as its UTF-8 bytes. */
export function string(value: string): OnnxAttribute {
  return { type: 'string', value: encoder.encode(value) }
}

/** A list of texts, kept as their UTF-8 bytes. */
export function strings(values: Iterable<string>): OnnxAttribute {
  return { type: 'strings', value: Array.from(values, (value) => encoder.encode(value)) }
}

export function tensorAttribute(value: Tensor): OnnxAttribute {
  return { type: 'tensor', value: onnxTensor('', value) }
}

/** A graph, as `GraphBuilder.subgraph` makes them. */
export function graphAttribute(value: OnnxGraph): OnnxAttribute {
  return { type: 'graph', value }
}

/** A tensor as ONNX carries it: under a name. The data is not copied. */
export function onnxTensor(name: string, { datatype, shape, data }: Tensor): OnnxTensor {
  return { name, datatype, shape, data }
}

function whole(value: number | bigint): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw new ServingError('invalid_argument', `${value} is no whole number; an integer attribute needs one`)
  const wide = BigInt(value)
  if (BigInt.asIntN(64, wide) !== wide)
    throw new ServingError('invalid_argument', `${value} does not fit 64 bits, the most of an integer attribute`)
  return wide
}
