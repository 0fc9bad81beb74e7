/** How finely deadlines are kept, and how often they are looked at (ms). */
const RESOLUTION_MS = 10

/** Something that has to be done by a time. It carries its own place in the list, so that watching it allocates nothing. */
export abstract class Deadline {
  /** On the clock of the deadlines that watch it (ms). */
  readonly deadlineMs: number
  /** The list that it stands in, while it is watched. */
  slot: Slot | undefined = undefined
  earlier: Deadline | undefined = undefined
  later: Deadline | undefined = undefined

  constructor(deadlineMs: number) {
    this.deadlineMs = deadlineMs
  }

  /** The time has come. */
  abstract expire(): void
}

/** All that is due within the same 10 ms. */
interface Slot {
  readonly number: number
  first: Deadline | undefined
  last: Deadline | undefined
}

export interface Deadlines {
  /** Has `expire` called once the time has come, at most 20 ms late. */
  watch(deadline: Deadline): void
  /** Forgets one that is no longer of interest; nothing happens when it is not watched. */
  unwatch(deadline: Deadline): void
  /** Stops the timer and forgets all. */
  close(): void
}

/**
 * One coarse timer for all requests that wait, in place of a timer each. It ticks only while something is watched.
 * @param now milliseconds, never going back
 */
export function createDeadlines(now: () => number): Deadlines {
  const slots = new Map<number, Slot>()
  let timer: NodeJS.Timeout | undefined
  let swept = 0

  function watch(deadline: Deadline): void {
    const number = Math.max(Math.ceil(deadline.deadlineMs / RESOLUTION_MS), swept + 1)
    let slot = slots.get(number)
    if (slot === undefined) slots.set(number, (slot = { number, first: undefined, last: undefined }))
    const { last } = slot
    deadline.slot = slot
    deadline.earlier = last
    if (last === undefined) slot.first = deadline
    else last.later = deadline
    slot.last = deadline
    if (timer === undefined) start()
  }

  function unwatch(deadline: Deadline): void {
    const { slot, earlier, later } = deadline
    if (slot === undefined) return
    if (earlier === undefined) slot.first = later
    else earlier.later = later
    if (later === undefined) slot.last = earlier
    else later.earlier = earlier
    deadline.slot = undefined
    deadline.earlier = undefined
    deadline.later = undefined
    if (slot.first === undefined && slots.get(slot.number) === slot) slots.delete(slot.number)
  }

  function start(): void {
    swept = Math.floor(now() / RESOLUTION_MS)
    timer = setInterval(sweep, RESOLUTION_MS)
    timer.unref()
  }

  function sweep(): void {
    const current = Math.floor(now() / RESOLUTION_MS)
    swept = current
    for (const [number, slot] of slots) {
      if (number > current) continue
      slots.delete(number)
      // one at a time from the head: what expires may unwatch others of its slot
      for (let due = slot.first; due !== undefined; due = slot.first) {
        unwatch(due)
        due.expire()
      }
    }
    if (slots.size === 0) close()
  }

  function close(): void {
    clearInterval(timer)
    timer = undefined
    slots.clear()
  }

  return { watch, unwatch, close }
}
