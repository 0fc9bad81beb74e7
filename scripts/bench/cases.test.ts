import { describe, expect, test } from 'vitest'
import { CASES, caseName, describeCase, parseCase } from './cases.ts'

describe('a case', () => {
  test.each(CASES)('%j is what its name says', (each) => {
    expect(parseCase(caseName(each))).toEqual(each)
  })

  test('may have other connections than those that are measured', () => {
    expect(parseCase('tiny/32@100')).toEqual({ model: 'tiny', rows: 32, connections: 100 })
  })

  test('by gRPC has streams on each connection', () => {
    expect(parseCase('trees/32@4x16')).toEqual({ model: 'trees', rows: 32, connections: 4, streams: 16 })
  })

  test.each([
    'tiny',
    'tiny/1',
    'tiny/2@8',
    'tiny/1@0',
    'other/1@8',
    'image/32@1',
    'tiny/1@8x',
    'tiny/1@8x0',
    'tiny/1@x8',
    '',
  ])('is not %j', (text) => {
    expect(() => parseCase(text)).toThrow('a cell is a model')
  })

  test('reads as a sentence', () => {
    expect(describeCase({ model: 'tiny', rows: 1, connections: 1 })).toBe('tiny, 1 row, 1 connection')
    expect(describeCase({ model: 'trees', rows: 32, connections: 8 })).toBe('trees, 32 rows, 8 connections')
    expect(describeCase({ model: 'tiny', rows: 1, connections: 1, streams: 1 })).toBe(
      'tiny, 1 row, 1 stream on 1 connection',
    )
    expect(describeCase({ model: 'tiny', rows: 1, connections: 8, streams: 8 })).toBe(
      'tiny, 1 row, 64 streams on 8 connections',
    )
  })
})
