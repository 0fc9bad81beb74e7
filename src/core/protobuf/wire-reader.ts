import type { ServingError } from '../errors.ts'
import { END_GROUP, FIXED32, FIXED64, LENGTH, START_GROUP, VARINT, wireName } from './wire.ts'
import { decodeName, decodeText } from './wire-text.ts'

/** Longest varint, in bytes: 64 bits, seven in each. A constant of this file: imported ones are looked up in each loop. */
const MAX_VARINT = 10
/** Most groups within each other that are passed over. */
const MAX_GROUP_DEPTH = 32

/**
 * The error for bytes that break the encoding.
 * @param field the field that they should be, or what else
 * @param at place of the first of them
 * @param why goes on from the field's name: `ends within a varint`
 */
export type Malformed = (field: string, at: number, why: string) => ServingError

/**
 * Takes the values of a protobuf message one after the other, from the bytes as they lie. Between `enter` and `leave` it
 * ends where the entered message does. Nothing is allocated on the word of a length: each is compared with the bytes that
 * are left. Where the bytes are no such message, its methods throw what `malformed` makes of the field and the place: a
 * request is answered, a file is refused.
 * @see Protocol Buffers, "Encoding"
 */
export class WireReader {
  readonly bytes: Buffer
  /** Place of the next byte. */
  at = 0
  /** Place behind the last byte of the message that is being read. */
  end = 0
  /** The lower and upper 32 bits of the last varint, sign and all. */
  low = 0
  high = 0

  readonly malformed: Malformed

  /**
   * @param bytes what the message stands in
   * @param from where it begins
   * @param end the place behind it
   */
  constructor(bytes: Uint8Array, malformed: Malformed, from = 0, end = bytes.length) {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = from
    this.end = end
    this.malformed = malformed
  }

  /** Takes the next tag: field number and wire type, as `tagOf` makes them; 0 at the end of the message. */
  tag(): number {
    const { at } = this
    if (at >= this.end) return 0
    const first = this.bytes[at] as number
    let tag = first
    if (first < 0x80) this.at = at + 1
    else {
      this.varint('a tag')
      if (this.high !== 0) throw this.malformed('a tag', at, 'has a field number above 536870911')
      tag = this.low >>> 0
    }
    if (tag < 8) throw this.malformed('a tag', at, 'has the field number 0')
    if ((tag & 7) > FIXED32) throw this.malformed(`field ${tag >>> 3}`, at, `has the unknown wire type ${tag & 7}`)
    return tag
  }

  /** Takes a varint into `low` and `high`. */
  varint(field: string): void {
    const { bytes, end, at } = this
    const first = at < end ? (bytes[at] as number) : 0x80
    if (first < 0x80) {
      this.at = at + 1
      this.low = first
      this.high = 0
    } else this.#longVarint(field)
  }

  #longVarint(field: string): void {
    const { bytes, at } = this
    const most = Math.min(this.end - at, MAX_VARINT)
    let low = 0
    let high = 0
    for (let i = 0; i < most; i++) {
      const byte = bytes[at + i] as number
      const bits = byte & 0x7f
      if (i < 4) low |= bits << (7 * i)
      else if (i === 4) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (7 * i - 32)
      if (byte < 0x80) {
        // the tenth byte has room for the last of 64 bits
        if (i === MAX_VARINT - 1 && byte > 1) break
        this.at = at + i + 1
        this.low = low
        this.high = high
        return
      }
    }
    throw this.malformed(field, at, most === MAX_VARINT ? 'is a varint of over 64 bits' : 'ends within a varint')
  }

  /** Takes an int64: a number where that is exact, a bigint else. */
  int64(field: string): number | bigint {
    this.varint(field)
    const { low, high } = this
    if (high === 0 || (high === -1 && low < 0)) return high === 0 ? low >>> 0 : low
    const value = high * 2 ** 32 + (low >>> 0)
    return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low >>> 0)
  }

  /** As `int64`, unsigned. */
  uint64(field: string): number | bigint {
    this.varint(field)
    const { low, high } = this
    const value = (high >>> 0) * 2 ** 32 + (low >>> 0)
    return Number.isSafeInteger(value) ? value : (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
  }

  int32(field: string): number {
    this.varint(field)
    return this.low | 0
  }

  uint32(field: string): number {
    this.varint(field)
    return this.low >>> 0
  }

  bool(field: string): boolean {
    this.varint(field)
    return (this.low | this.high) !== 0
  }

  float(field: string): number {
    return this.bytes.readFloatLE(this.take(field, 4))
  }

  double(field: string): number {
    return this.bytes.readDoubleLE(this.take(field, 8))
  }

  /** Goes on by so many bytes; where they began. */
  take(field: string, sizeBytes: number): number {
    const { at } = this
    if (sizeBytes > this.end - at)
      throw this.malformed(field, at, `takes ${sizeBytes} bytes, ${this.end - at} are left`)
    this.at = at + sizeBytes
    return at
  }

  /** Takes a length, of which so many bytes are left. */
  length(field: string): number {
    const { at } = this
    this.varint(field)
    const length = this.low >>> 0
    if (this.high !== 0 || length > this.end - this.at)
      throw this.malformed(
        field,
        at,
        `says that it is ${this.high === 0 ? length : 'over 4294967295'} bytes long, ${this.end - this.at} are left`,
      )
    return length
  }

  /** Takes bytes: a view of them. */
  slice(field: string): Buffer {
    const length = this.length(field)
    const from = this.at
    this.at = from + length
    return this.bytes.subarray(from, this.at)
  }

  /** Takes a text. */
  text(field: string): string {
    const length = this.length(field)
    const from = this.at
    this.at = from + length
    return decodeText(this.bytes, from, this.at) ?? this.#noText(field, from)
  }

  /** Takes a text that other messages are likely to hold too. */
  name(field: string): string {
    const length = this.length(field)
    const from = this.at
    this.at = from + length
    return decodeName(this.bytes, from, this.at) ?? this.#noText(field, from)
  }

  #noText(field: string, at: number): never {
    throw this.malformed(field, at, 'is no UTF-8 text')
  }

  /** Goes into a message, or a list of packed numbers. @returns what `leave` takes */
  enter(field: string): number {
    const length = this.length(field)
    const outer = this.end
    this.end = this.at + length
    return outer
  }

  /** Goes on in the message around. */
  leave(outer: number): void {
    this.end = outer
  }

  /**
   * Passes over a field that the message does not have; groups too.
   * @param known the message's fields by number: one of these comes here only in a wire type that it cannot have
   */
  pass(tag: number, known: readonly (string | undefined)[]): void {
    const field = known[tag >>> 3]
    if (field !== undefined) throw this.wrongWire(field, tag)
    this.skip(tag)
  }

  /** Why a known field is refused that came in another wire type. */
  wrongWire(field: string, tag: number): ServingError {
    return this.malformed(field, this.at, `came as ${wireName(tag & 7)}, which its type is not`)
  }

  /** Passes over the value whose tag was taken; over groups too. */
  skip(tag: number): void {
    if ((tag & 7) === START_GROUP) this.#skipGroup(tag >>> 3)
    else this.#skipValue(tag)
  }

  #skipValue(tag: number): void {
    const field = `field ${tag >>> 3}`
    switch (tag & 7) {
      case VARINT:
        this.varint(field)
        break
      case FIXED64:
        this.take(field, 8)
        break
      case FIXED32:
        this.take(field, 4)
        break
      case LENGTH: {
        const length = this.length(field)
        this.at += length
        break
      }
      default:
        throw this.malformed(field, this.at, 'ends a group that was not begun')
    }
  }

  #skipGroup(outermost: number): void {
    const open = [outermost]
    while (open.length > 0) {
      const tag = this.tag()
      const number = tag >>> 3
      if (tag === 0) throw this.malformed(`field ${open.at(-1)}`, this.at, 'is a group without an end')
      if ((tag & 7) === START_GROUP) {
        if (open.length === MAX_GROUP_DEPTH)
          throw this.malformed(`field ${number}`, this.at, `is over ${MAX_GROUP_DEPTH} groups deep`)
        open.push(number)
      } else if ((tag & 7) === END_GROUP && number === open.at(-1)) open.pop()
      else this.#skipValue(tag)
    }
  }
}
