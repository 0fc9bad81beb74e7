import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nearestDouble, nearestOfPair, parseDecimal, parseWhole } from './decimal.ts'

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

describe('nearestDouble', () => {
  const near = (text: string): number => nearestDouble(Buffer.from(`9${text}9`), 1, text.length + 1)

  test.each([
    '9007199254740993',
    '-9007199254740995',
    '9007199254740993.5',
    '0.500000000000000166533453693773481063544750213623046875',
    '123456789012345678',
    '0.000000000000000000001',
    '1e22',
    '1e23',
    '123456789012345678e-22',
    '0.1e100001',
    `0.${'0'.repeat(100_000)}1e1000001`,
    `0.${'0'.repeat(100_000)}1e100001`,
    '2.2250738585072011e-308',
    '1.7976931348623159e308',
    '-0.000',
  ])('%s is the double that JavaScript reads', (text) => {
    expect(near(text)).toBe(Number(text))
  })

  test('a pair of doubles does not tell where the middle of two goes', () => {
    expect(nearestOfPair(900719925e7, 4740993, 0)).toBeNaN()
    expect(nearestOfPair(900719925e7, 4740992, 0)).toBe(2 ** 53)
    expect(nearestOfPair(900719925e7, 4740993, -23)).toBeNaN()
  })

  test('decimals in the middle of two doubles, and beside it, go where JavaScript has them go', () => {
    const middle = fc
      .tuple(fc.bigInt({ min: 2n ** 53n, max: 2n ** 54n - 1n }), fc.nat({ max: 12 }), fc.integer({ min: -1, max: 1 }))
      .map(([odd, shift, beside]) => {
        const scaled = String((odd | 1n) * 5n ** BigInt(shift) + BigInt(beside))
        return `${scaled.slice(0, -shift || undefined)}.${shift === 0 ? '0' : scaled.slice(-shift)}`
      })
    const digits = fc
      .tuple(fc.bigInt({ min: 10n ** 15n, max: 10n ** 18n }), fc.integer({ min: -45, max: 25 }))
      .map(([mantissa, exponent]) => `${mantissa}e${exponent}`)
    fc.assert(
      fc.property(fc.oneof(middle, digits), (text) => {
        expect(near(text)).toBe(Number(text))
      }),
      { numRuns: 5000 },
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
