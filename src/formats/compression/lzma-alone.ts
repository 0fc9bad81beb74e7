import { LzmaDecoder, lzmaProperties } from './lzma-decoder.ts'
import type { Output } from './output.ts'
import { damaged } from './problems.ts'

const HEADER_BYTES = 13
const MIN_WINDOW_BYTES = 4096

/** Sizes from here on are no file's. @see xz, "lzma_alone_decoder": it takes none of 256 GiB */
const MAX_SIZE = 2 ** 38

interface Header {
  readonly properties: number
  readonly windowBytes: number
  /** How much comes out (bytes); undefined where an end mark says it. */
  readonly sizeBytes: number | undefined
}

/**
 * Whether bytes begin as a `.lzma` file does. It has no magic number: properties that exist, a window of 2^n or 2^n +
 * 2^(n-1) bytes, a size below 256 GiB or none, and the zero that each range coder begins with.
 */
export function isLzmaAlone(bytes: Uint8Array): boolean {
  return bytes[HEADER_BYTES] === 0 && headerOf(bytes) !== undefined
}

function headerOf(bytes: Uint8Array): Header | undefined {
  if (bytes.length <= HEADER_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const properties = view.getUint8(0)
  const windowBytes = view.getUint32(1, true)
  const size = view.getBigUint64(5, true)
  if (lzmaProperties(properties) === undefined || !isWindow(windowBytes)) return undefined
  if (size === 0xffff_ffff_ffff_ffffn) return { properties, windowBytes, sizeBytes: undefined }
  return size < MAX_SIZE ? { properties, windowBytes, sizeBytes: Number(size) } : undefined
}

function isWindow(sizeBytes: number): boolean {
  if (sizeBytes === 0xffff_ffff) return true
  const highest = 2 ** (31 - Math.clz32(sizeBytes))
  return sizeBytes >= MIN_WINDOW_BYTES && (sizeBytes === highest || sizeBytes === highest * 1.5)
}

/**
 * Unpacks a `.lzma` file, the form before xz. It has no checksum: only its length and its end are checked.
 * @throws {ServingError} `refused`, `too_large`
 */
export function decompressLzmaAlone(bytes: Uint8Array, output: Output): void {
  const header = headerOf(bytes)
  const properties = header && lzmaProperties(header.properties)
  if (header === undefined || properties === undefined) throw damaged('lzma', 'has no LZMA header')
  const decoder = new LzmaDecoder('lzma', bytes, output)
  decoder.beginWindow(header.windowBytes)
  decoder.configure(properties)
  const end = decoder.decode(HEADER_BYTES, bytes.length, header.sizeBytes, true)
  if (end !== bytes.length) throw damaged('lzma', `is followed by other bytes, at ${end}`)
}
