import type { IndexEntry, LogSettings, Operations, TraceSampling, VersionStatistics } from '../../runtime/operations.ts'
import { ServingError } from '../../core/errors.ts'

/** A server that does what it is asked and writes it down; it knows the model `times`, and `broken`, which cannot be loaded. */
export function fakeOperations(statistics: readonly VersionStatistics[] = []): {
  readonly operations: Operations
  readonly asked: unknown[]
} {
  const asked: unknown[] = []
  let log: LogSettings = { info: true, warning: true, error: true, debug: false }
  const traces = new Map<string, TraceSampling>()
  const index: IndexEntry[] = [
    { name: 'times', version: '1', state: 'READY', reason: '' },
    { name: 'old', version: '2', state: 'UNAVAILABLE', reason: 'unloaded' },
  ]

  async function control(what: string, name: string): Promise<void> {
    if (name === 'broken') throw new ServingError('invalid_argument', 'failed to load "broken": it is broken')
    if (name !== 'times') throw new ServingError('not_found', `failed to ${what} it: there is no such model`)
    asked.push([what, name])
  }

  return {
    asked,
    operations: {
      canControl: true,
      statistics: async () => statistics,
      index: async () => index,
      load: (name) => control('load', name),
      unload: (name) => control('unload', name),
      async logSettings(change) {
        if (change !== undefined) asked.push(change)
        log = { ...log, ...change }
        return log
      },
      async traceSettings(model, change) {
        if (change !== undefined) asked.push([model, change])
        const now = traces.get(model ?? '') ?? { isOn: true, ratio: 1 }
        const { isOn, ratio } = change ?? {}
        const next = { isOn: isOn ?? now.isOn, ratio: ratio ?? now.ratio }
        traces.set(model ?? '', next)
        return next
      },
    },
  }
}
