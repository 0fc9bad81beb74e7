import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { answered, servedModel } from './answered.fixture.ts'
import { countRun, createInferenceSums, runsBySize } from './inference-counts.ts'
import { createLedger } from './ledger.ts'
import { createMetrics, MAX_SERIES } from './metrics.ts'
import type { MetricsSnapshot } from './snapshot.ts'
import { createHistogram, DURATION_BOUNDS } from './histogram.ts'
import { statisticsOf } from './statistics.ts'

const fraud = servedModel('fraud')

function snapshot(process: string, metrics: ReturnType<typeof createMetrics>): MetricsSnapshot {
  const loopDelay = createHistogram(DURATION_BOUNDS)
  const totals = { loopDelay, spansExported: 0, spansDropped: 0, logLinesDropped: 0 }
  return { process, life: process, series: metrics.series(1000), totals }
}

describe('the statistics of a version', () => {
  test('tell where the time of its requests went: its parts are the whole', () => {
    const metrics = createMetrics(0)
    const timing = { rows: 3, arrivedAtMs: 52, queueMs: 3, runMs: 4 }
    metrics.onAnswered(answered({ model: fraud, receivedAtMs: 50, totalMs: 10, timing }))
    metrics.onAnswered(answered({ model: fraud, receivedAtMs: 60, totalMs: 1, status: 429 }))
    metrics.onRun({ model: fraud, rows: 3, requests: 1, runMs: 4, failed: false })
    metrics.onRun({ model: fraud, rows: 9, requests: 1, runMs: 7, failed: true })
    expect(statisticsOf([snapshot('a', metrics)])).toEqual([
      {
        name: 'fraud',
        version: 'aaaaaaaaaaaa',
        lastInferenceMs: 1060,
        rows: 3,
        runs: 1,
        success: { count: 1, ms: 10 },
        fail: { count: 1, ms: 1 },
        computeInput: { count: 1, ms: 2 },
        queue: { count: 1, ms: 3 },
        computeInfer: { count: 1, ms: 4 },
        computeOutput: { count: 1, ms: 1 },
        batches: [{ rows: 3, count: 1, ms: 4 }],
      },
    ])
  })

  test('count a request that was refused before it got to the plane as failed, and one for no model not at all', () => {
    const metrics = createMetrics(0)
    const refused = answered({ status: 400 })
    metrics.onAnswered(refused)
    metrics.onAnswered({ ...refused, call: { aborted: false, model: fraud } })
    expect(statisticsOf([snapshot('a', metrics)])).toMatchObject([
      { name: 'fraud', success: { count: 0 }, fail: { count: 1, ms: 1 }, lastInferenceMs: 0 },
    ])
  })

  test('are none where a process counted it together with others, which an entry without a version stands for', () => {
    const full = createMetrics(0)
    for (let i = 0; i < MAX_SERIES; i++) full.onAnswered(answered({ model: servedModel(`m${i}`) }))
    const other = createMetrics(0)
    for (const metrics of [full, other]) metrics.loaded([{ model: fraud, queuedRows: 0, running: 0, inFlight: 0 }])
    other.onAnswered(answered({ model: fraud }))
    other.onAnswered(answered({ model: servedModel('m0') }))
    const told = () => statisticsOf([snapshot('a', full), snapshot('b', other)])
    expect(told()).toHaveLength(MAX_SERIES + 1) // nothing is together yet
    // refused before it gets to the plane: a failure, and no more
    full.onAnswered({ ...answered({ status: 400 }), call: { aborted: false, model: fraud } })
    expect(told()).toHaveLength(MAX_SERIES + 1)
    expect(told().find(({ name }) => name === 'fraud')).toBeUndefined()
    expect(told().find(({ version }) => version === '')).toMatchObject({ name: 'other', fail: { count: 1 } })
    expect(told().find(({ name }) => name === 'm0')).toMatchObject({ success: { count: 2 } })
  })

  test('are those of all processes, of those that have ended too, and count nothing twice', () => {
    const ledger = createLedger()
    const first = createMetrics(0)
    const second = createMetrics(0)
    for (const [metrics, receivedAtMs] of [
      [first, 100],
      [second, 50],
    ] as const) {
      metrics.onAnswered(answered({ model: fraud, receivedAtMs }))
      metrics.onRun({ model: fraud, rows: 70, requests: 1, runMs: 4, failed: false })
    }
    ledger.put(snapshot('first', first))
    ledger.put(snapshot('second', second))
    const before = statisticsOf(ledger.all())
    expect(before).toMatchObject([
      { rows: 6, runs: 2, success: { count: 2 }, lastInferenceMs: 1101, batches: [{ rows: 128, count: 2, ms: 8 }] },
    ])
    ledger.end('first')
    expect(statisticsOf(ledger.all())).toEqual(before)
    second.onAnswered(answered({ model: fraud }))
    ledger.put(snapshot('second', second))
    expect(statisticsOf(ledger.all())).toMatchObject([{ success: { count: 3 } }])
  })
})

test('runs are counted by size: each by itself up to 64 rows, then by powers of two, none is lost', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 2 ** 31 - 1 }))),
      (sizes) => {
        const sums = createInferenceSums()
        for (const rows of sizes) countRun(sums, rows, 1)
        const runs = runsBySize(sums)
        expect(runs.reduce((sum, { count }) => sum + count, 0)).toBe(sizes.length)
        expect(runs.map(({ rows }) => rows)).toEqual(runs.map(({ rows }) => rows).toSorted((a, b) => a - b))
        for (const rows of sizes) {
          const group = rows <= 64 ? rows : Math.min(2 ** 24, 2 ** Math.ceil(Math.log2(rows)))
          expect(runs.some((run) => run.rows === group)).toBe(true)
        }
      },
    ),
  )
})
