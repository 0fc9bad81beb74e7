import { describe, expect, test } from 'vitest'
import { parseLoad } from './load.ts'

const line = (over: Record<string, number> = {}) =>
  `Running 1s test\nslipway-bench ${JSON.stringify({ requests: 5000, micros: 2_000_000, p50: 150, p99: 1200, connect: 0, read: 0, write: 0, timeout: 0, status: 0, ...over })}\nRequests/sec: 1\n`

describe('what wrk tells', () => {
  test('is requests, seconds and latencies in milliseconds', () => {
    expect(parseLoad(line())).toEqual({ requests: 5000, seconds: 2, p50Ms: 0.15, p99Ms: 1.2 })
  })

  test.each(['connect', 'read', 'write', 'timeout', 'status'])('one failure of the kind %s fails the bench', (kind) => {
    expect(() => parseLoad(line({ [kind]: 1 }))).toThrow(`of 5000 requests some failed: ${kind} 1`)
  })

  test('no answer at all fails the bench', () => {
    expect(() => parseLoad(line({ requests: 0 }))).toThrow('no answer')
    expect(() => parseLoad('unable to connect to 127.0.0.1')).toThrow('wrk told nothing')
  })
})
