import { ServingError } from '../core/errors.ts'

const DAY_MS = 86_400_000

/** What keys have used of a day, as it is kept over a restart. Plain data. */
export interface DailySnapshot {
  readonly formatVersion: 1
  /** Days since 1970. */
  readonly day: number
  /** By the key's uid: requests, rows. */
  readonly used: Readonly<Record<string, readonly [requests: number, rows: number]>>
}

/** Requests and rows of a key in one day. */
export interface DayCount {
  requests: number
  rows: number
}

/** Counts what keys use on each day of UTC. */
export interface DailyUse {
  /** Today's counts of a key, to be read and added to at once. */
  of(uid: string): DayCount
  /** Days since 1970. */
  today(): number
  /** Until today's counts end (ms). */
  endsInMs(): number
  snapshot(): DailySnapshot
  /**
   * Takes over what was kept. What has been counted here meanwhile is added to it.
   * @throws {ServingError} `refused` for what is no snapshot: to begin from nothing would give more than is allowed
   */
  restore(kept: unknown): void
  /** Forgets keys that are gone. */
  retain(uids: ReadonlySet<string>): void
}

/**
 * @param calendarNow ms since 1970. It may jump: a clock that goes back stays in the day that it had reached, so that no
 * day is used twice.
 */
export function createDailyUse(calendarNow: () => number): DailyUse {
  let day = dayOf(calendarNow())
  let counts = new Map<string, DayCount>()

  function turn(today: number): void {
    if (!(today > day)) return
    day = today
    counts = new Map()
  }

  function of(uid: string): DayCount {
    turn(dayOf(calendarNow()))
    let count = counts.get(uid)
    if (count === undefined) counts.set(uid, (count = { requests: 0, rows: 0 }))
    return count
  }

  function snapshot(): DailySnapshot {
    const used = Object.fromEntries(
      Array.from(counts, ([uid, { requests, rows }]): [string, [number, number]] => [uid, [requests, rows]]),
    )
    return { formatVersion: 1, day, used }
  }

  function restore(kept: unknown): void {
    if (!isSnapshot(kept))
      throw new ServingError(
        'refused',
        'the counts of what keys have used today are damaged: take their file away to begin the day anew',
      )
    turn(dayOf(calendarNow()))
    if (kept.day < day) return
    turn(kept.day)
    for (const [uid, [requests, rows]] of Object.entries(kept.used)) {
      const { requests: here, rows: rowsHere } = counts.get(uid) ?? { requests: 0, rows: 0 }
      counts.set(uid, { requests: here + requests, rows: rowsHere + rows })
    }
  }

  return {
    of,
    today() {
      turn(dayOf(calendarNow()))
      return day
    },
    endsInMs: () => Math.max(1, (day + 1) * DAY_MS - calendarNow()),
    snapshot,
    restore,
    retain(uids) {
      for (const uid of counts.keys()) if (!uids.has(uid)) counts.delete(uid)
    },
  }
}

function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS)
}

function isSnapshot(kept: unknown): kept is DailySnapshot {
  const { formatVersion, day, used } = (kept ?? {}) as Partial<DailySnapshot>
  if (formatVersion !== 1 || !isCount(day) || typeof used !== 'object' || used === null) return false
  return Object.values(used).every((pair: unknown) => Array.isArray(pair) && pair.length === 2 && pair.every(isCount))
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
