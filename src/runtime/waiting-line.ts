import type { Priority } from './plane.ts'
import type { QueueMemory } from './queue-memory.ts'

/** Something that waits in a line; it carries its own place there, so that it can leave from anywhere at once. */
export interface Place<Item> {
  readonly priority: Priority
  readonly rows: number
  readonly bytes: number
  readonly arrivedMs: number
  isInLine: boolean
  before: Item | undefined
  behind: Item | undefined
}

/** How much of what waits. An item of no rows counts as one row. */
export interface Amount {
  rows: number
  items: number
  bytes: number
}

export interface WaitingLine<Item extends Place<Item>> {
  readonly rows: number
  readonly bytes: number
  /** What would be run before a newcomer of this priority. */
  ahead(priority: Priority): Readonly<Amount>
  push(item: Item): void
  /** Takes an item out, wherever it stands. */
  remove(item: Item): void
  /** The one whose turn it is: the oldest of the most urgent. */
  first(): Item | undefined
  /** The one whose turn comes after that of `item`. */
  after(item: Item): Item | undefined
  /** The one whose turn would come last. */
  last(): Item | undefined
  /** Who has waited longest of those that are less urgent than the first. */
  longestBehind(first: Item): Item | undefined
}

const PRIORITIES: readonly Priority[] = [1, 2, 3]

/** Places that an item takes up: its rows, at least one. */
export function placesOf({ rows }: { readonly rows: number }): number {
  return Math.max(rows, 1)
}

/**
 * First in, first out within each priority; the urgent before the others.
 * @param memory told of what enters and leaves
 */
export function createWaitingLine<Item extends Place<Item>>(memory: QueueMemory): WaitingLine<Item> {
  const heads: (Item | undefined)[] = [undefined, undefined, undefined, undefined]
  const tails: (Item | undefined)[] = [undefined, undefined, undefined, undefined]
  /** By priority: of this one and all before it. */
  const upTo = heads.map((): Amount => ({ rows: 0, items: 0, bytes: 0 }))
  const total = upTo[3] as Amount

  function count(item: Item, sign: 1 | -1): void {
    const rows = placesOf(item) * sign
    const bytes = item.bytes * sign
    for (let level = item.priority; level <= 3; level++) {
      const amount = upTo[level] as Amount
      amount.rows += rows
      amount.items += sign
      amount.bytes += bytes
    }
    memory.bytes += bytes
    item.isInLine = sign === 1
  }

  return {
    get rows() {
      return total.rows
    },

    get bytes() {
      return total.bytes
    },

    ahead: (priority) => upTo[priority] as Amount,

    push(item) {
      const tail = tails[item.priority]
      item.before = tail
      if (tail === undefined) heads[item.priority] = item
      else tail.behind = item
      tails[item.priority] = item
      count(item, 1)
    },

    remove(item) {
      if (!item.isInLine) return
      const { before, behind, priority } = item
      if (before === undefined) heads[priority] = behind
      else before.behind = behind
      if (behind === undefined) tails[priority] = before
      else behind.before = before
      item.before = undefined
      item.behind = undefined
      count(item, -1)
    },

    first: () => heads[1] ?? heads[2] ?? heads[3],

    after(item) {
      if (item.behind !== undefined) return item.behind
      for (let level = item.priority + 1; level <= 3; level++) if (heads[level] !== undefined) return heads[level]
      return undefined
    },

    last: () => {
      for (const level of PRIORITIES.toReversed()) if (tails[level] !== undefined) return tails[level]
      return undefined
    },

    longestBehind({ priority }) {
      let longest: Item | undefined
      for (let level = priority + 1; level <= 3; level++) {
        const head = heads[level]
        if (head !== undefined && (longest === undefined || head.arrivedMs < longest.arrivedMs)) longest = head
      }
      return longest
    },
  }
}
