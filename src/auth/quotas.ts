import { ServingError } from '../core/errors.ts'
import type { Principal } from './authorizer.ts'
import { createDailyUse, type DailySnapshot } from './daily-use.ts'
import type { KeyQuotas } from './key-record.ts'
import { createTokenBucket, type BucketLimit, type TokenBucket } from './token-bucket.ts'

export interface QuotasOptions {
  /** ms of a clock that only goes forward. */
  readonly now: () => number
  /** ms since 1970. */
  readonly calendarNow: () => number
}

/** Sees to it that no key uses more than it may. Nothing is read or written: who keeps the counts asks for them. */
export interface Quotas {
  /**
   * Lets a request of a key begin, or refuses it; a refused one uses up nothing.
   * @param principal a key without quotas, or nobody, is let through
   * @param rows how many it brings
   * @returns to be called when the request has ended, in whatever way; more calls than one do nothing
   * @throws {ServingError} `overloaded` with `details`: reason `quota`, limit (the quota's name), most, retryAfterMs
   */
  take(principal: Principal | undefined, rows: number): () => void
  /**
   * How much of each key's quotas is this process's to give, where several answer for one project.
   * @param fraction 0 to 1; the fractions of all of them make 1. Counts of whole things (concurrency, a burst, a day's
   * requests) are cut to whole ones, but at least one: a quota that is smaller than the number of processes is that number
   * @param uid of one key, in place of what was said of all
   */
  setShare(fraction: number, uid?: string): void
  /**
   * How much of a key's day was used up, here and by all processes together, when the shares that hold now were made: the
   * share is of what was left, so that all of them together never give more than the day has.
   */
  setDay(uid: string, told: Pick<DayLeft, 'day' | 'own' | 'all'>): void
  /** Requests that each key has asked for since the last call: what shares are best made by (`shareOut`). */
  takeDemand(): ReadonlyMap<string, number>
  /** Of the day's counts. A process that dies loses what it counted since the last one was kept. */
  snapshot(): DailySnapshot
  /** @throws {ServingError} `refused` for what is no snapshot */
  restore(kept: unknown): void
  /** Forgets what was counted of keys that are gone. @param uids of those that are left */
  retain(uids: ReadonlySet<string>): void
}

interface KeyState {
  inFlight: number
  demand: number
  requests: TokenBucket | undefined
  rows: TokenBucket | undefined
  share: number | undefined
  left: DayLeft | undefined
}

/** What a key's day looked like when it was shared out. */
interface DayLeft {
  /** Days since 1970: on another day it says nothing. */
  readonly day: number
  readonly own: readonly [requests: number, rows: number]
  readonly all: readonly [requests: number, rows: number]
  /** Of what was left then. */
  readonly share: number
}

/** When a caller whose requests are all under way may try again: nobody knows how long these take (ms). */
const CONCURRENT_RETRY_MS = 100

/** Longest wait that is told (ms): a limit of nothing is never over. */
const MAX_RETRY_MS = 86_400_000

const NOTHING = (): void => {}

export function createQuotas({ now, calendarNow }: QuotasOptions): Quotas {
  const states = new Map<string, KeyState>()
  const days = createDailyUse(calendarNow)
  let shareOfAll = 1

  function stateOf(uid: string): KeyState {
    let state = states.get(uid)
    if (state === undefined) {
      state = { inFlight: 0, demand: 0, requests: undefined, rows: undefined, share: undefined, left: undefined }
      states.set(uid, state)
    }
    return state
  }

  function take(principal: Principal | undefined, rows: number): () => void {
    const uid = principal?.uid
    const quotas = principal?.quotas
    if (uid === undefined || quotas === undefined || !isLimited(quotas)) return NOTHING
    const state = stateOf(uid)
    state.demand++
    const share = state.share ?? shareOfAll
    const rowCount = rows > 0 ? rows : 0
    // all are asked before any is taken from, so that a refused request uses up nothing
    requireConcurrency(quotas, state, share)
    const isRated = quotas.requestsPerSecond !== undefined || quotas.rowsPerSecond !== undefined
    if (isRated) requireRates(quotas, state, share, rowCount)
    const isDaily = quotas.requestsPerDay !== undefined || quotas.rowsPerDay !== undefined
    if (isDaily) requireDay(uid, quotas, state, rowCount)

    if (isRated) {
      state.requests?.take(1)
      state.rows?.take(rowCount)
    }
    if (isDaily) {
      const count = days.of(uid)
      count.requests++
      count.rows += rowCount
    }
    state.inFlight++
    let hasEnded = false
    return () => {
      if (hasEnded) return
      hasEnded = true
      state.inFlight--
    }
  }

  function requireConcurrency({ concurrent }: KeyQuotas, { inFlight }: KeyState, share: number): void {
    if (concurrent === undefined) return
    if (inFlight >= whole(concurrent, share)) throw exceeded('concurrent', concurrent, CONCURRENT_RETRY_MS)
  }

  function requireRates(quotas: KeyQuotas, state: KeyState, share: number, rows: number): void {
    const { requestsPerSecond, burst, rowsPerSecond } = quotas
    const atMs = now()
    if (requestsPerSecond === undefined) state.requests = undefined
    else {
      const limit = bucketLimit(requestsPerSecond, burst, share)
      const waitMs = (state.requests ??= createTokenBucket(limit, atMs)).waitMs(1, limit, atMs)
      if (waitMs > 0) throw exceeded('requestsPerSecond', requestsPerSecond, waitMs)
    }
    if (rowsPerSecond === undefined) state.rows = undefined
    else {
      const limit = bucketLimit(rowsPerSecond, undefined, share)
      const waitMs = (state.rows ??= createTokenBucket(limit, atMs)).waitMs(rows, limit, atMs)
      if (waitMs > 0) throw exceeded('rowsPerSecond', rowsPerSecond, waitMs)
    }
  }

  function requireDay(uid: string, { requestsPerDay, rowsPerDay }: KeyQuotas, state: KeyState, rows: number): void {
    const count = days.of(uid)
    const left = state.left?.day === days.today() ? state.left : undefined
    const most = (limit: number, which: 0 | 1) =>
      left === undefined
        ? whole(limit, shareOfAll) // shares of one key move, and what was given elsewhere before is not known yet
        : left.own[which] + part(Math.max(0, sane(limit) - left.all[which]), left.share)
    if (requestsPerDay !== undefined && count.requests >= most(requestsPerDay, 0))
      throw exceeded('requestsPerDay', requestsPerDay, days.endsInMs())
    if (rowsPerDay !== undefined && count.rows + rows > most(rowsPerDay, 1))
      throw exceeded('rowsPerDay', rowsPerDay, days.endsInMs())
  }

  return {
    take,
    setShare(fraction, uid) {
      const share = fraction > 0 ? Math.min(fraction, 1) : 0
      if (uid === undefined) shareOfAll = share
      else stateOf(uid).share = share
    },
    setDay(uid, told) {
      const state = stateOf(uid)
      state.left = { ...told, share: state.share ?? shareOfAll }
    },
    takeDemand() {
      const demand = new Map<string, number>()
      for (const [uid, state] of states) {
        if (state.demand > 0) demand.set(uid, state.demand)
        state.demand = 0
      }
      return demand
    },
    snapshot: () => days.snapshot(),
    restore: (kept) => days.restore(kept),
    retain(uids) {
      for (const [uid, { inFlight }] of states) if (!uids.has(uid) && inFlight === 0) states.delete(uid)
      days.retain(uids)
    },
  }
}

/**
 * Shares of a key's quotas for the processes that answer for it: by what each was asked for, so that a caller with one
 * connection has its whole quota; each keeps a little, for who comes next.
 * @param demand requests that each of them had of the key
 * @returns as many fractions; they make 1
 */
export function shareOut(demand: readonly number[]): number[] {
  const total = demand.reduce((sum, each) => sum + each, 0)
  const least = LEAST_SHARE / demand.length
  return demand.map((each) => (total > 0 ? least + (1 - LEAST_SHARE) * (each / total) : 1 / demand.length))
}

/** Part of each quota that is shared out evenly, whatever was asked for. */
const LEAST_SHARE = 0.1

/**
 * Refuses quotas that make no sense, before they are kept.
 * @throws {ServingError} `invalid_argument`
 */
export function checkQuotas(quotas: KeyQuotas): void {
  for (const [name, value] of Object.entries(quotas)) {
    const isWhole = name !== 'requestsPerSecond' && name !== 'rowsPerSecond'
    if (
      value === undefined ||
      ((isWhole ? Number.isSafeInteger(value) : Number.isFinite(value)) && value > 0 && value <= MOST)
    )
      continue
    throw new ServingError(
      'invalid_argument',
      `the quota ${name} is ${String(value)}: it takes a ${isWhole ? 'whole ' : ''}number above 0, at most ${MOST}; leave it out for no limit`,
      { details: { quota: name } },
    )
  }
  if (quotas.burst !== undefined && quotas.requestsPerSecond === undefined)
    throw new ServingError('invalid_argument', 'the quota burst goes with requestsPerSecond, which is missing', {
      details: { quota: 'burst' },
    })
}

/** Largest quota: sums of it stay exact. */
const MOST = 1e12

/** Whether a key has any limit at all. */
export function isLimited(quotas: KeyQuotas): boolean {
  return (
    quotas.concurrent !== undefined ||
    quotas.requestsPerSecond !== undefined ||
    quotas.rowsPerSecond !== undefined ||
    quotas.requestsPerDay !== undefined ||
    quotas.rowsPerDay !== undefined
  )
}

/** A limit as it is enforced: one that makes no sense lets nothing through, rather than everything. */
function sane(limit: number): number {
  return limit > 0 && limit <= MOST ? limit : 0
}

/** A share of a count of whole things. */
function whole(limit: number, share: number): number {
  const most = sane(limit)
  return most < 1 ? 0 : Math.max(1, Math.floor(most * share + 1e-9))
}

/** A share of what is left, in whole ones: who has most gets what does not come out even, and no two of them do. */
function part(left: number, share: number): number {
  return share > 0.5 ? Math.ceil(left * share - 1e-9) : Math.floor(left * share + 1e-9)
}

function bucketLimit(perSecond: number, burst: number | undefined, share: number): BucketLimit {
  const rate = sane(perSecond)
  // a rate of less than one a second lets one through at a time
  const most = rate === 0 ? 0 : Math.max(1, sane(burst ?? rate) * share)
  return { perSecond: rate * share, most }
}

function exceeded(limit: keyof KeyQuotas, most: number, retryAfterMs: number): ServingError {
  return new ServingError(
    'overloaded',
    `this key has used up its quota of ${most} ${WORDS[limit]}: wait, or ask for more`,
    {
      details: {
        reason: 'quota',
        limit,
        most,
        retryAfterMs: Math.min(Math.max(1, Math.ceil(retryAfterMs)), MAX_RETRY_MS),
      },
    },
  )
}

const WORDS: Readonly<Record<keyof KeyQuotas, string>> = {
  requestsPerSecond: 'requests a second',
  burst: 'requests at once',
  concurrent: 'requests at a time',
  rowsPerSecond: 'rows a second',
  requestsPerDay: 'requests a day (UTC)',
  rowsPerDay: 'rows a day (UTC)',
}
