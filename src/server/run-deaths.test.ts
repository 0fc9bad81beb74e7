import { expect, test } from 'vitest'
import type { ProcessEnd } from './kept-process.ts'
import { createEndJudge, createRunDeaths, isQuarantined } from './run-deaths.ts'

const DIGEST = 'a'.repeat(64)
const label = (name: string) => `${DIGEST} ${name}`

test('a version at which two processes died within ten minutes is in quarantine until that is forgiven', () => {
  let now = 0
  const deaths = createRunDeaths(() => now)
  expect(deaths.note([label('m')], 'SIGSEGV').map(isQuarantined)).toEqual([false])
  now = 600_000 // the first is long ago
  expect(deaths.note([label('m'), label('other')], 'SIGSEGV').map(isQuarantined)).toEqual([false, false])
  expect(deaths.quarantined).toEqual([])
  now = 1_199_999
  expect(deaths.note([label('m')], 'SIGBUS')).toEqual([{ name: 'm', digest: DIGEST, how: 'SIGBUS', deaths: 2 }])
  now = 1e9
  expect(deaths.quarantined.map(({ name }) => name)).toEqual(['m'])
  deaths.forgive()
  expect(deaths.quarantined).toEqual([])
  expect(deaths.note([label('m')], 'SIGSEGV').map(isQuarantined)).toEqual([false])
})

test('names may hold anything; what is no label is left out', () => {
  const deaths = createRunDeaths(() => 0)
  expect(deaths.note(['damaged', label('a b')], 'SIGSEGV').map(({ name }) => name)).toEqual(['a b'])
})

test.each<[Partial<ProcessEnd>, oomKills: number, isOfRun: boolean]>([
  [{ signal: 'SIGSEGV' }, 0, true],
  [{ signal: 'SIGABRT' }, 0, true],
  [{ signal: 'SIGKILL' }, 0, false],
  [{ signal: 'SIGKILL' }, 1, true],
  [{ signal: 'SIGTERM' }, 1, false],
  [{ signal: undefined }, 1, false],
  [{ signal: 'SIGKILL', cause: 'hung' }, 0, true],
  [{ signal: 'SIGKILL', cause: 'ended' }, 1, false],
])('an end by %j, with %d more killed for want of memory, is of what ran: %j', (end, more, isOfRun) => {
  let kills = 7
  const judge = createEndJudge(() => kills)
  kills += more
  const whole: ProcessEnd = { how: '', cause: 'unknown', signal: undefined, error: undefined, readyForMs: 0, ...end }
  expect(judge.isOfRun(whole)).toBe(isOfRun)
  // what was counted once is nobody else's
  expect(judge.isOfRun({ ...whole, cause: 'unknown', signal: 'SIGKILL' })).toBe(false)
})
