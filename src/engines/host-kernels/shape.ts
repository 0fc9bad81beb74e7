import type { Shape } from '../../tensor/shape.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { aroundAxis, countOf, elements, make, type Elements } from './arrays.ts'
import { axisOf, type Kernel, type KernelDatatype, type KernelNode, type Run } from './kernel.ts'

const ALL: readonly KernelDatatype[] = ['FP32', 'FP64', 'INT64', 'INT32', 'BOOL', 'BYTES']

export const identity: Kernel = (node) => {
  node.expectInputs(1)
  const { datatype, shape } = node.input(0, ALL)
  return { outputs: [{ datatype, shape }], run: (inputs) => [inputs[0] as Tensor] }
}

/** A kernel that keeps the elements and gives them another shape. */
function reshaping(node: KernelNode, type: Shape, shapeOf: (shape: Shape) => Shape): ReturnType<Kernel> {
  const { datatype } = node.input(0, ALL)
  const run: Run = (inputs) => {
    const x = inputs[0] as Tensor
    return [make(datatype, shapeOf(x.shape), x.data)]
  }
  return { outputs: [{ datatype, shape: type }], run }
}

/** Elements of a shape that may have unknown sizes; -1 when they cannot be counted. */
function staticCount(shape: Shape): number {
  if (shape.includes(0)) return 0
  return shape.includes(-1) ? -1 : shape.reduce((count, size) => count * size, 1)
}

/** Reshape to a constant shape, where 0 copies a size (unless `allowzero`) and -1 is what remains. */
export const reshape: Kernel = (node) => {
  node.expectInputs(2)
  const { shape } = node.input(0, ALL)
  const target = node.constantInts(1)
  if (target === undefined) throw node.refuse('has no shape')
  const takesZero = node.opset >= 14 && node.flag('allowzero', false)
  const free = target.indexOf(-1)
  if (target.some((size) => size < -1) || free !== target.lastIndexOf(-1))
    throw node.refuse(`reshapes to [${target.join(',')}]; sizes from 0 up and one -1 are allowed`)
  if (!takesZero && target.some((size, i) => size === 0 && i >= shape.length))
    throw node.refuse(`reshapes to [${target.join(',')}], whose 0 copies a dimension that is not there`)
  if (takesZero && free !== -1 && target.includes(0)) throw node.refuse('reshapes to both 0 and -1')

  const solve = (from: Shape): Shape => {
    const sizes = target.map((size, i) => (size === 0 && !takesZero ? (from[i] as number) : size))
    if (free === -1) return sizes
    let others = 1
    for (const [i, size] of sizes.entries()) if (i !== free) others *= size
    const count = from.reduce((product, size) => product * size, 1)
    sizes[free] = others === 0 ? 0 : count / others
    return sizes
  }
  if (!shape.includes(-1)) checkReshape(shape, solve(shape), (reason) => node.refuse(reason))
  const type = target.map((size, i) => (size === 0 && !takesZero ? (shape[i] as number) : size))
  return reshaping(node, shape.includes(-1) ? type : solve(shape), (from) => {
    const to = solve(from)
    checkReshape(from, to, (reason) => node.failure(reason))
    return to
  })
}

function checkReshape(from: Shape, to: Shape, error: (reason: string) => Error): void {
  if (!to.every(Number.isInteger) || staticCount(from) !== staticCount(to))
    throw error(`a tensor of shape [${from.join(',')}] does not fit the shape [${to.join(',')}]`)
}

/** Flatten to a matrix: dimensions before `axis` are its rows. */
export const flatten: Kernel = (node) => {
  node.expectInputs(1)
  const { shape } = node.input(0, ALL)
  const rank = shape.length
  const given = node.int('axis', 1)
  if (given < -rank || given > rank) throw node.refuse(`has axis ${given}; the tensor has ${rank} dimensions`)
  const axis = given < 0 ? given + rank : given
  const flat = (from: Shape): Shape => [staticCount(from.slice(0, axis)), staticCount(from.slice(axis))]
  return reshaping(node, flat(shape), flat)
}

function axesOf(node: KernelNode, rank: number): number[] | undefined {
  const axes = node.opset < 13 ? node.ints('axes') : node.constantInts(1)
  if (axes === undefined) return undefined
  const found = axes.map((axis) => axisOf(node, axis, rank))
  if (new Set(found).size !== found.length) throw node.refuse(`names an axis twice: ${axes.join(', ')}`)
  return found
}

export const squeeze: Kernel = (node) => {
  node.expectInputs(1, node.opset < 13 ? 1 : 2)
  const { shape } = node.input(0, ALL)
  const named = axesOf(node, shape.length)
  if (named === undefined && shape.includes(-1)) throw node.refuse('names no axes, and not all sizes are known')
  const axes = named ?? shape.flatMap((size, axis) => (size === 1 ? [axis] : []))
  const wrong = axes.find((axis) => shape[axis] !== 1 && shape[axis] !== -1)
  if (wrong !== undefined) throw node.refuse(`squeezes axis ${wrong}, whose size is ${shape[wrong]}`)
  const squeezed = (from: Shape): Shape => from.filter((_size, axis) => !axes.includes(axis))
  return reshaping(node, squeezed(shape), (from) => {
    for (const axis of axes)
      if (from[axis] !== 1) throw node.failure(`axis ${axis} has the size ${from[axis]}, only 1 can be squeezed`)
    return squeezed(from)
  })
}

export const unsqueeze: Kernel = (node) => {
  node.expectInputs(node.opset < 13 ? 1 : 2)
  const { shape } = node.input(0, ALL)
  const count = (node.opset < 13 ? node.ints('axes') : node.constantInts(1))?.length
  if (count === undefined) throw node.refuse('names no axes')
  const axes = axesOf(node, shape.length + count) as number[]
  const unsqueezed = (from: Shape): Shape => {
    const sizes = from.slice()
    const to: number[] = []
    for (let axis = 0; axis < from.length + axes.length; axis++)
      to.push(axes.includes(axis) ? 1 : (sizes.shift() as number))
    return to
  }
  return reshaping(node, unsqueezed(shape), unsqueezed)
}

export const concat: Kernel = (node) => {
  node.expectInputs(1, Infinity)
  const first = node.input(0, ALL)
  const { datatype } = first
  const inputs = node.inputs.map((_value, i) => node.input(i, [datatype]))
  if (!node.has('axis')) throw node.refuse('names no axis')
  const axis = axisOf(node, node.int('axis', 0), first.shape.length)
  const joined = (shapes: readonly Shape[], error: (reason: string) => Error): Shape => {
    const shape = (shapes[0] as Shape).slice()
    for (const each of shapes.slice(1)) {
      if (each.length !== shape.length) throw error('its inputs have different ranks')
      for (const [i, size] of each.entries()) {
        const known = shape[i] as number
        if (i === axis) shape[i] = known === -1 || size === -1 ? -1 : known + size
        else if (known === -1) shape[i] = size
        else if (size !== -1 && size !== known)
          throw error(`its inputs have the shapes ${shapes.map((one) => `[${one.join(',')}]`).join(', ')}`)
      }
    }
    return shape
  }
  const type = joined(
    inputs.map((input) => input.shape),
    (reason) => node.refuse(`cannot join: ${reason}`),
  )
  const run: Run = (tensors) => {
    const shape = joinedNow(tensors, axis)
    if (shape === undefined)
      throw node.failure(`its inputs have the shapes ${tensors.map(({ shape }) => `[${shape.join(',')}]`).join(', ')}`)
    const count = countOf(shape, node)
    const out = elements(datatype, count)
    if (count === 0) return [make(datatype, shape, out)]
    let outer = 1
    for (let i = 0; i < axis; i++) outer *= shape[i] as number
    const stride = count / outer
    for (let k = 0, at = 0; k < tensors.length; k++) {
      const source = (tensors[k] as Tensor).data as unknown as Elements
      const width = source.length / outer
      // By themselves, because code for one kind of array is quicker.
      if (source instanceof Float64Array) placeDoubles(source, out as Float64Array, outer, width, stride, at)
      else
        for (let row = 0; row < outer; row++)
          for (let j = 0; j < width; j++) out[row * stride + at + j] = source[row * width + j]
      at += width
    }
    return [make(datatype, shape, out)]
  }
  return { outputs: [{ datatype, shape: type }], run }
}

/** The shape of tensors side by side along an axis; undefined where they do not fit. */
function joinedNow(tensors: readonly Tensor[], axis: number): Shape | undefined {
  const first = (tensors[0] as Tensor).shape
  let length = first[axis] as number
  for (let k = 1; k < tensors.length; k++) {
    const { shape } = tensors[k] as Tensor
    if (shape.length !== first.length) return undefined
    for (let i = 0; i < first.length; i++) if (i !== axis && shape[i] !== first[i]) return undefined
    length += shape[axis] as number
  }
  const shape = first.slice()
  shape[axis] = length
  return shape
}

/** Puts rows of `width` numbers into rows of `stride` numbers, `at` numbers from where those begin. */
function placeDoubles(
  source: Float64Array,
  out: Float64Array,
  rows: number,
  width: number,
  stride: number,
  at: number,
): void {
  for (let row = 0, from = 0, to = at; row < rows; row++, to += stride)
    for (let j = 0; j < width; j++) out[to + j] = source[from++] as number
}

/** One axis of a Slice, resolved against the size of the dimension. */
interface Cut {
  readonly axis: number
  readonly start: number
  readonly end: number
  readonly step: number
}

/** Slice by constant starts, ends, axes and steps: attributes before operator set 10, inputs from then on. */
export const slice: Kernel = (node) => {
  const isInput = node.opset >= 10
  node.expectInputs(isInput ? 3 : 1, isInput ? 5 : 1)
  const { datatype, shape } = node.input(0, ALL)
  const starts = isInput ? sliceInts(node, 1) : node.ints('starts')
  const ends = isInput ? sliceInts(node, 2) : node.ints('ends')
  if (starts === undefined || ends === undefined) throw node.refuse('has no starts or no ends')
  const axes = (isInput ? sliceInts(node, 3) : node.ints('axes')) ?? starts.map((_start, i) => i)
  const steps = (isInput ? sliceInts(node, 4) : undefined) ?? starts.map(() => 1)
  if (ends.length !== starts.length || axes.length !== starts.length || steps.length !== starts.length)
    throw node.refuse('has starts, ends, axes and steps of different lengths')
  if (steps.includes(0)) throw node.refuse('has a step of 0')
  const cuts: Cut[] = starts.map((start, i) => ({
    axis: axisOf(node, axes[i] as number, shape.length),
    start,
    end: ends[i] as number,
    step: steps[i] as number,
  }))
  if (new Set(cuts.map((cut) => cut.axis)).size !== cuts.length) throw node.refuse('names an axis twice')

  const type = shape.slice()
  for (const cut of cuts) if (type[cut.axis] !== -1) type[cut.axis] = rangeOf(cut, type[cut.axis] as number).count
  const run: Run = (inputs) => {
    let x = inputs[0] as Tensor
    for (const cut of cuts) x = sliceAxis(x, cut, node)
    return [x]
  }
  return { outputs: [{ datatype, shape: type }], run }
}

function sliceInts(node: KernelNode, index: number): number[] | undefined {
  const found = node.constant(index, ['INT64', 'INT32'])
  return found === undefined ? undefined : Array.from(found.data as ArrayLike<number | bigint>, Number)
}

/** Where a cut begins and how many steps it makes. @see ONNX, "Slice": negative ends count from the end, all are clamped */
function rangeOf({ start, end, step }: Cut, size: number): { from: number; count: number } {
  const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most)
  const wrap = (value: number): number => (value < 0 ? value + size : value)
  const from = step > 0 ? clamp(wrap(start), 0, size) : clamp(wrap(start), 0, size - 1)
  const to = step > 0 ? clamp(wrap(end), 0, size) : clamp(wrap(end), -1, size - 1)
  return { from, count: Math.max(0, Math.ceil((to - from) / step)) }
}

function sliceAxis(x: Tensor, cut: Cut, node: KernelNode): Tensor {
  const { outer, length, inner } = aroundAxis(x.shape, cut.axis)
  const { from, count } = rangeOf(cut, length)
  if (from === 0 && count === length && cut.step === 1) return x
  const shape = x.shape.map((size, axis) => (axis === cut.axis ? count : size))
  const source = x.data as unknown as Elements
  const out = elements(x.datatype as KernelDatatype, countOf(shape, node))
  for (let i = 0, at = 0; i < outer; i++)
    for (let k = 0; k < count; k++) {
      const start = (i * length + from + k * cut.step) * inner
      for (let j = 0; j < inner; j++) out[at++] = source[start + j]
    }
  return make(x.datatype as KernelDatatype, shape, out)
}

/** Gather along one axis; indices may be computed (a class's number) as well as constant (columns). */
export const gather: Kernel = (node) => {
  node.expectInputs(2)
  const data = node.input(0, ALL)
  const indices = node.input(1, ['INT64', 'INT32'])
  const { datatype } = data
  const axis = axisOf(node, node.int('axis', 0), data.shape.length)
  const size = data.shape[axis] as number
  if (size !== -1 && indices.constant !== undefined)
    indicesWithin(indices.constant, size, (reason) => node.refuse(`gathers what is not there: ${reason}`))
  const shapeOf = (from: Shape, by: Shape): Shape => [...from.slice(0, axis), ...by, ...from.slice(axis + 1)]
  const run: Run = (inputs) => {
    const x = inputs[0] as Tensor
    const by = inputs[1] as Tensor
    const { outer, length, inner } = aroundAxis(x.shape, axis)
    const wanted = indicesWithin(by, length, (reason) => node.failure(reason))
    const shape = shapeOf(x.shape, by.shape)
    const out = elements(datatype, countOf(shape, node))
    if (x.data instanceof Float64Array && outer === 1) gatherRows(x.data, out as Float64Array, wanted, inner)
    else {
      const source = x.data as unknown as Elements
      for (let i = 0, at = 0; i < outer; i++)
        for (let k = 0; k < wanted.length; k++) {
          const start = (i * length + (wanted[k] as number)) * inner
          for (let j = 0; j < inner; j++) out[at++] = source[start + j]
        }
    }
    return [make(datatype, shape, out)]
  }
  return { outputs: [{ datatype, shape: shapeOf(data.shape, indices.shape) }], run }
}

/** Rows of a table, as the leaves of forests are looked up: by itself, because code for one kind of array is quicker. */
function gatherRows(source: Float64Array, out: Float64Array, wanted: Int32Array, width: number): void {
  for (let k = 0, at = 0; k < wanted.length; k++) {
    const start = (wanted[k] as number) * width
    for (let j = 0; j < width; j++) out[at++] = source[start + j] as number
  }
}

/** Indices as numbers from 0 up; negative ones count from the end. */
export function indicesWithin(indices: Tensor, size: number, error: (reason: string) => Error): Int32Array {
  const source = indices.data as ArrayLike<number | bigint>
  const wanted = new Int32Array(source.length)
  for (let i = 0; i < wanted.length; i++) {
    const index = Number(source[i])
    if (index < -size || index >= size) throw error(`index ${index} is outside the ${size} elements of the axis`)
    wanted[i] = index < 0 ? index + size : index
  }
  return wanted
}
