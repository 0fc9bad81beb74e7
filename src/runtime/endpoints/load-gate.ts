/** Lets so many loads run at once; those that somebody waits for go first. */
export interface LoadGate {
  /** Fulfilled when it is this load's turn; `leave` has to follow. */
  enter(isAwaited: boolean): Promise<void>
  leave(): void
}

export function createLoadGate(most: number): LoadGate {
  const awaited: (() => void)[] = []
  const others: (() => void)[] = []
  let inside = 0

  return {
    enter(isAwaited) {
      if (inside < most) {
        inside++
        return Promise.resolve()
      }
      return new Promise((resolve) => (isAwaited ? awaited : others).push(resolve))
    },
    leave() {
      const next = awaited.shift() ?? others.shift()
      if (next === undefined) inside--
      else next()
    },
  }
}
