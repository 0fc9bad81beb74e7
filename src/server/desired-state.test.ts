import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkModels, expanded, keeping, keyOf, switched, without } from './desired-state.ts'
import { version } from './desired-state.fixture.ts'
import type { DesiredModel } from './settings.ts'

/** A state in which every model has one default, and each label one version. */
const state = fc
  .dictionary(
    fc.constantFrom('a', 'b', 'c'),
    fc.record({
      digests: fc.uniqueArray(fc.constantFrom('1', '2', '3'), { minLength: 1 }),
      chosen: fc.nat(),
      stable: fc.option(fc.nat()),
    }),
  )
  .map((models) =>
    Object.entries(models).flatMap(([name, { digests, chosen, stable }]) =>
      digests.map((digest, i) =>
        version(name, digest, {
          isDefault: i === chosen % digests.length,
          labels: stable !== null && i === stable % digests.length ? ['stable'] : [],
        }),
      ),
    ),
  )

/** Which version answers to each name and label. */
function answers(models: readonly DesiredModel[]): Map<string, string> {
  return new Map(
    models.flatMap(({ name, digest, labels, isDefault }) =>
      [...labels, digest, ...(isDefault ? [''] : [])].map((label) => [`${name} ${label}`, digest] as const),
    ),
  )
}

describe('a change in steps', () => {
  test('is a valid state at each step', () => {
    fc.assert(
      fc.property(state, state, (old, next) => {
        for (const step of [old, expanded(old, next), switched(old, next), next]) {
          checkModels(step)
          expect(new Set(step.map(keyOf)).size).toBe(step.length)
        }
      }),
    )
  })

  test('first changes no answer that there was, then gives every answer that there will be', () => {
    fc.assert(
      fc.property(state, state, (old, next) => {
        const first = answers(expanded(old, next))
        for (const [asked, digest] of answers(old)) expect(first.get(asked)).toBe(digest)
        const second = answers(switched(old, next))
        for (const [asked, digest] of answers(next)) expect(second.get(asked)).toBe(digest)
      }),
    )
  })

  test('has every version at hand that a process one step before or behind may be asked for', () => {
    fc.assert(
      fc.property(state, state, (old, next) => {
        expect(without([...old, ...next], expanded(old, next))).toEqual([])
        expect(without([...old, ...next], switched(old, next))).toEqual([])
      }),
    )
  })
})

test('models of some names stay as they were, with all their versions', () => {
  const old = [version('a', '1'), version('b', '1')]
  const next = [version('a', '2'), version('b', '2'), version('c', '1')]
  expect(keeping(old, next, new Set(['b', 'c'])).map(keyOf)).toEqual(['a 2', 'b 1'])
})

describe('a state is refused', () => {
  test('when a label is that of two versions', () => {
    const models = [version('a', '1', { labels: ['x'] }), version('a', '2', { labels: ['x'], isDefault: false })]
    expect(() => checkModels(models)).toThrow(expect.objectContaining({ code: 'conflict' }))
  })

  test('when two versions are the default, or none', () => {
    expect(() => checkModels([version('a', '1'), version('a', '2')])).toThrow(/"default" of the model "a" is both/)
    expect(() => checkModels([version('a', '1', { isDefault: false })])).toThrow(/has no default version/)
  })
})
