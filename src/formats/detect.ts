import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'

/** What a file is, told by its first bytes and its structure; its name has no say. */
export type FileFormat =
  | 'onnx'
  | 'pickle'
  | 'zip'
  | 'gzip'
  | 'tar'
  | 'numpy'
  | 'hdf5'
  | 'safetensors'
  | 'json'
  | 'pipeline'
  | 'text'
  | 'empty'
  | 'unknown'

/** How a format is called in messages. */
export const FORMAT_NAMES: Readonly<Record<FileFormat, string>> = {
  onnx: 'an ONNX model',
  pickle: 'a Python pickle',
  zip: 'a zip archive (PyTorch .pt and .pt2, .npz and Keras files are such)',
  gzip: 'a gzip file',
  tar: 'a tar archive',
  numpy: 'a NumPy array',
  hdf5: 'an HDF5 file (older Keras models are such)',
  safetensors: 'a safetensors file',
  json: 'JSON text',
  pipeline: 'a pipeline of models',
  text: 'text',
  empty: 'an empty file',
  unknown: 'of an unknown format',
}

/** @throws {ServingError} `unsupported` for every format that has no reader yet */
export function refuseOthers(fileName: string, format: FileFormat): asserts format is 'onnx' | 'pipeline' {
  if (format === 'onnx' || format === 'pipeline') return
  throw new ServingError(
    'unsupported',
    `${quote(fileName)} is ${FORMAT_NAMES[format]}; this Slipway compiles ONNX models and pipelines of them`,
    {
      details: { format },
    },
  )
}

const MAGIC: readonly (readonly [FileFormat, readonly number[]])[] = [
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  ['zip', [0x50, 0x4b, 0x05, 0x06]],
  ['gzip', [0x1f, 0x8b]],
  ['numpy', [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]],
  ['hdf5', [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]],
]

/**
 * Tells a file's format by its content.
 * @param bytes the file, or at least its first 4 KiB
 */
export function detectFormat(bytes: Uint8Array): FileFormat {
  if (bytes.length === 0) return 'empty'
  for (const [format, magic] of MAGIC) if (magic.every((byte, i) => bytes[i] === byte)) return format
  if (isPickle(bytes)) return 'pickle'
  if (latin1(bytes, 257, 262) === 'ustar') return 'tar'
  if (bytes[8] === 0x7b && isSafetensorsLength(bytes)) return 'safetensors'
  if (isOnnx(bytes)) return 'onnx'
  const start = latin1(bytes, 0, 4096)
  if (/^[\t\n\r\x20-\x7e\x80-\xff]*$/.test(start)) {
    // a pipeline says so in its first member
    if (/^\s*\{\s*"slipwayPipeline"\s*:/.test(start)) return 'pipeline'
    return /^\s*[[{]/.test(start) ? 'json' : 'text'
  }
  return 'unknown'
}

/** Protocol 2 and later say so; older ones are text, and begin with an opcode that opens or fills the stack. */
function isPickle(bytes: Uint8Array): boolean {
  const [first, second] = bytes
  if (first === 0x80 && second !== undefined && second >= 2 && second <= 5) return true
  const start = latin1(bytes, 0, 64)
  return /^(\(dp|\(lp|\(i|c[A-Za-z_][\w.]*\n[A-Za-z_]|\]q|\}q|\(c[A-Za-z_][\w.]*\n)/.test(start)
}

/** A safetensors file begins with the length of its JSON header, 8 bytes little-endian. */
function isSafetensorsLength(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return bytes.length >= 9 && view.getBigUint64(0, true) < 100_000_000n
}

/** An ONNX model is a ModelProto: its first field is nearly always `ir_version`, a small varint of field 1. */
function isOnnx(bytes: Uint8Array): boolean {
  const [tag, value, next] = bytes
  if (tag !== 0x08 || value === undefined || value === 0 || value > 127) return isOnnxByGraph(bytes)
  // then a field of ModelProto: producer, domain, version, graph, opsets, metadata, functions
  return next !== undefined && MODEL_TAGS.has(next)
}

const MODEL_TAGS = new Set([0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72])

/** Some writers put the operator sets or the producer first: then a plain field header must stand there. */
function isOnnxByGraph(bytes: Uint8Array): boolean {
  const [tag, length, inner] = bytes
  if (tag === 0x42 && length !== undefined && length < 64) return inner === 0x0a || inner === 0x10
  if ((tag === 0x12 || tag === 0x3a) && length !== undefined) {
    const after = bytes[2 + (length & 0x7f)]
    return length < 128 && after !== undefined && (MODEL_TAGS.has(after) || after === 0x08)
  }
  return false
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.subarray(from, to)).toString('latin1')
}
