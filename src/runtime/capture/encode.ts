import type { Observation } from '../endpoints/types.ts'
import { hideKeys } from '../../core/text.ts'
import { isHalf, widenHalves } from '../../tensor/half.ts'
import type { TensorSpec } from '../../tensor/signature.ts'
import type { Tensor, Tensors } from '../../tensor/tensor.ts'
import { REDACTED, redactionOf, redactJson, type Redaction } from './redaction.ts'

export interface EncodeOptions {
  /** ms since 1970, of the answer. */
  readonly atMs: number
  readonly redact: ReadonlySet<string>
  /** Longest line (bytes); what does not fit is cut, and named. Default 65,536. */
  readonly maxBytes?: number | undefined
}

export interface EncodedCapture {
  /** A JSON object's text without its braces, so that a member can be put in front. */
  readonly members: string
  readonly sizeBytes: number
  readonly isTruncated: boolean
}

export const MAX_LINE_BYTES = 65_536

/** What stands around values: names, shapes, the key. */
const MOST_TENSORS = 200
const MOST_NAME = 200
/** Name and shape of one more need so much (bytes). */
const LEAST_ROOM = 1024

/**
 * A request and its answer as one line of JSON: `atMs`, `endpoint`, `variant`, `model`, `version`, `key`, `ms`, `inputs`,
 * `outputs` (`{name: {datatype, shape, data}}`, flat and row-major) or `code`, and `truncated`, the tensors of which only the
 * beginning is kept. Byte strings are texts, or `{"base64"}` where they are none; what JSON has no number for is text (`"NaN"`,
 * 64-bit integers beyond 2^53).
 */
export function encodeCapture(observation: Observation, options: EncodeOptions): EncodedCapture {
  const { endpoint, variant, principal, inputs, outputs, error, model, ms } = observation
  const { atMs, redact, maxBytes = MAX_LINE_BYTES } = options
  const head: Record<string, unknown> = {
    atMs,
    endpoint,
    variant: variant.name,
    model: variant.model,
    version: variant.number,
    ...(principal !== undefined && { key: hideKeys(principal.name) }),
    ms: Math.round(ms * 1000) / 1000,
    ...(error !== undefined && { code: error.code }),
  }
  const truncated: string[] = []
  let text = JSON.stringify(head).slice(1, -1)
  let room = maxBytes - Buffer.byteLength(text) - 2048
  const { signature } = model
  const groups: readonly (readonly [string, Tensors | undefined, readonly TensorSpec[]])[] = [
    ['outputs', outputs, signature.outputs],
    ['inputs', inputs, signature.inputs],
  ]
  let left = groups.reduce((sum, [, tensors]) => sum + Math.min(tensors?.size ?? 0, MOST_TENSORS), 0)
  for (const [group, tensors, specs] of groups) {
    if (tensors === undefined) continue
    const parts: string[] = []
    for (const [name, tensor] of tensors) {
      if (parts.length >= MOST_TENSORS || room < LEAST_ROOM) {
        truncated.push(group)
        break
      }
      const redaction = redactionOf(name, specOf(name, specs), signature, redact)
      const { json, isCut } = encodeTensor(tensor, redaction, Math.max(0, room / Math.max(1, left--)))
      const part = `${jsonText(name.slice(0, MOST_NAME))}:${json}`
      if (isCut) truncated.push(`${group}.${name.slice(0, MOST_NAME)}`)
      room -= Buffer.byteLength(part)
      parts.push(part)
    }
    text += `,"${group}":{${parts.join(',')}}`
  }
  if (truncated.length > 0) text += `,"truncated":${jsonText(truncated.slice(0, 20))}`
  return { members: text, sizeBytes: Buffer.byteLength(text), isTruncated: truncated.length > 0 }
}

function specOf(name: string, specs: readonly TensorSpec[]): TensorSpec | undefined {
  return specs.find((spec) => spec.name === name)
}

/** @param room most bytes of its values */
function encodeTensor(
  tensor: Tensor,
  redaction: Redaction | undefined,
  room: number,
): { readonly json: string; readonly isCut: boolean } {
  const { datatype } = tensor
  const shape = tensor.shape.slice(0, 32)
  const write = (data: string) => `{"datatype":"${datatype}","shape":[${shape.join(',')}],"data":${data}}`
  if (redaction?.isWhole === true) return { json: write(`"${REDACTED}"`), isCut: false }
  // no value takes less than two bytes: of a large tensor the rest is not looked at
  const given = tensor.data.length > room ? (tensor.data.slice(0, Math.ceil(room) + 1) as Tensor['data']) : tensor.data
  const values = isHalf(datatype) ? widenHalves(datatype, given as Uint16Array) : given
  const parts: string[] = []
  let used = 2
  let isCut = false
  for (let i = 0; i < values.length; i++) {
    const hidden = redaction !== undefined && redaction.columns.has(i % redaction.width)
    const value = values[i]
    let part: string
    if (hidden) part = `"${REDACTED}"`
    else if (value instanceof Uint8Array) {
      const most = Math.max(0, room - used - 16)
      part = encodeBytes(value, redaction, most)
      if (value.byteLength > most) isCut = true
    } else part = encodeNumber(value ?? 0)
    used += Buffer.byteLength(part) + 1
    if (used > room) {
      isCut = true
      break
    }
    parts.push(part)
    if (isCut) break
  }
  return { json: write(`[${parts.join(',')}]`), isCut }
}

function encodeNumber(value: number | bigint): string {
  if (typeof value === 'bigint') {
    const isSafe = value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= -BigInt(Number.MAX_SAFE_INTEGER)
    return isSafe ? String(value) : `"${value}"`
  }
  if (!Number.isFinite(value)) return `"${value}"`
  return Object.is(value, -0) ? '-0.0' : String(value)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** @param most bytes of it; no part of a text that would have to be read to the end before something is taken out of it */
function encodeBytes(bytes: Uint8Array, redaction: Redaction | undefined, most: number): string {
  const isJson = redaction !== undefined && redaction.members.size > 0
  if (isJson && bytes.byteLength > most) return `"${REDACTED}"`
  try {
    const text = utf8.decode(bytes.byteLength > most ? wholeCharacters(bytes, most) : bytes)
    return jsonText(hideKeys(isJson ? redactJson(text, redaction.members) : text))
  } catch {
    if (isJson) return `"${REDACTED}"`
    return JSON.stringify({ base64: Buffer.from(bytes.subarray(0, Math.floor((most * 3) / 4))).toString('base64') })
  }
}

/** JSON in one line for readers of any language: some take U+2028 and U+2029 for the ends of lines. */
function jsonText(value: unknown): string {
  return JSON.stringify(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
}

/** The beginning of a text, at most so many bytes, without half a character at its end. */
function wholeCharacters(bytes: Uint8Array, most: number): Uint8Array {
  let end = Math.max(0, Math.floor(most))
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}
