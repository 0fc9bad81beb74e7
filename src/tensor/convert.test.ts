import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { convertInputs } from './convert.ts'
import { ARRAY_OF, DATATYPES, isBigInt, type Datatype, type NumericDatatype } from './datatype.ts'
import type { Signature } from './signature.ts'
import { tensor, type Tensor } from './tensor.ts'

/** Those whose elements are the numbers themselves; half floats are their bits. */
const PLAIN = DATATYPES.filter((datatype): datatype is NumericDatatype => !['FP16', 'BF16', 'BYTES'].includes(datatype))

/** One element, stored as a datatype. */
function one(datatype: NumericDatatype, value: number | bigint): Tensor {
  const data = new ARRAY_OF[datatype](1)
  data[0] = isBigInt(datatype) ? BigInt(value) : Number(value)
  return tensor(datatype, [1], data)
}

function taking(datatype: Datatype): Signature {
  return { inputs: [{ name: 'x', datatype, shape: [-1] }], outputs: [] }
}

/** The element after conversion; undefined when it was refused. */
function converted(given: Tensor, datatype: Datatype): unknown {
  try {
    const found = convertInputs(new Map([['x', given]]), taking(datatype)).get('x')
    expect(found?.datatype).toBe(datatype)
    return found?.data[0]
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_argument', details: { input: 'x', element: 0 } })
    return undefined
  }
}

const EXACT_LIMIT = 2n ** 53n

describe('numbers in another datatype than the model takes', () => {
  test.each<[NumericDatatype, number | bigint, NumericDatatype, number | bigint]>([
    ['INT64', 42n, 'FP32', 42],
    ['INT64', EXACT_LIMIT, 'FP64', 2 ** 53],
    ['INT64', -(2n ** 63n), 'FP64', -(2 ** 63)],
    ['UINT64', 2n ** 63n, 'FP32', 2 ** 63],
    ['UINT64', 2n ** 63n - 1n, 'INT64', 2n ** 63n - 1n],
    ['FP64', 3, 'INT64', 3n],
    ['FP64', -(2 ** 63), 'INT64', -(2n ** 63n)],
    ['FP64', 0.5, 'FP32', 0.5],
    ['FP32', 0.1, 'FP64', Math.fround(0.1)],
    ['FP64', Number.NaN, 'FP32', Number.NaN],
    ['FP32', -Infinity, 'FP64', -Infinity],
    ['FP64', -0, 'FP32', -0],
    ['FP64', 255, 'UINT8', 255],
    ['INT8', -128, 'INT16', -128],
    ['BOOL', 1, 'FP32', 1],
    ['BOOL', 1, 'INT64', 1n],
    ['FP64', 1, 'BOOL', 1],
    ['INT64', 0n, 'BOOL', 0],
  ])('%s %s becomes %s %s', (from, value, to, expected) => {
    expect(converted(one(from, value), to)).toBe(expected)
  })

  test.each<[NumericDatatype, number | bigint, NumericDatatype]>([
    ['INT64', EXACT_LIMIT + 1n, 'FP64'],
    ['INT64', -EXACT_LIMIT - 1n, 'FP64'],
    ['INT32', 2 ** 24 + 1, 'FP32'],
    ['UINT64', 2n ** 64n - 1n, 'FP64'],
    ['UINT64', 2n ** 63n, 'INT64'],
    ['INT64', -1n, 'UINT64'],
    ['INT64', 2n ** 31n, 'INT32'],
    ['INT8', -1, 'UINT8'],
    ['INT8', -1, 'UINT16'],
    ['INT16', -1, 'UINT32'],
    ['FP32', -1, 'UINT64'],
    ['FP64', 256, 'UINT8'],
    ['FP64', 2 ** 63, 'INT64'],
    ['FP64', 2 ** 64, 'UINT64'],
    ['FP64', 0.1, 'FP32'],
    ['FP64', 1e300, 'FP32'],
    ['FP64', 5e-324, 'FP32'],
    ['FP64', 1.5, 'INT32'],
    ['FP64', 1.5, 'INT64'],
    ['FP64', Number.NaN, 'INT32'],
    ['FP64', Number.NaN, 'INT64'],
    ['FP64', Number.NaN, 'BOOL'],
    ['FP32', Infinity, 'INT64'],
    ['FP32', Infinity, 'UINT8'],
    ['UINT8', 2, 'BOOL'],
    ['INT64', 2n, 'BOOL'],
  ])('%s %s is refused as %s: it would be another number', (from, value, to) => {
    expect(converted(one(from, value), to)).toBeUndefined()
  })

  test('what is carried over is equal, and what is refused could not be', () => {
    const value = fc.oneof(
      fc.double(),
      fc.float(),
      fc.integer({ min: -300, max: 300 }),
      fc.constantFrom(0, -0, 1, 127, 128, 255, 256, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, 2 ** 64),
    )
    fc.assert(
      fc.property(
        value,
        fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
        fc.constantFrom(...PLAIN),
        fc.constantFrom(...PLAIN),
        (number, integer, from, to) => {
          const given = one(from, isBigInt(from) ? integer : number)
          if (from === 'BOOL') (given.data as Uint8Array)[0] = Number(number > 0)
          const before = given.data[0] as number | bigint
          const after = converted(given, to) as number | bigint | undefined
          const stored = storedExactly(before, to)
          if (after === undefined) expect(stored).toBeUndefined()
          // oxlint-disable-next-line eqeqeq
          else expect(after == before || (Number.isNaN(after) && Number.isNaN(before))).toBe(true)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('are converted in place of the others, which stay the very same', () => {
    const signature: Signature = {
      inputs: [
        { name: 'a', datatype: 'FP32', shape: [-1] },
        { name: 'b', datatype: 'FP64', shape: [-1] },
      ],
      outputs: [],
    }
    const a = one('FP32', 1)
    const given = new Map([
      ['a', a],
      ['b', tensor('INT64', [3], BigInt64Array.of(1n, -2n, 3n))],
      ['stranger', one('INT8', 1)],
    ])
    const found = convertInputs(given, signature)
    expect(found.get('a')).toBe(a)
    expect(found.get('b')).toEqual(tensor('FP64', [3], Float64Array.of(1, -2, 3)))
    expect(found.get('stranger')).toBe(given.get('stranger'))
    expect(given.get('b')?.datatype).toBe('INT64')
    const fitting = new Map([['a', a]])
    expect(convertInputs(fitting, signature)).toBe(fitting)
  })

  test('the refusal names the input, the element, its value and both datatypes', () => {
    const inputs = new Map([['x', tensor('INT64', [2], BigInt64Array.of(1n, EXACT_LIMIT + 1n))]])
    expect(() => convertInputs(inputs, taking('FP64'))).toThrow(
      'input "x" came as INT64, the model takes FP64: element 1 (9007199254740993) would change its value',
    )
  })

  test.each<[string, Tensor, Tensor]>([
    [
      'FP32 to FP16',
      tensor('FP32', [4], Float32Array.of(1, -0, 65504, Number.NaN)),
      tensor('FP16', [4], Uint16Array.of(0x3c00, 0x8000, 0x7bff, 0x7e00)),
    ],
    [
      'FP64 to BF16',
      tensor('FP64', [2], Float64Array.of(1, 2 ** 100)),
      tensor('BF16', [2], Uint16Array.of(0x3f80, 0x7180)),
    ],
    ['INT64 to BF16', tensor('INT64', [1], BigInt64Array.of(2n ** 60n)), tensor('BF16', [1], Uint16Array.of(0x5d80))],
    [
      'FP16 to FP32',
      tensor('FP16', [2], Uint16Array.of(1, 0xfc00)),
      tensor('FP32', [2], Float32Array.of(2 ** -24, -Infinity)),
    ],
    ['FP16 to INT8', tensor('FP16', [1], Uint16Array.of(0xc000)), tensor('INT8', [1], Int8Array.of(-2))],
    ['FP16 to BF16', tensor('FP16', [1], Uint16Array.of(0x3c00)), tensor('BF16', [1], Uint16Array.of(0x3f80))],
  ])('half floats are numbers, too: %s', (_what, given, expected) => {
    const found = convertInputs(new Map([['x', given]]), taking(expected.datatype)).get('x')
    expect(found).toEqual(expected)
  })

  test.each<[NumericDatatype, number | bigint, NumericDatatype]>([
    ['FP64', 0.1, 'FP16'],
    ['FP32', 65_519, 'FP16'],
    ['FP64', 1e39, 'BF16'],
    ['FP32', 257, 'BF16'],
    ['INT64', 2n ** 60n + 1n, 'BF16'],
    ['FP16', 0x3e00, 'INT8'],
    ['FP16', 0x3c01, 'BF16'],
    ['BF16', 0x7180, 'FP16'],
  ])('%s %s is refused as %s', (from, value, to) => {
    expect(converted(one(from, value), to)).toBeUndefined()
  })

  test('text is left as it came, for the check to refuse', () => {
    const inputs = new Map([['x', tensor('BYTES', [1], [Uint8Array.of(49)])]])
    expect(convertInputs(inputs, taking('FP32'))).toBe(inputs)
    const numbers = new Map([['x', one('UINT16', 1)]])
    expect(convertInputs(numbers, taking('BYTES'))).toBe(numbers)
  })
})

/** The value as a datatype would hold it, or undefined when it holds no equal one; by another road than the code's. */
function storedExactly(value: number | bigint, datatype: NumericDatatype): number | bigint | undefined {
  if (typeof value === 'number' && !Number.isFinite(value))
    return datatype === 'FP32' || datatype === 'FP64' ? value : undefined
  if (datatype === 'FP64' || datatype === 'FP32') {
    const near = datatype === 'FP64' ? Number(value) : Math.fround(Number(value))
    if (typeof value === 'number') return near === value ? near : undefined
    return Number.isFinite(near) && BigInt(near) === value ? near : undefined
  }
  if (typeof value === 'number' && !Number.isInteger(value)) return undefined
  const integer = BigInt(value)
  const bits = datatype === 'BOOL' ? 1 : Number(/\d+/.exec(datatype)?.[0])
  const wrapped = datatype.startsWith('INT') ? BigInt.asIntN(bits, integer) : BigInt.asUintN(bits, integer)
  return wrapped === integer ? integer : undefined
}
