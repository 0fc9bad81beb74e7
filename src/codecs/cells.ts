import { quote } from '../core/text.ts'
import { INTEGER_BOUNDS, type Datatype } from '../tensor/datatype.ts'
import type { TensorSpec } from '../tensor/signature.ts'
import { allocate, type Tensor } from '../tensor/tensor.ts'
import { MISSING_TEXT } from '../tensor/texts.ts'
import { parseDecimal, parseWhole, textOf } from './decimal.ts'

/** What is wrong with a value, as the end of an error message; undefined when nothing is. Its place is the caller's to add. */
export type Problem = string | undefined

/** The elements of one tensor while they are filled in, from text or from JSON values. */
export interface Cells {
  /** Element `index` from a field of text, `bytes[from, to)`, valid UTF-8. */
  setText(index: number, bytes: Uint8Array, from: number, to: number): Problem
  /** Element `index` from a JSON value; a `bigint` stands for an integer beyond 2^53. */
  setValue(index: number, value: unknown): Problem
  /** The first `count` elements. */
  take(count: number): Tensor['data']
}

/** Whose elements they are, and what it says of them. */
export type CellSpec = Pick<TensorSpec, 'datatype' | 'isJson' | 'isNeverMissing'>

/**
 * Room for `count` elements. Text and JSON go through the same rules:
 * a missing value (empty field, `NaN`, `nan`, JSON's null) is NaN where the datatype has one, an empty element of BYTES
 * where the model takes that for one, and refused elsewhere;
 * a value that the datatype cannot hold (1.5 as INT32, 300 as UINT8, 1e999) is refused, never wrapped or rounded to infinity.
 * true and false are 1 and 0 in columns of numbers, as numpy casts them: pandas has them for flags. No number becomes text.
 * Bytes that are no text come in JSON as `{"b64": "…"}`.
 * @see TensorFlow Serving, "RESTful API", for that form
 */
export function createCells(spec: CellSpec, count: number): Cells {
  const { datatype } = spec
  switch (datatype) {
    case 'BYTES':
      return byteCells(spec, count)
    case 'BOOL':
      return boolCells(count)
    case 'INT64':
    case 'UINT64':
      return wideCells(datatype, count)
    case 'FP16':
    case 'BF16':
    case 'FP32':
    case 'FP64':
      return floatCells(datatype, count)
    default:
      return integerCells(datatype, count)
  }
}

function floatCells(datatype: 'FP16' | 'BF16' | 'FP32' | 'FP64', count: number): Cells {
  const data = allocate(datatype, count)
  const floats = floatsOver(datatype, data)
  const bits = datatype === 'BF16' ? new Uint32Array(floats.buffer) : undefined
  function set(index: number, value: number): boolean {
    floats[index] = value
    if (bits !== undefined) {
      // round to the nearest upper half of an FP32, ties to even
      const whole = untied(bits[index] as number, floats[index], value)
      const isNan = Number.isNaN(value)
      const rounded = isNan ? 0x7fc0 : (whole + 0x7fff + ((whole >>> 16) & 1)) >>> 16
      data[index] = rounded
      return isNan || (rounded & 0x7f80) !== 0x7f80
    }
    return Number.isFinite(floats[index]) || Number.isNaN(value)
  }
  return {
    setText: trimmed((index, bytes, from, to) => {
      const value = numberIn(bytes, from, to)
      if (Number.isNaN(value) && !isMissing(bytes, from, to))
        return `${show(bytes, from, to)} is no number${missingHint(bytes, from, to)}`
      return set(index, value) ? undefined : `${show(bytes, from, to)} is out of the range of ${datatype}`
    }),
    setValue(index, value) {
      if (!isNumber(value) && value !== null) return `${describe(value)} is no number${hintFor(value)}`
      return set(index, value === null ? Number.NaN : Number(value))
        ? undefined
        : `the number is out of the range of ${datatype}`
    },
    take: (taken) => data.subarray(0, taken),
  }
}

/**
 * Bits of an FP32 that say on which side of the middle between two BF16 values a number lies: rounding it to FP32 may
 * have put it on the middle.
 */
function untied(bits: number, rounded: number, value: number): number {
  if ((bits & 0xffff) !== 0x8000 || rounded === value) return bits
  return Math.abs(rounded) > Math.abs(value) ? bits - 1 : bits + 1
}

function floatsOver(datatype: Datatype, data: Uint16Array | Float32Array | Float64Array) {
  if (datatype === 'BF16') return new Float32Array(data.length)
  if (datatype === 'FP16') return new Float16Array(data.buffer, data.byteOffset, data.length)
  return data
}

function integerCells(datatype: 'UINT8' | 'UINT16' | 'UINT32' | 'INT8' | 'INT16' | 'INT32', count: number): Cells {
  const data = allocate(datatype, count)
  const [least, most] = INTEGER_BOUNDS[datatype] ?? [0, 0]
  function set(index: number, value: number): Problem {
    if (value < least || value > most) return `is out of the range of ${datatype}: ${least} to ${most}`
    if (!Number.isInteger(value)) return `has a fraction, and ${datatype} takes whole numbers`
    data[index] = value
    return undefined
  }
  return {
    setText: trimmed((index, bytes, from, to) => {
      const value = numberIn(bytes, from, to)
      const problem = Number.isNaN(value) ? noNumber(datatype, bytes, from, to) : set(index, value)
      return problem === undefined ? undefined : `${show(bytes, from, to)} ${problem}`
    }),
    setValue(index, value) {
      if (value === null) return missing(datatype)
      if (!isNumber(value)) return `${describe(value)} is no number`
      const problem = set(index, Number(value))
      return problem === undefined ? undefined : `${value} ${problem}`
    },
    take: (taken) => data.subarray(0, taken),
  }
}

/** Below this every double that looks whole is the whole number that was written, or within half a unit of it. */
const EXACT = 2 ** 52

function wideCells(datatype: 'INT64' | 'UINT64', count: number): Cells {
  const data = allocate(datatype, count)
  function set(index: number, value: bigint): Problem {
    data[index] = value
    return data[index] === value ? undefined : `is out of the range of ${datatype}`
  }
  return {
    setText: trimmed((index, bytes, from, to) => {
      const value = numberIn(bytes, from, to)
      let problem: Problem
      if (Number.isNaN(value)) problem = noNumber(datatype, bytes, from, to)
      else if (Math.abs(value) < EXACT && Number.isInteger(value)) problem = set(index, BigInt(value))
      else {
        const whole = parseWhole(textOf(bytes, from, to))
        if (whole !== undefined) problem = set(index, whole)
        else if (Math.abs(value) > EXACT * 4096) problem = `is out of the range of ${datatype}`
        else problem = `has a fraction, and ${datatype} takes whole numbers`
      }
      return problem === undefined ? undefined : `${show(bytes, from, to)} ${problem}`
    }),
    setValue(index, value) {
      if (value === null) return missing(datatype)
      if (!isNumber(value)) return `${describe(value)} is no number`
      if (typeof value === 'number' && !Number.isInteger(value))
        return `${value} has a fraction, and ${datatype} takes whole numbers`
      if (typeof value === 'number' && !Number.isSafeInteger(value))
        return `${value} is beyond 2^53; write it as plain digits, without a point or an exponent`
      const problem = set(index, BigInt(value))
      return problem === undefined ? undefined : `${value} ${problem}`
    },
    take: (taken) => data.subarray(0, taken),
  }
}

function boolCells(count: number): Cells {
  const data = allocate('BOOL', count)
  return {
    setText: trimmed((index, bytes, from, to) => {
      const text = to - from === 1 ? textOf(bytes, from, to) : ''
      const value = text === '1' || text === '0' ? Number(text) : truthIn(bytes, from, to)
      if (value === undefined) return `${show(bytes, from, to)} is no BOOL: true, false, 1 or 0`
      data[index] = value
      return undefined
    }),
    setValue(index, value) {
      if (value === true || value === 1) data[index] = 1
      else if (value === false || value === 0) data[index] = 0
      else return value === null ? missing('BOOL') : `${describe(value)} is no BOOL: true, false, 1 or 0`
      return undefined
    },
    take: (taken) => data.subarray(0, taken),
  }
}

function byteCells(spec: CellSpec, count: number): Cells {
  const isJson = spec.isJson === true
  const isNeverMissing = spec.isNeverMissing === true
  const data: Uint8Array[] = Array.from({ length: count })
  return {
    setText(index, bytes, from, to) {
      data[index] = bytes.subarray(from, to)
      return undefined
    },
    setValue(index, value) {
      if (typeof value !== 'string') {
        const decoded = value === null ? absentText(isJson, isNeverMissing) : isJson ? jsonText(value) : bytesIn(value)
        if (typeof decoded === 'string') return decoded
        data[index] = decoded
        return undefined
      }
      if (!value.isWellFormed()) return 'the text holds half a surrogate pair, which UTF-8 cannot hold'
      data[index] = Buffer.from(value)
      return undefined
    },
    take: (taken) => data.slice(0, taken),
  }
}

function absentText(isJson: boolean, isNeverMissing: boolean): Uint8Array | string {
  if (!isNeverMissing) return MISSING_TEXT
  return isJson
    ? 'the value is missing; {} is the empty object'
    : 'the value is missing, and the model takes none there; "" is the empty text'
}

/** The text of a JSON object or list, or what is wrong with another value. */
function jsonText(value: unknown): Uint8Array | string {
  if (typeof value !== 'object') return `${describe(value)} is no JSON object or list`
  try {
    return Buffer.from(JSON.stringify(value))
  } catch {
    return 'the JSON is nested too deeply'
  }
}

/** The bytes in `{"b64": "…"}`, or what is wrong with a value that is no text. */
function bytesIn(value: unknown): Uint8Array | string {
  if (!isBase64Object(value)) return `${describe(value)} is no text${textHint(value)}`
  const { b64 } = value
  if (typeof b64 !== 'string') return `"b64" holds ${describe(b64)}; it holds base64 text`
  try {
    return Uint8Array.fromBase64(b64)
  } catch {
    return 'the text in "b64" is no base64 (RFC 4648, section 4)'
  }
}

/** Whether a JSON value is `{"b64": …}` and nothing else: bytes, not a row by column name. */
export function isBase64Object(value: unknown): value is { readonly b64: unknown } {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'b64')) return false
  return Object.keys(value).length === 1
}

/** A JSON value that a column of numbers takes. */
function isNumber(value: unknown): value is number | bigint | boolean {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
}

/** The number that a field says, NaN where it says none. */
function numberIn(bytes: Uint8Array, from: number, to: number): number {
  const value = parseDecimal(bytes, from, to)
  return Number.isNaN(value) ? (truthIn(bytes, from, to) ?? value) : value
}

/** 1 for true and 0 for false, in any case: pandas writes True, spreadsheets TRUE. */
function truthIn(bytes: Uint8Array, from: number, to: number): number | undefined {
  if (to - from !== 4 && to - from !== 5) return undefined
  const text = textOf(bytes, from, to).toLowerCase()
  return text === 'true' ? 1 : text === 'false' ? 0 : undefined
}

/** Categories that are written in digits are sent as numbers by accident; scikit-learn's flags as text are True and False. */
function textHint(value: unknown): string {
  if (typeof value === 'boolean') return `, and the model has text there: send it as ${value ? '"True"' : '"False"'}`
  if (typeof value !== 'number' && typeof value !== 'bigint') return ', and BYTES takes text or {"b64": "…"}'
  return `, and the model has text there: send it as ${quote(String(value), 40)}, as it was written when the model was fitted`
}

function missing(datatype: Datatype): string {
  return `the value is missing, and ${datatype} has no NaN`
}

/** For the words that other writers print where JSON has none. */
function hintFor(value: unknown): string {
  return typeof value === 'string' && /^[-+]?(?:nan|inf|infinity|none|null)?$/i.test(value)
    ? '; send null for a missing number'
    : ''
}

/** Spaces and tabs around a value mean nothing, except in BYTES. */
function trimmed(setText: Cells['setText']): Cells['setText'] {
  return (index, bytes, from, to) => {
    while (from < to && isBlank(bytes[from])) from++
    while (from < to && isBlank(bytes[to - 1])) to--
    return setText(index, bytes, from, to)
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09
}

function isMissing(bytes: Uint8Array, from: number, to: number): boolean {
  if (from === to) return true
  if (to - from !== 3) return false
  const text = textOf(bytes, from, to)
  return text === 'NaN' || text === 'nan'
}

/** For the words that other writers have for what is missing; they may as well be a category that stands in a wrong place. */
function missingHint(bytes: Uint8Array, from: number, to: number): string {
  return to - from < 6 && /^(?:#?n\/?a|none|null|<na>|-)$/i.test(textOf(bytes, from, to))
    ? '; leave the field empty for a missing number'
    : ''
}

function noNumber(datatype: Datatype, bytes: Uint8Array, from: number, to: number): string {
  return isMissing(bytes, from, to) ? `is a missing value, and ${datatype} has no NaN` : 'is no number'
}

function show(bytes: Uint8Array, from: number, to: number): string {
  return quote(Buffer.from(bytes.buffer, bytes.byteOffset + from, Math.min(to - from, 160)).toString(), 40)
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return `the text ${quote(value, 40)}`
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'bigint') return `the number ${quote(String(value), 40).slice(1, -1)}`
  if (typeof value === 'number') return `the number ${value}`
  return typeof value === 'object' ? 'an object' : JSON.stringify(value)
}
