/** What one key has in a line. */
export interface Flow {
  readonly key: string | undefined
  /** How many of its items wait. */
  items: number
  /** Where its next item's turn begins. */
  nextTurn: number
}

/**
 * Turns in a line, shared fairly between keys: a key's items follow each other as far apart as they are large, so that one
 * with many waits behind itself, and a newcomer with one stands near the front. Among items of one turn who came first
 * goes first, and with one key alone that is so always.
 *
 * Each item's turn is known when it comes and never changes, so that a line stays a plain list, sorted by turn. (Deficit
 * round robin shares alike, but knows the order only as it serves.)
 * @see Goyal, Vin and Cheng, "Start-time Fair Queueing", SIGCOMM 1996
 */
export interface FairTurns {
  /** Keys that have something in line are more than this one. */
  hasOthers(key: string | undefined): boolean
  /**
   * The turn that an item of a key would have now.
   * @param first the turn of whoever is first in line; 0 where nobody is
   */
  turnOf(key: string | undefined, first: number): number
  /** Puts an item in line, at the turn that `turnOf` says. @param size what it takes up, more than 0 */
  enter(key: string | undefined, first: number, size: number): Flow
  /** One of the flow's items has left, in whatever way. The last one takes its place with it. */
  leave(flow: Flow, turn: number, size: number): void
}

/** Memory and time are those of the keys that have something in line; a line of one key costs next to nothing. */
export function createFairTurns(): FairTurns {
  const flows = new Map<string | undefined, Flow>()
  /** The flow of the last newcomer: it stays although nothing of it waits, for the next of the same key. */
  let recent: Flow = { key: undefined, items: 0, nextTurn: 0 }
  flows.set(undefined, recent)
  /** Flows that have something in line. */
  let busy = 0

  function find(key: string | undefined): Flow | undefined {
    return recent.key === key ? recent : flows.get(key)
  }

  function turnIn(flow: Flow | undefined, first: number): number {
    // who has nothing in line has no credit for the time before, and no debt
    return flow === undefined || flow.items === 0 ? first : flow.nextTurn
  }

  return {
    hasOthers(key) {
      return busy > 1 || (busy === 1 && (find(key)?.items ?? 0) === 0)
    },

    turnOf: (key, first) => turnIn(find(key), first),

    enter(key, first, size) {
      let flow = find(key)
      if (flow === undefined) flows.set(key, (flow = { key, items: 0, nextTurn: 0 }))
      if (flow !== recent) {
        if (recent.items === 0) flows.delete(recent.key)
        recent = flow
      }
      flow.nextTurn = turnIn(flow, first) + size
      if (flow.items++ === 0) busy++
      return flow
    },

    leave(flow, turn, size) {
      if (flow.nextTurn === turn + size) flow.nextTurn = turn
      if (--flow.items > 0) return
      busy--
      if (flow !== recent) flows.delete(flow.key)
    },
  }
}
