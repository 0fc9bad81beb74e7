import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { refusal } from '../../core/refusal.fixture.ts'
import { ServingError } from '../../core/errors.ts'
import { compressedFiles, type CompressedFile } from './compressed.fixture.ts'
import { crc64 } from './crc64.ts'
import { compressionOf, decompress, decompressStart, FREE_BYTES, MAX_GROWTH, unpackedLimit } from './index.ts'
import { xxh32 } from './xxh32.ts'

const FILES = compressedFiles()
const PLENTY = { maxBytes: 2 ** 30 }

function named(name: string, compression: CompressedFile['compression']): CompressedFile {
  const found = FILES.find((file) => file.name === name && file.compression === compression)
  if (found === undefined) throw new Error(`no ${compression} file "${name}"`)
  return found
}

describe('a compressed file', () => {
  test.each(FILES.map((file) => [file.compression, file.name, file] as const))(
    '%s of %s is told apart and unpacks to what Python packed',
    (compression, _name, { packed, content }) => {
      expect(compressionOf(packed)).toBe(compression)
      expect(Buffer.compare(decompress(packed, compression, { maxBytes: content.length }), content)).toBe(0)
      expect(Buffer.compare(decompressStart(packed, compression, 50), content.subarray(0, 50))).toBe(0)
    },
  )

  test.each(
    FILES.filter(({ content }) => content.length > 1).map((file) => [file.compression, file.name, file] as const),
  )('%s of %s ends at the limit that it is given', (compression, _name, { packed, content }) => {
    const limited = () => decompress(packed, compression, { maxBytes: content.length - 1 })
    expect(refusal(limited)).toMatchObject({ code: 'too_large', details: { reason: 'compression', compression } })
  })

  test.each(
    FILES.filter(({ name }) => name.startsWith('text, ')).map((file) => [file.compression, file.name, file] as const),
  )('%s of %s is refused wherever it is cut, and with anything behind it', (compression, name, { packed }) => {
    // a stream may end between two others, and before padding
    const isSeveral = /streams|padded/.test(name)
    for (let end = 0; end < packed.length; end++) {
      if (isSeveral && isTaken(packed.subarray(0, end), compression)) continue
      expect(refusal(() => decompress(packed.subarray(0, end), compression, PLENTY)).code).toBe('refused')
    }
    for (const more of [[1], [0x1f, 0x8b], [0, 0, 1]])
      expect(refusal(() => decompress(Buffer.concat([packed, Buffer.from(more)]), compression, PLENTY)).code).toBe(
        'refused',
      )
  })

  function isTaken(bytes: Uint8Array, compression: CompressedFile['compression']): boolean {
    try {
      decompress(bytes, compression, PLENTY)
      return true
    } catch {
      return false
    }
  }

  test.each([
    ['gzip', 'text, level 9'],
    ['zlib', 'text, level 9'],
    ['bzip2', 'text, level 9'],
    ['xz', 'text, check 1'],
    ['xz', 'text, level 9'],
    ['xz', 'text, check 10'],
    ['lz4', 'many runs, linked True, checks True'],
  ] as const)('%s of %s is refused, or unpacks to the same, with any one bit changed', (compression, name) => {
    const { packed, content } = named(name, compression)
    // each of the first ones, and some of the others
    for (let bit = 0; bit < packed.length * 8; bit += bit < 400 ? 1 : 41) {
      const changed = Buffer.from(packed)
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      try {
        // the time and the system in a gzip header, and the window's size, change nothing
        expect(Buffer.compare(decompress(changed, compression, PLENTY), content)).toBe(0)
      } catch (error) {
        if (!(error instanceof ServingError)) throw error
        expect(['refused', 'unsupported', 'too_large']).toContain(error.code)
      }
    }
  })

  test('of LZ4 whose blocks alone have checks is refused where their bytes are changed', () => {
    const { packed } = named('text, with checks of blocks alone', 'lz4')
    // seven bytes of header, four of the block's size; its check, and the end mark of four bytes
    for (let at = 11; at < packed.length - 4; at++) {
      const changed = Buffer.from(packed)
      changed[at] = (changed[at] as number) ^ 1
      expect(refusal(() => decompress(changed, 'lz4', PLENTY)).code).toBe('refused')
    }
  })

  test('may grow by what trained models do, and by what arrays of zeros need', () => {
    expect(unpackedLimit(1000, 2 ** 40)).toBe(1000 * MAX_GROWTH + FREE_BYTES)
    expect(unpackedLimit(1000, 500)).toBe(500)
    const zeros = gzipSync(Buffer.alloc(FREE_BYTES))
    expect(decompress(zeros, 'gzip', { maxBytes: 2 ** 31 })).toHaveLength(FREE_BYTES)
    const bomb = gzipSync(Buffer.alloc(2 * FREE_BYTES))
    expect(refusal(() => decompress(bomb, 'gzip', { maxBytes: 2 ** 31 })).code).toBe('too_large')
  })

  test('of bzip2 that unpacks to a thousand million bytes ends at the limit', () => {
    // each stream of 47 bytes or so holds two million zeros
    const { packed } = named('zeros, level 9', 'bzip2')
    const bomb = Buffer.concat(Array.from({ length: 500 }, () => packed))
    expect(refusal(() => decompress(bomb, 'bzip2', { maxBytes: 2 ** 31 })).code).toBe('too_large')
  })

  test('is no other kind of file', () => {
    for (const text of ['x = 1\n', 'BZhou', 'PK\x03\x04', ']q\0.', '', 'x', '(S"a"\n'])
      expect(compressionOf(Buffer.from(text, 'latin1'))).toBeUndefined()
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void compressionOf(bytes)))
  })
})

describe('what a stream says of itself', () => {
  test('is held to: a filter that is not LZMA2 is named', () => {
    const { packed } = named('text, level 9', 'xz')
    const delta = Buffer.from(packed)
    delta[14] = 3
    const error = refusal(() => decompress(withHeaderCrc(delta), 'xz', PLENTY))
    expect(error).toMatchObject({ code: 'unsupported' })
    expect(error.message).toContain('a delta filter')
  })

  test('is held to: streams are padded by four bytes at a time', () => {
    const { packed, content } = named('text, in two streams with padding', 'xz')
    for (let zeros = 0; zeros < 8; zeros++) {
      const padded = Buffer.concat([packed, Buffer.alloc(zeros)])
      if (zeros % 4 === 0) expect(decompress(padded, 'xz', PLENTY)).toHaveLength(content.length)
      else expect(refusal(() => decompress(padded, 'xz', PLENTY)).code).toBe('refused')
    }
  })

  test('is held to: the index of xz repeats the sizes of the blocks', () => {
    const { packed } = named('text, level 9', 'xz')
    const bytes = Buffer.from(packed)
    const indexTo = bytes.length - 12
    const indexFrom = indexTo - (bytes.readUInt32LE(indexTo + 4) + 1) * 4
    // behind the mark and the count of one: the first byte of the first size
    bytes[indexFrom + 2] = (bytes[indexFrom + 2] as number) ^ 1
    bytes.writeUInt32LE(crc32(bytes.subarray(indexFrom, indexTo - 4)), indexTo - 4)
    expect(refusal(() => decompress(bytes, 'xz', PLENTY)).message).toContain('an index that does not fit')
  })

  test('is held to: nothing is copied from behind the window', () => {
    const bytes = Buffer.from(named('far, level 9', 'lzma').packed)
    bytes.writeUInt32LE(4096, 1)
    expect(refusal(() => decompress(bytes, 'lzma', PLENTY)).message).toContain('from before its beginning')
  })

  /** The CRC of the first block header, anew. */
  function withHeaderCrc(bytes: Buffer): Buffer {
    const size = ((bytes[12] as number) + 1) * 4
    bytes.writeUInt32LE(crc32(bytes.subarray(12, 12 + size - 4)), 12 + size - 4)
    return bytes
  }

  function crc32(bytes: Uint8Array): number {
    let crc = -1
    for (const byte of bytes) {
      crc ^= byte
      for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0)
    }
    return ~crc >>> 0
  }

  test('is the check that others compute', () => {
    // from the catalogue of CRC algorithms, and from the xxHash specification
    expect(crc64(Buffer.from('123456789'))).toBe(0x995d_c9bb_df19_39fan)
    expect(crc64(Buffer.from(''))).toBe(0n)
    expect(xxh32(Buffer.from(''))).toBe(0x02cc_5d05)
    expect(xxh32(Buffer.from('a'))).toBe(0x550d_7456)
    expect(xxh32(Buffer.from('Nobody inspects the spammish repetition'))).toBe(0xe229_3b2f)
    expect(createHash('sha256').update('').digest('hex').slice(0, 8)).toBe('e3b0c442')
  })
})
