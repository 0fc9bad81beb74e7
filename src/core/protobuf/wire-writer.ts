import { upperWord, varintSize, writeVarint, writeVarint64 } from './wire.ts'
import { textSize, writeText } from './wire-text.ts'

/** Longest varint, in bytes. */
const MAX_VARINT = 10
/** Bytes that a writer begins with, where nobody says how many. */
const FIRST_BYTES = 256

/** Writes the values of a protobuf message one after the other into one buffer, which grows. */
export class WireWriter {
  #bytes: Buffer
  #at = 0

  /** @param firstBytes bytes that it has room for at first */
  constructor(firstBytes = FIRST_BYTES) {
    this.#bytes = Buffer.allocUnsafe(firstBytes)
  }

  /** Bytes written so far. */
  get sizeBytes(): number {
    return this.#at
  }

  /** Leaves room for so many more bytes. */
  #reserve(sizeBytes: number): void {
    const needed = this.#at + sizeBytes
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }

  /** A tag, a length, a uint32: unsigned, below 2^32. */
  varint(value: number): void {
    this.#reserve(MAX_VARINT)
    this.#at = writeVarint(this.#bytes, this.#at, value)
  }

  /** A 64-bit number in two words of any sign. */
  varint64(low: number, high: number): void {
    this.#reserve(MAX_VARINT)
    this.#at = writeVarint64(this.#bytes, this.#at, low, high)
  }

  /** A whole number that is exact as a number. */
  integer(value: number): void {
    this.varint64(value | 0, upperWord(value))
  }

  /** Four bytes: the bits of a number below 2^32. */
  fixed32(bits: number): void {
    this.#reserve(4)
    this.#at = this.#bytes.writeUInt32LE(bits, this.#at)
  }

  /** Eight bytes: the bits of two numbers below 2^32. */
  fixed64(low: number, high: number): void {
    this.fixed32(low)
    this.fixed32(high)
  }

  float(value: number): void {
    this.#reserve(4)
    this.#at = this.#bytes.writeFloatLE(value, this.#at)
  }

  double(value: number): void {
    this.#reserve(8)
    this.#at = this.#bytes.writeDoubleLE(value, this.#at)
  }

  /** A text with its length. */
  text(text: string): void {
    const sizeBytes = textSize(text)
    this.varint(sizeBytes)
    this.#reserve(sizeBytes)
    this.#at = writeText(this.#bytes, this.#at, text, sizeBytes)
  }

  /** Bytes with their length. */
  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length)
    this.append(bytes)
  }

  /** Bytes as they are. */
  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** Begins a message, or a list of packed numbers, whose length is not known yet. @returns what `close` takes */
  open(): number {
    this.#reserve(1)
    return this.#at++
  }

  /** Ends what `open` began: its length goes in front, and moves it where that takes more than a byte. */
  close(at: number): void {
    const length = this.#at - at - 1
    const extra = varintSize(length) - 1
    if (extra > 0) {
      this.#reserve(extra)
      this.#bytes.copyWithin(at + 1 + extra, at + 1, this.#at)
      this.#at += extra
    }
    writeVarint(this.#bytes, at, length)
  }

  /** What was written: a view, good until more is. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }

  /** What was written, in memory of its own; the writer is empty then. */
  finish(): Uint8Array<ArrayBuffer> {
    const written = new Uint8Array(this.#at)
    written.set(this.written())
    this.#at = 0
    return written
  }
}
