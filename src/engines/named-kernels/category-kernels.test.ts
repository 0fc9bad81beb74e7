import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteTable } from './byte-table.ts'
import { matrix, prepared, rowsOf, sparseOf, texts } from './testing.fixture.ts'
import { pythonFloat } from './numbers-from-text.ts'

const CITY = { name: 'city', kind: 'text', values: ['Rome', 'Oslo'], codes: [0, 1], missing: 2, unknown: -1 }
const SIZE = { name: 'size', kind: 'number', values: [1, 'NaN', 0], codes: [3, 4, -1], missing: 4, unknown: null }

describe('categories and one-hot', () => {
  test('each column has its own codes; the empty text and NaN are missing values', () => {
    const kernel = prepared('categories', { columns: [CITY, SIZE] })
    const [codes] = kernel.run([texts('Oslo', '', 'rome', 'Rome'), matrix([1], [Number.NaN], [-0], [0])])
    expect(rowsOf(codes)).toEqual([
      [1, 3],
      [2, 4],
      [-1, -1],
      [0, -1],
    ])
  })

  test('codes become ones in both forms, and -1 becomes none', () => {
    const inputs = [texts('Oslo', 'x'), matrix([Number.NaN], [1])]
    const [dense] = prepared('one-hot', { width: 5, form: 'dense', columns: [CITY, SIZE] }).run(inputs)
    expect(rowsOf(dense)).toEqual([
      [0, 1, 0, 0, 1],
      [0, 0, 0, 1, 0],
    ])
    const sparse = prepared('one-hot', { width: 5, form: 'sparse', columns: [CITY, SIZE] }).run(inputs)
    expect(sparseOf(sparse)).toEqual([{ 1: 1, 4: 1 }, { 3: 1 }])
    expect(rowsOf(prepared('dense', { width: 5 }).run(sparse)[0])).toEqual(rowsOf(dense))
  })

  test('columns may lie side by side in one input', () => {
    const columns = [0, 1].map((place) => ({ ...SIZE, unknown: 9, input: 0, place }))
    expect(rowsOf(prepared('categories', { columns }).run([matrix([1, 7], [0, 1])])[0])).toEqual([
      [3, 9],
      [-1, 3],
    ])
  })

  test('an unknown category is refused by row and column where the model refuses it', () => {
    const kernel = prepared('categories', { columns: [{ ...CITY, unknown: null, missing: null }, SIZE] })
    expect(() => kernel.run([texts('Rome', 'Bonn'), matrix([1], [1])])).toThrow(
      'row 2, column "city": "Bonn" is none of the 2',
    )
    expect(() => kernel.run([texts(''), matrix([1])])).toThrow('row 1, column "city": no value is none of')
    expect(() => kernel.run([texts('Rome'), matrix([5])])).toThrow('row 1, column "size": 5 is none of the 3')
  })

  test('a code outside of the row, or an input of another kind, is refused and not written', () => {
    const kernel = prepared('one-hot', { width: 1, form: 'dense', columns: [CITY] })
    expect(() => kernel.run([texts('Oslo')])).toThrow('position 1 in a row of 1')
    expect(() => kernel.run([matrix([1])])).toThrow('something else than text')
  })

  test('more numbers than fit are too large, before they are written', () => {
    const kernel = prepared('one-hot', { width: 2 ** 27, form: 'dense', columns: [CITY] })
    expect(() => kernel.run([texts('Oslo', 'Rome')])).toThrow('send fewer rows together')
  })
})

test('a table of bytes finds what is in it, the first of equals, and nothing else', () => {
  const keys = fc.array(fc.uint8Array({ maxLength: 3, max: 3 }), { maxLength: 60 })
  fc.assert(
    fc.property(keys, keys, (known, asked) => {
      const table = new ByteTable(known)
      const text = (key: Uint8Array) => key.join()
      for (const key of [...known, ...asked])
        expect(table.find(key)).toBe(known.findIndex((each) => text(each) === text(key)))
    }),
  )
})

describe('numbers-from-text', () => {
  test.each<readonly [string, number | undefined]>([
    ['1', 1],
    ['  -1_000.5e3\t', -1000500],
    ['-Infinity', -Infinity],
    ['nan', Number.NaN],
    ['1e400', Infinity],
    ['.5', 0.5],
    ['5.', 5],
    ['٣٤', 34],
    ['𝟘.𝟙', 0.1],
    ['-0', -0],
    ['\u20031\u001f', 1],
    ...['0x1', '1_', '_1', '1__0', '.', '', '1e', '+ 1', '1,5', 'True', '1\0', 'e5'].map(
      (text) => [text, undefined] as const,
    ),
  ])('%j is %d to Python', (text, number) => {
    expect(pythonFloat(text)).toBe(number)
  })

  test('empty text is NaN, and what is no number is refused by row and column', () => {
    const kernel = prepared('numbers-from-text', { columns: ['size'] })
    expect(rowsOf(kernel.run([texts('2.5', '')])[0])).toEqual([[2.5], [Number.NaN]])
    expect(() => kernel.run([texts('1', 'two')])).toThrow('row 2, column "size": "two" is no number')
  })
})

test('missing values are filled from the nearest rows that have the column', () => {
  const parameters = {
    width: 2,
    values: [1, 10, 2, 20, 9, 90, 'NaN', 5],
    missing: 'NaN',
    neighbors: 2,
    weights: 'uniform',
    countsStrangers: false,
  }
  const input = matrix([1.4, Number.NaN], [Number.NaN, Number.NaN], [3, 4])
  expect(rowsOf(prepared('impute-neighbors', parameters).run([input])[0])).toEqual([
    [1.4, 15],
    [4, 31.25],
    [3, 4],
  ])
  const weighted = prepared('impute-neighbors', { ...parameters, weights: 'distance' }).run([matrix([1, Number.NaN])])
  expect(rowsOf(weighted[0])).toEqual([[1, 10]])
})

test('texts are filled where they are missing, and an array of them is split by column', () => {
  const array = { datatype: 'BYTES' as const, shape: [2, 2], data: ['a', '', '', 'd'].map((text) => Buffer.from(text)) }
  const [filled] = prepared('fill-text', { fill: '?' }).run([array])
  expect(filled?.data).toEqual(['a', '?', '?', 'd'].map((text) => Buffer.from(text)))
  const columns = prepared('split-text', { columns: 2 }).run([array])
  expect(columns.map(({ data }) => Array.from(data as Uint8Array[], String))).toEqual([
    ['a', ''].map((text) => String(Buffer.from(text))),
    ['', 'd'].map((text) => String(Buffer.from(text))),
  ])
})
