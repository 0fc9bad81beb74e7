import { ServingError } from '../../core/errors.ts'
import { decodeName, decodeText } from './proto-text.ts'
import { END_GROUP, FIXED32, FIXED64, LENGTH, START_GROUP, VARINT, wireName } from './wire.ts'

/** Most groups within each other that are passed over. */
const MAX_GROUP_DEPTH = 32
/** Longest varint, in bytes: 64 bits, seven in each. */
const MAX_VARINT = 10

/**
 * Takes the values of a protobuf message one after the other, from the bytes as they lie. Between `enter` and `leave` it
 * ends where the entered message does. Its methods throw a ServingError `invalid_argument`, naming the field and the
 * byte, where the bytes are no such message.
 * @see Protocol Buffers, "Encoding"
 */
export class ProtoReader {
  readonly bytes: Buffer
  /** Place of the next byte. */
  at = 0
  /** Place behind the last byte of the message that is being read. */
  end: number
  /** The lower and upper 32 bits of the last varint. */
  low = 0
  high = 0
  readonly #message: string

  /** @param message name of the message's type, for refusals */
  constructor(bytes: Uint8Array, message: string) {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.end = bytes.length
    this.#message = message
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
      if (this.high !== 0) throw this.refuse('a tag', at, 'has a field number above 536870911')
      tag = this.low >>> 0
    }
    if (tag < 8) throw this.refuse('a tag', at, 'has the field number 0')
    if ((tag & 7) > FIXED32) throw this.refuse(`field ${tag >>> 3}`, at, `has the unknown wire type ${tag & 7}`)
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
        this.at = at + i + 1
        this.low = low
        this.high = high
        return
      }
    }
    throw this.refuse(field, at, most === MAX_VARINT ? 'is a varint of over ten bytes' : 'ends within a varint')
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
    return this.bytes.readFloatLE(this.#step(field, 4))
  }

  double(field: string): number {
    return this.bytes.readDoubleLE(this.#step(field, 8))
  }

  /** Goes on by so many bytes; where they began. */
  #step(field: string, size: number): number {
    const { at } = this
    if (size > this.end - at) throw this.refuse(field, at, `takes ${size} bytes, ${this.end - at} are left`)
    this.at = at + size
    return at
  }

  /** Takes a length, of which so many bytes are left. */
  length(field: string): number {
    const { at } = this
    this.varint(field)
    const length = this.low >>> 0
    if (this.high !== 0 || length > this.end - this.at)
      throw this.refuse(
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
    throw this.refuse(field, at, 'is no UTF-8 text')
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

  /** Passes over the value whose tag was taken. */
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
        this.#step(field, 8)
        break
      case FIXED32:
        this.#step(field, 4)
        break
      case LENGTH: {
        const length = this.length(field)
        this.at += length
        break
      }
      default:
        throw this.refuse(field, this.at, 'ends a group that was not begun')
    }
  }

  #skipGroup(outermost: number): void {
    const open = [outermost]
    while (open.length > 0) {
      const tag = this.tag()
      const number = tag >>> 3
      if (tag === 0) throw this.refuse(`field ${open.at(-1)}`, this.at, 'is a group without an end')
      if ((tag & 7) === START_GROUP) {
        if (open.length === MAX_GROUP_DEPTH)
          throw this.refuse(`field ${number}`, this.at, `is over ${MAX_GROUP_DEPTH} groups deep`)
        open.push(number)
      } else if ((tag & 7) === END_GROUP && number === open.at(-1)) open.pop()
      else this.#skipValue(tag)
    }
  }

  /** Why a known field is refused that came in another wire type. */
  wrongWire(field: string, tag: number): ServingError {
    return this.refuse(field, this.at, `came as ${wireName(tag & 7)}, which its type is not`)
  }

  refuse(field: string, at: number, why: string): ServingError {
    return new ServingError('invalid_argument', `these bytes are no ${this.#message}: ${field} at byte ${at} ${why}`, {
      details: { field, byte: at },
    })
  }
}
