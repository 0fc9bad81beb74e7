import { COMPRESSION_ERROR, Http2Error } from './frames.ts'
import { decodeHuffman } from './huffman.ts'
import { STATIC_TABLE } from './static-table.ts'

/** Most that the table holds, as it is when nothing else is agreed on (bytes). @see RFC 9113, SETTINGS_HEADER_TABLE_SIZE */
const TABLE_BYTES = 4096

/** What an entry costs beside its text (bytes). @see RFC 7541, "Calculating Table Size" */
const ENTRY_BYTES = 32

/** Blocks that are remembered, and how long they are at most (bytes). */
const MAX_REMEMBERED = 32
const MAX_REMEMBERED_BYTES = 512

/** Bytes of an integer after its first at most: none that makes sense is larger. */
const MAX_INTEGER_BYTES = 4

export interface HpackLimits {
  /** Names, values, and 32 bytes for each field. @see RFC 9113, SETTINGS_MAX_HEADER_LIST_SIZE */
  readonly maxBytes: number
  readonly maxFields: number
}

/** Names and values in turn, or `too large` where they exceed the limits: the table is right all the same. */
export type Fields = readonly string[] | 'too large'

/**
 * Reads blocks of headers. What is over the limits is read, for the sake of the table, and not kept. The same block read
 * again while the table is as it was gives the same object again.
 * @see RFC 7541
 */
export class HpackDecoder {
  readonly #limits: HpackLimits
  /** Newest last. */
  readonly #names: string[] = []
  readonly #values: string[] = []
  #size = 0
  #maxSize = TABLE_BYTES
  readonly #remembered = new Map<string, Fields>()

  // of the block under way
  #bytes: Buffer = NOTHING
  #at = 0
  #end = 0
  #fields: string[] = []
  #fieldsBytes = 0
  #isTooLarge = false
  #changesTable = false

  constructor(limits: HpackLimits) {
    this.#limits = limits
  }

  /** @throws {Http2Error} for a block that cannot be read: the connection is lost, since its table is */
  decode(bytes: Buffer, start: number, end: number): Fields {
    if (end - start > MAX_REMEMBERED_BYTES) return this.#read(bytes, start, end)
    const key = bytes.toString('latin1', start, end)
    const known = this.#remembered.get(key)
    if (known !== undefined) return known
    const fields = this.#read(bytes, start, end)
    if (this.#changesTable) return fields
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear()
    this.#remembered.set(key, fields)
    return fields
  }

  #read(bytes: Buffer, start: number, end: number): Fields {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    this.#fields = []
    this.#fieldsBytes = 0
    this.#isTooLarge = false
    this.#changesTable = false
    while (this.#at < end) this.#readField()
    this.#bytes = NOTHING
    return this.#isTooLarge ? 'too large' : this.#fields
  }

  /** @see RFC 7541, "Binary Format" */
  #readField(): void {
    const first = this.#bytes[this.#at] as number
    if (first >= 0x80) {
      const index = this.#readInteger(0x7f)
      this.#keep(this.#nameAt(index), this.#valueAt(index))
    } else if (first >= 0x40) {
      const index = this.#readInteger(0x3f)
      const name = index === 0 ? this.#readText() : this.#nameAt(index)
      const value = this.#readText()
      this.#keep(name, value)
      this.#insert(name, value)
    } else if (first >= 0x20) {
      this.#resize(this.#readInteger(0x1f))
    } else {
      const index = this.#readInteger(0x0f)
      const name = index === 0 ? this.#readText() : this.#nameAt(index)
      this.#keep(name, this.#readText())
    }
  }

  #keep(name: string, value: string): void {
    this.#fieldsBytes += name.length + value.length + ENTRY_BYTES
    const { maxBytes, maxFields } = this.#limits
    if (this.#fieldsBytes > maxBytes || this.#fields.length >= 2 * maxFields) this.#isTooLarge = true
    else this.#fields.push(name, value)
  }

  #insert(name: string, value: string): void {
    this.#markChanged()
    const size = name.length + value.length + ENTRY_BYTES
    this.#evictTo(this.#maxSize - size)
    if (size > this.#maxSize) return // it empties the table, and is not kept
    this.#names.push(name)
    this.#values.push(value)
    this.#size += size
  }

  #resize(maxSize: number): void {
    if (maxSize > TABLE_BYTES)
      throw new Http2Error(COMPRESSION_ERROR, `a table of ${maxSize} bytes is asked for, ${TABLE_BYTES} are the most`)
    if (this.#fieldsBytes > 0) throw new Http2Error(COMPRESSION_ERROR, 'a table is resized after a field')
    this.#markChanged()
    this.#maxSize = maxSize
    this.#evictTo(maxSize)
  }

  #markChanged(): void {
    this.#changesTable = true
    if (this.#remembered.size > 0) this.#remembered.clear()
  }

  #evictTo(size: number): void {
    let count = 0
    while (this.#size > size && count < this.#names.length) {
      this.#size -= (this.#names[count] as string).length + (this.#values[count] as string).length + ENTRY_BYTES
      count++
    }
    if (count === 0) return
    this.#names.splice(0, count)
    this.#values.splice(0, count)
  }

  #nameAt(index: number): string {
    const known = STATIC_TABLE[index - 1]
    return known === undefined ? (this.#names[this.#place(index)] as string) : known[0]
  }

  #valueAt(index: number): string {
    const known = STATIC_TABLE[index - 1]
    return known === undefined ? (this.#values[this.#place(index)] as string) : known[1]
  }

  #place(index: number): number {
    const place = this.#names.length - (index - STATIC_TABLE.length)
    if (index === 0 || place < 0)
      throw new Http2Error(COMPRESSION_ERROR, `a field has the index ${index}, the table has less`)
    return place
  }

  /** @see RFC 7541, "Integer Representation" */
  #readInteger(mask: number): number {
    let value = this.#readByte() & mask
    if (value < mask) return value
    for (let i = 0; i < MAX_INTEGER_BYTES; i++) {
      const byte = this.#readByte()
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) return value
    }
    throw new Http2Error(COMPRESSION_ERROR, 'an integer of a header is too large')
  }

  #readText(): string {
    const isHuffman = (this.#bytes[this.#at] as number) >= 0x80
    const length = this.#readInteger(0x7f)
    const start = this.#at
    if (length > this.#end - start) throw cutOff()
    this.#at = start + length
    if (isHuffman) return decodeHuffman(this.#bytes, start, this.#at)
    return this.#bytes.toString('latin1', start, this.#at)
  }

  #readByte(): number {
    if (this.#at >= this.#end) throw cutOff()
    return this.#bytes[this.#at++] as number
  }
}

const NOTHING = Buffer.alloc(0)

function cutOff(): Http2Error {
  return new Http2Error(COMPRESSION_ERROR, 'a header ends in the middle')
}
