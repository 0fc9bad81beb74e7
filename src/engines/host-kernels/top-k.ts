import type { Shape } from '../../tensor/shape.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { aroundAxis, countOf, floats, int64s, make, type Floats } from './arrays.ts'
import { axisOf, type Kernel, type KernelDatatype, type KernelNode, type Run } from './kernel.ts'

/**
 * TopK of a constant number along an axis, sorted; of equals, the one that comes first is first.
 * @see ONNX operators, TopK: "Given two equivalent values, this operator uses the indices along the axis as a tiebreaker"
 */
export const topK: Kernel = (node) => {
  node.expectOpset(11)
  node.expectInputs(2)
  const { datatype, shape } = node.input(0, ['FP32', 'FP64'])
  const axis = axisOf(node, node.int('axis', -1), shape.length)
  const isLargest = node.flag('largest', true)
  node.ignore('sorted') // sorted is one of the orders that unsorted allows
  const [count, ...others] = node.constantInts(1) ?? []
  if (count === undefined || others.length > 0 || count < 0) throw node.refuse('has no one count of at least 0')
  const size = shape[axis] as number
  if (size >= 0 && count > size) throw node.refuse(`wants ${count} of ${size}`)
  const cut = (from: Shape): Shape => from.map((each, i) => (i === axis ? count : each))
  const outputs = [
    { datatype, shape: cut(shape) },
    { datatype: 'INT64', shape: cut(shape) },
  ] as const
  return { outputs, run: select(node, axis, count, isLargest, datatype, cut) }
}

function select(
  node: KernelNode,
  axis: number,
  count: number,
  isLargest: boolean,
  datatype: KernelDatatype,
  cut: (from: Shape) => Shape,
): Run {
  return (inputs) => {
    const x = inputs[0] as Tensor
    const source = x.data as Floats
    const { outer, length, inner } = aroundAxis(x.shape, axis)
    if (count > length) throw node.failure(`it wants ${count} of ${length}`)
    const to = cut(x.shape)
    const values = floats(datatype, countOf(to, node))
    const indices = new Int32Array(values.length)
    const order = new Int32Array(length)
    for (let i = 0; i < outer; i++)
      for (let j = 0; j < inner; j++) {
        const from = i * length * inner + j
        const at = (k: number): number => source[from + k * inner] as number
        const isBefore = (a: number, b: number): boolean => {
          const [x, y] = [at(a), at(b)]
          if (x === y || (Number.isNaN(x) && Number.isNaN(y))) return a < b
          if (Number.isNaN(x)) return isLargest
          if (Number.isNaN(y)) return !isLargest
          return isLargest ? x > y : x < y
        }
        const chosen = count === 0 ? 0 : choose(order, length, count, isBefore)
        for (let k = 0; k < chosen; k++) {
          const place = (i * count + k) * inner + j
          values[place] = at(order[k] as number)
          indices[place] = order[k] as number
        }
      }
    return [make(datatype, to, values), make('INT64', to, int64s(indices))]
  }
}

/** The first `count` of `length` by an order, into the start of `order`: a heap of the best so far, then sorted. */
function choose(order: Int32Array, length: number, count: number, isBefore: (a: number, b: number) => boolean): number {
  const sink = (from: number, size: number): void => {
    let hole = from
    const value = order[hole] as number
    for (let child = 2 * hole + 1; child < size; child = 2 * hole + 1) {
      if (child + 1 < size && isBefore(order[child] as number, order[child + 1] as number)) child++
      if (!isBefore(value, order[child] as number)) break
      order[hole] = order[child] as number
      hole = child
    }
    order[hole] = value
  }
  for (let k = 0; k < count; k++) order[k] = k
  for (let k = (count >> 1) - 1; k >= 0; k--) sink(k, count)
  for (let k = count; k < length; k++) {
    if (!isBefore(k, order[0] as number)) continue
    order[0] = k
    sink(0, count)
  }
  for (let size = count - 1; size > 0; size--) {
    const last = order[size] as number
    order[size] = order[0] as number
    order[0] = last
    sink(0, size)
  }
  return count
}
