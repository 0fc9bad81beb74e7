import { ServingError } from '../core/errors.ts'
import { formatBytes, quote } from '../core/text.ts'
import { MAX_MESSAGE_BYTES } from './limits.ts'
import { WIRE } from './protobuf.ts'

/** From this many bytes on, a value is kept by reference until the whole file is put together. */
const LARGE_BYTES = 4096

const encoder = new TextEncoder()

/**
 * Writes the fields of one protobuf message, in the order of the calls. Large values are kept by reference, so that
 * they are copied once, into the finished file.
 */
export class MessageWriter {
  readonly #parts: Uint8Array[] = []
  /** Bytes in `#parts`. */
  #partBytes = 0
  #open = new Uint8Array(64)
  #openBytes = 0

  /** Bytes of the message so far. */
  get sizeBytes(): number {
    return this.#partBytes + this.#openBytes
  }

  /** @throws {ServingError} `invalid_argument` outside the 64-bit range */
  int64(field: number, value: bigint): void {
    if (BigInt.asIntN(64, value) !== value)
      throw new ServingError('invalid_argument', `${value} does not fit 64 bits, the most that ONNX's integers have`)
    this.#tag(field, WIRE.varint)
    this.#varint(BigInt.asUintN(64, value))
  }

  /** A whole number of 32 bits or of up to 53. */
  integer(field: number, value: number): void {
    if (value >= 0 && value < 0x8000_0000) {
      this.#tag(field, WIRE.varint)
      this.#smallVarint(value)
    } else this.int64(field, BigInt(value))
  }

  /** A 4-byte float; every NaN is written as the same one, so that equal models are equal bytes. */
  float32(field: number, value: number): void {
    this.#tag(field, WIRE.fixed32)
    this.#reserve(4)
    const view = new DataView(this.#open.buffer)
    if (Number.isNaN(value)) view.setUint32(this.#openBytes, 0x7fc0_0000, true)
    else view.setFloat32(this.#openBytes, value, true)
    this.#openBytes += 4
  }

  /** @throws {ServingError} `invalid_argument` for text that UTF-8 cannot spell (half a surrogate pair) */
  text(field: number, value: string): void {
    if (!value.isWellFormed())
      throw new ServingError(
        'invalid_argument',
        `${quote(value)} holds half a surrogate pair, which UTF-8 cannot spell; rename it`,
      )
    this.bytes(field, encoder.encode(value))
  }

  bytes(field: number, value: Uint8Array): void {
    this.#tag(field, WIRE.bytes)
    this.#smallVarint(value.byteLength)
    this.#append(value)
  }

  /** @throws {ServingError} `too_large` when the message outgrows what protobuf allows */
  message(field: number, message: MessageWriter): void {
    this.#tag(field, WIRE.bytes)
    this.#smallVarint(message.sizeBytes)
    for (const part of message.#parts) this.#append(part)
    this.#append(message.#open.subarray(0, message.#openBytes))
  }

  /** Signed integers as one packed field. */
  packedInt64(field: number, values: BigInt64Array | readonly number[]): void {
    const packed = new MessageWriter()
    if (values instanceof BigInt64Array) {
      // by halves: a BigInt for each would be most of the work
      const halves = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length)
      for (let i = 0; i < values.length; i++)
        if (halves[2 * i + 1] === 0) packed.#smallVarint(halves[2 * i] as number)
        else packed.#varint(BigInt.asUintN(64, values[i] as bigint))
    } else for (const value of values) packed.#varint(BigInt.asUintN(64, BigInt(value)))
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
    all.set(this.#open.subarray(0, this.#openBytes), offset)
    return all
  }

  #tag(field: number, wire: number): void {
    this.#smallVarint(field * 8 + wire)
  }

  #append(value: Uint8Array): void {
    if (this.sizeBytes + value.byteLength > MAX_MESSAGE_BYTES)
      throw new ServingError(
        'too_large',
        `the model takes over ${formatBytes(MAX_MESSAGE_BYTES)}, the most that one ONNX file can hold; split it`,
        { details: { allowed: MAX_MESSAGE_BYTES } },
      )
    if (value.byteLength < LARGE_BYTES) {
      this.#reserve(value.byteLength)
      this.#open.set(value, this.#openBytes)
      this.#openBytes += value.byteLength
      return
    }
    if (this.#openBytes > 0) this.#parts.push(this.#open.slice(0, this.#openBytes))
    this.#parts.push(value)
    this.#partBytes += this.#openBytes + value.byteLength
    this.#openBytes = 0
  }

  #smallVarint(value: number): void {
    this.#reserve(10)
    let rest = value
    while (rest >= 0x80) {
      this.#open[this.#openBytes++] = (rest & 0x7f) | 0x80
      rest = Math.floor(rest / 128)
    }
    this.#open[this.#openBytes++] = rest
  }

  #varint(value: bigint): void {
    if (value < 0x8000_0000n) return this.#smallVarint(Number(value))
    this.#reserve(10)
    let rest = value
    while (rest >= 0x80n) {
      this.#open[this.#openBytes++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#open[this.#openBytes++] = Number(rest)
  }

  /** Makes room for `more` bytes in the open part. */
  #reserve(more: number): void {
    if (this.#openBytes + more <= this.#open.byteLength) return
    const grown = new Uint8Array(Math.max(this.#open.byteLength * 2, this.#openBytes + more))
    grown.set(this.#open.subarray(0, this.#openBytes))
    this.#open = grown
  }
}
