import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonScanner, noKeys, OPEN_OBJECT } from './json-scanner.ts'

const scannerOf = (text: string): JsonScanner => new JsonScanner(new TextEncoder().encode(text))

/** Whether the whole text is JSON, by us. */
function isJson(text: string): boolean {
  try {
    const scanner = scannerOf(text)
    scanner.skip()
    scanner.end()
    return true
  } catch {
    return false
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('a piece of JSON', () => {
  test.each([
    '0',
    '-0',
    '1.5e+10',
    '-0.0E-7',
    '01',
    '-',
    '+1',
    '1.',
    '.5',
    '1e',
    '1e+',
    '0x1',
    '1_0',
    'NaN',
    '-Infinity',
    '1.5.5',
    '1e5.5',
    '""',
    '"a',
    '"\\"',
    '"\\x"',
    '"\\u12"',
    '"\\u12g4"',
    '"\\u00e9"',
    '"\t"',
    '"\u007f"',
    '"\\/"',
    "'a'",
    '"é😀"',
    '"\\uD83D\\uDE00"',
    'true',
    'tru',
    'truee',
    'True',
    'null',
    'nul',
    '',
    ' ',
    '\n[ ]\t',
    '[1,]',
    '[,1]',
    '[1 2]',
    '[',
    ']',
    '[[]',
    '[]]',
    '[}',
    '{]',
    '{}',
    '{"a":1}',
    '{"a":1,}',
    '{"a"}',
    '{"a":}',
    '{a:1}',
    '{"a" 1}',
    '{,}',
    '{"a":1 "b":2}',
    '{1:2}',
    '/**/1',
    '1//',
    '\u00a01',
    '\u000b1',
    '"\u2028"',
    '\0',
    '1\0',
    '{}\0',
    '[1]\u001a',
  ])('%j is taken or refused as JSON.parse does', (text) => {
    expect(isJson(text)).toBe(parses(text))
  })

  test('of any kind is taken, in whatever space it stands', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(undefined, 1, '\t'), (text, space) => {
        fc.pre(!/[\ud800-\udfff]|\\u[dD][89a-fA-F]/.test(text))
        expect(isJson(JSON.stringify(JSON.parse(text), undefined, space))).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  test('is no deeper than 64 lists and objects', () => {
    expect(isJson('['.repeat(64) + ']'.repeat(64))).toBe(true)
    expect(isJson('['.repeat(65) + ']'.repeat(65))).toBe(false)
    expect(isJson('{"a":'.repeat(64) + '1' + '}'.repeat(64))).toBe(true)
    expect(isJson('{"a":'.repeat(65) + '1' + '}'.repeat(65))).toBe(false)
    expect(isJson(`[${'[],'.repeat(1000)}0]`)).toBe(true)
  })

  test('of text is the text that JSON.parse has, in a name too, when it comes again', () => {
    const plain = fc.oneof(fc.string({ maxLength: 60 }), fc.string({ unit: 'binary', maxLength: 20 }))
    fc.assert(
      fc.property(plain, (text) => {
        for (const shown of [
          JSON.stringify(text),
          JSON.stringify(text).replace(/[a-z](?![0-9a-f]{0,4})/g, '\\u0041'),
        ]) {
          const meant = JSON.parse(shown) as string
          expect(scannerOf(shown).string()).toBe(meant)
          expect(scannerOf(shown).name()).toBe(meant)
          expect(scannerOf(shown).name()).toBe(meant)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

test('names that fall together in what is kept of them stay apart', () => {
  for (const text of ['axb', 'ayb', 'axb', 'azzb', '', 'ayb']) expect(scannerOf(`"${text}"`).name()).toBe(text)
})

test('the keys of an object are known by their place, whatever their order, and once each', () => {
  const scanner = scannerOf(String.raw`{"b":1,"c":[2],"\u0061":3,"b":4}`)
  expect(scanner.next()).toBe(OPEN_OBJECT)
  scanner.open()
  const seen = noKeys()
  const found = Array.from({ length: 3 }, () => {
    const key = scanner.member(['a', 'b'], seen)
    scanner.skip()
    return key
  })
  expect(found).toEqual([1, -1, 0])
  expect(() => scanner.member(['a', 'b'], seen)).toThrow('the key "b" stands twice in one object')
})
