import { describe, expect, test, vi } from 'vitest'
import type { RouteTable, RouteVariant } from '../../../api/route-table.ts'
import { LATENCY_BOUNDS_MS, type RunnerStatus, type VariantTraffic } from '../../../api/runner-status.ts'
import { ServingError } from '../../../core/errors.ts'
import { Traffic } from '../../../runtime/endpoints/traffic.ts'
import type { EndpointCounters } from '../../../runtime/endpoints/types.ts'
import { ENDPOINT_BOUNDS_MS } from '../../../telemetry/endpoint-counts.ts'
import { createEndpointTotals } from './endpoint-totals.ts'
import { createFailedRequests } from './failed-requests.ts'
import type { EndpointLogMessage } from './log-messages.ts'
import { createTrafficWindow } from './traffic-window.ts'

const variantOf = (name: string, more: Partial<RouteVariant> = {}) =>
  ({ name, model: 'fraud', number: 3, digest: `digest-${name}`, weight: 1, replicas: 2, ...more }) as RouteVariant

const tableOf = (...variants: RouteVariant[]): RouteTable => ({
  formatVersion: 1,
  project: 'default',
  revision: 1,
  keys: [],
  endpoints: [{ name: 'fraud', isPaused: false, variants }],
})

function statusOf(
  runner: string,
  traffic: readonly VariantTraffic[] = [],
  more: Partial<RunnerStatus> = {},
): RunnerStatus {
  return {
    runner,
    project: 'default',
    index: 0,
    count: 2,
    life: 'a',
    revision: 1,
    memoryBytes: 0,
    replicas: [],
    traffic,
    ...more,
  }
}

/** What a runner tells of a second in which it answered so. */
function trafficOf(ms: readonly number[], { variant = 'v1', failed = 0 } = {}): VariantTraffic {
  const traffic = new Traffic(0)
  for (const each of ms) {
    traffic.enter(0)
    traffic.answered(each, each, 2)
  }
  for (let i = 0; i < failed; i++) {
    traffic.enter(0)
    traffic.failed(1, 'internal')
  }
  const report = traffic.report(1000, false)
  if (report === undefined) throw new Error('nothing was answered')
  return { endpoint: 'fraud', variant, digest: `digest-${variant}`, ...report }
}

describe('the window of traffic', () => {
  test('has rates, quantiles and requests under way over all runners, for as long as the window', () => {
    let timeMs = 100_000
    const window = createTrafficWindow({ now: () => timeMs, wallNow: () => timeMs })
    const table = tableOf(variantOf('v1', { weight: 3 }), variantOf('v2'))
    for (let second = 0; second < 10; second++) {
      for (const runner of ['default-1', 'default-2'])
        window.take(
          statusOf(runner, [
            trafficOf(
              Array.from({ length: 50 }, (_, i) => (i < 45 ? 10 : 400)),
              { failed: 5 },
            ),
          ]),
        )
      timeMs += 1000
    }
    const ready = { endpoint: 'fraud', digest: 'digest-v1', state: 'ready' as const, lastUsedMs: 0, memoryBytes: 0 }
    const runners = [
      statusOf('a', [], { replicas: [ready] }),
      statusOf('b', [], { replicas: [{ ...ready, state: 'loading' }] }),
    ]
    const { windowMs, variants } = window.summary(table, runners, 7)
    expect(windowMs).toBe(9000)
    const [v1, v2] = variants
    expect(v1).toMatchObject({ model: 'fraud', version: 3, share: 0.75, replicas: { desired: 2, ready: 1 } })
    expect(v1?.requestsPerSecond).toBeCloseTo(110)
    expect(v1?.errorsPerSecond).toBeCloseTo(10)
    expect(v1?.rowsPerSecond).toBeCloseTo(200)
    expect(v1?.inFlight).toBeCloseTo(2 * (45 * 0.01 + 5 * 0.4 + 5 * 0.001))
    expect(Math.abs((v1?.p50Ms ?? 0) / 10 - 1)).toBeLessThan(0.1)
    expect(Math.abs((v1?.p99Ms ?? 0) / 400 - 1)).toBeLessThan(0.1)
    expect(v2).toMatchObject({ share: 0.25, requestsPerSecond: 0, inFlight: 0 })
    expect(v2).not.toHaveProperty('p50Ms')
    timeMs += 11_000
    expect(window.summary(table, [], 7).variants[0]).toMatchObject({ requestsPerSecond: 0, inFlight: 0 })
  })

  test('forgets variants that are quiet, and never holds more than its window', () => {
    let timeMs = 0
    const window = createTrafficWindow({ now: () => timeMs, wallNow: () => timeMs })
    for (let i = 0; i < 200; i++) {
      window.take(statusOf('default-1', [trafficOf([1], { variant: `v${i}` })]))
      timeMs += 1000
    }
    expect(window.size).toBeLessThanOrEqual(11)
  })

  test('that has just begun says so, and does not dilute its rates', () => {
    let timeMs = 55_000
    const window = createTrafficWindow({ now: () => timeMs, wallNow: () => timeMs })
    timeMs += 2000
    window.take(statusOf('default-1', [trafficOf([1, 1, 1, 1])]))
    const { windowMs, variants } = window.summary(tableOf(variantOf('v1')), [], 0)
    expect(windowMs).toBe(2000)
    expect(variants[0]?.requestsPerSecond).toBe(2)
  })
})

describe('the comparison of shadows', () => {
  const shadow = (compared: number): VariantTraffic => ({
    ...trafficOf([1], { variant: 'v2' }),
    compared,
    differed: 1,
    timed: compared - 1,
    longerMs: (compared - 1) * 2.5,
  })

  test('is summed up over all runners since the version became one, and outlives the window', () => {
    let timeMs = 1000
    const window = createTrafficWindow({ now: () => timeMs, wallNow: () => timeMs })
    const table = tableOf(variantOf('v1'), variantOf('v2', { weight: 0, shadow: 0.5 }))
    const found = () => window.summary(table, [], timeMs).variants.map((each) => each.shadow)
    expect(found()).toEqual([undefined, { sinceMs: 1000, compared: 0, differed: 0 }])
    for (const runner of ['default-1', 'default-2']) window.take(statusOf(runner, [shadow(10)]))
    timeMs += 60_000
    expect(found()[1]).toEqual({ sinceMs: 1000, compared: 20, differed: 2, latencyDifferenceMs: 2.5 })
  })

  test('begins anew with another version, and once it has answered callers', () => {
    const window = createTrafficWindow({ now: () => 0, wallNow: () => 7 })
    const summary = (digest: string) =>
      window.summary(tableOf(variantOf('v2', { digest, shadow: 1 })), [], 0).variants[0]?.shadow?.compared
    window.take(statusOf('default-1', [shadow(10)]))
    expect([summary('digest-v2'), summary('digest-v3')]).toEqual([10, 0])
    window.take(statusOf('default-1', [trafficOf([1], { variant: 'v2' })]))
    expect(summary('digest-v2')).toBe(0)
  })
})

function countersOf(digest: string, ok: number, more: Partial<EndpointCounters['variants'][number]> = {}) {
  const latency = Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, () => 0)
  latency[0] = ok
  const shadow = { shadowDropped: 0, shadowCompared: 0, shadowDiffered: 0 }
  const counts = { requests: { ok }, latency, latencySumMs: ok, rows: ok, inFlight: 0, coldStarts: 0 }
  return { endpoint: 'fraud', variant: 'v1', digest, ...counts, ...shadow, ...more }
}

describe('totals of endpoints', () => {
  test('never fall when a variant gets another version, and the plane forgets the old one', () => {
    const totals = createEndpointTotals()
    const sums = (...variants: EndpointCounters['variants'][number][]) =>
      totals.take({ variants }).map(({ codes, rows, coldStarts }) => [codes, rows, coldStarts])
    expect(sums(countersOf('a', 5, { coldStarts: 2 }))).toEqual([[[[200, 5]], 5, 2]])
    expect(sums(countersOf('a', 7, { coldStarts: 0 }), countersOf('b', 1))).toEqual([[[[200, 8]], 8, 2]])
    expect(sums(countersOf('b', 2))).toEqual([[[[200, 9]], 9, 2]])
    expect(sums()).toEqual([[[[200, 9]], 9, 2]])
    expect(sums(countersOf('b', 1))).toEqual([[[[200, 10]], 10, 2]])
  })

  test('forget the longest gone of too many', () => {
    const totals = createEndpointTotals(3)
    for (let i = 0; i < 10; i++) totals.take({ variants: [countersOf('a', 1, { variant: `v${i}` })] })
    expect(totals.take({ variants: [] }).map(({ variant }) => variant)).toEqual(['v7', 'v8', 'v9'])
  })

  test('have the HTTP status of each outcome, and each latency in the bucket that it belongs to', () => {
    const traffic = new Traffic(0)
    const taken = [0.01, ...ENDPOINT_BOUNDS_MS, ...ENDPOINT_BOUNDS_MS.map((bound) => bound * 1.05), 1e6]
    for (const ms of taken) {
      traffic.enter(0)
      traffic.answered(0, ms, 1)
    }
    const requests = { ok: taken.length, internal: 2, overloaded: 3, invalid_argument: 4 }
    const [found] = createEndpointTotals().take({
      variants: [countersOf('a', 0, { requests, latency: [...traffic.latency], latencySumMs: traffic.latencySumMs })],
    })
    expect(found?.codes).toEqual([
      [200, taken.length],
      [400, 4],
      [429, 3],
      [500, 2],
    ])
    const cumulated = ENDPOINT_BOUNDS_MS.map((_, i) => found?.duration.slice(0, i + 1).reduce((a, b) => a + b, 0))
    expect(cumulated).toEqual(ENDPOINT_BOUNDS_MS.map((bound) => taken.filter((ms) => ms <= bound).length))
  })
})

test('of requests that fail, ten in a second have a line of their own, the rest one together', () => {
  vi.useFakeTimers()
  try {
    let timeMs = 0
    const lines: EndpointLogMessage[] = []
    const failures = createFailedRequests({
      project: 'default',
      source: 'default-1',
      now: () => timeMs,
      write: (line) => lines.push(line),
    })
    const fail = (code: 'internal' | 'invalid_argument' | 'cancelled', isDiscreet = false) =>
      failures.note({
        endpoint: 'fraud',
        variant: 'v1',
        error: new ServingError(code, `text of ${code}`, { details: { input: 'hour' } }),
        key: 'ci',
        ms: 1,
        isDiscreet,
      })
    for (let i = 0; i < 25; i++) fail('invalid_argument')
    fail('cancelled')
    fail('internal')
    expect(lines).toHaveLength(10)
    expect(lines[0]).toMatchObject({
      level: 'warn',
      variant: 'v1',
      message: 'request failed: text of invalid_argument',
      fields: { code: 'invalid_argument', key: 'ci', input: 'hour' },
    })
    timeMs += 1000
    vi.advanceTimersByTime(1000)
    expect(lines.slice(10)).toMatchObject([
      { message: '16 more requests failed within a second', fields: { codes: { invalid_argument: 15, internal: 1 } } },
    ])
    // where values are not to be kept, the texts of failures may hold some
    fail('invalid_argument', true)
    expect(JSON.stringify(lines.at(-1))).not.toContain('text of')
    failures.close()
  } finally {
    vi.useRealTimers()
  }
})
