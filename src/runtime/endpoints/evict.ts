/** A replica that this runner holds, as far as memory is concerned. */
export interface HeldReplica {
  /** Comes back in the answer. */
  readonly id: string
  readonly memoryBytes: number
  /** When it was asked last (ms, any clock). */
  readonly lastUsedMs: number
  /** Whether requests are under way or held for it, or it is being loaded or unloaded. */
  readonly isBusy: boolean
  /** Whether it shall always be loaded (`replicas` of the table): goes only when nothing else helps. */
  readonly isWanted: boolean
}

export interface Eviction {
  /** In the order in which they are to go. */
  readonly evict: readonly string[]
  /** Whether what is needed fits once they are gone. */
  readonly fits: boolean
  /** Bytes that are missing still; 0 when it fits. */
  readonly missingBytes: number
}

/**
 * Which replicas are let go so that a load fits the budget: those that were not asked for the longest, first of those
 * that need not be loaded, then of the others; never one that is busy. As few as do: one that would not be missed if
 * all others of the choice went stays. Where a load cannot fit, nothing goes: to evict and then not to load would
 * help nobody.
 * @param neededBytes of what is to be loaded; 0 to come back below the budget, or as near as can be
 * @param budgetBytes over all replicas of the runner; `Infinity` for none
 */
export function chooseEvictions(held: readonly HeldReplica[], neededBytes: number, budgetBytes: number): Eviction {
  let missing = sizeOf(neededBytes) - budgetBytes
  for (const { memoryBytes } of held) missing += sizeOf(memoryBytes)
  // NaN too: a budget that is no number evicts nothing
  if (!(missing > 0)) return { evict: [], fits: true, missingBytes: 0 }

  const order = held
    .filter(({ isBusy }) => !isBusy)
    .toSorted((a, b) => Number(a.isWanted) - Number(b.isWanted) || ageOf(a) - ageOf(b) || (a.id < b.id ? -1 : 1))
  const chosen: HeldReplica[] = []
  for (const replica of order) {
    if (missing <= 0) break
    if (sizeOf(replica.memoryBytes) === 0) continue
    chosen.push(replica)
    missing -= sizeOf(replica.memoryBytes)
  }
  if (missing > 0) {
    const evict = sizeOf(neededBytes) === 0 ? chosen.map(({ id }) => id) : []
    return { evict, fits: false, missingBytes: missing }
  }
  // The last of the choice are missed most: they stay if the others are enough
  const evict = new Set(chosen)
  for (const replica of chosen.toReversed()) {
    if (missing + replica.memoryBytes > 0) continue
    missing += replica.memoryBytes
    evict.delete(replica)
  }
  return { evict: [...evict].map(({ id }) => id), fits: true, missingBytes: 0 }
}

function sizeOf(bytes: number): number {
  return Number.isFinite(bytes) && bytes > 0 ? bytes : 0
}

function ageOf({ lastUsedMs }: HeldReplica): number {
  return Number.isFinite(lastUsedMs) ? lastUsedMs : -Infinity
}
