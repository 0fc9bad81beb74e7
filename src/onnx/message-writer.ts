import { ServingError } from '../core/errors.ts'
import { FIXED32, LENGTH, tagOf, VARINT } from '../core/protobuf/wire.ts'
import { WireWriter } from '../core/protobuf/wire-writer.ts'
import { formatBytes, quote } from '../core/text.ts'
import { MAX_MESSAGE_BYTES } from './limits.ts'

/** From this many bytes on, a value is kept by reference until the whole file is put together. */
const LARGE_BYTES = 4096

/** The bits of the one NaN that is written. */
const NAN_BITS = 0x7fc0_0000

/**
 * Writes the fields of one protobuf message, in the order of the calls. Large values are kept by reference, so that
 * they are copied once, into the finished file.
 */
export class MessageWriter {
  readonly #parts: Uint8Array[] = []
  /** Bytes in `#parts`. */
  #partBytes = 0
  /** What comes after the parts. */
  readonly #open = new WireWriter()

  /** Bytes of the message so far. */
  get sizeBytes(): number {
    return this.#partBytes + this.#open.sizeBytes
  }

  /** @throws {ServingError} `invalid_argument` outside the 64-bit range */
  int64(field: number, value: bigint): void {
    if (BigInt.asIntN(64, value) !== value)
      throw new ServingError('invalid_argument', `${value} does not fit 64 bits, the most that ONNX's integers have`)
    this.#open.varint(tagOf(field, VARINT))
    this.#varint(value)
  }

  /** A whole number of 32 bits or of up to 53. */
  integer(field: number, value: number): void {
    if (value >= 0 && value < 0x8000_0000) {
      this.#open.varint(tagOf(field, VARINT))
      this.#open.varint(value)
    } else this.int64(field, BigInt(value))
  }

  /** A 4-byte float; every NaN is written as the same one, so that equal models are equal bytes. */
  float32(field: number, value: number): void {
    this.#open.varint(tagOf(field, FIXED32))
    if (Number.isNaN(value)) this.#open.fixed32(NAN_BITS)
    else this.#open.float(value)
  }

  /** @throws {ServingError} `invalid_argument` for text that UTF-8 cannot spell (half a surrogate pair) */
  text(field: number, value: string): void {
    if (!value.isWellFormed())
      throw new ServingError(
        'invalid_argument',
        `${quote(value)} holds half a surrogate pair, which UTF-8 cannot spell; rename it`,
      )
    this.#open.varint(tagOf(field, LENGTH))
    this.#open.text(value)
  }

  bytes(field: number, value: Uint8Array): void {
    this.#open.varint(tagOf(field, LENGTH))
    this.#open.varint(value.byteLength)
    this.#append(value)
  }

  /** @throws {ServingError} `too_large` when the message outgrows what protobuf allows */
  message(field: number, message: MessageWriter): void {
    this.#open.varint(tagOf(field, LENGTH))
    this.#open.varint(message.sizeBytes)
    for (const part of message.#parts) this.#append(part)
    this.#append(message.#open.written())
  }

  /** Signed integers as one packed field. */
  packedInt64(field: number, values: BigInt64Array | readonly number[]): void {
    const packed = new MessageWriter()
    if (values instanceof BigInt64Array) {
      // by halves: a BigInt for each would be most of the work
      const halves = new Int32Array(values.buffer, values.byteOffset, 2 * values.length)
      for (let i = 0; i < halves.length; i += 2) packed.#open.varint64(halves[i] as number, halves[i + 1] as number)
    } else for (const value of values) packed.#varint(BigInt(value))
    this.message(field, packed)
  }

  /** The message's bytes, in one piece. */
  finish(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.sizeBytes)
    let offset = 0
    for (const part of this.#parts) {
      all.set(part, offset)
      offset += part.byteLength
    }
    all.set(this.#open.written(), offset)
    return all
  }

  #varint(value: bigint): void {
    this.#open.varint64(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)))
  }

  #append(value: Uint8Array): void {
    if (this.sizeBytes + value.byteLength > MAX_MESSAGE_BYTES)
      throw new ServingError(
        'too_large',
        `the model takes over ${formatBytes(MAX_MESSAGE_BYTES)}, the most that one ONNX file can hold; split it`,
        { details: { allowed: MAX_MESSAGE_BYTES } },
      )
    if (value.byteLength < LARGE_BYTES) {
      this.#open.append(value)
      return
    }
    const before = this.#open.finish()
    if (before.length > 0) this.#parts.push(before)
    this.#parts.push(value)
    this.#partBytes += before.length + value.byteLength
  }
}
