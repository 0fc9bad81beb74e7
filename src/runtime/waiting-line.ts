import type { Priority } from './plane.ts'

/** Something that waits in a line; it carries its own place there, so that it can leave from anywhere at once. */
export interface Place<Item> {
  readonly priority: Priority
  readonly rows: number
  isInLine: boolean
  before: Item | undefined
  behind: Item | undefined
}

export interface WaitingLine<Item extends Place<Item>> {
  /** Rows that wait, an item of none counted as one. */
  readonly rows: number
  /** Rows that would be run before a newcomer of this priority. */
  rowsAhead(priority: Priority): number
  /** Items that would be run before a newcomer of this priority. */
  itemsAhead(priority: Priority): number
  push(item: Item): void
  /** Takes an item out, wherever it stands. */
  remove(item: Item): void
  /** The one whose turn it is: the oldest of the most urgent. */
  first(): Item | undefined
  /** The one whose turn comes after that of `item`. */
  after(item: Item): Item | undefined
  /** The one whose turn would come last. */
  last(): Item | undefined
}

const PRIORITIES: readonly Priority[] = [1, 2, 3]

/** Places that an item takes up: its rows, at least one. */
export function placesOf({ rows }: { readonly rows: number }): number {
  return Math.max(rows, 1)
}

function upTo(counts: readonly number[], priority: Priority): number {
  let sum = 0
  for (let level = 1; level <= priority; level++) sum += counts[level] ?? 0
  return sum
}

/** First in, first out within each priority; the urgent before the others. */
export function createWaitingLine<Item extends Place<Item>>(): WaitingLine<Item> {
  const heads: (Item | undefined)[] = [undefined, undefined, undefined, undefined]
  const tails: (Item | undefined)[] = [undefined, undefined, undefined, undefined]
  const rowsOf = [0, 0, 0, 0]
  const itemsOf = [0, 0, 0, 0]
  let total = 0

  function count(item: Item, sign: 1 | -1): void {
    const places = placesOf(item) * sign
    rowsOf[item.priority] = (rowsOf[item.priority] ?? 0) + places
    itemsOf[item.priority] = (itemsOf[item.priority] ?? 0) + sign
    total += places
    item.isInLine = sign === 1
  }

  return {
    get rows() {
      return total
    },

    rowsAhead: (priority) => upTo(rowsOf, priority),
    itemsAhead: (priority) => upTo(itemsOf, priority),

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
  }
}
