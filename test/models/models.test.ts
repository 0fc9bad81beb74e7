import { describe, expect, test } from 'vitest'
import type { Verdict } from './check.fixture.ts'
import { everyFixture, notCompiled } from './everything.fixture.ts'

const fixtures = everyFixture()
const listed = new Set(notCompiled())

describe.each([...fixtures.keys()])('models of %s', (group) => {
  test.each((fixtures.get(group) ?? []).map((fixture) => [fixture.name, fixture] as const))(
    '%s is compiled with the numbers of its own library, or refused by name',
    async (name, fixture) => {
      const started = performance.now()
      const verdict = await fixture.check()
      hold(name, fixture.expect, verdict)
      expect((performance.now() - started) / 1000).toBeLessThan(fixture.maxSeconds)
    },
  )
})

test('the list of files that are not compiled names files that are there', () => {
  const known = [...fixtures.values()].flat().map(({ name }) => name)
  expect([...listed].filter((name) => !known.includes(name))).toEqual([])
})

/**
 * Holds what became of a file against what may become of it, and against the list: one that is compiled now must leave the
 * list, one that no longer is would have to be put there, so that neither goes unseen.
 */
function hold(name: string, expected: string, verdict: Verdict): void {
  const reason = 'reason' in verdict ? verdict.reason : ''
  if (expected === 'refuse-or-worker') {
    // user code is refused; should one be compiled all the same, its numbers are right
    expect(['refused', 'right'], reason).toContain(verdict.state)
  } else if (expected !== 'compile-or-worker') expect(verdict.state, reason).toBe('refused')
  else if (listed.has(name))
    expect(verdict.state, `${reason} (if it is right now, take it off not-compiled.txt)`).toBe('refused')
  else expect(verdict.state, reason).toBe('right')
}
