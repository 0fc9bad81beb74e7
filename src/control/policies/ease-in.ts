/** Requests that a new version may meet each second until enough of them have been seen. */
const FIRST_PER_SECOND = 20

/** Requests after which a version that is much worse would have been found, nearly always. */
const ENOUGH_SEEN = 150

/** By how much the requests of each second may grow for each one that was seen beyond those. */
const GROWTH = 0.5

/** A share that would grow by less is left as it is: each change has to reach every runner. */
const LEAST_STEP = 1.5

export interface Easing {
  /** The share that the step of the plan has (0 to 1). */
  readonly wanted: number
  /** Requests of the endpoint each second, whoever answers them. */
  readonly perSecond: number
  /** Requests that the new side has answered. */
  readonly seen: number
}

/**
 * The share that a new version gets of what a step would give it. What a bad version costs is the time between two looks times
 * its rate: where many requests come, few of them tell as much as many do. So it begins with some each second, and gets more
 * the more of it was seen, several times as many every few seconds. Where few requests come it has its whole share at once.
 * @returns 0 to 1, `wanted` at most
 */
export function easedShare({ wanted, perSecond, seen }: Easing): number {
  const allowed = FIRST_PER_SECOND + GROWTH * Math.max(0, seen - ENOUGH_SEEN)
  if (!(perSecond * wanted > allowed)) return wanted
  return Math.min(wanted, Number((allowed / perSecond).toPrecision(3)))
}

/** Whether a share is worth a change. @param from what it is @param to what it may be @param wanted what it shall be in the end */
export function isWorthAChange(from: number, to: number, wanted: number): boolean {
  return from < wanted && (to >= wanted || to >= from * LEAST_STEP)
}
