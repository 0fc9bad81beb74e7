import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tensor } from '../../src/tensor/tensor.ts'
import { readCase, type CaseArray } from './case.fixture.ts'
import { checkCase } from './check.fixture.ts'
import { compare, Difference } from './compare.fixture.ts'
import { feed, sliceInput } from './feed.fixture.ts'

const tolerance = { rtol: 1e-5, atol: 1e-6 }
const floats = (...data: (number | string)[]): CaseArray => ({
  dtype: 'float64',
  shape: [data.length],
  sparse: false,
  data,
})
const given = (...data: number[]) => tensor('FP64', [data.length], Float64Array.from(data))

describe('comparing an answer with the original', () => {
  test('numbers may differ by the tolerance, and the largest difference is told', () => {
    expect(compare('transform', given(1, 2000), floats(1, 2000.001), tolerance)).toBeCloseTo(5e-7, 9)
    expect(() => compare('transform', given(1, 2), floats(1, 2.0001), tolerance)).toThrow(Difference)
  })

  test('NaN and the infinities equal only themselves', () => {
    expect(compare('predict', given(NaN, Infinity), floats('NaN', 'Infinity'), tolerance)).toBe(0)
    for (const value of [0, Infinity, -Infinity])
      expect(() => compare('predict', given(value), floats('NaN'), tolerance)).toThrow(Difference)
    expect(() => compare('predict', given(NaN), floats(1), tolerance)).toThrow(Difference)
    expect(() => compare('predict', given(1e308), floats('Infinity'), tolerance)).toThrow(Difference)
  })

  test('labels keep their type and are equal', () => {
    const labels = { dtype: 'int64', shape: [1], sparse: false, data: [1] }
    expect(compare('predict', tensor('INT64', [1], BigInt64Array.of(1n)), labels, tolerance)).toBe(0)
    expect(() => compare('predict', given(1), labels, tolerance)).toThrow('predict is FP64')
    expect(compare('transform', given(1), labels, tolerance)).toBe(0)
    const texts = { dtype: '<U3', shape: [1], sparse: false, data: ['ä'] }
    expect(compare('predict_1', tensor('BYTES', [1], [Buffer.from('ä')]), texts, tolerance)).toBe(0)
    expect(() => compare('predict_1', tensor('BYTES', [1], [Buffer.from('a')]), texts, tolerance)).toThrow(Difference)
  })

  test('another shape is a difference', () => {
    expect(() => compare('predict', tensor('FP64', [1, 1], Float64Array.of(1)), floats(1), tolerance)).toThrow('[1,1]')
  })
})

describe('asking a model the rows of a case', () => {
  const frame = {
    kind: 'frame',
    columns: [
      { name: 'size', dtype: 'float64', categories: null, data: [1, 'NaN'] },
      { name: 'city', dtype: 'object', categories: null, data: ['Ulm', null] },
    ],
  } as const
  const specs = [
    { name: 'size', datatype: 'FP64', shape: [-1, 1] },
    { name: 'city', datatype: 'BYTES', shape: [-1, 1] },
  ] as const

  test('a frame has a tensor for each column, what is missing is NaN or empty', () => {
    const tensors = feed(frame, specs)
    expect(tensors.get('size')?.data).toEqual(Float64Array.of(1, NaN))
    expect(tensors.get('city')?.data).toEqual([Buffer.from('Ulm'), Buffer.from('')])
    expect(feed(sliceInput(frame, 1, 2), specs).get('size')?.shape).toEqual([1, 1])
  })

  test('a signature that is not that of the rows is an error', () => {
    expect(() => feed(frame, [{ name: 'X', datatype: 'FP64', shape: [-1, 2] }])).toThrow('no column')
    expect(() => feed(frame, [{ name: 'city', datatype: 'FP64', shape: [-1, 1] }])).toThrow('the rows hold text')
    const rows = { kind: 'array', dtype: 'float64', shape: [1, 2], sparse: false, data: [1, 2] } as const
    expect(() => feed(rows, [{ name: 'X', datatype: 'FP64', shape: [-1, 3] }])).toThrow('2 columns')
    expect(() => feed(rows, [{ name: 'rows', datatype: 'FP64', shape: [-1, 2] }])).toThrow('should be one, X')
  })
})

test('a case whose recorded numbers are others is wrong, not right and not refused', async () => {
  const read = readCase(join(import.meta.dirname, 'fixtures/1.5.2/pickle_proto5'))
  const recorded = read.outputs.get('predict_proba')
  if (recorded === undefined) throw new Error('the case has no probabilities')
  expect((await checkCase(read)).state).toBe('right')
  const data = recorded.data.map((value, i) => (i === 7 ? Number(value) + 0.1 : value))
  const verdict = await checkCase({ ...read, outputs: new Map([['predict_proba', { ...recorded, data }]]) })
  expect(verdict).toMatchObject({ state: 'wrong', reason: expect.stringContaining('predict_proba[7]') as unknown })
  const more = await checkCase({ ...read, outputs: new Map([...read.outputs, ['transform', recorded]]) })
  expect(more).toEqual({ state: 'incomplete', reason: 'no transform' })
})
