/** Memory that a body gets with its first bytes, if it is as long (bytes). */
const FIRST_BYTES = 64 * 1024

/** With each step, memory for this many times what has come. */
const GROWTH = 4

export interface BodyCollector {
  /** All bytes that came so far. */
  readonly received: Buffer
  /** How many are still to come. */
  readonly missing: number
  /** @param chunk at most as long as what is missing; not to be changed afterwards */
  append(chunk: Buffer): void
}

const NOTHING = Buffer.alloc(0)

/**
 * Gathers a body of known length from its pieces, whatever their sizes, in one piece of memory: announced bytes are believed
 * only as far as they come.
 * @param length of the whole body (bytes)
 */
export function createBodyCollector(length: number): BodyCollector {
  let buffer: Buffer = NOTHING
  let size = 0

  function makeRoom(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.min(length, Math.max(FIRST_BYTES, GROWTH * needed)))
    buffer.copy(grown, 0, 0, size)
    buffer = grown
  }

  return {
    get received() {
      return size === buffer.length ? buffer : buffer.subarray(0, size)
    },
    get missing() {
      return length - size
    },
    append(chunk) {
      if (size + chunk.length > length) throw new Error(`${chunk.length} bytes for ${length - size}; this is a bug`)
      if (chunk.length === length) buffer = chunk // all of it, in a packet behind the head's
      else {
        if (size + chunk.length > buffer.length) makeRoom(size + chunk.length)
        buffer.set(chunk, size)
      }
      size += chunk.length
    },
  }
}
