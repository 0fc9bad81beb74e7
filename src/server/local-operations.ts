import { ServingError } from '../core/errors.ts'
import type { Operations } from '../runtime/operations.ts'
import { versionNumber, type DataPlane } from '../runtime/plane.ts'
import type { MetricsSnapshot } from '../telemetry/snapshot.ts'
import { statisticsOf } from '../telemetry/statistics.ts'
import { logSettings, setLogSettings } from './log.ts'
import { createObservingSettings } from './observing.ts'

/**
 * Operations on a process that serves by itself, without a supervisor: it tells what it has counted, and serves what it
 * was started with.
 * @param series what it has counted
 */
export function createLocalOperations(plane: DataPlane, series: () => MetricsSnapshot['series']): Operations {
  const settings = createObservingSettings({
    log: logSettings(),
    traces: undefined,
    onChange: ({ log }) => setLogSettings(log),
  })
  const fixed = () => {
    throw new ServingError('unsupported', 'this server serves the models that it was started with, and no others')
  }
  return {
    canControl: false,
    statistics: async () => statisticsOf([{ series: series() }]),
    index: async () =>
      plane.models().map((model) => ({
        name: model.name,
        version: versionNumber(model),
        state: model.state === 'ready' ? 'READY' : 'UNLOADING',
        reason: '',
      })),
    load: async () => fixed(),
    unload: async () => fixed(),
    logSettings: async (change) => settings.logSettings(change),
    traceSettings: async (model, change) => settings.traceSettings(model, change),
  }
}
