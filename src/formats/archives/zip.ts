import { crc32, inflateRawSync } from 'node:zlib'
import { ServingError } from '../../core/errors.ts'
import { formatBytes, quote } from '../../core/text.ts'
import { unpackedLimit } from '../compression/index.ts'
import { archiveRefused } from './entry-names.ts'
import { readZipDirectory, type ZipRecord } from './zip-directory.ts'

export interface ZipLimits {
  /** Most that all entries together may unpack to (bytes). */
  readonly maxBytes: number
}

const DEFAULT_LIMITS: ZipLimits = { maxBytes: 8 * 2 ** 30 }

export interface ZipEntry {
  /** Its path in the archive, parts joined by `/`. */
  readonly name: string
  /** When unpacked (bytes). */
  readonly sizeBytes: number
  /** In the archive (bytes). */
  readonly packedBytes: number
  readonly method: 'stored' | 'deflated'
  /** Where its bytes begin in the archive. */
  readonly offset: number
}

/** A zip archive whose directory was read and checked; its entries are unpacked when they are asked for. */
export interface ZipArchive {
  /** Files by their path, in the order in which they lie in the archive; folders are left out. */
  readonly entries: ReadonlyMap<string, ZipEntry>
  /**
   * The bytes of an entry, checked by its CRC: a view of the archive where they are stored, memory of its own else.
   * @throws {ServingError} `refused` for damage, and where there is no such entry
   */
  readonly read: (name: string) => Uint8Array
}

/**
 * Opens a zip archive.
 * @throws {ServingError} `refused` for damage and for all that readers disagree about: bytes that belong to no entry,
 *   overlaps, headers that contradict the directory, repeated or unsafe names, links, encryption; `unsupported` for ways
 *   of packing other than deflate; `too_large` for too many entries, and for those that unpack to too much
 */
export function readZip(bytes: Uint8Array, { maxBytes }: ZipLimits = DEFAULT_LIMITS): ZipArchive {
  const records = readZipDirectory(bytes)
  const unpacked = records.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const limit = unpackedLimit(bytes.length, maxBytes)
  if (unpacked > limit)
    throw new ServingError(
      'too_large',
      `the zip archive of ${formatBytes(bytes.length)} unpacks to ${formatBytes(unpacked)}, the most is ${formatBytes(limit)}; if you made it, store its files without compression`,
      { details: { reason: 'archive', maxBytes: limit } },
    )
  const entries = new Map(records.map((record): [string, ZipRecord] => [record.name, record]))
  return {
    entries,
    read(name) {
      const record = entries.get(name)
      if (record === undefined) throw archiveRefused('zip archive', `has no entry ${quote(name)}`)
      const packed = bytes.subarray(record.offset, record.offset + record.packedBytes)
      const content = record.method === 'stored' ? packed : inflate(packed, record)
      if (crc32(content) !== record.crc)
        throw archiveRefused('zip archive', `is damaged: ${quote(name)} fails its checksum`)
      return content
    },
  }
}

function inflate(packed: Uint8Array, { name, sizeBytes }: ZipRecord): Uint8Array {
  try {
    // one more than it may have, so that the one shows; no more than deflate can make of it
    const chunkSize = Math.max(1024, Math.min(sizeBytes, packed.length * 1032) + 1)
    const { buffer, engine } = inflateRawSync(packed, {
      maxOutputLength: Math.max(1, sizeBytes),
      chunkSize,
      info: true,
    }) as unknown as { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } }
    if (buffer.length === sizeBytes && engine.bytesWritten === packed.length) return buffer
  } catch (error) {
    if (error instanceof ServingError) throw error
  }
  throw archiveRefused('zip archive', `is damaged: ${quote(name)} does not unpack to its ${sizeBytes} bytes`)
}
