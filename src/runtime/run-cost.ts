/** A run of so many rows took so long. */
export interface RunPoint {
  readonly rows: number
  /** Milliseconds. */
  readonly ms: number
}

/** What runs of a model cost, learned while it serves. */
export interface RunCost {
  /** What a run of so many rows is expected to take (ms); undefined before anything is known. */
  of(rows: number): number | undefined
  learn(rows: number, ms: number): void
}

/** Sizes are told apart by powers of two, up to 2^20 rows. */
const BUCKETS = 21

/** Weight of the newest run, once there have been enough for an average. */
const NEWEST = 0.1

/**
 * Averages of recent runs by size, a line between them: cost over rows is no straight line, and it changes with the load.
 * @param curve measured before, to begin with
 */
export function createRunCost(curve: readonly RunPoint[] = []): RunCost {
  /** Average rows and milliseconds of each bucket; no rows where nothing is known. */
  const rowsOf = new Float64Array(BUCKETS)
  const msOf = new Float64Array(BUCKETS)
  const countOf = new Uint32Array(BUCKETS)

  function learn(rows: number, ms: number): void {
    const bucket = Math.min(BUCKETS - 1, 31 - Math.clz32(Math.max(rows, 1)))
    const count = (countOf[bucket] ?? 0) + 1
    countOf[bucket] = count
    const weight = Math.max(NEWEST, 1 / count)
    rowsOf[bucket] = mix(rowsOf[bucket] ?? 0, Math.max(rows, 1), weight)
    msOf[bucket] = mix(msOf[bucket] ?? 0, ms, weight)
  }

  function of(rows: number): number | undefined {
    let below = -1
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const known = rowsOf[bucket] ?? 0
      if (known === 0) continue
      if (known >= rows) return below === -1 ? msOf[bucket] : between(below, bucket, rows)
      below = bucket
    }
    if (below === -1) return undefined
    return ((msOf[below] ?? 0) * rows) / (rowsOf[below] ?? 1) // beyond what is known: in proportion
  }

  function between(low: number, high: number, rows: number): number {
    const [fromRows = 0, toRows = 0] = [rowsOf[low], rowsOf[high]]
    const [fromMs = 0, toMs = 0] = [msOf[low], msOf[high]]
    return fromMs + ((toMs - fromMs) * (rows - fromRows)) / (toRows - fromRows)
  }

  for (const { rows, ms } of curve) learn(rows, ms)
  return { of, learn }
}

function mix(old: number, fresh: number, weight: number): number {
  return old + (fresh - old) * weight
}
