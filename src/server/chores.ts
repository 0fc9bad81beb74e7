/** Work that is done one after the other, and once for all who asked for it before it began. */
export interface Chores<Chore> {
  add(chore: Chore): void
  /** From now on they are done. */
  begin(): void
  /** Fulfilled when what is being done is done; nothing else is begun. */
  stop(): Promise<void>
}

export function createChores<Chore>(work: (chore: Chore) => Promise<void>): Chores<Chore> {
  const waiting = new Set<Chore>()
  let state: 'new' | 'open' | 'stopped' = 'new'
  let busy: Promise<void> | undefined

  async function workOff(): Promise<void> {
    for (const chore of waiting) {
      if (state !== 'open') break
      waiting.delete(chore)
      await work(chore)
    }
    busy = undefined
  }

  function proceed(): void {
    if (state === 'open' && waiting.size > 0) busy ??= workOff()
  }

  return {
    add(chore) {
      waiting.add(chore)
      proceed()
    },
    begin() {
      state = 'open'
      proceed()
    },
    async stop() {
      state = 'stopped'
      await busy
    },
  }
}
