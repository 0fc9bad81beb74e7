import { expect, test } from 'vitest'
import { formatTarget, GOALS, judge } from './goals.ts'
import { result } from './result.fixture.ts'
import type { BenchResult, PlatformFacts } from './results.ts'

const lineOf = (id: string, run: BenchResult = result) => {
  const line = judge(run).find(({ goal }) => goal.id === id)
  if (line === undefined) throw new Error(`no goal ${id}`)
  return line
}

test('a run of everything measures every goal', () => {
  expect(judge(result).filter(({ measured }) => measured === undefined)).toEqual([])
})

test('a goal is judged on Slipway as it is run in earnest, with the default beside it', () => {
  const line = lineOf('tiny-64-fastapi')
  expect([line.measured?.middle, line.byDefault?.middle, line.isReached]).toEqual([16, 20, true])
})

test('where that was not measured, the default counts', () => {
  const cells = result.cells.filter(({ server }) => server !== 'slipway-full')
  expect(lineOf('tiny-64-fastapi', { ...result, cells }).measured?.middle).toBe(20)
})

test.each([
  ['tiny-64-static', 0.8, true],
  ['tiny-64-ray-serve', 32, false],
  ['tiny-64-tail', 50, false],
  ['grpc-64-grpcio', 6.4, false],
  ['grpc-64-mlserver', 32, true],
  ['tiny-1-p50', 0.2, true],
  ['encoder-memory', 0.5, true],
  ['start-tiny', 200 / 660, true],
  ['memory', 2 ** 26, true],
  ['memory-per-model', 150 * 1024, false],
  ['platform-start', 5000, true],
  ['platform-deploy', 1500, true],
  ['platform-wake', 70, false],
  ['platform-idle-memory', 2 ** 29, true],
  ['platform-idle-wake', 25, true],
  ['platform-load-64', 0.9, true],
  ['platform-load-8', 0.9, true],
])('%s is %d: reached is %s', (id, value, isReached) => {
  const line = lineOf(id)
  expect(line.measured?.middle).toBeCloseTo(value)
  expect(line.isReached).toBe(isReached)
})

test('what a run did not measure is neither reached nor missed', () => {
  const none: BenchResult = { ...result, cells: [], starts: [], loaded: [], density: undefined, platform: undefined }
  for (const { measured, isReached } of judge(none)) expect([measured, isReached]).toEqual([undefined, undefined])
})

test('of the platform, what could not be measured is neither', () => {
  const platform: PlatformFacts = { startMs: [], deploys: [], wakeMs: [], idle: undefined, cells: [] }
  for (const { goal, isReached } of judge({ ...result, platform }))
    if (goal.part === 'platform') expect(isReached).toBeUndefined()
})

test('targets are written as people say them', () => {
  const targets = new Map(GOALS.map(({ id, target }) => [id, formatTarget(target)]))
  expect(targets.get('tiny-64-fastapi')).toBe('≥ 15 ×')
  expect(targets.get('grpc-64-grpcio')).toBe('≥ 8 ×')
  expect(targets.get('encoder')).toBe('≥ 1.5 ×')
  expect(targets.get('tiny-64-static')).toBe('≥ 75 %')
  expect(targets.get('memory')).toBe('≤ 120 MB')
  expect(targets.get('memory-per-model')).toBe('≤ 100 KiB')
  expect(targets.get('platform-start')).toBe('≤ 15 s')
  expect(targets.get('platform-wake')).toBe('≤ 50 ms')
  expect(targets.get('platform-idle-memory')).toBe('≤ 1024 MiB')
})

test('each goal has a name of its own', () => {
  expect(new Set(GOALS.map(({ id }) => id)).size).toBe(GOALS.length)
})
