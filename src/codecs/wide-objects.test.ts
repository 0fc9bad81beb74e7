import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { refuseWideObjects } from './wide-objects.ts'

/** Keys of the widest object in a value, and of all. */
function keysOf(value: unknown): { most: number; all: number } {
  if (typeof value !== 'object' || value === null) return { most: 0, all: 0 }
  const inner = Object.values(value).map(keysOf)
  const own = Array.isArray(value) ? 0 : Object.keys(value).length
  return {
    most: inner.reduce((most, each) => Math.max(most, each.most), own),
    all: inner.reduce((all, each) => all + each.all, own),
  }
}

function outcome(text: string, most: number): number | string | undefined {
  try {
    return refuseWideObjects(text, most, 'the body')
  } catch (error) {
    if (error instanceof ServingError) return error.message
    throw error
  }
}

test('an object is refused for its own keys alone, wherever it stands and whatever its texts hold', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('"', '\\', '\\"', '{', '}', ':', '":{', '\\\\'))
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.oneof(text, fc.integer(), fc.constant(null)),
      fc.array(tie('value'), { maxLength: 5 }),
      fc.dictionary(text, tie('value'), { maxKeys: 5 }),
    ),
  }))
  let refused = 0
  let counted = 0
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 2), (document, indent) => {
      const { most, all } = keysOf(document)
      const found = outcome(JSON.stringify(document, null, indent), 2)
      if (most > 2) {
        refused++
        expect(found).toContain('an object with over 2 keys')
      } else if (found !== undefined) {
        counted++
        expect(found).toBe(all)
      }
    }),
    { numRuns: 1000 },
  )
  expect(Math.min(refused, counted)).toBeGreaterThan(20)
})

test('what is no JSON comes to an end too, and is refused for nothing else', () => {
  const pieces = fc.array(fc.constantFrom('"', '\\', '{', '}', '[', ':', 'a'), { minLength: 10 })
  fc.assert(
    fc.property(pieces, (found) => {
      const answer = outcome(found.join(''), 2)
      if (typeof answer === 'string') expect(answer).toContain('an object with over 2 keys')
    }),
  )
})

test('objects that are deep cannot hide one that is wide', () => {
  const wide = Array.from({ length: 20 }, (_, i) => `"k${i}":${i === 9 ? '{}' : i}`).join()
  expect(outcome(`${'{"a":'.repeat(60)}{${wide}}${'}'.repeat(60)}`, 10)).toContain('over 10 keys')
  expect(outcome(`${'{"a":'.repeat(70)}{${wide}}${'}'.repeat(70)}`, 10)).toContain('more than 64 deep')
})
