import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RouteEndpoint, RouteTable, RouteVariant } from '../../../api/route-table.ts'
import type { EndpointLogMessage } from './log-messages.ts'
import { createRunnerMonitor, type RunnerMonitor } from './runner-monitor.ts'

let folder = ''
let monitor: RunnerMonitor
let isAway = false
let timeMs = 0
let written: EndpointLogMessage[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-monitor-'))
  isAway = false
  timeMs = 0
  written = []
  monitor = createRunnerMonitor({
    project: 'shop',
    index: 1,
    dataFolder: folder,
    now: () => timeMs,
    wallNow: () => 0,
    counters: () => ({ variants: [], replicas: [], keys: [] }),
    isControlUp: () => true,
    writeLog: (message) => !isAway && written.push(message) > 0,
  })
})

afterEach(async () => {
  await monitor.close()
  await rm(folder, { recursive: true, force: true })
})

function follow(...endpoints: readonly Pick<RouteEndpoint, 'name' | 'variants' | 'capture'>[]): void {
  const table: RouteTable = {
    formatVersion: 1,
    project: 'shop',
    revision: 1,
    endpoints: endpoints.map((endpoint) => ({ isPaused: false, ...endpoint })),
    keys: [],
  }
  monitor.follow(table)
}

const variantOf = (name: string, digest: string, number: number) => ({ name, digest, number }) as RouteVariant
const BY = { stream: 'stderr', pid: 7, dropped: 0, isTrace: false } as const
const OF = { name: 'fraud', version: 'a'.repeat(64), file: 'code/inference.py' }

test('an endpoint that was taken away is told of for a while, and again once it is back', () => {
  const told = () => monitor.metrics().state.told
  follow({ name: 'fraud', variants: [] }, { name: 'risk', variants: [] })
  follow({ name: 'risk', variants: [] })
  expect(told()).toEqual(['risk', 'fraud'])
  timeMs += 900_001
  expect(told()).toEqual(['risk'])
  follow({ name: 'risk', variants: [] }, { name: 'fraud', variants: [] })
  expect(told()).toEqual(['risk', 'fraud'])
})

test('what code prints goes to its endpoint, with variant, version, stream and process', () => {
  const [a, b] = ['a', 'b'].map((letter) => letter.repeat(64)) as [string, string]
  follow({ name: 'fraud', variants: [variantOf('v1', a, 1), variantOf('v2', b, 2), variantOf('twin', b, 2)] })
  monitor.printed(OF, 'hello', BY)
  monitor.printed({ ...OF, version: b }, 'from two', { ...BY, stream: 'stdout' }, 3)
  monitor.printed({ ...OF, version: 'c'.repeat(64) }, 'from one that has gone', BY)
  expect(written).toEqual([
    {
      type: 'log',
      project: 'shop',
      endpoint: 'fraud',
      variant: 'v1',
      source: 'shop-2',
      level: 'info',
      message: 'hello',
      fields: { stream: 'stderr', version: 1, digest: 'a'.repeat(12), file: 'code/inference.py', process: 7 },
    },
    expect.objectContaining({ variant: undefined, source: 'worker-3', message: 'from two' }),
    expect.objectContaining({ variant: undefined, message: 'from one that has gone' }),
  ])
})

test('lines that are lost are counted: those left out, and those that control did not take', () => {
  follow({ name: 'fraud', variants: [] })
  monitor.printed(OF, '(950 more lines were printed, and left out)', { ...BY, dropped: 950 })
  isAway = true
  monitor.printed(OF, 'nobody hears it', BY)
  expect(monitor.metrics().counts.logLinesDropped).toBe(951)
})

test('of an endpoint with redacted values, a trace has places and names alone, and what code prints is its own matter', () => {
  const capture = { sample: 0.1, redact: ['amount'], retentionDays: 1 }
  follow({ name: 'fraud', variants: [], capture }, { name: 'open', variants: [] })
  const trace = ['  File "inference.py", line 3, in predict_fn', '    float(row)', 'ValueError: 951']
  for (const name of ['fraud', 'open'])
    for (const line of trace) monitor.printed({ ...OF, name }, line, { ...BY, isTrace: true })
  monitor.printed(OF, 'asked about 951', BY)
  expect(written.map(({ endpoint, message }) => [endpoint, message])).toEqual([
    ['fraud', '  File "inference.py", line 3, in predict_fn'],
    ['fraud', 'ValueError: not shown, it may hold values that are redacted'],
    ...trace.map((line) => ['open', line]),
    ['fraud', 'asked about 951'],
  ])
})
