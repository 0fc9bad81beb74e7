import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DATATYPES, isBigInt, type NumericDatatype } from '../tensor/datatype.ts'
import { allocate, bytesOf, type Tensor } from '../tensor/tensor.ts'
import { fromJsonTensor, toJsonTensor, type JsonTensor } from './json-tensor.ts'

const numeric = DATATYPES.filter((datatype): datatype is NumericDatatype => datatype !== 'BYTES')

describe('a tensor in a manifest', () => {
  test.each(numeric.filter((datatype) => datatype !== 'BOOL'))(
    'is exact in JSON for every bit pattern of %s',
    (datatype) => {
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (pattern) => {
          const data = allocate(datatype, 4)
          bytesOf(data).set(pattern.subarray(0, data.byteLength))
          const source = { datatype, shape: [2, 2], data } as Tensor
          const json = JSON.parse(JSON.stringify(toJsonTensor(source))) as JsonTensor
          const back = fromJsonTensor(json, 'it')
          expect(back.datatype).toBe(datatype)
          for (let i = 0; i < 4; i++) expect(back.data[i]).toEqual(data[i])
        }),
      )
    },
  )

  test('keeps the ends of the 64-bit integers, NaN, the infinities and -0', () => {
    const wide = toJsonTensor({ datatype: 'INT64', shape: [2], data: BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n)) })
    expect(wide.data).toEqual(['9223372036854775807', '-9223372036854775808'])
    const odd = toJsonTensor({ datatype: 'FP64', shape: [4], data: Float64Array.of(NaN, Infinity, -Infinity, -0) })
    expect(odd.data).toEqual(['NaN', 'Infinity', '-Infinity', '-0'])
    expect(Array.from(fromJsonTensor(odd, 'it').data as Float64Array)).toEqual([NaN, Infinity, -Infinity, -0])
  })

  test('keeps byte strings, NULs and broken UTF-8 too', () => {
    const data = [Uint8Array.of(0, 255, 0xc3), new Uint8Array()]
    const back = fromJsonTensor(toJsonTensor({ datatype: 'BYTES', shape: [2], data }), 'it')
    expect((back.data as Uint8Array[]).map((element) => [...element])).toEqual([[0, 255, 0xc3], []])
  })

  test.each<[string, JsonTensor, RegExp]>([
    [
      'fewer elements than the shape says',
      { datatype: 'FP32', shape: [2, 2], data: [1, 2, 3] },
      /shape \[2,2\] holds 4 elements, 3 are written/,
    ],
    ['a shape over all bounds', { datatype: 'FP32', shape: [2 ** 31, 2 ** 31], data: [] }, /elements/],
    ['a fraction as an integer', { datatype: 'INT64', shape: [1], data: [1.5] }, /no whole number/],
    ['text as an integer', { datatype: 'INT64', shape: [1], data: ['0x10'] }, /no whole number/],
    ['text as a number', { datatype: 'FP32', shape: [1], data: ['one'] }, /no number/],
    ['300 as UINT8', { datatype: 'UINT8', shape: [1], data: [300] }, /does not fit UINT8/],
    ['1.5 as INT32', { datatype: 'INT32', shape: [1], data: [1.5] }, /does not fit INT32/],
    ['2 as BOOL', { datatype: 'BOOL', shape: [1], data: [2] }, /does not fit BOOL/],
    ['2^63 as INT64', { datatype: 'INT64', shape: [1], data: ['9223372036854775808'] }, /does not fit INT64/],
    ['-1 as UINT64', { datatype: 'UINT64', shape: [1], data: ['-1'] }, /does not fit UINT64/],
    ['a number as a byte string', { datatype: 'BYTES', shape: [1], data: [1] }, /no base64 text/],
    ['broken base64', { datatype: 'BYTES', shape: [1], data: ['a!b='] }, /no base64 text/],
  ])('refuses %s', (_what, json, message) => {
    expect(() => fromJsonTensor(json, 'golden inputs')).toThrow(
      expect.objectContaining({ code: 'refused', message: expect.stringMatching(message) }),
    )
  })

  test('knows the integers that need more than a JSON number', () => {
    expect(numeric.filter(isBigInt)).toEqual(['UINT64', 'INT64'])
  })
})
