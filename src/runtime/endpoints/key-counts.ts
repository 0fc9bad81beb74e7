/** Answered requests by key and outcome. */
export interface KeyCounts {
  count(key: string, code: string): void
  all(): readonly { readonly key: string; readonly requests: Readonly<Record<string, number>> }[]
}

/** More keys than this are not told apart. */
const MOST_KEYS = 10_000

export function createKeyCounts(): KeyCounts {
  const keys = new Map<string, Map<string, number>>()
  return {
    count(key, code) {
      let codes = keys.get(key)
      if (codes === undefined) {
        if (keys.size >= MOST_KEYS) return
        keys.set(key, (codes = new Map()))
      }
      codes.set(code, (codes.get(code) ?? 0) + 1)
    },
    all: () => Array.from(keys, ([key, codes]) => ({ key, requests: Object.fromEntries(codes) })),
  }
}
