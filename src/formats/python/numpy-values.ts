import { ServingError } from '../../core/errors.ts'
import { widenHalves } from '../../tensor/half.ts'
import { arrayFromBytes, countOf, type ArrayLayout } from './array-data.ts'
import { become } from './containers.ts'
import type { ReadContext } from './context.ts'
import { describe } from './describe.ts'
import { parseDtype, structureOf, subarrayOf, type FileDtype, type FileField } from './dtype.ts'
import type { Budget } from './limits.ts'
import { isKind, itemsOf, qualifiedName, shapeOf, wholeOf } from './refs.ts'
import { latin1 } from './stream.ts'
import type { NdArray, NumpyScalar, ObjectNdArray, PyObject, PyValue } from './values.ts'

/** What `numpy.dtype(name)` is, before its state comes; undefined where it is not called with a name. */
export function readDtype(args: readonly PyValue[]): FileDtype | undefined {
  const [of] = args
  // records of `numpy.recarray`
  if (isKind(of, 'global') && /^numpy\.(?:rec\.|core\.records\.|_core\.records\.)?record$/.test(qualifiedName(of)))
    return parseDtype('V0')
  const name = asciiOf(of)
  return name === undefined ? undefined : parseDtype(name)
}

function asciiOf(value: PyValue | undefined): string | undefined {
  return value instanceof Uint8Array ? latin1(value) : typeof value === 'string' ? value : undefined
}

/**
 * Gives an element type its state: byte order, fields, the array that an element is, the unit of time.
 * @see numpy, `dtype.__reduce__`
 */
export function setDtypeState(dtype: FileDtype, state: PyValue, context: ReadContext): void {
  const items = isKind(state, 'tuple') ? state.items : undefined
  if (items === undefined || items.length < 7) throw bad('an element type has a state that is none')
  if (context.isSettled(dtype)) throw bad('an element type changes after it was used')
  context.settle(dtype)
  const [, order, subarray, names, fields, size] = items
  const isBigEndian = asciiOf(order) === '>'
  const itemSize = Math.max(wholeOf(size) ?? -1, -1)
  const isCompound = (names ?? subarray ?? null) !== null
  if (isCompound && (itemSize < 0 || itemSize > 2 ** 31 - 1)) throw bad(`an element has ${itemSize} bytes`)
  if (names !== null && names !== undefined) {
    const columns = fieldsOf(names, fields, context)
    if ([...columns.values()].some((field) => field.dtype === dtype)) throw bad('an element type lies in itself')
    become(dtype, structureOf(columns, itemSize))
    return
  }
  if (subarray !== null && subarray !== undefined) {
    const [inner, shape] = itemsOf(subarray) ?? []
    const sides = shapeOf(shape)
    if (!isFileDtype(inner) || sides === undefined) throw bad('an element type is an array of what is no type')
    if (inner === dtype) throw bad('an element type lies in itself')
    context.settle(inner)
    become(dtype, subarrayOf(inner, sides, itemSize))
    return
  }
  const isSized = 'USV'.includes(dtype.code) && itemSize >= 0
  if (isSized && dtype.code === 'U' && itemSize % 4 !== 0) throw bad(`text has ${itemSize} bytes, no multiple of 4`)
  if (isSized && itemSize > 2 ** 31 - 1) throw bad(`an element has ${itemSize} bytes`)
  become(dtype, {
    isBigEndian: isBigEndian && dtype.itemSize > 1,
    ...(isSized ? { itemSize } : {}),
    ...(dtype.unit === undefined ? {} : { unit: unitOf(items[8]) ?? dtype.unit }),
  })
}

function fieldsOf(names: PyValue, fields: PyValue | undefined, context: ReadContext): Map<string, FileField> {
  const all = new Map<string, FileField>()
  const known = isKind(fields, 'dict') ? fields.byName : undefined
  const columns = itemsOf(names) ?? []
  context.budget.make(columns.length)
  for (const name of columns) {
    const [dtype, offset] = typeof name === 'string' ? (itemsOf(known?.get(name)) ?? []) : []
    const place = wholeOf(offset)
    if (typeof name !== 'string' || !isFileDtype(dtype) || place === undefined || place < 0 || all.has(name))
      throw bad('an element type has fields that are none')
    context.settle(dtype)
    all.set(name, { dtype, offset: place })
  }
  return all
}

/** `({…}, (b'ns', 1, 1, 1))`. */
function unitOf(metadata: PyValue | undefined): string | undefined {
  const [unit, count] = itemsOf(itemsOf(metadata)?.[1]) ?? []
  const name = asciiOf(unit)
  if (name === undefined || name === 'generic') return name === undefined ? undefined : ''
  const many = wholeOf(count) ?? 1
  return many === 1 ? name : `${many}${name}`
}

/** Every element type that the reader makes is one of these. */
export function isFileDtype(value: PyValue | undefined): value is FileDtype {
  return isKind(value, 'dtype')
}

const BYTE = parseDtype('i1')

/** What `_reconstruct` makes: an array that its state will make into another. */
export function arrayShell(): NdArray {
  return { kind: 'ndarray', holds: 'numbers', dtype: BYTE, shape: [0], data: new Int8Array(0) }
}

/** Gives an array its state: version, shape, type, order, data. @see numpy, `ndarray.__reduce__` */
export function setArrayState(array: NdArray, state: PyValue, context: ReadContext): void {
  const items = isKind(state, 'tuple') ? state.items : undefined
  if (items === undefined || items.length < 4) throw bad('an array has a state that is none')
  if (context.isSettled(array)) throw bad('an array changes after it was used')
  context.settle(array)
  // the oldest has no version
  become(array, arrayOfState(items.length === 4 ? items : items.slice(1, 5), context))
}

/** An array of shape, type, order and data. */
export function arrayOfState([shape, dtype, isFortran, data]: readonly PyValue[], context: ReadContext): NdArray {
  const sides = shapeOf(shape)
  if (isKind(dtype, 'object')) throw unknownType(dtype)
  if (sides === undefined || !isFileDtype(dtype)) throw bad('an array has a shape or type that is none')
  context.settle(dtype)
  if (dtype.hasObjects) {
    if (!isKind(data, 'list')) throw bad('an array of objects has no list of them')
    return objectArray(dtype, sides, data.items, context.budget)
  }
  const layout = { dtype, shape: sides, isFortran: isFortran === true || wholeOf(isFortran) === 1 }
  return arrayFromBytes(layout, bytesOf(data, context.budget), context.budget)
}

/** An array of objects, whose list is in the order of C whatever the array's is. */
export function objectArray(
  dtype: FileDtype,
  shape: readonly number[],
  items: readonly PyValue[],
  budget: Budget,
): ObjectNdArray {
  if (countOf(shape) !== items.length)
    throw bad(`an array of objects of shape [${shape.join(',')}] has ${items.length} of them`)
  budget.work(items.length)
  return { kind: 'ndarray', holds: 'objects', dtype, shape, data: [...items] }
}

/** Bytes; Python 2 has them as text. */
export function bytesOf(value: PyValue | undefined, budget: Budget): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value !== 'string' || /[^\0-\xff]/.test(value)) throw bad('an array has no bytes')
  budget.allocate(value.length)
  return new Uint8Array(Buffer.from(value, 'latin1'))
}

/** `numpy._core.numeric._frombuffer(buffer, dtype, shape, order, axes)`. */
export function readBuffer(args: readonly PyValue[], context: ReadContext): NdArray {
  const [buffer, dtype, shape, order, axes] = args
  const sides = shapeOf(shape)
  if (!isFileDtype(dtype) || sides === undefined || dtype.hasObjects)
    throw bad('an array has a shape or type that is none')
  context.settle(dtype)
  const bytes = bytesOf(buffer, context.budget)
  const layout: ArrayLayout = { dtype, shape: sides, isFortran: order === 'F' }
  if (axes === undefined || axes === null) return arrayFromBytes(layout, bytes, context.budget)
  const places = shapeOf(axes)
  if (order !== 'K' || places?.length !== sides.length || places.some((place) => sides[place] === undefined))
    throw bad('an array has its dimensions mixed up')
  const shown = places.map((place) => sides[place] as number)
  return arrayFromBytes({ dtype, shape: shown, isFortran: false, axes: places }, bytes, context.budget)
}

/** `numpy._core.multiarray.scalar(dtype, bytes)`. */
export function readScalar(args: readonly PyValue[], context: ReadContext): NumpyScalar {
  const [dtype, data] = args
  if (!isFileDtype(dtype)) throw bad('a numpy scalar has no type')
  context.settle(dtype)
  if (dtype.hasObjects) return { kind: 'scalar', dtype, value: data ?? null }
  let bytes: Uint8Array
  if (data === undefined) {
    context.budget.allocate(dtype.itemSize)
    bytes = new Uint8Array(dtype.itemSize)
  } else bytes = bytesOf(data, context.budget)
  const array = arrayFromBytes({ dtype, shape: [], isFortran: false }, bytes, context.budget)
  return { kind: 'scalar', dtype, value: itemAt(array, 0) }
}

/**
 * What `item()` of an element of an array gives: bool, int (bigint), float, text, bytes; of records a tuple, of complex
 * numbers a tuple of two.
 */
export function itemAt(array: NdArray, i: number): PyValue {
  switch (array.holds) {
    case 'records':
      return { kind: 'tuple', items: [...array.fields.values()].map((field) => fieldAt(field, i, array)) }
    case 'numbers':
      break
    default:
      return array.data[i] as PyValue
  }
  const { dtype, data } = array
  if (dtype.code === 'c') return { kind: 'tuple', items: [Number(data[2 * i]), Number(data[2 * i + 1])] }
  const value = data[i] as number | bigint
  if (dtype.code === 'b') return value !== 0
  if (data instanceof Uint16Array && dtype.code === 'f')
    return widenHalves('FP16', data.subarray(i, i + 1))[0] as number
  if (typeof value === 'number' && dtype.code === 'f') return value
  return BigInt(value)
}

function fieldAt(field: NdArray, i: number, { shape }: NdArray): PyValue {
  if (field.shape.length === shape.length) return itemAt(field, i)
  const each = countOf(field.shape.slice(shape.length))
  return { kind: 'tuple', items: Array.from({ length: each }, (_, j) => itemAt(field, i * each + j)) }
}

/** A type that is no plain one of numpy's: `StringDType`, or one that a package adds. */
function unknownType(dtype: PyObject): ServingError {
  return new ServingError(
    'unsupported',
    `an array in the file has the element type ${describe(dtype)}, which is not read here; convert it by .astype(object) or to numbers and save again`,
  )
}

function bad(what: string): ServingError {
  return new ServingError('refused', `${what}; the pickle is damaged or was tampered with`)
}
