import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDecimal, parseWhole } from './decimal.ts'

function parse(text: string): number {
  const bytes = Buffer.from(`7${text}7`)
  return parseDecimal(bytes, 1, bytes.length - 1)
}

describe('parseDecimal', () => {
  test.each([
    '0',
    '-0',
    '+1',
    '1.5',
    '.5',
    '5.',
    '007',
    '1e3',
    '1E-3',
    '-2.5e+10',
    '123456789012345678',
    '4.9e-324',
    '0.1e400000',
  ])('the decimal %s is the double that JavaScript reads', (text) => {
    expect(parse(text)).toBe(Number(text))
  })

  test.each([
    '',
    '-',
    '.',
    'e5',
    '1e',
    '1e+',
    '0x10',
    '1_000',
    '1 0',
    '１',
    'NaN',
    'inf',
    'Infinity',
    '1,5',
    '--1',
    '1.2.3',
    '=1',
    '1\0',
  ])('the text %j is no number', (text) => {
    expect(parse(text)).toBeNaN()
  })

  test('every double reads back as itself, however it is printed', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer({ min: 1, max: 20 }),
        (value, digits) => {
          expect(parse(Object.is(value, -0) ? '-0' : String(value))).toBe(value)
          expect(parse(value.toExponential(digits))).toBe(Number(value.toExponential(digits)))
          expect(parse(value.toPrecision(digits))).toBe(Number(value.toPrecision(digits)))
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('parseWhole', () => {
  test.each([
    ['9007199254740993', 9007199254740993n],
    ['-9223372036854775808', -9223372036854775808n],
    ['18446744073709551615.000', 18446744073709551615n],
    ['1.8e19', 18000000000000000000n],
    ['1200e-2', 12n],
    ['0e999999', 0n],
    ['000', 0n],
  ])('%s is exact', (text, whole) => {
    expect(parseWhole(text)).toBe(whole)
  })

  test.each(['1.5', '1e-1', '1e21', '1e999999999'])('%s is no whole number of 20 digits', (text) => {
    expect(parseWhole(text)).toBeUndefined()
  })

  test('a million digits take no quadratic time', () => {
    expect(parseWhole(`1${'0'.repeat(1_000_000)}1`)).toBeUndefined()
  })
})
