import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DATATYPES, elementSizeBytes, isDatatype, type NumericDatatype } from './datatype.ts'
import { bytesOf, concatenateRows, rowsOf, sliceRows, tensor, viewAs, type Tensor } from './tensor.ts'
import { contentOf } from './content.fixture.ts'

const NUMERIC = DATATYPES.filter((datatype) => datatype !== 'BYTES')

/** A tensor of any datatype, 0 to 6 rows, up to three more dimensions; elements of any bits. */
const anyTensor: fc.Arbitrary<Tensor> = fc
  .record({
    datatype: fc.constantFrom(...DATATYPES),
    shape: fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 4 }),
  })
  .chain(({ datatype, shape }) => {
    const count = shape.reduce((product, size) => product * size, 1)
    if (datatype === 'BYTES')
      return fc
        .array(fc.uint8Array({ maxLength: 5 }), { minLength: count, maxLength: count })
        .map((data) => tensor('BYTES', shape, data))
    const sizeBytes = count * elementSizeBytes(datatype)
    return fc
      .uint8Array({ minLength: sizeBytes, maxLength: sizeBytes })
      .map((bytes) => tensor(datatype, shape, viewAs(datatype, Uint8Array.from(bytes))))
  })

describe('a tensor', () => {
  test('is refused when shape and data disagree', () => {
    expect(() => tensor('FP32', [2, 3], new Float32Array(5))).toThrow(
      expect.objectContaining({ code: 'invalid_argument', message: 'shape [2,3] holds 6 elements, the data 5' }),
    )
    expect(() => tensor('BYTES', [1], [])).toThrow('shape [1] holds 1 elements, the data 0')
    expect(() => tensor('FP32', [-1], new Float32Array(0))).toThrow('sizes are whole, from 0 up')
  })

  test('has as many rows as its first dimension says, a scalar one', () => {
    expect(rowsOf(tensor('FP32', [2, 3], new Float32Array(6)))).toBe(2)
    expect(rowsOf(tensor('FP32', [0, 3], new Float32Array(0)))).toBe(0)
    expect(rowsOf(tensor('FP32', [], new Float32Array(1)))).toBe(1)
  })

  test('cut into pieces and joined again is the same, bit for bit', () => {
    fc.assert(
      fc.property(anyTensor, fc.array(fc.nat({ max: 4 }), { maxLength: 4 }), (whole, cuts) => {
        const rows = rowsOf(whole)
        const edges = [0, ...cuts.map((cut) => Math.min(cut, rows)).sort((a, b) => a - b), rows]
        const parts = edges.slice(1).map((to, i) => sliceRows(whole, edges[i] ?? 0, to))
        expect(contentOf(concatenateRows(parts))).toEqual(contentOf(whole))
        expect(parts.map(rowsOf).reduce((sum, part) => sum + part)).toBe(rows)
      }),
    )
  })

  test('shares memory with its rows, and has its own when joined', () => {
    const whole = tensor('INT32', [2, 2], Int32Array.of(1, 2, 3, 4))
    const last = sliceRows(whole, 1, 2)
    ;(whole.data as Int32Array)[2] = 9
    expect(last.data).toEqual(Int32Array.of(9, 4))
    const joined = concatenateRows([whole, last])
    ;(whole.data as Int32Array)[0] = 7
    expect(joined.data).toEqual(Int32Array.of(1, 2, 9, 4, 9, 4))
    expect(concatenateRows([whole])).toBe(whole)
  })

  test('that is a scalar has no rows to slice, and of nothing nothing is made', () => {
    expect(() => sliceRows(tensor('FP32', [], new Float32Array(1)), 0, 1)).toThrow('this is a bug')
    expect(() => concatenateRows([])).toThrow('this is a bug')
  })
})

describe('bytes as numbers', () => {
  test.each(NUMERIC)('%s is read the same at every offset of a buffer', (datatype: NumericDatatype) => {
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => i * 17)
    const expected = Buffer.from(bytes).toString('hex')
    for (let offset = 0; offset < 9; offset++) {
      const buffer = new Uint8Array(offset + bytes.length + 3).fill(0xee)
      buffer.set(bytes, offset)
      for (const view of [
        buffer.subarray(offset, offset + bytes.length),
        Buffer.from(buffer.buffer, offset, bytes.length),
      ]) {
        const numbers = viewAs(datatype, view)
        expect(numbers).toHaveLength(16 / elementSizeBytes(datatype))
        expect(Buffer.from(bytesOf(numbers)).toString('hex')).toBe(expected)
        const isAligned = offset % elementSizeBytes(datatype) === 0
        expect(numbers.buffer === buffer.buffer).toBe(isAligned)
      }
    }
  })

  test('a piece of an element is refused', () => {
    expect(() => viewAs('FP64', new Uint8Array(12))).toThrow('12 bytes are no whole number of FP64 elements')
    expect(viewAs('FP64', new Uint8Array(0))).toHaveLength(0)
  })

  test('the names of datatypes are exact', () => {
    expect(DATATYPES.every(isDatatype)).toBe(true)
    expect(['fp32', 'FP32 ', 'FLOAT', '', null, 1, ['FP32'], '__proto__'].filter(isDatatype)).toEqual([])
  })
})
