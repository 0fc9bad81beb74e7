import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { murmurHash } from './murmur-hash.ts'
import { prepared, sparseOf, texts } from './testing.fixture.ts'

const WORD = { ranges: [], classes: ['word'], others: [], isNegated: false }
const WORDS = {
  lowercase: true,
  accents: 'keep',
  analyzer: 'word',
  ngrams: [1, 1],
  pattern: { runs: WORD, least: 2 },
  stopWords: [],
}

function counts(analyzer: object, vocabulary: readonly string[], ...rows: readonly string[]) {
  const kernel = prepared('count-text', { analyzer, vocabulary, isBinary: false, isSingle: false, weights: null })
  return sparseOf(kernel.run([texts(...rows)])).map((row) =>
    Object.fromEntries(Object.entries(row).map(([at, count]) => [vocabulary[Number(at)], count])),
  )
}

describe('count-text', () => {
  test('words are counted in lower case as Python has it, and single letters are no words', () => {
    const vocabulary = ['ab', 'οδος', 'i̇x', 'x']
    expect(counts(WORDS, vocabulary, 'Ab AB x', 'ΟΔΟΣ', 'İX', '')).toEqual([{ ab: 2 }, { οδος: 1 }, {}, {}])
    expect(counts({ ...WORDS, pattern: { runs: WORD, least: 1 } }, ['i'], 'İX')).toEqual([{ i: 1 }])
  })

  test('n-grams of words are joined by a space, and stop words are gone before', () => {
    const analyzer = { ...WORDS, ngrams: [1, 2], stopWords: ['the'] }
    expect(counts(analyzer, ['cat', 'cat sat', 'the cat', 'sat'], 'The cat the sat')).toEqual([
      { cat: 1, 'cat sat': 1, sat: 1 },
    ])
  })

  test('characters beyond 16 bits count as one, and white space only as one where it is several', () => {
    const analyzer = { ...WORDS, analyzer: 'char', ngrams: [1, 2] }
    expect(counts(analyzer, ['😀', '😀b', ' ', '\n'], '😀b  \t', '\n')).toEqual([
      { '😀': 1, '😀b': 1, ' ': 1 },
      { '\n': 1 },
    ])
  })

  test('n-grams within words have a space at either end, and a short word counts once', () => {
    const analyzer = { ...WORDS, analyzer: 'char_wb', ngrams: [3, 5] }
    expect(counts(analyzer, [' a ', ' ab', 'ab ', ' ab '], 'a ab')).toEqual([
      { ' a ': 1, ' ab': 1, 'ab ': 1, ' ab ': 1 },
    ])
  })

  test('accents are taken off as Unicode composes them, or all that is not ASCII', () => {
    expect(counts({ ...WORDS, accents: 'unicode' }, ['cafe', 'ﬁn', 'fin'], 'Café ﬁn')).toEqual([{ cafe: 1, fin: 1 }])
    expect(counts({ ...WORDS, accents: 'ascii' }, ['strae', 'cafe'], 'Straße café')).toEqual([{ strae: 1, cafe: 1 }])
  })

  test('weights are sublinear counts by rarity, scaled to length 1', () => {
    const weights = { isSublinear: true, idf: [1, 2], norm: 'l2' }
    const kernel = prepared('count-text', {
      analyzer: WORDS,
      vocabulary: ['aa', 'bb'],
      isBinary: false,
      isSingle: false,
      weights,
    })
    const [a, b] = [Math.log(2) + 1, 2]
    const length = Math.sqrt(a * a + b * b)
    expect(sparseOf(kernel.run([texts('aa bb aa', 'zz')]))).toEqual([{ 0: a / length, 1: b / length }, {}])
  })

  test('a text that is no UTF-8 is refused naming its row, and the next run is as if it had not been', () => {
    const kernel = prepared('count-text', {
      analyzer: WORDS,
      vocabulary: ['ab'],
      isBinary: false,
      isSingle: false,
      weights: null,
    })
    const bad: Tensor = { datatype: 'BYTES', shape: [2], data: [Buffer.from('ab ab'), Uint8Array.of(0x61, 0xff)] }
    expect(() => kernel.run([bad])).toThrow('row 2: the text is no UTF-8')
    expect(sparseOf(kernel.run([texts('ab')]))).toEqual([{ 0: 1 }])
  })
})

describe('hash-text', () => {
  test.each([
    ['', 0],
    ['a', 1009084850],
    ['ab', -1681926305],
    ['abc', -1277324294],
    ['hello world', 1586663183],
    ['é', 269551495],
    ['日本語 テキスト', 1326286527],
    ['😀', -1095487750],
  ])('%j hashes to %d, as in scikit-learn', (text, hash) => {
    expect(murmurHash(text)).toBe(hash)
  })

  test('words add up where they fall, with the sign of their hash', () => {
    const parameters = { analyzer: WORDS, features: 8, isSigned: true, isSingle: false, isBinary: false, norm: 'none' }
    // ab: -1681926305, abc: -1277324294
    expect(sparseOf(prepared('hash-text', parameters).run([texts('ab abc ab')]))).toEqual([{ 1: -2, 6: -1 }])
  })
})

describe('records', () => {
  const parameters = {
    names: ['city=Rome', 'size', 'tags=a', '__proto__'],
    separator: '=',
    isSingle: false,
    allows: 'all',
  }

  test('members become numbers by their names, text with its value, and unknown ones nothing', () => {
    const kernel = prepared('vectorize-records', parameters)
    const rows = [
      '{"city": "Rome", "size": 2.5, "tags": ["a", "a", "b"]}',
      '{"__proto__": true, "x": {}, "city": 3}',
      '{}',
    ]
    expect(sparseOf(kernel.run([texts(rows[0] as string)]))).toEqual([{ 0: 1, 1: 2.5, 2: 2 }])
    expect(() => kernel.run([texts(rows[1] as string)])).toThrow('row 1: "x" is an object')
    expect(sparseOf(kernel.run([texts('{"__proto__": true}', '{"size": null}')]))).toEqual([
      { 3: 1 },
      { 1: Number.NaN },
    ])
  })

  test('a missing number is refused where the model refuses it', () => {
    const kernel = prepared('vectorize-records', { ...parameters, allows: 'finite' })
    expect(() => kernel.run([texts('{"size": 1}', '{"size": null}')])).toThrow('row 2: "size" is missing')
    expect(() => kernel.run([texts('{"size": 1e999}')])).toThrow('row 1: "size" is infinite')
  })

  test.each(['', '[', '3', '[1]', '"x"', 'null', '{"size": [1]}', '{"size": NaN}'])('%j is no record', (text) => {
    expect(() => prepared('vectorize-records', parameters).run([texts(text)])).toThrow(ServingError)
  })
})

test('a pattern that would take for ever on a text is stopped, with a word about it', () => {
  const program = [['many', 0, 1, 2 ** 30], ['split', 0, 2], ['set', 1], ['match']]
  const sets = [WORD, { ranges: [33, 33], classes: [], others: [], isNegated: false }]
  const analyzer = { ...WORDS, pattern: { sets, program } }
  const kernel = prepared('count-text', {
    analyzer,
    vocabulary: ['a'],
    isBinary: false,
    isSingle: false,
    weights: null,
  })
  expect(() => kernel.run([texts('a'.repeat(3_000))])).toThrow('takes too many steps on a text of 3000 characters')
  expect(sparseOf(kernel.run([texts('a')]))).toEqual([{}])
})

test('no bytes end in anything but an answer or a refusal', () => {
  const hash = { features: 5, isSigned: true, isSingle: true }
  const kernels = [
    prepared('count-text', {
      analyzer: { ...WORDS, accents: 'unicode', analyzer: 'char' },
      vocabulary: ['a'],
      isBinary: true,
      isSingle: true,
      weights: null,
    }),
    prepared('hash-text', { ...hash, analyzer: WORDS, isBinary: true, norm: 'l1' }),
    prepared('vectorize-records', { names: ['a'], separator: '', isSingle: true, allows: 'all' }),
    prepared('hash-records', { ...hash, form: 'pair', allows: 'finite' }),
    prepared('numbers-from-text', { columns: ['a'] }),
    prepared('one-hot', {
      width: 1,
      form: 'dense',
      columns: [{ name: 'a', values: ['a'], codes: [0], missing: null, unknown: null }],
    }),
  ]
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.json().map((text) => new Uint8Array(Buffer.from(text))),
  )
  fc.assert(
    fc.property(anything, (bytes) => {
      for (const kernel of kernels) {
        try {
          kernel.run([{ datatype: 'BYTES', shape: [1], data: [bytes] }])
        } catch (error) {
          expect(error).toBeInstanceOf(ServingError)
          expect((error as ServingError).code).toBe('invalid_argument')
        }
      }
    }),
  )
})
