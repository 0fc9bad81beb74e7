import { ServingError } from '../../core/errors.ts'
import { formatBytes } from '../../core/text.ts'
import { COMPRESSION_NAMES } from './problems.ts'
import type { Compression } from './index.ts'

const SMALLEST_BYTES = 65_536

/**
 * Bytes that a decoder produces: grows as they come, never by the word of a header, and ends at a limit. What was
 * produced is the window that matches are copied from.
 */
export class Output {
  /** What was produced, and room behind it; another array after each `reserve`. */
  bytes: Uint8Array<ArrayBuffer>
  length = 0
  readonly #compression: Compression
  readonly #maxBytes: number

  /** @param maxBytes most that may be produced (bytes) */
  constructor(compression: Compression, compressedBytes: number, maxBytes: number) {
    this.#compression = compression
    this.#maxBytes = maxBytes
    this.bytes = new Uint8Array(Math.min(maxBytes, Math.max(SMALLEST_BYTES, compressedBytes * 3)))
  }

  /**
   * Makes room for more bytes.
   * @throws {ServingError} `too_large` where the limit has no room for them
   */
  reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    if (needed > this.#maxBytes) throw tooLarge(this.#compression, this.#maxBytes)
    const grown = new Uint8Array(Math.min(this.#maxBytes, Math.max(needed, this.bytes.length * 2)))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  /** Takes bytes as they are; of too many, those that have room. */
  append(bytes: Uint8Array): void {
    const room = this.#maxBytes - this.length
    if (bytes.length > room && room > 0) this.append(bytes.subarray(0, room))
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** Copies what was produced `distance` bytes ago, which the caller has checked; the copy may run into itself. Of too many, those that have room. */
  repeat(distance: number, count: number): void {
    const room = this.#maxBytes - this.length
    if (count > room && room > 0) this.repeat(distance, room)
    this.reserve(count)
    const { bytes } = this
    let to = this.length
    let from = to - distance
    this.length += count
    if (distance === 1 && count > 16) bytes.fill(bytes[from] as number, to, to + count)
    else if (distance >= count && count > 64) bytes.copyWithin(to, from, from + count)
    else for (let left = count; left > 0; left--) bytes[to++] = bytes[from++] as number
  }

  /** Appends one byte many times. */
  fill(byte: number, count: number): void {
    const room = Math.min(count, this.#maxBytes - this.length)
    this.reserve(room)
    this.bytes.fill(byte, this.length, this.length + room)
    this.length += room
    this.reserve(count - room)
  }

  /** All that was produced, not copied. */
  take(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length)
  }
}

/** More came out than may. */
export function tooLarge(compression: Compression, maxBytes: number): ServingError {
  return new ServingError(
    'too_large',
    `the ${COMPRESSION_NAMES[compression]} stream unpacks to over ${formatBytes(maxBytes)}, the most that is unpacked of so small a file; if you made it, write it again without compression`,
    { details: { reason: 'compression', compression, maxBytes } },
  )
}
