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

/** What a file says of its array, its elements as it describes them. */
export interface RawNpyHeader extends Omit<NpyHeader, 'type'> {
  readonly description: NpyDescription
}

/** Elements by numpy's name of their type, or by their named fields. */
export type NpyDescription = string | readonly NpyField[]

export interface NpyField {
  /** Empty for bytes that only fill up. */
  readonly name: string
  readonly description: NpyDescription
  /** Of a field that is an array itself; empty for a single element. */
  readonly shape: Shape
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
 * The header of an `.npy` file, of an array that a model takes.
 * @throws {ServingError} as `readNpyHeader`; `unsupported` for a type that no model takes, objects (which are pickles)
 *   among them
 */
export function parseNpyHeader(body: Uint8Array): NpyHeader {
  const { description, ...rest } = readNpyHeader(body)
  if (typeof description !== 'string')
    throw unsupported('the .npy file has an array with named fields; send one of plain numbers or text')
  return { type: typeOf(description), ...rest }
}

/**
 * The header of an `.npy` file, by a parser for exactly what numpy writes there: nothing in it is evaluated.
 * @throws {ServingError} `invalid_argument` for what is no such file
 * @see numpy, "NEP 1: A Simple File Format for NumPy Arrays", versions 1.0, 2.0 and 3.0
 */
export function readNpyHeader(body: Uint8Array): RawNpyHeader {
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
  // names of fields need more than Latin-1 from version 3 on
  const text = bytes.toString(version < 3 ? 'latin1' : 'utf8', from, from + length)
  return { ...readDictionary(new Scanner(text)), dataOffset: from + length }
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
/** Python 2 marks large ones. */
const SIZE = /(\d{1,20})L?/y
const MARKS = {
  '{': /\{/y,
  '}': /\}/y,
  '(': /\(/y,
  ')': /\)/y,
  '[': /\[/y,
  ']': /\]/y,
  ',': /,/y,
} as const

/** Most fields, counting those of fields, and most types in one another. */
const MAX_FIELDS = 1024
const MAX_DEPTH = 8

/** Reads a header's text from left to right. */
class Scanner {
  readonly text: string
  at = 0
  fields = 0

  constructor(text: string) {
    this.text = text
    this.#skipSpace()
  }

  /** Takes what stands here, and the space behind it; undefined where it is something else. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at
    const match = pattern.exec(this.text)
    if (match === null) return undefined
    this.at = pattern.lastIndex
    this.#skipSpace()
    return match
  }

  has(mark: keyof typeof MARKS): boolean {
    return this.take(MARKS[mark]) !== undefined
  }

  expect(mark: keyof typeof MARKS): void {
    if (!this.has(mark)) throw this.damaged()
  }

  string(): string {
    const match = this.take(TEXT)
    if (match === undefined) throw this.damaged()
    return match[1] ?? match[2] ?? ''
  }

  damaged(): ServingError {
    const { text, at } = this
    const found = at >= text.length ? 'it ends too early' : `${quote(text.slice(at, at + 12))} stands at ${at}`
    return refuse(`the .npy file's header is not what numpy writes: ${found}; save the array with numpy.save`)
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.at
    SPACE.exec(this.text)
    this.at = SPACE.lastIndex
  }
}

function readDictionary(scanner: Scanner): Omit<RawNpyHeader, 'dataOffset'> {
  let description: NpyDescription | undefined
  let isFortranOrder: boolean | undefined
  let shape: Shape | undefined
  scanner.expect('{')
  while (!scanner.has('}')) {
    const match = scanner.take(KEY)
    const key = match?.[1] ?? match?.[2]
    if (key === 'descr' && description === undefined) description = readDescription(scanner, 1)
    else if (key === 'fortran_order' && isFortranOrder === undefined) {
      const value = scanner.take(TRUTH)
      if (value === undefined) throw scanner.damaged()
      isFortranOrder = value[0] === 'True'
    } else if (key === 'shape' && shape === undefined) shape = readShape(scanner)
    else throw scanner.damaged()
    if (!scanner.has(',') && scanner.text[scanner.at] !== '}') throw scanner.damaged()
  }
  if (scanner.at !== scanner.text.length) throw scanner.damaged()
  if (description === undefined || isFortranOrder === undefined || shape === undefined)
    throw refuse("the .npy file's header lacks descr, fortran_order or shape; save the array with numpy.save")
  return { description, isFortranOrder, shape }
}

function readShape(scanner: Scanner): Shape {
  const sizes: number[] = []
  scanner.expect('(')
  while (!scanner.has(')')) {
    const size = scanner.take(SIZE)
    if (size === undefined) throw scanner.damaged()
    // digits beyond 2^53 are no safe integer, and those who count elements refuse them
    sizes.push(Number(size[1]))
    const hasComma = scanner.has(',')
    if (!hasComma && (scanner.text[scanner.at] !== ')' || sizes.length === 1)) throw scanner.damaged()
  }
  return sizes
}

/** A type's name, or a list of `(name, type)` and `(name, type, shape)`. */
function readDescription(scanner: Scanner, depth: number): NpyDescription {
  if (!scanner.has('[')) return scanner.string()
  if (depth > MAX_DEPTH) throw refuse(`the .npy file has over ${MAX_DEPTH} types in one another`)
  const fields: NpyField[] = []
  while (!scanner.has(']')) {
    if (++scanner.fields > MAX_FIELDS) throw refuse(`the .npy file has over ${MAX_FIELDS} fields`)
    scanner.expect('(')
    const name = readFieldName(scanner)
    scanner.expect(',')
    const description = readDescription(scanner, depth + 1)
    const hasShape = scanner.has(',') && scanner.text[scanner.at] === '('
    fields.push({ name, description, shape: hasShape ? readShape(scanner) : [] })
    scanner.expect(')')
    if (!scanner.has(',') && scanner.text[scanner.at] !== ']') throw scanner.damaged()
  }
  return fields
}

/** A name, or a title and a name. */
function readFieldName(scanner: Scanner): string {
  if (!scanner.has('(')) return scanner.string()
  scanner.string()
  scanner.expect(',')
  const name = scanner.string()
  scanner.expect(')')
  return name
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

function refuse(message: string): ServingError {
  return new ServingError('invalid_argument', message)
}

function unsupported(message: string): ServingError {
  return new ServingError('unsupported', message)
}
