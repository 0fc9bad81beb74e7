import { constants, gunzipSync, inflateSync } from 'node:zlib'
import type { Compression } from './index.ts'
import { tooLarge } from './output.ts'
import { damaged } from './problems.ts'

type Deflated = Extract<Compression, 'gzip' | 'zlib'>

/** What zlib hands over at a time (bytes): as much as comes out of most files at once, so that it need not be joined. */
const MAX_CHUNK_BYTES = 2 ** 26
const MIN_CHUNK_BYTES = 2 ** 16

/** Compressed bytes of which the start is unpacked. */
const START_BYTES = 16_384

/** One gzip member or more, each with its CRC and length; zeros may follow, as tape archives have them. */
export function decompressGzip(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const { buffer, consumed } = unpack(bytes, 'gzip', maxBytes)
  for (let at = consumed; at < bytes.length; at++)
    if (bytes[at] !== 0) throw damaged('gzip', `is followed by other bytes, at ${at}`)
  return buffer
}

/** One zlib stream, with its Adler-32. */
export function decompressZlib(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const { buffer, consumed } = unpack(bytes, 'zlib', maxBytes)
  if (consumed !== bytes.length) throw damaged('zlib', `is followed by other bytes, at ${consumed}`)
  return buffer
}

function unpack(
  bytes: Uint8Array,
  compression: Deflated,
  maxBytes: number,
): { readonly buffer: Uint8Array; readonly consumed: number } {
  const run = compression === 'gzip' ? gunzipSync : inflateSync
  try {
    const chunkSize = Math.max(MIN_CHUNK_BYTES, Math.min(MAX_CHUNK_BYTES, maxBytes, bytes.length * 4))
    const { buffer, engine } = run(bytes, { maxOutputLength: maxBytes, chunkSize, info: true }) as unknown as {
      readonly buffer: Uint8Array
      readonly engine: { readonly bytesWritten: number }
    }
    return { buffer, consumed: engine.bytesWritten }
  } catch (error) {
    throw refusalOf(error, compression, maxBytes)
  }
}

function refusalOf(error: unknown, compression: Deflated, maxBytes: number): Error {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(compression, maxBytes)
  // zlib's own words: "incorrect data check", "invalid distance too far back", "unexpected end of file"
  return damaged(compression, `cannot be unpacked (${message})`)
}

/** The first bytes of what a stream unpacks to; fewer where it is damaged. */
export function startOfDeflated(bytes: Uint8Array, compression: Deflated, most: number): Uint8Array {
  const run = compression === 'gzip' ? gunzipSync : inflateSync
  // each compressed byte becomes 1,032 at most
  let taken = Math.min(bytes.length, START_BYTES)
  for (;;) {
    try {
      const start = run(bytes.subarray(0, taken), { finishFlush: constants.Z_SYNC_FLUSH })
      return start.subarray(0, most)
    } catch {
      // damage may lie behind what is wanted
      if (taken <= 64) return new Uint8Array()
      taken >>= 1
    }
  }
}
