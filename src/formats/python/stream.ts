import { isAscii, isUtf8 } from 'node:buffer'
import { ServingError } from '../../core/errors.ts'

/** Longest name of a module or class, and longest number in text (bytes). */
const MAX_LINE_BYTES = 4096

/** The file is damaged, or was made to look like something that it is not. */
export function damaged(what: string, offset: number): ServingError {
  return new ServingError('refused', `the pickle ${what} (byte ${offset}); it is damaged or was tampered with`, {
    details: { offset },
  })
}

/** A place in the bytes of a pickle. Every length is checked against what is left before anything is made. */
export class Stream {
  readonly bytes: Buffer
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
  }

  /** Moves over bytes and says where they began. */
  skip(count: number): number {
    const from = this.at
    if (!(count <= this.bytes.length - from))
      throw damaged(`ends after ${this.bytes.length} bytes, ${count - (this.bytes.length - from)} too early`, from)
    this.at = from + count
    return from
  }

  byte(): number {
    return this.bytes[this.skip(1)] as number
  }

  uint16(): number {
    return this.bytes.readUInt16LE(this.skip(2))
  }

  int32(): number {
    return this.bytes.readInt32LE(this.skip(4))
  }

  uint32(): number {
    return this.bytes.readUInt32LE(this.skip(4))
  }

  /** A length of 8 bytes; beyond 2^53 it is no length of anything here, and inexact. */
  uint64(): number {
    return Number(this.bytes.readBigUInt64LE(this.skip(8)))
  }

  float64(): number {
    return this.bytes.readDoubleBE(this.skip(8))
  }

  /** Bytes as they lie in the file: a view. */
  take(count: number): Uint8Array {
    const from = this.skip(count)
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + from, count)
  }

  text(count: number): string {
    const from = this.skip(count)
    return utf8(this.bytes, from, this.at)
  }

  /** A `str` of Python 2: text where it is ASCII; its encoding is unknown where it is not, so it stays bytes. */
  python2Text(count: number): string | Uint8Array {
    const bytes = this.take(count)
    return isAscii(bytes) ? latin1(bytes) : bytes
  }

  /** Bytes up to the end of the line, which is left out. */
  line(): Buffer {
    const from = this.at
    const end = this.bytes.indexOf(0x0a, from)
    if (end === -1) throw damaged('ends inside a line', from)
    this.at = end + 1
    return this.bytes.subarray(from, end)
  }

  /** A line that holds a number or a name. */
  shortLine(): string {
    const from = this.at
    const line = this.line()
    if (line.length > MAX_LINE_BYTES) throw damaged(`has a line of ${line.length} bytes for a number or a name`, from)
    return utf8(line, 0, line.length).replace(/\r$/, '')
  }

  /** A whole number in two's complement, little-endian. */
  integer(count: number): bigint {
    if (count > MAX_LINE_BYTES) throw damaged(`has a whole number of ${count} bytes`, this.at)
    return twosComplement(this.take(count))
  }
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

function utf8(bytes: Buffer, from: number, to: number): string {
  const text = bytes.toString('utf8', from, to)
  if (!text.includes('\ufffd') || isUtf8(bytes.subarray(from, to))) return text
  return withSurrogates(bytes, from, to)
}

/** Python writes half of a surrogate pair in three bytes, which UTF-8 forbids. */
function withSurrogates(bytes: Buffer, from: number, to: number): string {
  const parts: string[] = []
  let start = from
  for (let i = from; i < to; i++) {
    const second = bytes[i + 1] as number
    if (bytes[i] !== 0xed || i + 2 >= to || second < 0xa0 || second > 0xbf) continue
    const third = bytes[i + 2] as number
    if (third < 0x80 || third > 0xbf) continue
    parts.push(strict(bytes, start, i), String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | (third & 0x3f)))
    i += 2
    start = i + 1
  }
  return parts.join('') + strict(bytes, start, to)
}

function strict(bytes: Buffer, from: number, to: number): string {
  if (!isUtf8(bytes.subarray(from, to))) throw damaged('has text that is no UTF-8', from)
  return bytes.toString('utf8', from, to)
}

function twosComplement(bytes: Uint8Array): bigint {
  let hex = ''
  for (let i = bytes.length - 1; i >= 0; i--) hex += (bytes[i] as number).toString(16).padStart(2, '0')
  return hex === '' ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`))
}
