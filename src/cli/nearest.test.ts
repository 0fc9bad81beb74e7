import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nearestTo } from './nearest.ts'

const WORDS = ['port', 'host', 'api-key-file', 'max-body-bytes', 'max-batch-rows', 'json']

describe('the nearest word', () => {
  test.each([
    ['prot', 'port'],
    ['pot', 'port'],
    ['ports', 'port'],
    ['apikeyfile', 'api-key-file'],
    ['max-body-byte', 'max-body-bytes'],
    ['max-batch-row', 'max-batch-rows'],
    ['api-key', 'api-key-file'],
    ['max', 'max-body-bytes'],
    ['jsno', 'json'],
  ])('to %s is %s', (word, nearest) => {
    expect(nearestTo(word, WORDS)).toBe(nearest)
  })

  test.each(['nope', 'p', '', 'ho', 'workers', '__proto__'])('to %j is none', (word) => {
    expect(nearestTo(word, WORDS)).toBeUndefined()
  })

  test('to a word that there is, is that word, whatever else there is', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 3 }), { minLength: 1 }), fc.nat(), (words, at) => {
        const word = words[at % words.length] ?? ''
        expect(nearestTo(word, words)).toBe(word)
      }),
    )
  })
})
