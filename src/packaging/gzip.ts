import { pipeline } from 'node:stream/promises'
import { crc32, createDeflateRaw } from 'node:zlib'

/**
 * How hard layers are compressed. For the Node binary (143 MiB) level 9 takes three times as long as level 6 and
 * saves 0.4 % of the bytes; level 1 takes half as long and costs 10 %.
 */
const COMPRESSION_LEVEL = 6

/** Magic, deflate, no flags, no time, no hint of the level, and 255: an operating system that nobody needs to know. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255)

/**
 * Gzips a stream, with a header that is the same on every machine.
 * @see RFC 1952, section 2.3
 */
export async function* gzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const deflate = createDeflateRaw({ level: COMPRESSION_LEVEL })
  let checksum = 0
  let sizeBytes = 0
  async function* measured(): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      checksum = crc32(piece, checksum)
      sizeBytes += piece.byteLength
      yield piece
    }
  }
  const fed = pipeline(measured(), deflate)
  fed.catch(() => {}) // a source that fails destroys the compressor, so the loop below throws that failure
  try {
    yield HEADER
    for await (const piece of deflate) yield piece as Uint8Array
    await fed
  } finally {
    deflate.destroy()
  }
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(checksum, 0)
  trailer.writeUInt32LE(sizeBytes % 2 ** 32, 4)
  yield trailer
}
