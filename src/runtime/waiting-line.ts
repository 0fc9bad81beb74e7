import { createFairTurns, type FairTurns, type Flow } from '../auth/fair-queue.ts'
import type { Priority } from './plane.ts'
import type { QueueMemory } from './queue-memory.ts'

/** Something that waits in a line; it carries its own place there, so that it can leave from anywhere at once. */
export interface Place<Item> {
  readonly priority: Priority
  /** Whose it is: keys share the line fairly. */
  readonly key: string | undefined
  readonly rows: number
  readonly bytes: number
  readonly arrivedMs: number
  isInLine: boolean
  /** Its place among those of its priority: lower ones first. */
  turn: number
  flow: Flow | undefined
  before: Item | undefined
  behind: Item | undefined
}

/** How much of what waits. An item of no rows counts as one row. */
export interface Amount {
  rows: number
  items: number
  bytes: number
}

/** What of a newcomer decides on its place. */
export type Newcomer = Pick<Place<unknown>, 'priority' | 'key'>

export interface WaitingLine<Item extends Place<Item>> {
  readonly rows: number
  readonly bytes: number
  /** What would be run before a newcomer of this priority and key. */
  ahead(newcomer: Newcomer): Readonly<Amount>
  /** Whether somebody who waits would be run after a newcomer. */
  isBehind(item: Item, newcomer: Newcomer): boolean
  push(item: Item): void
  /** Takes an item out, wherever it stands. */
  remove(item: Item): void
  /** The one whose turn it is: of the most urgent, the oldest, or that of a key which had less. */
  first(): Item | undefined
  /** The one whose turn comes after that of `item`. */
  after(item: Item): Item | undefined
  /** The one whose turn would come last. */
  last(): Item | undefined
  /** Who has waited longest of those whose turn is first among the less urgent. */
  longestBehind(first: Item): Item | undefined
}

const PRIORITIES: readonly Priority[] = [1, 2, 3]

/** Places that an item takes up: its rows, at least one. */
export function placesOf({ rows }: { readonly rows: number }): number {
  return Math.max(rows, 1)
}

/**
 * The urgent before the others. Within each priority keys share fairly, by rows, and each key's are first in, first out.
 * @param memory told of what enters and leaves
 */
export function createWaitingLine<Item extends Place<Item>>(memory: QueueMemory): WaitingLine<Item> {
  const heads: (Item | undefined)[] = [undefined, undefined, undefined, undefined]
  const tails: (Item | undefined)[] = [undefined, undefined, undefined, undefined]
  /** By priority: of this one and all before it. */
  const upTo = heads.map((): Amount => ({ rows: 0, items: 0, bytes: 0 }))
  const total = upTo[3] as Amount
  const shares = heads.map(createFairTurns)

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

    ahead({ priority, key }) {
      const amount = upTo[priority] as Amount
      const turns = shares[priority] as FairTurns
      if (!turns.hasOthers(key)) return amount
      const turn = turns.turnOf(key, heads[priority]?.turn ?? 0)
      const { ...left } = amount
      for (let item = tails[priority]; item !== undefined && item.turn > turn; item = item.before) {
        left.rows -= placesOf(item)
        left.items--
        left.bytes -= item.bytes
      }
      return left
    },

    isBehind(item, { priority, key }) {
      if (item.priority !== priority) return item.priority > priority
      return item.turn > (shares[priority] as FairTurns).turnOf(key, heads[priority]?.turn ?? 0)
    },

    push(item) {
      const { priority, key } = item
      const size = placesOf(item)
      const flow = (shares[priority] as FairTurns).enter(key, heads[priority]?.turn ?? 0, size)
      item.flow = flow
      item.turn = flow.nextTurn - size
      // one key's turns only grow: there is somebody to pass only where another's wait
      let before = tails[priority]
      while (before !== undefined && before.turn > item.turn) before = before.before
      const behind = before === undefined ? heads[priority] : before.behind
      item.before = before
      item.behind = behind
      if (before === undefined) heads[priority] = item
      else before.behind = item
      if (behind === undefined) tails[priority] = item
      else behind.before = item
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
      if (item.flow !== undefined) (shares[priority] as FairTurns).leave(item.flow, item.turn, placesOf(item))
      item.flow = undefined
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
