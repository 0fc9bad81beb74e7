import { ServingError } from '../core/errors.ts'
import { END_GROUP, FIXED32, FIXED64, LENGTH, START_GROUP, tagOf, VARINT, wireName } from '../core/protobuf/wire.ts'
import { WireReader } from '../core/protobuf/wire-reader.ts'
import { overLimit } from './limits.ts'

/**
 * A cursor over one message of an ONNX file; what is wrong there is `refused`.
 *
 * `while (reader.next())` goes over the fields; in between, `field` and `wire` say what lies ahead, and exactly one of
 * the reading methods takes it. Their `what` names the field in errors, as the format's schema spells it.
 */
export class OnnxReader {
  /** Number of the current field. */
  field = 0
  /** Wire type of the current field. */
  wire = 0
  /** Offset of the current field's tag in the file, in bytes. */
  at = 0

  readonly #values: WireReader

  /**
   * @param file all of its bytes
   * @param from where the message begins, in bytes
   * @param end where it ends
   */
  constructor(file: Uint8Array, from = 0, end = file.length) {
    this.#values = new WireReader(file, malformedFile, from, end)
    this.at = from
  }

  /**
   * Moves to the next field; false at the end of the message.
   * @throws {ServingError} `refused` for a field number outside 1 to 2^29 - 1, a group, or an unknown wire type
   */
  next(): boolean {
    const { at } = this.#values
    const tag = this.#values.tag()
    if (tag === 0) return false
    this.at = at
    this.field = tag >>> 3
    this.wire = tag & 7
    if (this.wire === START_GROUP || this.wire === END_GROUP)
      throw this.refuse(`field ${this.field} is ${wireName(this.wire)}, which ONNX does not use`)
    return true
  }

  /** Passes over the current field: how fields that the schema does not know are treated. */
  skip(): void {
    this.#values.skip(tagOf(this.field, this.wire))
  }

  /** A 64-bit signed integer. */
  int64(what: string): bigint {
    const { low, high } = this.varint(what)
    return (BigInt(high) << 32n) | BigInt(low >>> 0)
  }

  /** A 64-bit signed integer that fits a number exactly. */
  safeInteger(what: string): number {
    return safeIntegerIn(this.varint(what), what, this)
  }

  /** A 32-bit signed integer, refused where its 64 bits say more than 32 can. */
  int32(what: string): number {
    const { low, high } = this.varint(what)
    if (high !== low >> 31) throw this.refuse(`${what} does not fit 32 bits`)
    return low
  }

  /** A varint of 64 bits, in two words: good until the next is read. */
  varint(what: string): Readonly<Pick<WireReader, 'low' | 'high'>> {
    this.#expect(VARINT, what)
    this.#values.varint(what)
    return this.#values
  }

  float32(what: string): number {
    this.#expect(FIXED32, what)
    return this.#values.float(what)
  }

  /** The bits of a 4-byte field. */
  bits32(what: string): number {
    this.#expect(FIXED32, what)
    const { bytes } = this.#values
    return bytes.readInt32LE(this.#values.take(what, 4))
  }

  /** The bytes of a length-delimited field: a view into the file. */
  bytes(what: string): Uint8Array {
    this.#expect(LENGTH, what)
    return this.#view(what, this.#values.length(what))
  }

  /** The bytes of a 4 or 8 byte field: a view into the file. */
  fixed(what: string): Uint8Array {
    if (this.wire !== FIXED32) this.#expect(FIXED64, what)
    return this.#view(what, this.wire === FIXED32 ? 4 : 8)
  }

  /** A plain view, so that no part of a model is a Buffer. */
  #view(what: string, length: number): Uint8Array {
    const { bytes } = this.#values
    return new Uint8Array(bytes.buffer, bytes.byteOffset + this.#values.take(what, length), length)
  }

  /**
   * UTF-8 text.
   * @param limit the most bytes it may have
   * @throws {ServingError} `refused` when it is longer or no UTF-8
   */
  text(what: string, limit: number, limitName: 'nameBytes' | 'textBytes' = 'nameBytes'): string {
    this.#expect(LENGTH, what)
    const values = this.#values
    const from = values.at
    const length = values.length(what)
    if (length > limit) throw overLimit(limitName, length, limit, this.at)
    values.at = from
    return values.name(what)
  }

  /** A reader of the message in a length-delimited field. */
  message(what: string): OnnxReader {
    const { bytes, at, end } = this.packed(what)
    return new OnnxReader(bytes, at, end)
  }

  /** The packed numbers in a length-delimited field. */
  packed(what: string): WireReader {
    this.#expect(LENGTH, what)
    const length = this.#values.length(what)
    const from = this.#values.take(what, length)
    return new WireReader(this.#values.bytes, malformedFile, from, from + length)
  }

  /** The error for a broken rule of ONNX, at a byte of the file. */
  refuse(message: string, offset = this.at): ServingError {
    return refusal(message, offset)
  }

  /** The error for what ONNX has and we do not take. */
  unsupported(message: string, offset = this.at): ServingError {
    return new ServingError('unsupported', `${message} (at byte ${offset})`, { details: { offset } })
  }

  #expect(wire: number, what: string): void {
    if (this.wire !== wire) throw this.refuse(`${what} is ${wireName(this.wire)}, it should be ${wireName(wire)}`)
  }
}

/** A varint of 64 bits as a number. @throws {ServingError} `refused` beyond what a number holds exactly */
export function safeIntegerIn(
  { low, high }: Readonly<Pick<WireReader, 'low' | 'high'>>,
  what: string,
  reader: OnnxReader,
): number {
  const value = high * 2 ** 32 + (low >>> 0)
  if (!Number.isSafeInteger(value)) throw reader.refuse(`${what} is beyond 2^53`)
  return value
}

function malformedFile(field: string, at: number, why: string): ServingError {
  return refusal(`${field} ${why}`, at)
}

function refusal(message: string, offset: number): ServingError {
  return new ServingError('refused', `${message} (at byte ${offset}): the file is damaged or no ONNX model`, {
    details: { offset },
  })
}
