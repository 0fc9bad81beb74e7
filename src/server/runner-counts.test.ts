import { expect, test } from 'vitest'
import { ROW_BOUNDS, DURATION_BOUNDS, createHistogram } from '../telemetry/histogram.ts'
import { createInferenceSums } from '../telemetry/inference-counts.ts'
import type { MetricsSnapshot, ProcessState } from '../telemetry/snapshot.ts'
import type { KeptProcess, ProcessEnd } from './kept-process.ts'
import { createRunnerCounts } from './runner-counts.ts'

const STATE: ProcessState = {
  isReady: true,
  startedAt: 0,
  cpuSeconds: 0,
  residentBytes: 0,
  loopBusySeconds: 0,
  models: [],
}

function snapshot(life: string, requests: number): MetricsSnapshot {
  const durations = () => createHistogram(DURATION_BOUNDS)
  const counts = {
    model: '',
    version: '',
    codes: [[200, requests]] as [number, number][],
    rows: 0,
    failedRuns: 0,
    inference: { sums: createInferenceSums(), lastMs: 0 },
  }
  const times = { request: durations(), queue: durations(), run: durations(), overhead: durations() }
  return {
    process: 'runner-1',
    life,
    series: [{ ...counts, ...times, batchRows: createHistogram(ROW_BOUNDS), batch: durations() }],
    totals: { loopDelay: durations(), spansExported: 0, spansDropped: 0, logLinesDropped: 0 },
    state: STATE,
  }
}

/** A process that a test drains and ends. */
function fakeProcess() {
  const { promise, resolve } = Promise.withResolvers<ProcessEnd>()
  const process = { isDraining: false, ended: promise }
  const end = () =>
    resolve({ cause: 'unknown', signal: undefined, how: 'exit code 0', error: undefined, readyForMs: 0 })
  return { process: process as unknown as KeptProcess, drain: () => (process.isDraining = true), end }
}

function sum(all: readonly MetricsSnapshot[]): number {
  return all
    .flatMap(({ series }) => series.flatMap(({ codes }) => codes))
    .reduce((total, [, count]) => total + count, 0)
}

test('a process and the one that replaces it are counted once each, and one of them is the runner now', async () => {
  const counts = createRunnerCounts()
  const [old, fresh] = [fakeProcess(), fakeProcess()]
  counts.put(old.process, snapshot('a', 10))
  old.drain()
  counts.put(fresh.process, snapshot('b', 1))
  counts.put(old.process, snapshot('a', 12)) // its last word
  counts.put(fresh.process, snapshot('b', 3))
  expect(sum(counts.all())).toBe(15)
  expect(counts.all().filter(({ state }) => state !== undefined)).toEqual([
    expect.objectContaining({ process: 'runner-1', life: 'b' }),
  ])
  old.end()
  await new Promise((resolve) => setImmediate(resolve))
  counts.put(fresh.process, snapshot('b', 4))
  expect(sum(counts.all())).toBe(16)
})
