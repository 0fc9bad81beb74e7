import type { Collected } from './settings.ts'

/** How long others may take to say what they have counted (ms). */
export const COLLECT_TIMEOUT_MS = 1000

/** Questions to another process, each with the answer that belongs to it. */
export interface Collector {
  /** Asks every runner, by way of the supervisor. @returns nothing when the supervisor does not answer */
  collect(): Promise<Collected | undefined>
  receive(id: number, collected: Collected): void
}

/** A runner's side. */
export function createCollector(ask: (id: number) => void): Collector {
  const waiting = new Map<number, (collected: Collected | undefined) => void>()
  let last = 0

  function receive(id: number, collected: Collected | undefined): void {
    waiting.get(id)?.(collected)
    waiting.delete(id)
  }

  return {
    collect() {
      const id = ++last
      return new Promise((resolve) => {
        waiting.set(id, resolve)
        setTimeout(() => receive(id, undefined), 2 * COLLECT_TIMEOUT_MS).unref()
        ask(id)
      })
    },
    receive,
  }
}

/** The supervisor's side: asks several and waits for all of them, but not for long. */
export interface Gatherer {
  /**
   * @param members whoever is asked, each told the id of its question
   * @returns once all have answered, or the time is over
   */
  gather(members: readonly ((id: number) => void)[]): Promise<void>
  receive(id: number): void
}

export function createGatherer(timeoutMs = COLLECT_TIMEOUT_MS): Gatherer {
  const waiting = new Map<number, () => void>()
  let last = 0

  return {
    async gather(members) {
      await Promise.all(
        members.map((ask) => {
          const id = ++last
          const { promise, resolve } = Promise.withResolvers<void>()
          const timer = setTimeout(resolve, timeoutMs).unref()
          waiting.set(id, resolve)
          ask(id)
          return promise.then(() => {
            clearTimeout(timer)
            waiting.delete(id)
          })
        }),
      )
    },
    receive: (id) => waiting.get(id)?.(),
  }
}
