import { ServingError } from '../core/errors.ts'
import { overLimit } from './limits.ts'

/** How a field's value lies in the bytes. Groups (3 and 4) are refused. @see protobuf, "Encoding" */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

const WIRE_NAMES = ['a varint', '8 bytes', 'a length and bytes', 'a group', 'the end of a group', '4 bytes']

// BOMs are kept: a name that begins with one is not the name without it
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A cursor over one protobuf message. Nothing is copied and nothing is allocated on the word of a length: every length
 * is compared with the bytes that are left.
 *
 * `while (reader.next())` goes over the fields; in between, `field` and `wire` say what lies ahead, and exactly one of
 * the reading methods takes it. Their `what` names the field in errors, as the format's schema spells it.
 */
export class WireReader {
  /** Number of the current field. */
  field = 0
  /** Wire type of the current field. */
  wire = 0
  /** Offset of the current field's tag in the file, in bytes. */
  at: number
  /** Low and high half of the varint read last. */
  low = 0
  high = 0

  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #end: number
  #offset: number

  /**
   * @param bytes the whole file
   * @param start where the message begins, in bytes
   * @param end where it ends
   */
  constructor(
    bytes: Uint8Array,
    start = 0,
    end = bytes.byteLength,
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  ) {
    this.#bytes = bytes
    this.#view = view
    this.#offset = start
    this.#end = end
    this.at = start
  }

  /** Whether all of the message has been read. */
  get isDone(): boolean {
    return this.#offset >= this.#end
  }

  /**
   * Moves to the next field; false at the end of the message.
   * @throws {ServingError} `refused` for a field number outside 1 to 2^29 - 1, a group, or an unknown wire type
   */
  next(): boolean {
    if (this.isDone) return false
    this.at = this.#offset
    this.readVarint()
    if (this.high !== 0) throw this.refuse('a field has a tag above 32 bits')
    this.field = this.low >>> 3
    this.wire = this.low & 7
    if (this.field === 0) throw this.refuse('a field has the number 0, which protobuf does not allow')
    if (
      this.wire !== WIRE.varint &&
      this.wire !== WIRE.bytes &&
      this.wire !== WIRE.fixed32 &&
      this.wire !== WIRE.fixed64
    )
      throw this.refuse(
        `field ${this.field} is ${WIRE_NAMES[this.wire] ?? `of wire type ${this.wire}`}, which ONNX does not use`,
      )
    return true
  }

  /** Passes over the current field: how fields that the schema does not know are treated. */
  skip(): void {
    if (this.wire === WIRE.varint) this.readVarint()
    else if (this.wire === WIRE.bytes) this.#delimited(`field ${this.field}`)
    else this.#take(this.wire === WIRE.fixed32 ? 4 : 8, `field ${this.field}`)
  }

  /** A 64-bit signed integer. */
  int64(what: string): bigint {
    this.#expect(WIRE.varint, what)
    this.readVarint()
    return (BigInt(this.high) << 32n) | BigInt(this.low >>> 0)
  }

  /** Reads the current field into `low` and `high`, where a BigInt would be made for nothing. */
  takeVarint(what: string): void {
    this.#expect(WIRE.varint, what)
    this.readVarint()
  }

  /** A 64-bit signed integer that fits a number exactly. */
  safeInteger(what: string): number {
    this.#expect(WIRE.varint, what)
    return this.varintAsInteger(what)
  }

  /** A 32-bit signed integer, refused where its 64 bits say more than 32 can. */
  int32(what: string): number {
    this.#expect(WIRE.varint, what)
    this.readVarint()
    if (this.high !== this.low >> 31) throw this.refuse(`${what} does not fit 32 bits`)
    return this.low
  }

  /** The bits of a 4-byte field. */
  bits32(what: string): number {
    this.#expect(WIRE.fixed32, what)
    return this.#view.getInt32(this.#take(4, what), true)
  }

  float32(what: string): number {
    this.#expect(WIRE.fixed32, what)
    return this.#view.getFloat32(this.#take(4, what), true)
  }

  /** The bytes of a length-delimited field: a view into the file. */
  bytes(what: string): Uint8Array {
    this.#expect(WIRE.bytes, what)
    const start = this.#delimited(what)
    return this.#bytes.subarray(start, this.#offset)
  }

  /** The bytes of a 4 or 8 byte field: a view into the file. */
  fixed(what: string): Uint8Array {
    if (this.wire !== WIRE.fixed32) this.#expect(WIRE.fixed64, what)
    const start = this.#take(this.wire === WIRE.fixed32 ? 4 : 8, what)
    return this.#bytes.subarray(start, this.#offset)
  }

  /**
   * UTF-8 text.
   * @param limit the most bytes it may have
   * @throws {ServingError} `refused` when it is longer or no UTF-8
   */
  text(what: string, limit: number, limitName: 'nameBytes' | 'textBytes' = 'nameBytes'): string {
    const bytes = this.bytes(what)
    if (bytes.length > limit) throw overLimit(limitName, bytes.length, limit, this.at)
    try {
      return decoder.decode(bytes)
    } catch (cause) {
      throw this.refuse(`${what} is not UTF-8`, this.at, cause)
    }
  }

  /** A reader of the message, or the packed numbers, in a length-delimited field. */
  message(what: string): WireReader {
    this.#expect(WIRE.bytes, what)
    const start = this.#delimited(what)
    return new WireReader(this.#bytes, start, this.#offset, this.#view)
  }

  /** Reads a varint into `low` and `high`: at most 10 bytes, at most 64 bits. */
  readVarint(): void {
    const bytes = this.#bytes
    const start = this.#offset
    let low = 0
    let high = 0
    for (let i = 0; i < 10; i++) {
      if (start + i >= this.#end) throw this.refuse('a varint is cut off', start)
      const byte = bytes[start + i] as number
      if (i < 4) low |= (byte & 0x7f) << (7 * i)
      else if (i === 4) {
        low |= byte << 28
        high = (byte & 0x7f) >> 4
      } else if (i < 9) high |= (byte & 0x7f) << (7 * i - 32)
      else {
        if (byte > 1) throw this.refuse('a varint has over 64 bits', start)
        high |= byte << 31
      }
      if (byte < 0x80) {
        this.#offset = start + i + 1
        this.low = low
        this.high = high
        return
      }
    }
  }

  /** Reads a varint as a number. @throws {ServingError} `refused` beyond what a number holds exactly */
  varintAsInteger(what: string): number {
    this.readVarint()
    const value = this.high * 2 ** 32 + (this.low >>> 0)
    if (!Number.isSafeInteger(value)) throw this.refuse(`${what} is beyond 2^53`)
    return value
  }

  /**
   * Reads all varints that are left, the usual one of one byte without a call.
   * @param halves where they go from `from` on, each as its low and its high half; there must be room for all
   */
  readVarints(halves: Int32Array, from: number): void {
    const bytes = this.#bytes
    const end = this.#end
    let to = from
    while (this.#offset < end) {
      const byte = bytes[this.#offset] as number
      if (byte < 0x80) {
        halves[to] = byte
        halves[to + 1] = 0
        this.#offset++
      } else {
        this.readVarint()
        halves[to] = this.low
        halves[to + 1] = this.high
      }
      to += 2
    }
  }

  /** How many varints are left: the bytes whose top bit is clear. */
  countVarints(): number {
    let count = 0
    for (let i = this.#offset; i < this.#end; i++) if ((this.#bytes[i] as number) < 0x80) count++
    return count
  }

  /** The error for a broken rule of the encoding or of ONNX, at a byte of the file. */
  refuse(message: string, offset = this.at, cause?: unknown): ServingError {
    return new ServingError('refused', `${message} (at byte ${offset}): the file is damaged or no ONNX model`, {
      cause,
      details: { offset },
    })
  }

  /** The error for what ONNX has and we do not take. */
  unsupported(message: string, offset = this.at): ServingError {
    return new ServingError('unsupported', `${message} (at byte ${offset})`, { details: { offset } })
  }

  #expect(wire: number, what: string): void {
    if (this.wire !== wire) throw this.refuse(`${what} is ${WIRE_NAMES[this.wire]}, it should be ${WIRE_NAMES[wire]}`)
  }

  /** Reads a length and passes over as many bytes; returns where they begin. */
  #delimited(what: string): number {
    this.readVarint()
    return this.#take((this.high >>> 0) * 2 ** 32 + (this.low >>> 0), what)
  }

  /** Passes over `length` bytes (any double up to 2^64); returns where they begin. */
  #take(length: number, what: string): number {
    const start = this.#offset
    if (length > this.#end - start)
      throw this.refuse(`${what} says it has ${length} bytes, ${this.#end - start} are left`)
    this.#offset = start + length
    return start
  }
}
