import { createLedger } from '../telemetry/ledger.ts'
import type { MetricsSnapshot } from '../telemetry/snapshot.ts'
import type { KeptProcess } from './kept-process.ts'

/** What all runners have counted, those that have ended included. While one is replaced, two have the same name. */
export interface RunnerCounts {
  put(process: KeptProcess, snapshot: MetricsSnapshot): void
  all(): MetricsSnapshot[]
}

export function createRunnerCounts(): RunnerCounts {
  const ledger = createLedger()
  /** Names of the processes, by what stands for them in the ledger: one life each. */
  const names = new Map<string, string>()

  return {
    put(process, snapshot) {
      const { state, ...counts } = snapshot
      const key = `${snapshot.process} ${snapshot.life}`
      if (!names.has(key)) {
        names.set(key, snapshot.process)
        void process.ended.then(() => {
          ledger.end(key)
          names.delete(key)
        })
      }
      // how it is now is said by the one that serves under this name
      ledger.put({ ...counts, process: key, ...(state && !process.isDraining && { state }) })
    },
    all: () => ledger.all().map((snapshot) => ({ ...snapshot, process: names.get(snapshot.process) ?? '' })),
  }
}
