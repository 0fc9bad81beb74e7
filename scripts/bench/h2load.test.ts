import { describe, expect, test } from 'vitest'
import { parseH2load } from './h2load.ts'

/** What h2load prints at the end. */
const said = (over: Record<string, number> = {}) => {
  const of = { started: 6, failed: 0, errored: 0, timeout: 0, '3xx': 0, '4xx': 0, '5xx': 0, data: 500, ...over }
  return `starting benchmark...
Main benchmark duration is over for thread #0. Stopping all clients.

finished in 2.08s, 2.00 req/s, 265.82KB/s
requests: 4 total, ${of.started} started, 4 done, ${4 - of.failed} succeeded, ${of.failed} failed, ${of.errored} errored, ${of.timeout} timeout
status codes: 5 2xx, ${of['3xx']} 3xx, ${of['4xx']} 4xx, ${of['5xx']} 5xx
traffic: 531.64KB (544400) total, 12.41KB (12712) headers (space savings 96.09%), 0.49KB (${of.data}) data
                     min         max         mean         sd        +/- sd
time for request:     1.27ms    343.85ms     30.47ms     45.73ms    94.32%
`
}
const TIMES = '1000000\t200\t4000\n1000500\t200\t1000\n1001000\t200\t2000\n2990000\t200\t10000\n'

describe('what h2load tells', () => {
  test('is answers, the time from the first request to the last answer, and latencies in milliseconds', () => {
    expect(parseH2load(said(), TIMES, 100)).toEqual({ requests: 4, started: 6, seconds: 2, p50Ms: 4, p99Ms: 10 })
  })

  test.each(['failed', 'errored', 'timeout', '3xx', '4xx', '5xx'])('one of %s fails the bench', (kind) => {
    expect(() => parseH2load(said({ [kind]: 1 }), TIMES, 100)).toThrow(`of 4 requests some failed: ${kind} 1`)
  })

  test('what was under way at the end may have been answered', () => {
    for (const data of [400, 600]) expect(parseH2load(said({ data }), TIMES, 100).requests).toBe(4)
  })

  test.each([0, 399, 601])('answers that are %d bytes in place of four to six times a hundred are failures', (data) => {
    expect(() => parseH2load(said({ data }), TIMES, 100)).toThrow(
      `4 to 6 answers of 100 bytes came as ${data} bytes: some were failures of gRPC`,
    )
  })

  test('an answer without its time, or no answer at all, fails the bench', () => {
    expect(() => parseH2load(said(), TIMES.slice(0, 17), 100)).toThrow('4 answers and tells the times of 1')
    expect(() => parseH2load(said().replaceAll('4 done', '0 done'), '', 100)).toThrow('no answer at all')
  })

  test('a word of failure in place of numbers fails the bench', () => {
    expect(() => parseH2load('-d: Could not open file', '', 100)).toThrow('h2load told nothing: "-d: Could not')
  })
})
