import { MAX_ELEMENTS, type Shape } from '../../tensor/shape.ts'
import { allocate, type Tensor } from '../../tensor/tensor.ts'
import type { KernelDatatype, KernelNode } from './kernel.ts'

export type Floats = Float32Array | Float64Array

/** Data of any datatype that a kernel moves but does not compute with. */
export type Elements = { readonly length: number; [index: number]: unknown }

/** A tensor, without the checks that its maker has already made true. */
export function make(datatype: KernelDatatype, shape: Shape, data: unknown): Tensor {
  return { datatype, shape, data } as Tensor
}

/** Arrays up to this many bytes lie inside the JavaScript heap and are made fast. */
const SMALLEST_POOLED_BYTES = 64
/** Arrays above this many bytes are worth memory of their own. */
const LARGEST_POOLED_BYTES = 1024
const POOL_BYTES = 8192

let pool = new ArrayBuffer(POOL_BYTES)
let pooledBytes = 0

/**
 * Room for the floats of a result, all 0; Float32Array rounds each result as FP32 arithmetic would.
 * Small arrays share memory with others, as Node's small Buffers do: memory of its own costs an array more than the
 * arithmetic of a row. What was given out is never given out again, but for large arrays of a run.
 */
export function floats(datatype: KernelDatatype, count: number): Floats {
  const elementBytes = datatype === 'FP32' ? 4 : 8
  const sizeBytes = count * elementBytes
  if (sizeBytes > LARGEST_POOLED_BYTES) return largeFloats(datatype, count, sizeBytes)
  if (sizeBytes <= SMALLEST_POOLED_BYTES) return datatype === 'FP32' ? new Float32Array(count) : new Float64Array(count)
  if (pooledBytes + sizeBytes > POOL_BYTES) {
    pool = new ArrayBuffer(POOL_BYTES)
    pooledBytes = 0
  }
  const offset = pooledBytes
  pooledBytes += (sizeBytes + 7) & ~7
  return datatype === 'FP32' ? new Float32Array(pool, offset, count) : new Float64Array(pool, offset, count)
}

function largeFloats(datatype: KernelDatatype, count: number, sizeBytes: number): Floats {
  const at = isRunning ? takeScratch(sizeBytes) : -1
  if (at === -1) return datatype === 'FP32' ? new Float32Array(count) : new Float64Array(count)
  return datatype === 'FP32'
    ? new Float32Array(scratch, at, count).fill(0)
    : new Float64Array(scratch, at, count).fill(0)
}

/** Most memory kept for the results of a run that do not leave it (bytes). */
const MOST_SCRATCH_BYTES = 2 ** 20

let scratch = new ArrayBuffer(0)
let scratchBytes = 0
let isRunning = false

/**
 * From here to `endRun`, large results lie in memory that the next run uses again: getting fresh memory for each, and the
 * collector's giving it back, cost more than computing them. What outlives the run must have gone through `kept`.
 */
export function beginRun(): void {
  isRunning = true
}

export function endRun(): void {
  // What did not fit finds room the next time.
  if (scratchBytes > scratch.byteLength && scratch.byteLength < MOST_SCRATCH_BYTES)
    scratch = new ArrayBuffer(Math.min(MOST_SCRATCH_BYTES, 2 ** Math.ceil(Math.log2(scratchBytes))))
  scratchBytes = 0
  isRunning = false
}

/** Where so many bytes are free; -1 where they are not. */
function takeScratch(sizeBytes: number): number {
  const at = scratchBytes
  scratchBytes += (sizeBytes + 7) & ~7
  return scratchBytes > scratch.byteLength ? -1 : at
}

/** A tensor that stays when the run is over: itself, or a copy of one that lies in the run's memory. */
export function kept(tensor: Tensor): Tensor {
  const { data } = tensor
  // Small arrays are never there, and asking one inside the JavaScript heap for its memory would move it out.
  if (data.length <= LARGEST_POOLED_BYTES / 8 || !ArrayBuffer.isView(data) || data.buffer !== scratch) return tensor
  return make(tensor.datatype as KernelDatatype, tensor.shape, data.slice())
}

/** Room for elements of any datatype. */
export function elements(datatype: KernelDatatype, count: number): Elements {
  // oxlint-disable-next-line unicorn/no-new-array -- `count` elements are about to be written
  if (datatype === 'BYTES') return new Array<unknown>(count)
  return datatype === 'FP32' || datatype === 'FP64' ? floats(datatype, count) : allocate(datatype, count)
}

/**
 * How many elements a shape of a result holds.
 * @throws {ServingError} `internal` above what one tensor may have
 */
export function countOf(shape: Shape, node: KernelNode): number {
  let count = 1
  for (const size of shape) count *= size
  if (count > MAX_ELEMENTS)
    throw node.failure(`a result of shape [${shape.join(',')}] has over ${MAX_ELEMENTS} elements`)
  return count
}

/** Numbers as float64, each value kept; the same array where it is that already. */
export function asFloat64(tensor: Tensor): Float64Array {
  const { data } = tensor
  if (data instanceof Float64Array) return data
  const out = floats('FP64', data.length) as Float64Array
  if (data instanceof BigInt64Array) for (let i = 0; i < out.length; i++) out[i] = Number(data[i])
  else out.set(data as Float32Array)
  return out
}

/** Numbers as FP32, rounded once; the same array where it is that already. */
export function asFloat32(tensor: Tensor): Float32Array {
  const { data } = tensor
  if (data instanceof Float32Array) return data
  const out = floats('FP32', data.length) as Float32Array
  if (data instanceof BigInt64Array) for (let i = 0; i < out.length; i++) out[i] = floatOfBigInt(data[i] as bigint)
  else out.set(data as Float64Array)
  return out
}

/** INT64 to FP32 in one rounding: by way of a double, large values would be rounded twice. */
export function floatOfBigInt(value: bigint): number {
  const direct = Number(value)
  if (Number.isSafeInteger(direct)) return Math.fround(direct)
  const sticky = (value & 2047n) === 0n ? 0n : 1n
  return Math.fround(Number((value >> 11n) | sticky)) * 2048
}

/** Numbers from 0 up to 2^31 as INT64. */
export function int64s(values: Int32Array): BigInt64Array {
  const { length } = values
  const out = new BigInt64Array(length)
  // A few are made fastest by BigInts; for many, writing the lower halves saves making those.
  if (length <= 8) for (let i = 0; i < length; i++) out[i] = BigInt(values[i] as number)
  else {
    const halves = new Int32Array(out.buffer)
    for (let i = 0; i < length; i++) halves[2 * i] = values[i] as number
  }
  return out
}

/**
 * The shape that two shapes broadcast to; -1 stands for a size not yet known.
 * @returns undefined when they do not fit
 * @see ONNX, "Multidirectional Broadcasting"
 */
export function broadcast(a: Shape, b: Shape): Shape | undefined {
  if (b.length <= a.length && repeatsTo(b, a)) return a
  const rank = Math.max(a.length, b.length)
  const shape: number[] = []
  for (let i = 0; i < rank; i++) {
    const x = a[i + a.length - rank] ?? 1
    const y = b[i + b.length - rank] ?? 1
    if (x === y || y === 1) shape.push(x)
    else if (x === 1 || x === -1) shape.push(y)
    else if (y === -1) shape.push(x)
    else return undefined
  }
  return shape
}

/** `broadcast` of what comes in a run. @throws {ServingError} `internal` when the shapes do not fit */
export function broadcastNow(a: Shape, b: Shape, node: KernelNode): Shape {
  const shape = broadcast(a, b)
  if (shape === undefined) throw node.failure(`the shapes [${a.join(',')}] and [${b.join(',')}] do not broadcast`)
  return shape
}

/** Whether a tensor, read again and again from its start, is its own broadcast to `shape`. */
function repeatsTo(own: Shape, shape: Shape): boolean {
  let i = own.length - 1
  for (let j = shape.length - 1; i >= 0 && own[i] === shape[j]; i--) j--
  for (; i >= 0; i--) if (own[i] !== 1) return false
  return true
}

/**
 * A tensor's elements in an order that gives its broadcast to `shape` when they are read again and again from the start:
 * its own array nearly always, written out in full only where an inner dimension is stretched.
 */
export function repeatable(tensor: Tensor, shape: Shape, node: KernelNode): Elements {
  const own = tensor.shape
  const source = tensor.data as unknown as Elements
  if (own === shape || repeatsTo(own, shape)) return source
  const count = countOf(shape, node)
  const out = elements(tensor.datatype as KernelDatatype, count)
  const lead = shape.length - own.length
  const strides = shape.map(() => 0)
  for (let axis = own.length - 1, stride = 1; axis >= 0; axis--) {
    if (own[axis] !== 1) strides[axis + lead] = stride
    stride *= own[axis] as number
  }
  const position = shape.map(() => 0)
  for (let i = 0, from = 0; i < count; i++) {
    out[i] = source[from]
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const stride = strides[axis] as number
      const next = (position[axis] as number) + 1
      from += stride
      if (next < (shape[axis] as number)) {
        position[axis] = next
        break
      }
      from -= stride * next
      position[axis] = 0
    }
  }
  return out
}

/** A shape around one axis: elements before it, along it, and within each of its steps. */
export function aroundAxis(shape: Shape, axis: number): { outer: number; length: number; inner: number } {
  let outer = 1
  let inner = 1
  for (let i = 0; i < axis; i++) outer *= shape[i] as number
  for (let i = axis + 1; i < shape.length; i++) inner *= shape[i] as number
  return { outer, length: shape[axis] as number, inner }
}
