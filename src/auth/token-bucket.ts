/** Something that fills at a steady rate up to a brim, and that is taken from. */
export interface TokenBucket {
  /** How long until so much may be taken (ms); 0 where it may be now, infinite where it never will. */
  waitMs(amount: number, limit: BucketLimit, nowMs: number): number
  /** Takes it, whether it is there or not: what is missing is paid back before anything else is taken. */
  take(amount: number): void
}

export interface BucketLimit {
  /** How fast it fills (a second). */
  readonly perSecond: number
  /** Most that it holds. */
  readonly most: number
}

/** Sums of fractions are not exact: what is missing by less than that is there. */
const EPSILON = 1e-6

/** A bucket that is full at first. Its limit may be another each time: what is above a lower brim is gone. */
export function createTokenBucket({ most }: BucketLimit, nowMs: number): TokenBucket {
  let held = most
  let filledAtMs = nowMs

  function waitMs(amount: number, limit: BucketLimit, atMs: number): number {
    held = Math.min(limit.most, held + (Math.max(0, atMs - filledAtMs) * limit.perSecond) / 1000)
    filledAtMs = Math.max(filledAtMs, atMs)
    // who wants more than a full bucket holds waits for a full one, and leaves a debt
    const missing = Math.min(amount, limit.most) - held
    if (missing <= EPSILON && (limit.most > 0 || amount <= 0)) return 0
    return limit.perSecond > 0 ? Math.ceil((missing / limit.perSecond) * 1000) : Infinity
  }

  return {
    waitMs,
    take: (amount) => void (held -= amount),
  }
}
