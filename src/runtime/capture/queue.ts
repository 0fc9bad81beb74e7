/** Lines that wait to be written, bounded: what does not fit is dropped. */
export interface CaptureQueue<T> {
  /** @returns whether there was room */
  push(item: T, sizeBytes: number): boolean
  /** Everything that waits, oldest first. */
  take(): readonly T[]
  readonly sizeBytes: number
}

export function createCaptureQueue<T>(maxBytes: number): CaptureQueue<T> {
  let items: T[] = []
  let sizeBytes = 0
  return {
    push(item, bytes) {
      if (sizeBytes + bytes > maxBytes) return false
      items.push(item)
      sizeBytes += bytes
      return true
    },
    take() {
      const all = items
      items = []
      sizeBytes = 0
      return all
    },
    get sizeBytes() {
      return sizeBytes
    },
  }
}
