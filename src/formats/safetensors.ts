import { refuseRepeatedKeys } from '../codecs/repeated-keys.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Datatype } from '../tensor/datatype.ts'
import { guessArchitecture } from './guess-architecture.ts'

/** Longest header (bytes), as the format's own library has it. */
const MAX_HEADER_BYTES = 100_000_000

/** Element types: bits of each, and the datatype that holds it here, if one does. */
const TYPES: ReadonlyMap<string, { readonly bits: number; readonly datatype: Datatype | undefined }> = new Map<
  string,
  { bits: number; datatype: Datatype | undefined }
>([
  ['BOOL', { bits: 8, datatype: 'BOOL' }],
  ['U8', { bits: 8, datatype: 'UINT8' }],
  ['I8', { bits: 8, datatype: 'INT8' }],
  ['U16', { bits: 16, datatype: 'UINT16' }],
  ['I16', { bits: 16, datatype: 'INT16' }],
  ['U32', { bits: 32, datatype: 'UINT32' }],
  ['I32', { bits: 32, datatype: 'INT32' }],
  ['U64', { bits: 64, datatype: 'UINT64' }],
  ['I64', { bits: 64, datatype: 'INT64' }],
  ['F16', { bits: 16, datatype: 'FP16' }],
  ['BF16', { bits: 16, datatype: 'BF16' }],
  ['F32', { bits: 32, datatype: 'FP32' }],
  ['F64', { bits: 64, datatype: 'FP64' }],
  ['F8_E5M2', { bits: 8, datatype: undefined }],
  ['F8_E4M3', { bits: 8, datatype: undefined }],
  ['F8_E8M0', { bits: 8, datatype: undefined }],
  ['F6_E2M3', { bits: 6, datatype: undefined }],
  ['F6_E3M2', { bits: 6, datatype: undefined }],
  ['F4', { bits: 4, datatype: undefined }],
  ['C64', { bits: 64, datatype: undefined }],
])

export interface SafeTensor {
  readonly name: string
  /** As the file has it: `F32`, `BF16`, `F8_E4M3`. */
  readonly dtype: string
  /** The same in our words; undefined for types that no model takes here. */
  readonly datatype: Datatype | undefined
  readonly shape: readonly number[]
  /** Its elements, little-endian: a view of the file, aligned or not. */
  readonly bytes: Uint8Array
}

/** What a safetensors file holds: weights and no model. */
export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, SafeTensor>
  readonly metadata: ReadonlyMap<string, string>
  readonly parameters: number
  /** What the names and shapes look like, in words: `a BERT-like text encoder`. */
  readonly architecture: string | undefined
}

/** Whether a file begins as safetensors does: the length of a JSON header, and its brace. */
export function isSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length < 10 || bytes[8] !== 0x7b) return false
  const length = headerLength(bytes)
  return length >= 2 && length <= MAX_HEADER_BYTES
}

/**
 * Reads a safetensors file. Its tensors have to cover all bytes behind the header, without gaps or overlaps.
 * @returns tensors as views of the file, in the order of their bytes
 * @throws {ServingError} `refused`, saying which tensor; `unsupported` for element types without a name
 * @see Hugging Face, "safetensors: Format"
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  if (!isSafetensors(bytes)) throw refused('has no header of safetensors')
  const begin = 8 + headerLength(bytes)
  if (begin > bytes.length) throw refused('ends inside its header')
  const content = bytes.subarray(begin)
  const metadata = new Map<string, string>()
  const found: { readonly tensor: SafeTensor; readonly from: number; readonly to: number }[] = []
  for (const [name, value] of Object.entries(headerOf(bytes.subarray(8, begin)))) {
    if (name !== '__metadata__') found.push(tensorOf(name, value, content))
    else
      for (const [key, text] of Object.entries(objectOf(value, 'its metadata'))) {
        if (typeof text !== 'string') throw refused(`has metadata ${quote(key)} that is no text`)
        metadata.set(key, text)
      }
  }
  found.sort((a, b) => a.from - b.from || a.to - b.to)
  let expected = 0
  for (const { tensor, from, to } of found) {
    if (from !== expected)
      throw refused(
        `has ${from < expected ? 'tensors that overlap' : 'bytes of no tensor'} before ${quote(tensor.name)}`,
      )
    expected = to
  }
  if (expected !== content.length) throw refused(`has ${content.length} bytes of tensors, and describes ${expected}`)
  const tensors = new Map(found.map(({ tensor }) => [tensor.name, tensor]))
  let parameters = 0
  for (const { shape } of tensors.values()) parameters += shape.reduce((product, size) => product * size, 1)
  return { tensors, metadata, parameters, architecture: guessArchitecture(tensors) }
}

/** JSON in UTF-8, with spaces behind it where the tensors are aligned. */
function headerOf(bytes: Uint8Array): Record<string, unknown> {
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    value = JSON.parse(text)
  } catch (error) {
    throw refused('has a header that is no JSON', error)
  }
  try {
    refuseRepeatedKeys(value, text, 'its header')
  } catch (error) {
    if (error instanceof ServingError) throw refused(`is ambiguous: ${error.message}`, error)
    throw error
  }
  return objectOf(value, 'its header')
}

function tensorOf(
  name: string,
  value: unknown,
  content: Uint8Array,
): { readonly tensor: SafeTensor; readonly from: number; readonly to: number } {
  const where = quote(name)
  const { dtype, shape, data_offsets: offsets, ...others } = objectOf(value, `tensor ${where}`)
  if (Object.keys(others).length > 0) throw refused(`has a tensor ${where} with unknown members`)
  const type = typeof dtype === 'string' ? TYPES.get(dtype) : undefined
  if (typeof dtype !== 'string' || type === undefined)
    throw new ServingError(
      'unsupported',
      `the safetensors file has a tensor ${where} of the type ${quote(JSON.stringify(dtype) ?? 'none', 40)}; known are ${[...TYPES.keys()].join(', ')}`,
      { details: { reason: 'safetensors' } },
    )
  if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2)
    throw refused(`has a tensor ${where} whose shape or offsets are no lists of whole numbers`)
  const [from = 0, to = 0] = offsets
  if (from > to || to > content.length)
    throw refused(`has a tensor ${where} at ${from} to ${to}, and ${content.length} bytes of tensors`)
  let bits = type.bits
  for (const size of shape) {
    bits *= size
    if (!Number.isSafeInteger(bits)) throw refused(`has a tensor ${where} of the shape [${shape.join(',')}]`)
  }
  if (bits !== (to - from) * 8)
    throw refused(
      `has a tensor ${where} of ${dtype} [${shape.join(',')}], which takes ${bits / 8} bytes, in ${to - from}`,
    )
  const { datatype } = type
  return { tensor: { name, dtype, datatype, shape, bytes: content.subarray(from, to) }, from, to }
}

/** Most dimensions of a tensor. */
const MAX_RANK = 64

function isSizes(value: unknown): value is number[] {
  return (
    Array.isArray(value) && value.length <= MAX_RANK && value.every((size) => Number.isSafeInteger(size) && size >= 0)
  )
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw refused(`has ${what} that is no object`)
}

/** A length beyond 2^53 is larger than any header may be, and comes as some such number. */
function headerLength(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true)
}

function refused(why: string, cause?: unknown): ServingError {
  return new ServingError('refused', `the safetensors file ${why}; write it again from its tensors`, {
    cause,
    details: { reason: 'safetensors' },
  })
}
