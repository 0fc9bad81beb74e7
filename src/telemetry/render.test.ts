import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { findTool, needs } from '../../test/support/needs.ts'
import { answered, servedModel } from './answered.fixture.ts'
import { CATALOGUE } from './catalogue.ts'
import { createLedger } from './ledger.ts'
import { renderMetrics } from './render.ts'
import type { MetricsSnapshot } from './snapshot.ts'
import { createTelemetry } from './telemetry.ts'

const fraud = servedModel('fraud')

async function snapshot(requests: number, process = 'runner-1', life?: string): Promise<MetricsSnapshot> {
  const telemetry = await createTelemetry({
    process,
    version: '1.2.3',
    now: () => 0,
    epochNow: () => 1_800_000_000_000,
    isReady: () => true,
    gauges: () => [{ model: fraud, queuedRows: 4, running: 1, inFlight: 3 }],
  })
  for (let i = 0; i < requests; i++) telemetry.onAnswered(answered({ model: fraud }))
  if (requests > 0) telemetry.onRun({ model: fraud, rows: 5, requests, runMs: 0.6, failed: false })
  await telemetry.close()
  return { ...telemetry.snapshot(), ...(life !== undefined && { life }) }
}

/** The value of a sample, or undefined when there is none. */
function sample(text: string, name: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

const OF_FRAUD = 'model="fraud",version="aaaaaaaaaaaa"'

describe('rendered metrics', () => {
  test('are the whole catalogue, each family with its help and type, once', async () => {
    const text = renderMetrics([await snapshot(1)])
    const families = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type])
    expect(families).toEqual(Object.entries(CATALOGUE).map(([name, [type]]) => [name, type]))
    expect([...text.matchAll(/^# HELP (\S+) \S/gm)].map(([, name]) => name)).toEqual(Object.keys(CATALOGUE))
  })

  test('are all there before the first request, and before the first process', async () => {
    const text = renderMetrics([await snapshot(0)])
    expect(sample(text, `slipway_requests_total{${OF_FRAUD},code="200"}`)).toBe(0)
    expect(sample(text, `slipway_request_duration_seconds_count{${OF_FRAUD}}`)).toBe(0)
    expect(sample(text, 'slipway_rejected_total{reason="overloaded"}')).toBe(0)
    expect(sample(text, 'slipway_ready_models')).toBe(1)
    expect(sample(renderMetrics([]), 'slipway_ready_models')).toBe(0)
    expect(sample(renderMetrics([]), 'slipway_ready_processes')).toBe(0)
  })

  test('have buckets that add up, bounds in seconds', async () => {
    const text = renderMetrics([await snapshot(3)])
    const bucket = (le: string) => sample(text, `slipway_request_duration_seconds_bucket{${OF_FRAUD},le="${le}"}`)
    expect(['0.00002', '0.0005', '0.001', '60', '+Inf'].map(bucket)).toEqual([0, 0, 3, 3, 3])
    expect(sample(text, `slipway_request_duration_seconds_sum{${OF_FRAUD}}`)).toBeCloseTo(0.003)
    expect(sample(text, `slipway_request_duration_seconds_count{${OF_FRAUD}}`)).toBe(3)
    expect(sample(text, `slipway_batch_rows_bucket{${OF_FRAUD},le="8"}`)).toBe(1)
  })

  test('of several processes are sums, and name the process where a sum says nothing', async () => {
    const one = await snapshot(3)
    const two = await snapshot(4, 'runner-2')
    const text = renderMetrics([one, two], { runnerRestarts: 2 })
    expect(sample(text, `slipway_requests_total{${OF_FRAUD},code="200"}`)).toBe(7)
    expect(sample(text, `slipway_queue_rows{${OF_FRAUD}}`)).toBe(8)
    expect(sample(text, `slipway_run_slots{${OF_FRAUD}}`)).toBe(4)
    expect(sample(text, `slipway_model_info{${OF_FRAUD},engines="onnxruntime,host-kernels",plan="off-loop"}`)).toBe(1)
    expect(sample(text, 'slipway_ready_models')).toBe(1)
    expect(sample(text, 'slipway_ready_processes')).toBe(2)
    expect(sample(text, 'slipway_runner_restarts_total')).toBe(2)
    expect(sample(text, 'process_resident_memory_bytes{process="runner-1"}')).toBe(one.state?.residentBytes)
    expect(sample(text, 'process_resident_memory_bytes{process="runner-2"}')).toBe(two.state?.residentBytes)
    expect(renderMetrics([structuredClone(one), structuredClone(two)], { runnerRestarts: 2 })).toBe(text)
  })

  test('do not change the snapshots that they are made of', async () => {
    const one = await snapshot(3)
    const before = structuredClone(one)
    renderMetrics([one, one])
    expect(one).toEqual(before)
  })

  test('count rejections by their kind, over all models', async () => {
    const telemetry = await createTelemetry({ process: 'p', version: '1', now: () => 0, epochNow: () => 0 })
    for (const status of [429, 429, 415, 501, 500])
      telemetry.onAnswered(answered(status === 429 ? { model: fraud, status } : { status }))
    await telemetry.close()
    const text = renderMetrics([telemetry.snapshot()])
    expect(sample(text, 'slipway_rejected_total{reason="overloaded"}')).toBe(2)
    expect(sample(text, 'slipway_rejected_total{reason="unsupported"}')).toBe(2)
    expect(text).not.toContain('reason="internal"')
  })

  test('write names of models so that no name can end its label', async () => {
    const hostile = servedModel('a\\b"c\nd')
    const telemetry = await createTelemetry({ process: 'p', version: '1', now: () => 0, epochNow: () => 0 })
    telemetry.onAnswered(answered({ model: hostile }))
    await telemetry.close()
    const text = renderMetrics([telemetry.snapshot()])
    expect(text).toContain('slipway_rows_total{model="a\\\\b\\"c\\nd",version="aaaaaaaaaaaa"} 0\n')
  })

  test('call a version not ready that only processes hold which take no requests', async () => {
    const one = await snapshot(0)
    const draining = { ...one, state: one.state && { ...one.state, isReady: false } } as MetricsSnapshot
    expect(sample(renderMetrics([draining]), 'slipway_ready_models')).toBe(0)
  })
})

describe('a ledger', () => {
  const total = `slipway_requests_total{${OF_FRAUD},code="200"}`

  test('keeps the counts of a process that was replaced, and not how it was', async () => {
    const ledger = createLedger()
    ledger.put(await snapshot(5, 'runner-1', 'first'))
    ledger.put(await snapshot(3, 'runner-2', 'other'))
    ledger.put(await snapshot(1, 'runner-1', 'second'))
    const text = renderMetrics(ledger.all())
    expect(sample(text, total)).toBe(9)
    expect(sample(text, `slipway_queue_rows{${OF_FRAUD}}`)).toBe(8)
    expect(sample(text, 'slipway_ready_processes')).toBe(2)
    ledger.put(await snapshot(2, 'runner-1', 'second'))
    expect(sample(renderMetrics(ledger.all()), total)).toBe(10)
  })

  test('keeps the counts of processes that have ended for good', async () => {
    const ledger = createLedger()
    for (const process of ['runner-1', 'runner-2', 'runner-3']) ledger.put(await snapshot(2, process))
    ledger.end('runner-2')
    ledger.end('runner-3')
    ledger.end('nobody')
    expect(ledger.all()).toHaveLength(2)
    expect(sample(renderMetrics(ledger.all()), total)).toBe(6)
    expect(sample(renderMetrics(ledger.all()), 'slipway_ready_processes')).toBe(1)
  })
})

describe.skipIf(!needs('promtool'))('promtool', () => {
  test('finds nothing to say against them', async () => {
    const telemetry = await createTelemetry({ process: 'p', version: '1', now: () => 0, epochNow: () => 0 })
    telemetry.onAnswered(answered({ model: servedModel('a\\b"c\nd é') }))
    await telemetry.close()
    const input = renderMetrics([await snapshot(3), telemetry.snapshot()], { runnerRestarts: 1 })
    const said = execFileSync(findTool('promtool') ?? '', ['check', 'metrics'], {
      input,
      encoding: 'utf8',
      stdio: 'pipe',
    })
    expect(said).toBe('')
  })
})
