import { describe, expect, test } from 'vitest'
import { refusal } from '../../core/refusal.fixture.ts'
import { Dim } from './dim.ts'
import { sizeOf } from './size-expression.ts'

const atom = (key: string, min = 1, max = Infinity) =>
  Dim.atom({ key, min, max, source: { kind: 'input', input: key, axis: 0, divisor: 1 } })
const b = atom('b')
const n = atom('n', 2, 10)

describe('sizes that hang on inputs', () => {
  test('are equal however they were come by', () => {
    expect(b.plus(3).times(2).minus(6).equals(b.times(2))).toBe(true)
    expect(
      b
        .times(n)
        .plus(b)
        .equals(b.times(n.plus(1))),
    ).toBe(true)
    expect(b.minus(b).constant).toBe(0)
  })

  test('divide without a rest where each part does', () => {
    expect(b.times(n).times(12).floorDivide(b.times(4)).equals(n.times(3))).toBe(true)
    expect(b.times(4).modulo(4).constant).toBe(0)
  })

  test('keep a division that is not known', () => {
    const half = b.plus(1).floorDivide(2)
    expect(half.constant).toBeUndefined()
    expect(half.equals(b.plus(1).floorDivide(2))).toBe(true)
    expect(half.equals(b.floorDivide(2))).toBe(false)
  })

  test('compare by their bounds', () => {
    expect(n.compare(1)).toBe(1)
    expect(n.compare(11)).toBe(-1)
    expect(n.compare(5)).toBeUndefined()
    expect(b.plus(n).compare(b)).toBe(1)
    expect(b.same(0)).toBe(false)
    expect(n.smaller(Dim.of(12)).equals(n)).toBe(true)
    expect(n.larger(Dim.of(12)).constant).toBe(12)
    expect([n.lowest, n.highest, b.highest]).toEqual([2, 10, Infinity])
  })

  test('refuse a division by zero and numbers that are too large', () => {
    expect(refusal(() => b.floorDivide(0)).code).toBe('unsupported')
    expect(refusal(() => Dim.of(2 ** 40).times(2 ** 40)).code).toBe('unsupported')
    expect(refusal(() => Array.from({ length: 100 }, (_, i) => atom(`a${i}`)).reduce((x, y) => x.plus(y))).code).toBe(
      'unsupported',
    )
  })
})

describe('expressions of sizes', () => {
  const read = (text: string) => sizeOf(text, (name) => (name === 'b' ? b : name === 'n' ? n : undefined))?.key

  test.each([
    ['4*b', b.times(4)],
    ['(b - 1)//2 + 1', b.minus(1).floorDivide(2).plus(1)],
    ["Mul(Integer(4), Symbol('b', positive=True, integer=True))", b.times(4)],
    ["Add(Symbol('b'), Integer(-1))", b.minus(1)],
    ["FloorDiv(Symbol('b'), 2)", b.floorDivide(2)],
    ['b**2', b.times(b)],
    ['Max(1, n)', n],
    ['-b + 2*b', b],
  ])('%s', (text, dim) => expect(read(text)).toBe(dim.key))

  test.each(['c', '4*', 'b + (', "Symbol('b'", 'b/3', 'f(b)', 'b**-1', '(('.repeat(100), '1 1', 'b//0', '@'])(
    '%s is not understood',
    (text) => expect(read(text)).toBeUndefined(),
  )
})
