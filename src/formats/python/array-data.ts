import { endianness } from 'node:os'
import { ServingError } from '../../core/errors.ts'
import type { NumericArray } from '../../tensor/datatype.ts'
import type { FileDtype } from './dtype.ts'
import type { Budget } from './limits.ts'
import { MAX_DIMENSIONS } from './refs.ts'
import type { NdArray } from './values.ts'

const MAX_ELEMENTS = 2 ** 31 - 1
/** What a text or a piece of bytes costs beside its content. */
const SMALL_VALUE_BYTES = 64

const IS_LITTLE_ENDIAN = endianness() === 'LE'

/** What a file says of an array. */
export interface ArrayLayout {
  readonly dtype: FileDtype
  readonly shape: readonly number[]
  /** Whether the first index moves fastest in the file. */
  readonly isFortran: boolean
  /** Where the file has the dimensions in another order: which of the file's each one is. */
  readonly axes?: readonly number[] | undefined
}

/**
 * How many elements an array has.
 * @throws {ServingError} `refused` for sizes that are no sizes, or too many
 */
export function countOf(shape: readonly number[]): number {
  if (shape.length > MAX_DIMENSIONS) throw bad(`has ${shape.length} dimensions, the most is ${MAX_DIMENSIONS}`)
  let count = 1
  let isEmpty = false
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 0 || size > MAX_ELEMENTS) throw bad(`has a side of ${size}`)
    if (size === 0) isEmpty = true
    else count *= size
    if (count > MAX_ELEMENTS) throw bad(`of shape [${shape.join(',')}] has over ${MAX_ELEMENTS} elements`)
  }
  return isEmpty ? 0 : count
}

/** Bytes that an array takes in a file. @throws {ServingError} `refused` */
export function sizeOf({ dtype, shape }: Pick<ArrayLayout, 'dtype' | 'shape'>): number {
  const size = countOf(shape) * dtype.itemSize
  if (!Number.isSafeInteger(size)) throw bad(`of shape [${shape.join(',')}] has ${size} bytes`)
  return size
}

/**
 * An array out of its bytes: a view of them where they lie as this machine has them, else a copy.
 * @param bytes exactly the array's; nobody may change them later
 * @throws {ServingError} `refused` where they are not as many as type and shape ask for; `too_large` beyond the budget
 */
export function arrayFromBytes(layout: ArrayLayout, bytes: Uint8Array, budget: Budget): NdArray {
  const { dtype, shape } = layout
  const size = sizeOf(layout)
  if (bytes.length !== size) throw bad(`of shape [${shape.join(',')}] needs ${size} bytes and has ${bytes.length}`)
  if (dtype.hasObjects) throw bad('of Python objects is given as plain bytes')
  return inOrder(dtype, shape, size === 0 ? bytes : reordered(bytes, layout, budget), budget)
}

function inOrder(dtype: FileDtype, shape: readonly number[], bytes: Uint8Array, budget: Budget): NdArray {
  if (dtype.subarray !== undefined)
    return inOrder(dtype.subarray.dtype, [...shape, ...dtype.subarray.shape], checkedItems(dtype, shape, bytes), budget)
  const count = countOf(shape)
  const array = { kind: 'ndarray', dtype, shape } as const
  switch (dtype.code) {
    case 'U':
      budget.allocate(count * SMALL_VALUE_BYTES + bytes.length)
      return { ...array, holds: 'text', data: texts(bytes, count, dtype) }
    case 'S':
    case 'V':
      if (dtype.fields !== undefined) {
        const fields = new Map<string, NdArray>()
        budget.make(dtype.fields.size)
        if (dtype.itemSize === 0) budget.allocate(count * SMALL_VALUE_BYTES)
        for (const [name, field] of dtype.fields) {
          const column = columnOf(bytes, count, dtype.itemSize, field.offset, field.dtype.itemSize, budget)
          fields.set(name, inOrder(field.dtype, shape, column, budget))
        }
        return { ...array, holds: 'records', fields }
      }
      budget.allocate(count * SMALL_VALUE_BYTES)
      return { ...array, holds: 'bytes', data: pieces(bytes, count, dtype) }
    default:
      return { ...array, holds: 'numbers', data: numbers(dtype, bytes, budget) }
  }
}

/** The elements of arrays in an array lie one behind the other. */
function checkedItems(dtype: FileDtype, shape: readonly number[], bytes: Uint8Array): Uint8Array {
  const { subarray } = dtype
  if (subarray === undefined) return bytes
  const inner = sizeOf({ dtype: subarray.dtype, shape: subarray.shape })
  if (inner !== dtype.itemSize || countOf(shape) * inner !== bytes.length)
    throw bad(`has elements of ${dtype.itemSize} bytes that are arrays of ${inner}`)
  return bytes
}

type Maker = { new (buffer: ArrayBufferLike, byteOffset: number, length: number): NumericArray } & {
  readonly BYTES_PER_ELEMENT: number
}

const ARRAYS: Readonly<Record<string, Maker>> = {
  b1: Uint8Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  i8: BigInt64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array,
  f2: Uint16Array,
  f4: Float32Array,
  f8: Float64Array,
  c8: Float32Array,
  c16: Float64Array,
  M8: BigInt64Array,
  m8: BigInt64Array,
}

function numbers(dtype: FileDtype, bytes: Uint8Array, budget: Budget): NumericArray {
  const Maker = ARRAYS[`${dtype.code}${dtype.itemSize}`]
  if (Maker === undefined) throw new Error(`numbers of ${dtype.code}${dtype.itemSize}: this is a bug`)
  const unit = Maker.BYTES_PER_ELEMENT
  const isSwapped = dtype.isBigEndian === IS_LITTLE_ENDIAN && unit > 1
  let own = bytes
  if (isSwapped || bytes.byteOffset % unit !== 0) own = copied(bytes, budget)
  if (isSwapped) swap(own, unit)
  if (dtype.code === 'b') own = truths(own, budget)
  return new Maker(own.buffer, own.byteOffset, own.length / unit)
}

function copied(bytes: Uint8Array, budget: Budget): Uint8Array {
  budget.allocate(bytes.length)
  const copy = new Uint8Array(bytes.length)
  copy.set(bytes)
  return copy
}

function swap(bytes: Uint8Array, unit: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (unit === 2) buffer.swap16()
  else if (unit === 4) buffer.swap32()
  else buffer.swap64()
}

/** What numpy holds for true is any byte but 0. */
function truths(bytes: Uint8Array, budget: Budget): Uint8Array {
  budget.work(bytes.length >> 6)
  if (bytes.every((byte) => byte <= 1)) return bytes
  return copied(bytes, budget).map((byte) => (byte === 0 ? 0 : 1))
}

function texts(bytes: Uint8Array, count: number, { itemSize, isBigEndian }: FileDtype): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const all: string[] = []
  for (let i = 0; i < count; i++) {
    let end = (i + 1) * itemSize
    while (end > i * itemSize && view.getUint32(end - 4) === 0) end -= 4
    let text = ''
    for (let at = i * itemSize; at < end; at += 4) {
      const code = view.getUint32(at, !isBigEndian)
      if (code > 0x10ffff) throw bad(`has a text with the character ${code}, which there is not`)
      text += String.fromCodePoint(code)
    }
    all.push(text)
  }
  return all
}

function pieces(bytes: Uint8Array, count: number, { code, itemSize }: FileDtype): Uint8Array[] {
  const all: Uint8Array[] = []
  for (let i = 0; i < count; i++) {
    let end = (i + 1) * itemSize
    if (code === 'S') while (end > i * itemSize && bytes[end - 1] === 0) end--
    all.push(bytes.subarray(i * itemSize, end))
  }
  return all
}

/** The bytes of one field of each record. */
function columnOf(
  bytes: Uint8Array,
  count: number,
  recordSize: number,
  offset: number,
  itemSize: number,
  budget: Budget,
): Uint8Array {
  if (offset + itemSize > recordSize) throw bad(`has a field that ends at byte ${offset + itemSize} of ${recordSize}`)
  if (itemSize === recordSize || count === 0) return bytes
  budget.allocate(count * itemSize)
  if (recordSize % 4 === 0 && (bytes.byteOffset + offset) % 4 === 0 && itemSize % 4 === 0) {
    const from = new Uint32Array(bytes.buffer, bytes.byteOffset + offset, Math.floor((bytes.length - offset) / 4))
    const to = new Uint32Array((count * itemSize) / 4)
    const [step, words] = [recordSize / 4, itemSize / 4]
    if (words === 1) for (let i = 0, at = 0; i < count; i++, at += step) to[i] = from[at] as number
    else if (words === 2)
      for (let i = 0, at = 0; i < count; i++, at += step) {
        to[2 * i] = from[at] as number
        to[2 * i + 1] = from[at + 1] as number
      }
    else for (let i = 0; i < count; i++) to.set(from.subarray(i * step, i * step + words), i * words)
    return new Uint8Array(to.buffer)
  }
  if (itemSize === 4 || itemSize === 8) {
    const from = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const to = new Uint32Array((count * itemSize) / 4)
    if (itemSize === 4)
      for (let i = 0, at = offset; i < count; i++, at += recordSize) to[i] = from.getUint32(at, IS_LITTLE_ENDIAN)
    else
      for (let i = 0, at = offset; i < count; i++, at += recordSize) {
        to[2 * i] = from.getUint32(at, IS_LITTLE_ENDIAN)
        to[2 * i + 1] = from.getUint32(at + 4, IS_LITTLE_ENDIAN)
      }
    return new Uint8Array(to.buffer)
  }
  const to = new Uint8Array(count * itemSize)
  if (itemSize === 1) for (let i = 0, at = offset; i < count; i++, at += recordSize) to[i] = bytes[at] as number
  else
    for (let i = 0; i < count; i++) {
      const from = i * recordSize + offset
      for (let j = 0; j < itemSize; j++) to[i * itemSize + j] = bytes[from + j] as number
    }
  return to
}

/** How many elements of the file lie between neighbours along each dimension. */
function stepsOf({ shape, isFortran, axes }: ArrayLayout): number[] {
  const order = axes?.toSorted((a, b) => a - b) ?? shape.map((_, axis) => axis)
  if (order.length !== shape.length || order.some((axis, i) => axis !== i)) throw bad('has its dimensions mixed up')
  // sides and steps in the file's own order
  const places = axes ?? order
  const sides: number[] = []
  places.forEach((place, axis) => (sides[place] = shape[axis] as number))
  const steps: number[] = Array.from(sides, () => 1)
  let step = 1
  for (const axis of isFortran ? sides.keys() : [...sides.keys()].reverse()) {
    steps[axis] = step
    step *= sides[axis] as number
  }
  return places.map((place) => steps[place] as number)
}

/** The bytes of an array so that its last index moves fastest: as they are where it does already. */
function reordered(bytes: Uint8Array, layout: ArrayLayout, budget: Budget): Uint8Array {
  const { itemSize } = layout.dtype
  const all = stepsOf(layout)
  const axes = [...layout.shape.keys()].filter((axis) => (layout.shape[axis] as number) > 1)
  const sides = axes.map((axis) => layout.shape[axis] as number)
  const steps = axes.map((axis) => all[axis] as number)
  if (steps.every((step, i) => i === 0 || (steps[i - 1] as number) > step)) return bytes
  const isWords = itemSize % 4 === 0
  const isCopied = isWords && bytes.byteOffset % 4 !== 0
  budget.allocate(bytes.length * (isCopied ? 2 : 1))
  const own = isCopied ? Uint8Array.from(bytes) : bytes
  const words = isWords ? itemSize / 4 : itemSize
  const from = isWords ? new Uint32Array(own.buffer, own.byteOffset, own.length / 4) : own
  const to = isWords ? new Uint32Array(from.length) : new Uint8Array(from.length)
  const index = sides.map(() => 0)
  const last = sides.length - 1
  const [lastSide, lastStep] = [sides[last] as number, (steps[last] as number) * words]
  let base = 0
  for (let at = 0; at < to.length;) {
    for (let i = 0, source = base * words; i < lastSide; i++, source += lastStep)
      for (let word = 0; word < words; word++) to[at++] = from[source + word] as number
    // the next of the other indices
    for (let axis = last - 1; axis >= 0; axis--) {
      const [side, step] = [sides[axis] as number, steps[axis] as number]
      const next = (index[axis] as number) + 1
      index[axis] = next < side ? next : 0
      base += next < side ? step : step * (1 - side)
      if (next < side) break
    }
  }
  return new Uint8Array(to.buffer)
}

function bad(what: string): ServingError {
  return new ServingError('refused', `an array in the file ${what}; the file is damaged or was tampered with`)
}
