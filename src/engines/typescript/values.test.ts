import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { refusal } from '../../core/refusal.fixture.ts'
import { anyTensors } from '../../tensor/frames/frames.fixture.ts'
import type { Tensor, Tensors } from '../../tensor/tensor.ts'
import { fromCode, toCode } from './values.ts'

/** The same with all texts as plain arrays: some are Node's buffers. */
function plain(tensors: Tensors): unknown[] {
  const sorted = [...tensors].toSorted(([a], [b]) => (a < b ? -1 : 1)) // members of an object have an order of their own
  return sorted.map(([name, { datatype, shape, data }]) => [
    name,
    datatype,
    shape,
    datatype === 'BYTES' ? data.map((each) => Array.from(each)) : data,
  ])
}

describe('tensors of code', () => {
  test('come back as they were given', () => {
    fc.assert(
      fc.property(anyTensors, (tensors) => {
        // BOOL of other bytes than 0 and 1 is none, and the bits of a half that is NaN are not kept
        const given = new Map(
          [...tensors].filter(([, { datatype }]) => !/BOOL|16$/.test(datatype) || /INT/.test(datatype)),
        )
        expect(plain(fromCode(toCode(given), 'it gave'))).toEqual(plain(given))
      }),
    )
  })

  test('are texts where they are UTF-8, bytes where they are not, and halves as their numbers', () => {
    const bytes: Tensor = { datatype: 'BYTES', shape: [2], data: [Buffer.from('\ufeffä'), Uint8Array.of(0xff)] }
    const half: Tensor = { datatype: 'FP16', shape: [1], data: Uint16Array.of(0x3e00) }
    const shown = toCode(
      new Map<string, Tensor>([
        ['b', bytes],
        ['h', half],
      ]),
    )
    expect(shown['b']?.data).toEqual(['\ufeffä', Uint8Array.of(0xff)])
    expect(shown['h']?.data).toEqual(Float32Array.of(1.5))
    expect(fromCode(shown, 'it gave').get('h')).toEqual(half)
  })

  test('may be given as plain lists, without a shape where there is one dimension', () => {
    const given = {
      a: { datatype: 'INT64', data: [1, -2n] },
      b: { datatype: 'BOOL', data: [true, 0] },
      c: { datatype: 'BYTES', data: ['x', ''] },
      d: { datatype: 'FP32', shape: [1, 2], data: Float64Array.of(1, 0.5) },
      ['__proto__x']: { datatype: 'UINT8', data: [] },
    }
    expect(fromCode(given, 'it gave')).toEqual(
      new Map<string, Tensor>([
        ['a', { datatype: 'INT64', shape: [2], data: BigInt64Array.of(1n, -2n) }],
        ['b', { datatype: 'BOOL', shape: [2], data: Uint8Array.of(1, 0) }],
        ['c', { datatype: 'BYTES', shape: [2], data: [Buffer.from('x'), Buffer.from('')] }],
        ['d', { datatype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 0.5) }],
        ['__proto__x', { datatype: 'UINT8', shape: [0], data: new Uint8Array(0) }],
      ]),
    )
  })

  test.each([
    [undefined, 'it gave nothing; an object of tensors by name is taken'],
    [[1], 'it gave a list; an object of tensors by name is taken'],
    [{ y: 4 }, 'it gave "y" as a number; { datatype, shape, data } is taken'],
    [{ y: { datatype: 'FLOAT', data: [] } }, 'it gave "y" with the datatype "FLOAT", which there is not'],
    [{ y: { datatype: 'FP32', shape: [2], data: [1] } }, 'it gave "y" with 1 elements; its shape [2] holds 2'],
    [{ y: { datatype: 'FP32', shape: [-1], data: [1] } }, 'it gave "y" with the shape [-1], which is none'],
    [{ y: { datatype: 'UINT8', data: [256] } }, 'it gave "y" with 256 as element 0, which no UINT8 can be'],
    [{ y: { datatype: 'INT32', data: [1, 0.5] } }, 'it gave "y" with 0.5 as element 1, which no INT32 can be'],
    [{ y: { datatype: 'INT64', data: [2 ** 60] } }, `it gave "y" with ${2 ** 60} as element 0, which no INT64 can be`],
    [{ y: { datatype: 'UINT64', data: [-1n] } }, 'it gave "y" with -1 as element 0, which no UINT64 can be'],
    [{ y: { datatype: 'BYTES', data: [1] } }, 'it gave "y" with a number as element 0; BYTES takes strings'],
    [{ y: { datatype: 'FP64', data: ['1'] } }, 'it gave "y" with a string as element 0; numbers are taken'],
  ])('%# are refused by name', (given, message) => {
    expect(refusal(() => fromCode(given, 'it gave'))).toMatchObject({ code: 'internal', message })
  })
})
