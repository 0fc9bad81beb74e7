import { describe, expect, test } from 'vitest'
import { answered, servedModel } from './answered.fixture.ts'
import { createHistogram, DURATION_BOUNDS, observeMs, observeRows, ROW_BOUNDS } from './histogram.ts'
import { createMetrics, MAX_SERIES } from './metrics.ts'

const fraud = servedModel('fraud')

/** The upper bound of the bucket that holds the only observation. */
function bucketOf(histogram: Float64Array, bounds: readonly number[]): number {
  return bounds[histogram.indexOf(1)] ?? Infinity
}

describe('a histogram', () => {
  test.each([
    [0, 0.000_02],
    [0.02, 0.000_02],
    [0.0201, 0.000_05],
    [1, 0.001],
    [1.001, 0.002],
    [60_000, 60],
    [60_001, Infinity],
    [Infinity, Infinity],
  ])('counts %d ms in the bucket up to %d s', (ms, bound) => {
    const histogram = createHistogram(DURATION_BOUNDS)
    observeMs(histogram, ms)
    expect(bucketOf(histogram, DURATION_BOUNDS)).toBe(bound)
    expect(histogram.at(-1)).toBe(ms)
  })

  test.each([NaN, -1])('takes %d ms for nothing', (ms) => {
    const histogram = createHistogram(DURATION_BOUNDS)
    observeMs(histogram, ms)
    expect(bucketOf(histogram, DURATION_BOUNDS)).toBe(0.000_02)
    expect(histogram.at(-1)).toBe(0)
  })

  test.each([
    [1, 1],
    [3, 4],
    [1025, 4096],
    [20_000, Infinity],
  ])('counts %d rows in the bucket up to %d', (rows, bound) => {
    const histogram = createHistogram(ROW_BOUNDS)
    observeRows(histogram, rows)
    expect(bucketOf(histogram, ROW_BOUNDS)).toBe(bound)
  })
})

describe('requests', () => {
  test('are counted per version and status, with their time in parts', () => {
    const metrics = createMetrics(0)
    metrics.onAnswered(answered({ model: fraud, totalMs: 1 }))
    metrics.onAnswered(answered({ model: fraud, totalMs: 2, status: 500 }))
    metrics.onAnswered(answered({ model: servedModel('fraud', 'bbbbbbbbbbbb') }))
    const series = metrics.series()
    expect(series.map(({ model, version }) => [model, version])).toEqual([
      ['', ''],
      ['fraud', 'aaaaaaaaaaaa'],
      ['fraud', 'bbbbbbbbbbbb'],
    ])
    expect(series[1]?.codes).toEqual([
      [200, 1],
      [500, 1],
    ])
    expect(series[1]?.request.at(-1)).toBeCloseTo(3)
    expect(series[1]?.queue.at(-1)).toBeCloseTo(0.2)
    expect(series[1]?.run.at(-1)).toBeCloseTo(1.2)
    expect(series[1]?.overhead.at(-1)).toBeCloseTo(1.6)
  })

  test('that reach no model are counted apart, under no name of theirs', () => {
    const metrics = createMetrics(0)
    metrics.onAnswered(answered({ status: 404, path: '/v2/models/guessed/infer' }))
    const [none, ...others] = metrics.series()
    expect(others).toEqual([])
    expect(none?.codes).toEqual([[404, 1]])
    expect(JSON.stringify(none)).not.toContain('guessed')
  })

  test('that were never run do not count as runs that took no time', () => {
    const metrics = createMetrics(0)
    metrics.onAnswered(answered({ model: fraud, status: 429, timing: { runMs: 0, batchRows: 0 } }))
    const sum = (histogram: Float64Array | undefined) => histogram?.slice(0, -1).reduce((a, b) => a + b)
    expect(sum(metrics.series()[1]?.run)).toBe(0)
    expect(sum(metrics.series()[1]?.queue)).toBe(1)
  })

  test('for a version stay one series when its labels or its state change', () => {
    const metrics = createMetrics(0)
    metrics.onAnswered(answered({ model: fraud }))
    metrics.onAnswered(answered({ model: { ...fraud, labels: ['stable'], state: 'unloading' } }))
    expect(metrics.series()).toHaveLength(2)
    expect(metrics.series()[1]?.codes).toEqual([[200, 2]])
  })

  test('with a status that is none count as failures of ours', () => {
    const metrics = createMetrics(0)
    for (const status of [0, 99, 600, NaN]) metrics.onAnswered(answered({ status }))
    expect(metrics.series()[0]?.codes).toEqual([[500, 4]])
  })

  test('for versions beyond the most are counted together, as other', () => {
    const metrics = createMetrics(0)
    for (let i = 0; i < MAX_SERIES + 5; i++) metrics.onAnswered(answered({ model: servedModel(`m${i}`) }))
    metrics.onAnswered(answered({ model: servedModel('m0') }))
    const series = metrics.series()
    expect(series).toHaveLength(MAX_SERIES + 2)
    expect(series.at(-1)).toMatchObject({ model: 'other', version: '', codes: [[200, 5]] })
    expect(series[1]).toMatchObject({ model: 'm0', codes: [[200, 2]] })
  })
})

describe('runs', () => {
  test('are counted with their rows; rows of failed ones are not', () => {
    const metrics = createMetrics(0)
    metrics.onRun({ model: fraud, rows: 5, requests: 2, runMs: 0.6, failed: false })
    metrics.onRun({ model: fraud, rows: 7, requests: 2, runMs: 0.4, failed: true })
    const [, series] = metrics.series()
    expect(series).toMatchObject({ rows: 5, failedRuns: 1 })
    expect(series?.batch.at(-1)).toBeCloseTo(1)
    expect(series?.batchRows.at(-1)).toBe(12)
  })

  test('make a version saturated by the share of its run slots that they fill', () => {
    const metrics = createMetrics(1000)
    const gauges = [{ model: fraud, queuedRows: 4, running: 1, inFlight: 3 }]
    metrics.onRun({ model: fraud, rows: 1, requests: 1, runMs: 500, failed: false })
    expect(metrics.loaded(gauges)[0]?.saturation).toBe(0)
    metrics.endInterval(2000)
    expect(metrics.loaded(gauges)[0]).toMatchObject({
      model: 'fraud',
      version: 'aaaaaaaaaaaa',
      runSlots: 2,
      plan: 'off-loop',
      saturation: 0.25,
      queuedRows: 4,
      runsInProgress: 1,
      requestsInProgress: 3,
    })
    metrics.onRun({ model: fraud, rows: 1, requests: 1, runMs: 9000, failed: false })
    metrics.endInterval(3000)
    expect(metrics.loaded(gauges)[0]?.saturation).toBe(1)
    metrics.endInterval(4000)
    expect(metrics.loaded(gauges)[0]?.saturation).toBe(0)
  })
})
