/** Random choices, the same ones for the same seed (mulberry32). */
export class Chance {
  #state: number
  constructor(seed: number) {
    this.#state = seed | 0
  }
  /** 0 to 1, without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  /** Whether something of this chance (0 to 1) happens. */
  happens(chance: number): boolean {
    return this.next() < chance
  }
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }
  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.next() * choices.length)] as T
  }
}

interface Due {
  readonly atMs: number
  readonly seq: number
  readonly label: string
  readonly run: () => void
}

/** Time that goes on only from one thing that is due to the next; things due at once come in the order they were asked for. */
export class VirtualTime {
  nowMs = 0
  /** What the calendar is ahead of the clock (ms): it may jump. */
  wallOffsetMs = 1_800_000_000_000
  readonly #heap: Due[] = []
  #seq = 0
  #hash = 0x811c9dc5
  #ids = 0

  /** A name that nobody has had. */
  newId(): string {
    return (this.#ids++).toString(36).padStart(16, '0')
  }

  after(delayMs: number, label: string, run: () => void): void {
    const due = { atMs: this.nowMs + Math.max(0, delayMs), seq: this.#seq++, label, run }
    const heap = this.#heap
    let at = heap.length
    heap.push(due)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(due, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = due
  }

  /** Runs the next thing that is due, and all that follows from it at the same moment. @returns false when nothing is */
  async step(): Promise<boolean> {
    const due = this.#pop()
    if (due === undefined) return false
    this.nowMs = due.atMs
    this.note(due.label)
    due.run()
    // Promises that were fulfilled run on before anything else of ours does
    await new Promise<void>((resolve) => void setImmediate(resolve))
    return true
  }

  #pop(): Due | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      let below = heap[child]
      const right = heap[child + 1]
      if (below === undefined) break
      if (right !== undefined && isBefore(right, below)) {
        below = right
        child++
      }
      if (!isBefore(below, last)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
    return first
  }

  /** Takes something that happened into the trace. */
  note(text: string): void {
    let hash = this.#hash ^ Math.floor(this.nowMs * 16)
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    this.#hash = hash | 0
  }

  /** Of all that happened, when and in which order: equal for two runs of one seed. */
  get traceHash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.seq < b.seq)
}
