import { FRAME_BYTES, FRAME_HEAD_BYTES, FRAME_SIZE_ERROR, Http2Error } from './frames.ts'

/** Told of each whole frame; its payload stands in `bytes` from `start` to `end`. */
export type OnFrame = (type: number, flags: number, id: number, bytes: Buffer, start: number, end: number) => void

/** Takes the bytes of a connection apart into frames. A frame that comes in pieces is put together in its own memory. */
export class FrameReader {
  readonly #onFrame: OnFrame
  /** What has come of a frame: its first `#size` bytes. */
  #partial: Buffer = Buffer.allocUnsafe(FRAME_HEAD_BYTES)
  #size = 0

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame
  }

  /** @throws {Http2Error} for a frame that is larger than is taken, as soon as it is announced */
  push(chunk: Buffer): void {
    let at = this.#size === 0 ? 0 : this.#complete(chunk)
    const last = chunk.length - FRAME_HEAD_BYTES
    while (at <= last) {
      const start = at + FRAME_HEAD_BYTES
      const end = start + lengthAt(chunk, at)
      if (end > chunk.length) break
      this.#onFrame(chunk[at + 3] as number, chunk[at + 4] as number, idAt(chunk, at), chunk, start, end)
      at = end
    }
    if (at < chunk.length) this.#complete(chunk.subarray(at))
  }

  /** Adds to the frame that has begun. @returns where the next one begins in `chunk` */
  #complete(chunk: Buffer): number {
    let at = 0
    if (this.#size < FRAME_HEAD_BYTES) {
      at = this.#copy(chunk, 0, FRAME_HEAD_BYTES)
      if (this.#size < FRAME_HEAD_BYTES) return at
      const whole = Buffer.allocUnsafe(FRAME_HEAD_BYTES + lengthAt(this.#partial, 0))
      whole.set(this.#partial)
      this.#partial = whole
    }
    const frame = this.#partial
    at = this.#copy(chunk, at, frame.length)
    if (this.#size < frame.length) return at
    this.#size = 0
    this.#partial = Buffer.allocUnsafe(FRAME_HEAD_BYTES)
    this.#onFrame(frame[3] as number, frame[4] as number, idAt(frame, 0), frame, FRAME_HEAD_BYTES, frame.length)
    return at
  }

  /** Copies what is missing to `size`, as far as it has come. @returns where the next byte stands in `chunk` */
  #copy(chunk: Buffer, at: number, size: number): number {
    const count = Math.min(size - this.#size, chunk.length - at)
    chunk.copy(this.#partial, this.#size, at, at + count)
    this.#size += count
    return at + count
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  const length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
  if (length > FRAME_BYTES)
    throw new Http2Error(FRAME_SIZE_ERROR, `a frame of ${length} bytes is announced, ${FRAME_BYTES} are taken`)
  return length
}

function idAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at + 5) & 0x7fff_ffff
}
