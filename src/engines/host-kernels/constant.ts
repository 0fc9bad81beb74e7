import type { OnnxTensor } from '../../onnx/model.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { make } from './arrays.ts'
import { isKernelDatatype, type Kernel, type KernelNode } from './kernel.ts'

/**
 * A constant of a graph as a tensor.
 * @throws {ServingError} what `refuse` makes, for datatypes that no kernel takes
 */
export function tensorOf({ datatype, shape, data }: OnnxTensor, refuse: (reason: string) => Error): Tensor {
  if (!isKernelDatatype(datatype)) throw refuse(`has the datatype ${datatype}, which no kernel takes`)
  return make(datatype, shape, data)
}

/** Constant, in each of the forms that its attributes give it. */
export const constant: Kernel = (node) => {
  node.expectInputs(0)
  const value = valueOf(node)
  return { outputs: [{ datatype: value.datatype as 'FP32', shape: value.shape }], run: () => [value] }
}

function valueOf(node: KernelNode): Tensor {
  if (node.has('value')) return tensorOf(node.tensor('value') as OnnxTensor, (reason) => node.refuse(reason))
  node.expectOpset(12)
  if (node.has('value_float')) return make('FP32', [], Float32Array.of(node.float('value_float', 0)))
  if (node.has('value_int')) return make('INT64', [], BigInt64Array.of(node.bigint('value_int', 0n)))
  const floats = node.floats('value_floats')
  if (floats !== undefined) return make('FP32', [floats.length], floats)
  const ints = node.bigints('value_ints')
  if (ints !== undefined) return make('INT64', [ints.length], ints)
  const strings = node.bytesList('value_strings')
  if (strings !== undefined) return make('BYTES', [strings.length], strings)
  throw node.refuse('has a value of a kind that is not covered')
}
