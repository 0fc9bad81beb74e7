import { createHistogram, DURATION_BOUNDS } from './histogram.ts'
import type { MetricsSnapshot } from './snapshot.ts'
import { ENDPOINT_BOUNDS_MS } from './endpoint-counts.ts'

/** What a runner of the platform tells that has answered 3 requests in 1 ms each, and failed at one. */
export function endpointsSnapshot(process: string, life = process): MetricsSnapshot {
  const of = { endpoint: 'fraud', variant: 'v1' }
  const duration = createHistogram(ENDPOINT_BOUNDS_MS)
  duration[2] = 3
  duration[duration.length - 1] = 3
  return {
    process,
    life,
    series: [],
    totals: { loopDelay: createHistogram(DURATION_BOUNDS), spansExported: 0, spansDropped: 0, logLinesDropped: 0 },
    endpoints: {
      project: 'default',
      variants: [
        {
          ...of,
          codes: [
            [200, 3],
            [500, 1],
          ],
          duration,
          rows: 3,
          coldStarts: 1,
          shadowCompared: 2,
          shadowDiffered: 1,
          shadowDropped: 1,
        },
      ],
      keys: [
        { project: '', key: 'ci', codes: [[200, 3]] },
        { project: '', key: '', codes: [[401, 1]] },
      ],
      captureDropped: [{ endpoint: 'fraud', reason: 'busy', count: 2 }],
      logLinesDropped: 1,
    },
    state: {
      isReady: true,
      startedAt: 0,
      cpuSeconds: 0,
      residentBytes: 0,
      loopBusySeconds: 0,
      models: [],
      endpoints: {
        isControlUp: true,
        inFlight: [{ ...of, requests: 2 }],
        replicas: [{ ...of, state: 'ready' }],
        desired: [{ ...of, replicas: 2 }],
        rollouts: [{ endpoint: 'fraud', state: 'promoted' }],
        told: ['fraud'],
      },
    },
  }
}
