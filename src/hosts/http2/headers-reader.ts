import {
  CONTINUATION,
  END_HEADERS,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  FRAME_SIZE_ERROR,
  HAS_PRIORITY,
  Http2Error,
  PADDED,
  PROTOCOL_ERROR,
} from './frames.ts'
import { HpackDecoder, type Fields } from './hpack-decoder.ts'
import { MAX_BLOCK_BYTES, MAX_BLOCK_FRAMES, MAX_HEADERS, MAX_HEADERS_BYTES } from './limits.ts'

/** Headers of a request, or what stands behind its body. */
export interface Block {
  readonly id: number
  /** Whether nothing follows them. */
  readonly isLast: boolean
  readonly fields: Fields
}

const PRIORITY_BYTES = 5

/** Puts the headers of a request together from their frames. */
export class HeadersReader {
  readonly #decoder = new HpackDecoder({ maxBytes: MAX_HEADERS_BYTES, maxFields: MAX_HEADERS })
  #id = 0
  #isLast = false
  #parts: Buffer[] = []
  #bytes = 0

  /** Whether some have come, and not all of them. */
  get isOpen(): boolean {
    return this.#id !== 0
  }

  /**
   * @returns headers that are whole with this frame
   * @throws {Http2Error} for frames that break the rules, and for too many of them
   */
  read(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): Block | undefined {
    if (type === CONTINUATION) return this.#continue(flags, id, bytes.subarray(start, end))
    if (id === 0) throw new Http2Error(PROTOCOL_ERROR, 'headers are about a stream')
    let at = start
    let last = end
    if (flags & PADDED) last -= at < end ? (bytes[at++] as number) : end
    if (flags & HAS_PRIORITY) at += PRIORITY_BYTES
    if (at > end) throw new Http2Error(FRAME_SIZE_ERROR, 'headers are cut off')
    if (at > last) throw new Http2Error(PROTOCOL_ERROR, 'padding is longer than its frame')
    const isLast = (flags & END_STREAM) !== 0
    if (flags & END_HEADERS) return { id, isLast, fields: this.#decoder.decode(bytes, at, last) }
    this.#id = id
    this.#isLast = isLast
    this.#add(bytes.subarray(at, last))
    return undefined
  }

  #continue(flags: number, id: number, part: Buffer): Block | undefined {
    if (id !== this.#id || id === 0) throw new Http2Error(PROTOCOL_ERROR, 'headers go on that did not begin')
    this.#add(part)
    if ((flags & END_HEADERS) === 0) return undefined
    const block = Buffer.concat(this.#parts)
    this.#id = 0
    this.#parts = []
    this.#bytes = 0
    return { id, isLast: this.#isLast, fields: this.#decoder.decode(block, 0, block.length) }
  }

  #add(part: Buffer): void {
    this.#parts.push(Buffer.from(part)) // not to hold on to what stands beside it
    this.#bytes += part.length
    if (this.#bytes > MAX_BLOCK_BYTES || this.#parts.length > MAX_BLOCK_FRAMES)
      throw new Http2Error(ENHANCE_YOUR_CALM, 'the headers of a request have no end')
  }
}
