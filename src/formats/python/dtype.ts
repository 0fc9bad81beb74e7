import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Dtype } from './values.ts'

/** An element type as a file has it: its byte order, and the array that each of its elements may be. */
export interface FileDtype extends Dtype {
  readonly isBigEndian: boolean
  readonly fields: ReadonlyMap<string, FileField> | undefined
  /** Where an element is itself an array: what it is of, and its shape. */
  readonly subarray: { readonly dtype: FileDtype; readonly shape: readonly number[] } | undefined
  /** Whether its elements are Python objects, or hold some: such arrays come as lists. */
  readonly hasObjects: boolean
  /** How many types lie in one another; 1 for a plain one. */
  readonly depth: number
}

export interface FileField {
  readonly dtype: FileDtype
  readonly offset: number
}

/** Types that numpy names by a letter alone. */
const LETTERS: ReadonlyMap<string, string> = new Map([
  ['?', 'b1'],
  ['b', 'i1'],
  ['B', 'u1'],
  ['h', 'i2'],
  ['H', 'u2'],
  ['i', 'i4'],
  ['I', 'u4'],
  ['l', 'i8'],
  ['L', 'u8'],
  ['q', 'i8'],
  ['Q', 'u8'],
  ['p', 'i8'],
  ['P', 'u8'],
  ['e', 'f2'],
  ['f', 'f4'],
  ['d', 'f8'],
  ['g', 'f16'],
  ['F', 'c8'],
  ['D', 'c16'],
  ['G', 'c32'],
  ['O', 'O8'],
  ['S', 'S0'],
  ['a', 'S0'],
  ['c', 'S1'],
  ['U', 'U0'],
  ['V', 'V0'],
  ['M', 'M8'],
  ['m', 'm8'],
])

/** Sizes that the types of numbers come in (bytes). */
const SIZES: Readonly<Partial<Record<Dtype['code'], readonly number[]>>> = {
  b: [1],
  i: [1, 2, 4, 8],
  u: [1, 2, 4, 8],
  f: [2, 4, 8],
  c: [8, 16],
  O: [4, 8],
  M: [8],
  m: [8],
}

const MAX_ITEM_BYTES = 2 ** 31 - 1

/**
 * An element type by numpy's name of it: `<f8`, `|b1`, `U12`, `M8[ns]`, `?`.
 * @throws {ServingError} `unsupported` for a type that numpy does not have, or that is not the same on every machine
 *   (`longdouble`)
 * @see NumPy, "Data type objects", array-protocol type strings
 */
export function parseDtype(text: string): FileDtype {
  const match = /^([<>=|]?)(\?|[a-zA-Z])(\d{0,10})(?:\[([\w/]{0,16})\])?$/.exec(text)
  if (match === null) throw unknownType(text)
  const [, order = '', letter = '', digits = '', unit] = match
  const full = digits === '' ? LETTERS.get(letter) : `${letter === 'a' ? 'S' : letter}${digits}`
  if (full === undefined) throw unknownType(text)
  const code = full[0] as Dtype['code']
  const size = Number(full.slice(1)) * (code === 'U' ? 4 : 1)
  if (/^(f(10|12|16)|c(20|24|32))$/.test(full))
    throw new ServingError(
      'unsupported',
      `the element type longdouble (${quote(text)}) differs from machine to machine; convert the arrays by .astype("float64") and save again`,
    )
  const isSized = 'USV'.includes(code)
  if (isSized ? size > MAX_ITEM_BYTES : SIZES[code]?.includes(size) !== true) throw unknownType(text)
  const isTime = code === 'M' || code === 'm'
  if (unit !== undefined && !isTime) throw unknownType(text)
  return {
    kind: 'dtype',
    code,
    itemSize: size,
    fields: undefined,
    unit: isTime ? (unit ?? '') : undefined,
    isBigEndian: order === '>' && size > 1,
    subarray: undefined,
    hasObjects: code === 'O',
    depth: 1,
  }
}

function unknownType(text: string): ServingError {
  return new ServingError('unsupported', `the element type ${quote(text, 40)} is none that is read here`)
}

/** Most types that may lie in one another. */
const MAX_DEPTH = 8

/** A type whose elements are arrays. @throws {ServingError} `unsupported` where types lie too deep in one another */
export function subarrayOf(dtype: FileDtype, shape: readonly number[], itemSize: number): FileDtype {
  const inner = { ...dtype }
  return { ...compound([inner], itemSize), fields: undefined, subarray: { dtype: inner, shape } }
}

/** A type with named fields. @throws {ServingError} `unsupported` where types lie too deep in one another */
export function structureOf(fields: ReadonlyMap<string, FileField>, itemSize: number): FileDtype {
  // as they are now: what a file does to a type later may not make it a part of itself
  const own = new Map([...fields].map(([name, { dtype, offset }]) => [name, { dtype: { ...dtype }, offset }]))
  const inner = [...own.values()].map((field) => field.dtype)
  return { ...compound(inner, itemSize), fields: own, subarray: undefined }
}

function compound(inner: readonly FileDtype[], itemSize: number): Omit<FileDtype, 'fields' | 'subarray'> {
  const depth = 1 + inner.reduce((most, dtype) => Math.max(most, dtype.depth), 0)
  if (depth > MAX_DEPTH)
    throw new ServingError('unsupported', `an element type of ${depth} types in one another, the most is ${MAX_DEPTH}`)
  const hasObjects = inner.some((dtype) => dtype.hasObjects)
  return { kind: 'dtype', code: 'V', itemSize, unit: undefined, isBigEndian: false, hasObjects, depth }
}

/** How messages call a type: `float64`, `text of 12`, `a structure of a, b`. */
export function dtypeName({ code, itemSize, unit, fields }: Dtype): string {
  switch (code) {
    case 'b':
      return 'bool'
    case 'i':
      return `int${itemSize * 8}`
    case 'u':
      return `uint${itemSize * 8}`
    case 'f':
      return `float${itemSize * 8}`
    case 'c':
      return `complex${itemSize * 8}`
    case 'O':
      return 'objects'
    case 'U':
      return 'text'
    case 'S':
      return 'bytes'
    case 'M':
      return `datetime64[${unit ?? ''}]`
    case 'm':
      return `timedelta64[${unit ?? ''}]`
    case 'V':
      return fields === undefined ? 'raw bytes' : 'records'
  }
}
