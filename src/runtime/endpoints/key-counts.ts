/** Answered requests by key and outcome. */
export interface KeyCounts {
  count(key: string, code: string): void
  /** Which keys there are: of others, which are good for nothing any more, a few are remembered. */
  retain(keys: ReadonlySet<string>): void
  all(): readonly { readonly key: string; readonly requests: Readonly<Record<string, number>> }[]
}

/** More keys than this are not told apart: they are counted as `OTHER_KEYS`. */
const MOST_KEYS = 10_000
/** Keys that there are no more, and are still told of; those that were counted first go first. */
const MOST_GONE = 500
export const OTHER_KEYS = 'other'

export function createKeyCounts({ most = MOST_KEYS, mostGone = MOST_GONE } = {}): KeyCounts {
  const keys = new Map<string, Map<string, number>>()
  return {
    count(key, code) {
      const name = keys.has(key) || keys.size < most ? key : OTHER_KEYS
      let codes = keys.get(name)
      if (codes === undefined) keys.set(name, (codes = new Map()))
      codes.set(code, (codes.get(code) ?? 0) + 1)
    },
    retain(known) {
      const gone = [...keys.keys()].filter((key) => key !== OTHER_KEYS && !known.has(key))
      for (const key of gone.slice(0, Math.max(0, gone.length - mostGone))) keys.delete(key)
    },
    all: () => Array.from(keys, ([key, codes]) => ({ key, requests: Object.fromEntries(codes) })),
  }
}
