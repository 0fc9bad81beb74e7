import { describe, expect, test } from 'vitest'
import { ENDPOINT_CATALOGUE } from './catalogue.ts'
import { endpointsSnapshot } from './endpoints.fixture.ts'
import { createLedger } from './ledger.ts'
import { renderMetrics } from './render.ts'
import type { MetricsSnapshot } from './snapshot.ts'

function sample(text: string, name: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

const V1 = 'project="default",endpoint="fraud",variant="v1"'

describe('metrics of endpoints', () => {
  test('are the whole catalogue, and there only where a process has endpoints', () => {
    const text = renderMetrics([endpointsSnapshot('runner-1')])
    const families = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type])
    const expected = Object.entries(ENDPOINT_CATALOGUE).map(([name, [type]]) => [name, type])
    expect(families.slice(-expected.length)).toEqual(expected)
    expect(renderMetrics([])).not.toContain('slipway_endpoint')
  })

  test('are sums over processes; what they shall hold together is said once', () => {
    const text = renderMetrics([endpointsSnapshot('runner-1'), endpointsSnapshot('runner-2')])
    expect(sample(text, `slipway_endpoint_requests_total{${V1},code="200"}`)).toBe(6)
    expect(sample(text, `slipway_endpoint_requests_total{${V1},code="500"}`)).toBe(2)
    expect(sample(text, `slipway_endpoint_request_duration_seconds_bucket{${V1},le="0.0016"}`)).toBe(6)
    expect(sample(text, `slipway_endpoint_request_duration_seconds_sum{${V1}}`)).toBeCloseTo(0.006)
    expect(sample(text, `slipway_endpoint_in_flight{${V1}}`)).toBe(4)
    expect(sample(text, `slipway_endpoint_replicas{${V1},state="ready"}`)).toBe(2)
    expect(sample(text, `slipway_endpoint_replicas{${V1},state="desired"}`)).toBe(2)
    expect(sample(text, `slipway_endpoint_replicas{${V1},state="failed"}`)).toBe(0)
    expect(sample(text, 'slipway_cold_starts_total{project="default",endpoint="fraud"}')).toBe(2)
    expect(sample(text, 'slipway_key_requests_total{project="default",key="ci",code="200"}')).toBe(6)
    expect(sample(text, 'slipway_key_requests_total{project="default",key="",code="401"}')).toBe(2)
    expect(sample(text, 'slipway_capture_dropped_total{project="default",endpoint="fraud",reason="busy"}')).toBe(4)
    expect(sample(text, 'slipway_control_up')).toBe(1)
  })

  test('of an endpoint that is there no more go, those of a process that has ended too', () => {
    const ledger = createLedger()
    ledger.put(endpointsSnapshot('runner-1'))
    ledger.end('runner-1')
    const { state, ...counts } = endpointsSnapshot('runner-2')
    const endpoints = { ...state?.endpoints, isControlUp: true, inFlight: [], replicas: [], desired: [], rollouts: [] }
    const told = (names: readonly string[]) =>
      ({ ...counts, state: { ...state, endpoints: { ...endpoints, told: names } } }) as MetricsSnapshot
    expect(renderMetrics([...ledger.all(), told(['other'])])).not.toContain('"fraud"')
    expect(sample(renderMetrics([...ledger.all(), told(['fraud'])]), `slipway_endpoint_rows_total{${V1}}`)).toBe(6)
  })

  test('keep the counts of a process that has ended, and not how it was', () => {
    const ledger = createLedger()
    ledger.put(endpointsSnapshot('runner-1', 'first'))
    ledger.put(endpointsSnapshot('runner-1', 'second'))
    ledger.end('runner-1')
    const text = renderMetrics(structuredClone(ledger.all()))
    expect(sample(text, `slipway_endpoint_requests_total{${V1},code="200"}`)).toBe(6)
    expect(sample(text, `slipway_endpoint_in_flight{${V1}}`)).toBeUndefined()
    expect(sample(text, 'slipway_control_up')).toBe(0)
  })
})
