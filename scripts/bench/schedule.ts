import type { Case } from './cases.ts'

/** What is measured at once: a server in one case, in a round. */
export interface Turn extends Case {
  readonly round: number
  readonly server: string
}

/**
 * Every server in every case that it can be asked, once a round, each round in an order of its own: what else happens on the machine then
 * falls on all alike. The same seed gives the same order.
 */
export function planTurns(
  servers: readonly string[],
  cases: readonly Case[],
  rounds: number,
  seed: number,
  isAsked: (server: string, which: Case) => boolean = () => true,
): Turn[] {
  return shuffledRounds(
    servers.flatMap((server) => cases.filter((each) => isAsked(server, each)).map((each) => ({ server, ...each }))),
    rounds,
    seed,
  ).flatMap((turns, round) => turns.map((turn) => ({ round, ...turn })))
}

/** The same items once a round, each round in an order of its own. */
export function shuffledRounds<T>(items: readonly T[], rounds: number, seed: number): T[][] {
  const random = createRandom(seed)
  return Array.from({ length: rounds }, () => shuffle([...items], random))
}

/** Fisher and Yates's shuffle, in place. */
function shuffle<T>(items: T[], random: () => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[items[i], items[j]] = [items[j] as T, items[i] as T]
  }
  return items
}

/** Numbers from 0 to below 1: mulberry32, after Tommy Ettinger, which is in the public domain. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

/** The middle value; the mean of the two middle ones when there is an even number. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  if (sorted.length % 2 === 1) return sorted[half] as number
  return ((sorted[half - 1] ?? NaN) + (sorted[half] ?? NaN)) / 2
}
