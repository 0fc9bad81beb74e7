import { FIXED32, LENGTH } from '../core/protobuf/wire.ts'
import type { WireReader } from '../core/protobuf/wire-reader.ts'
import type { Budget } from './limits.ts'
import type { OnnxReader } from './onnx-reader.ts'

/**
 * Collects a repeated number field, packed or not, as little-endian bytes of one width.
 * @see protobuf, "Encoding", "Packed Repeated Fields": parsers take both forms, mixed
 */
export class ElementBuffer {
  readonly #widthBytes: 4 | 8
  readonly #budget: Budget
  #bytes = new Uint8Array(0)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  /** @param widthBytes of one element: 4 for float and int32, 8 for double and 64-bit integers */
  constructor(widthBytes: 4 | 8, budget: Budget) {
    this.#widthBytes = widthBytes
    this.#budget = budget
  }

  /** Elements so far. */
  get count(): number {
    return this.#length / this.#widthBytes
  }

  /** Takes the reader's current field, of floats or doubles. */
  addFixed(reader: OnnxReader, what: string): void {
    if (reader.wire === FIXED32 && this.#widthBytes === 4) {
      this.#reserve(1, reader, false)
      this.#add32(reader.bits32(what))
      return
    }
    const bytes = reader.wire === LENGTH ? reader.bytes(what) : reader.fixed(what)
    if (bytes.length % this.#widthBytes !== 0)
      throw reader.refuse(`${what} has ${bytes.length} bytes, no whole number of ${this.#widthBytes}-byte elements`)
    this.#reserve(bytes.length / this.#widthBytes, reader, reader.wire === LENGTH)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Takes the reader's current field, of integers; 32-bit ones are refused where they do not fit. */
  addVarints(reader: OnnxReader, what: string): void {
    if (reader.wire !== LENGTH) {
      this.#reserve(1, reader, false)
      if (this.#widthBytes === 4) this.#add32(reader.int32(what))
      else {
        const { low, high } = reader.varint(what)
        this.#add64(low, high)
      }
      return
    }
    const packed = reader.packed(what)
    this.#reserve(countVarints(packed), reader, true)
    if (this.#widthBytes === 8) this.#addPacked64(packed, what)
    else
      while (packed.at < packed.end) {
        packed.varint(what)
        if (packed.high === packed.low >> 31) this.#add32(packed.low)
        else throw reader.refuse(`an element of ${what} does not fit 32 bits`)
      }
  }

  #addPacked64(packed: WireReader, what: string): void {
    const halves = new Int32Array(this.#bytes.buffer)
    let to = this.#length / 4
    while (packed.at < packed.end) {
      packed.varint(what)
      halves[to++] = packed.low
      halves[to++] = packed.high
    }
    this.#length = 4 * to
  }

  /** The elements' bytes: exactly as many as there are, in memory of their own. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#length === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#length)
  }

  #add32(value: number): void {
    this.#view.setInt32(this.#length, value, true)
    this.#length += 4
  }

  #add64(low: number, high: number): void {
    this.#view.setInt32(this.#length, low, true)
    this.#view.setInt32(this.#length + 4, high, true)
    this.#length += 8
  }

  #reserve(count: number, reader: OnnxReader, isExact: boolean): void {
    this.#budget.spend('decodedElements', count, reader.at)
    const needed = this.#length + count * this.#widthBytes
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(isExact ? needed : Math.max(needed, this.#bytes.length * 2, 64))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}

/** How many varints are left: the bytes whose top bit is clear. */
function countVarints({ bytes, at, end }: WireReader): number {
  let count = 0
  for (let i = at; i < end; i++) if ((bytes[i] as number) < 0x80) count++
  return count
}
