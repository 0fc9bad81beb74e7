import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Datatype } from '../tensor/datatype.ts'
import type { Shape } from '../tensor/shape.ts'

/** Longest header that is read (bytes): ours are below 128, and a file may claim 4 GiB. */
const MAX_HEADER_BYTES = 65_536

const MAGIC = Buffer.from('\x93NUMPY', 'latin1')

/** What a file says of its array. */
export interface NpyHeader {
  readonly type: NpyType
  readonly isFortranOrder: boolean
  readonly shape: Shape
  /** Where the array's bytes begin. */
  readonly dataOffset: number
}

/** How elements lie in the file. */
export interface NpyType {
  readonly datatype: Datatype
  readonly isBigEndian: boolean
  /** Bytes of one element. */
  readonly sizeBytes: number
  /** Of BYTES: UTF-32 (`U`) or bytes as they are (`S`); undefined for numbers. */
  readonly text: 'U' | 'S' | undefined
}

const NUMBERS: ReadonlyMap<string, Datatype> = new Map([
  ['b1', 'BOOL'],
  ['?', 'BOOL'],
  ['i1', 'INT8'],
  ['i2', 'INT16'],
  ['i4', 'INT32'],
  ['i8', 'INT64'],
  ['u1', 'UINT8'],
  ['u2', 'UINT16'],
  ['u4', 'UINT32'],
  ['u8', 'UINT64'],
  ['f2', 'FP16'],
  ['f4', 'FP32'],
  ['f8', 'FP64'],
])

/** numpy's name of each datatype that it has; BYTES depend on their lengths. */
export const NPY_TYPE: Readonly<Record<Exclude<Datatype, 'BYTES' | 'BF16'>, string>> = {
  BOOL: '|b1',
  INT8: '|i1',
  INT16: '<i2',
  INT32: '<i4',
  INT64: '<i8',
  UINT8: '|u1',
  UINT16: '<u2',
  UINT32: '<u4',
  UINT64: '<u8',
  FP16: '<f2',
  FP32: '<f4',
  FP64: '<f8',
}

const TAKEN = 'b1, i1 to i8, u1 to u8, f2, f4, f8, S and U'

/**
 * The header of an `.npy` file, by a parser for exactly what numpy writes there: nothing in it is evaluated.
 * @throws {ServingError} `invalid_argument` for what is no such file; `unsupported` for a type that no model takes,
 *   objects (which are pickles) among them
 * @see numpy, "NEP 1: A Simple File Format for NumPy Arrays", versions 1.0, 2.0 and 3.0
 */
export function parseNpyHeader(body: Uint8Array): NpyHeader {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (bytes.length < 10 || !bytes.subarray(0, 6).equals(MAGIC))
    throw refuse('the body is no .npy file; save the array with numpy.save')
  const version = bytes[6] as number
  if (version < 1 || version > 3 || bytes[7] !== 0)
    throw refuse(`the .npy file has the version ${version}.${bytes[7]}; 1.0, 2.0 and 3.0 are taken`)
  const isLong = version > 1
  if (isLong && bytes.length < 12) throw refuse('the .npy file ends inside its header')
  const length = isLong ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8)
  const from = isLong ? 12 : 10
  if (length > MAX_HEADER_BYTES)
    throw refuse(`the .npy file claims a header of ${length} bytes; the most is ${MAX_HEADER_BYTES}`)
  if (from + length > bytes.length) throw refuse('the .npy file ends inside its header')
  // names of fields may need more than Latin-1, and arrays with fields are not taken
  const text = bytes.toString('latin1', from, from + length)
  return { ...readDictionary(text), dataOffset: from + length }
}

/** The bytes in front of an array in C order: version 1.0, padded so that the array begins at a multiple of 64. */
export function printNpyHeader(type: string, shape: Shape): Buffer {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${sizes}), }`
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10
  const lengthBytes = Buffer.alloc(2)
  lengthBytes.writeUInt16LE(length)
  return Buffer.concat([MAGIC, Buffer.of(1, 0), lengthBytes, Buffer.from(`${text.padEnd(length - 1)}\n`)])
}

const SPACE = /\s*/y
const KEY = /'(descr|fortran_order|shape)'\s*:|"(descr|fortran_order|shape)"\s*:/y
const TEXT = /'([^'\\]*)'|"([^"\\]*)"/y
const TRUTH = /True|False/y
const SIZE = /\d{1,20}/y

function readDictionary(text: string): Pick<NpyHeader, 'type' | 'isFortranOrder' | 'shape'> {
  let at = 0
  let type: NpyType | undefined
  let isFortranOrder: boolean | undefined
  let shape: Shape | undefined
  function take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match === null) return undefined
    at = pattern.lastIndex
    SPACE.lastIndex = at
    SPACE.exec(text)
    at = SPACE.lastIndex
    return match
  }
  function takeTuple(): Shape {
    const sizes: number[] = []
    if (take(/\(/y) === undefined) throw damaged(text, at)
    while (take(/\)/y) === undefined) {
      const size = take(SIZE)
      if (size === undefined) throw damaged(text, at)
      // digits beyond 2^53 are no safe integer, and elementCount refuses those
      sizes.push(Number(size[0]))
      const hasComma = take(/,/y) !== undefined
      if (!hasComma && (text[at] !== ')' || sizes.length === 1)) throw damaged(text, at)
    }
    return sizes
  }
  take(SPACE)
  if (take(/\{/y) === undefined) throw damaged(text, at)
  while (take(/\}/y) === undefined) {
    const match = take(KEY)
    const key = match?.[1] ?? match?.[2]
    if (key === 'descr' && type === undefined) {
      const value = take(TEXT)
      if (value === undefined && text[at] === '[')
        throw unsupported('the .npy file has an array with named fields; send one of plain numbers or text')
      if (value === undefined) throw damaged(text, at)
      type = typeOf(value[1] ?? value[2] ?? '')
    } else if (key === 'fortran_order' && isFortranOrder === undefined) {
      const value = take(TRUTH)
      if (value === undefined) throw damaged(text, at)
      isFortranOrder = value[0] === 'True'
    } else if (key === 'shape' && shape === undefined) {
      shape = takeTuple()
    } else throw damaged(text, at)
    if (take(/,/y) === undefined && text[at] !== '}') throw damaged(text, at)
  }
  if (at !== text.length) throw damaged(text, at)
  if (type === undefined || isFortranOrder === undefined || shape === undefined)
    throw refuse("the .npy file's header lacks descr, fortran_order or shape; save the array with numpy.save")
  return { type, isFortranOrder, shape }
}

function typeOf(name: string): NpyType {
  const match = /^([<>|=]?)(?:([SU])(\d{1,9})|(\?|[a-zA-Z]\d{0,3}))$/.exec(name)
  const [, order, text, length, number] = match ?? []
  if (number === 'O')
    throw unsupported(
      `the .npy file holds Python objects (${quote(name)}), which are pickles and are never read; save the array with a plain type (astype)`,
    )
  const isBigEndian = order === '>'
  if (text === 'S' || text === 'U') {
    const sizeBytes = Number(length) * (text === 'U' ? 4 : 1)
    if (sizeBytes > 0) return { datatype: 'BYTES', isBigEndian, sizeBytes, text }
  }
  const datatype = NUMBERS.get(number ?? '')
  if (datatype === undefined)
    throw unsupported(`the .npy file holds elements of the type ${quote(name, 40)}; the types taken are ${TAKEN}`)
  const sizeBytes = number === '?' ? 1 : Number(number?.slice(1))
  return { datatype, isBigEndian, sizeBytes, text: undefined }
}

function damaged(text: string, at: number): ServingError {
  const found = at >= text.length ? 'it ends too early' : `${quote(text.slice(at, at + 12))} stands at ${at}`
  return refuse(`the .npy file's header is not what numpy writes: ${found}; save the array with numpy.save`)
}

function refuse(message: string): ServingError {
  return new ServingError('invalid_argument', message)
}

function unsupported(message: string): ServingError {
  return new ServingError('unsupported', message)
}
