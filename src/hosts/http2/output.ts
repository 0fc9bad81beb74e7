import type { Socket } from 'node:net'

/** Memory for small frames, as it is taken (bytes). */
const SLAB_BYTES = 32 * 1024

/** What waits for the end of a tick at most (bytes). */
const MOST_UNSENT_BYTES = 256 * 1024

const NOTHING = Buffer.alloc(0)

/** What goes out on a connection: all that is written in one tick in one piece. */
export class Output {
  readonly #socket: Socket
  readonly #onWritable: () => void
  /** Where `reserve` has made room. Never used twice: the socket may still hold it. */
  slab: Buffer = NOTHING
  /** What of the slab is not in `#parts` yet. */
  #start = 0
  #end = 0
  #parts: Uint8Array[] = []
  #unsentBytes = 0
  #isScheduled = false
  #isOver = false
  /** Whether the client does not read what was written. */
  isBlocked = false
  /** Whether anything was written since that was last set to false. */
  isUsed = false

  /** @param onWritable told when the client reads again */
  constructor(socket: Socket, onWritable: () => void) {
    this.#socket = socket
    this.#onWritable = onWritable
    socket.on('drain', () => {
      this.isBlocked = false
      if (!this.#isOver) this.#onWritable()
    })
  }

  /** Makes room for so many bytes, to be written at once. @returns where it begins in `slab` */
  reserve(size: number): number {
    if (this.slab.length - this.#end < size) {
      this.#seal()
      this.slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, size))
      this.#start = 0
      this.#end = 0
    }
    const at = this.#end
    this.#end += size
    this.#count(size)
    return at
  }

  /** Sends bytes without copying them: they must stay as they are. */
  pass(bytes: Uint8Array): void {
    this.#seal()
    this.#parts.push(bytes)
    this.#count(bytes.length)
  }

  /** Whether so much waits for the end of the tick that it should not wait longer. */
  get isFull(): boolean {
    return this.#unsentBytes > MOST_UNSENT_BYTES
  }

  /** Hands all to the socket. */
  flush = (): void => {
    this.#isScheduled = false
    this.#seal()
    const parts = this.#parts
    this.#unsentBytes = 0
    if (parts.length === 0) return
    this.#parts = []
    const socket = this.#socket
    if (this.#isOver || !socket.writable) return
    if (parts.length === 1) socket.write(parts[0] as Uint8Array)
    else {
      socket.cork()
      for (const part of parts) socket.write(part)
      socket.uncork()
    }
    this.isBlocked = socket.writableNeedDrain
  }

  /** Hands out what is left, and no more after that. */
  end(): void {
    this.flush()
    this.#isOver = true
  }

  /** Lets go of memory that nothing was written to for a while. */
  rest(): void {
    if (!this.isUsed && this.#start === this.#end) {
      this.slab = NOTHING
      this.#start = 0
      this.#end = 0
    }
    this.isUsed = false
  }

  #count(size: number): void {
    this.isUsed = true
    this.#unsentBytes += size
    if (!this.#isScheduled) {
      this.#isScheduled = true
      queueMicrotask(this.#afterOthers)
    }
  }

  /** A tick that begins after a microtask begins after them all: answers that come together go out together. */
  readonly #afterOthers = (): void => process.nextTick(this.flush)

  #seal(): void {
    if (this.#end === this.#start) return
    this.#parts.push(this.slab.subarray(this.#start, this.#end))
    this.#start = this.#end
  }
}
