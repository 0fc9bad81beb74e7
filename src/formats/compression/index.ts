import { decompressBzip2 } from './bzip2.ts'
import { decompressGzip, decompressZlib, startOfDeflated } from './deflate.ts'
import { decompressLz4 } from './lz4.ts'
import { decompressLzmaAlone, isLzmaAlone } from './lzma-alone.ts'
import { Output } from './output.ts'
import { decompressXz } from './xz.ts'
import { ServingError } from '../../core/errors.ts'

/** How a whole file is compressed: the six ways that joblib knows. `lzma` is the older `.lzma` ("alone") form of xz. */
export type Compression = 'gzip' | 'zlib' | 'bzip2' | 'xz' | 'lzma' | 'lz4'

/**
 * How much a compressed file may grow, for each of its bytes and on top. Trained models shrink by 2 to 10. Sparse ones,
 * arrays of zeros mostly, shrink by 1,000 (zlib) or 7,000 (xz), and bombs do no better, so no ratio tells them apart:
 * the 64 MiB that every file has for free are for those (eight million coefficients), and a larger file of zeros has to
 * be written uncompressed.
 */
export const MAX_GROWTH = 200
export const FREE_BYTES = 64 * 2 ** 20

export interface DecompressOptions {
  /** Most that may come out (bytes), whatever the size of what goes in. */
  readonly maxBytes: number
}

/** Most that a compressed file may unpack to (bytes). */
export function unpackedLimit(compressedBytes: number, maxBytes: number): number {
  return Math.max(1, Math.min(maxBytes, compressedBytes * MAX_GROWTH + FREE_BYTES))
}

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
]

/**
 * Tells by its first bytes how a file is compressed; undefined where it is not. 14 bytes are enough.
 * @see RFC 1950, RFC 1952, "The .xz File Format", "LZ4 Frame Format"
 */
export function compressionOf(bytes: Uint8Array): Compression | undefined {
  for (const [compression, magic] of MAGIC) if (magic.every((byte, i) => bytes[i] === byte)) return compression
  const [first = 0, second = 0, third = 0, fourth = 0] = bytes
  // deflate, and none of the flags that are reserved
  if (first === 0x1f && second === 0x8b && third === 8 && (fourth & 0xe0) === 0) return 'gzip'
  // a window of 32 KiB, no dictionary, the check of both bytes, and a first block of a known kind
  if (first === 0x78 && ((first << 8) | second) % 31 === 0 && (second & 0x20) === 0 && (third & 6) !== 6) return 'zlib'
  if (isBzip2(bytes)) return 'bzip2'
  return isLzmaAlone(bytes) ? 'lzma' : undefined
}

/** `BZh`, a level, and the mark of a block or of the end. */
function isBzip2(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x42 || bytes[1] !== 0x5a || bytes[2] !== 0x68) return false
  const level = bytes[3] ?? 0
  return level >= 0x31 && level <= 0x39 && (bytes[4] === 0x31 || bytes[4] === 0x17)
}

/**
 * Unpacks a whole file. All checksums are verified, streams that follow each other are read as one (gzip, bzip2, xz, lz4),
 * and anything else behind the end is refused.
 * @returns memory of its own, which begins at offset 0 of its buffer
 * @throws {ServingError} `refused` for damage; `unsupported` for features that no Python library uses; `too_large` where
 *   more comes out than `maxBytes` or `MAX_GROWTH` allow, as soon as it does
 */
export function decompress(bytes: Uint8Array, compression: Compression, { maxBytes }: DecompressOptions): Uint8Array {
  const limit = unpackedLimit(bytes.length, maxBytes)
  if (compression === 'gzip') return decompressGzip(bytes, limit)
  if (compression === 'zlib') return decompressZlib(bytes, limit)
  const output = new Output(compression, bytes.length, limit)
  DECODERS[compression](bytes, output)
  return output.take()
}

/**
 * The first bytes of what a compressed file unpacks to, to see what it is; nothing is verified, and damage ends it early.
 * @param most how many (bytes); fewer where there are no more
 */
export function decompressStart(bytes: Uint8Array, compression: Compression, most: number): Uint8Array {
  if (compression === 'gzip' || compression === 'zlib') return startOfDeflated(bytes, compression, most)
  const output = new Output(compression, Math.min(bytes.length, most), most)
  try {
    DECODERS[compression](bytes, output)
  } catch (error) {
    if (!(error instanceof ServingError)) throw error
  }
  return output.take()
}

const DECODERS: Readonly<Record<Exclude<Compression, 'gzip' | 'zlib'>, (bytes: Uint8Array, output: Output) => void>> = {
  bzip2: decompressBzip2,
  xz: decompressXz,
  lzma: decompressLzmaAlone,
  lz4: decompressLz4,
}
