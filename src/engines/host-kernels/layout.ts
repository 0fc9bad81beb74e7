import type { Shape } from '../../tensor/shape.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { broadcastNow, countOf, elements, make, repeatable, type Elements } from './arrays.ts'
import { type Kernel, type KernelDatatype } from './kernel.ts'

const ALL: readonly KernelDatatype[] = ['FP32', 'FP64', 'INT64', 'INT32', 'BOOL', 'BYTES']

/** Transpose: `perm` names the input's axis that each axis of the output is; all turned round where it is not there. */
export const transpose: Kernel = (node) => {
  node.expectInputs(1)
  const { datatype, shape } = node.input(0, ALL)
  const order = node.ints('perm') ?? shape.map((_size, axis) => shape.length - 1 - axis)
  if (order.length !== shape.length || !shape.every((_size, axis) => order.includes(axis)))
    throw node.refuse(`turns the axes ${order.join(', ')} of ${shape.length}`)
  const turned = (from: Shape): Shape => order.map((axis) => from[axis] as number)
  return {
    outputs: [{ datatype, shape: turned(shape) }],
    run: (inputs) => {
      const x = inputs[0] as Tensor
      const to = turned(x.shape)
      // axes of size 1 move without anything else moving
      const lasting = order.filter((axis) => x.shape[axis] !== 1)
      if (lasting.every((axis, i) => i === 0 || axis > (lasting[i - 1] as number))) return [make(datatype, to, x.data)]
      const count = countOf(to, node)
      const source = x.data as unknown as Elements
      const out = elements(datatype, count)
      const strides = x.shape.map((_size, axis) => x.shape.slice(axis + 1).reduce((product, size) => product * size, 1))
      const steps = order.map((axis) => strides[axis] as number)
      const position = to.map(() => 0)
      for (let i = 0, from = 0; i < count; i++) {
        out[i] = source[from]
        for (let axis = to.length - 1; axis >= 0; axis--) {
          const step = steps[axis] as number
          const next = (position[axis] as number) + 1
          from += step
          if (next < (to[axis] as number)) {
            position[axis] = next
            break
          }
          from -= step * next
          position[axis] = 0
        }
      }
      return [make(datatype, to, out)]
    },
  }
}

/** Shape: sizes from axis `start` up to, not including, `end`. */
export const shapeOf: Kernel = (node) => {
  node.expectInputs(1)
  const { shape } = node.input(0, ALL)
  const rank = shape.length
  const axis = (name: string, missing: number): number => {
    const given = node.opset >= 15 ? node.int(name, missing) : missing
    return Math.min(Math.max(given < 0 ? given + rank : given, 0), rank)
  }
  const [start, end] = [axis('start', 0), axis('end', rank)]
  return {
    outputs: [{ datatype: 'INT64', shape: [Math.max(0, end - start)] }],
    run: ([x]) => {
      const sizes = (x as Tensor).shape.slice(start, Math.max(start, end))
      return [make('INT64', [sizes.length], BigInt64Array.from(sizes, BigInt))]
    },
  }
}

/** Expand: broadcast to a shape, which may be computed; its length must be known. */
export const expand: Kernel = (node) => {
  node.expectInputs(2)
  const { datatype, shape } = node.input(0, ALL)
  const target = node.input(1, ['INT64'])
  const length = target.shape[0]
  if (target.shape.length !== 1 || length === undefined || length < 0)
    throw node.refuse('expands to a shape of unknown length')
  const known = target.constant === undefined ? undefined : Array.from(target.constant.data as BigInt64Array, Number)
  const rank = Math.max(shape.length, length)
  const type = Array.from({ length: rank }, (_, i) => {
    const own = shape[i - rank + shape.length] ?? 1
    const other = i < rank - length ? 1 : (known?.[i - rank + length] ?? -1)
    if (other === 1 || own > 1) return own
    return own === 1 ? other : -1
  })
  return {
    outputs: [{ datatype, shape: type }],
    run: (inputs) => {
      const x = inputs[0] as Tensor
      const sizes = Array.from((inputs[1] as Tensor).data as BigInt64Array, Number)
      if (sizes.some((size) => size < 0)) throw node.failure(`it expands to [${sizes.join(',')}]`)
      const to = broadcastNow(x.shape, sizes, node)
      const count = countOf(to, node)
      const source = repeatable(x, to, node)
      const out = elements(datatype, count)
      for (let i = 0, j = 0; i < count; i++) {
        out[i] = source[j]
        if (++j === source.length) j = 0
      }
      return [make(datatype, to, out)]
    },
  }
}
