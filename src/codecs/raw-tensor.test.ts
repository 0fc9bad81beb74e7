import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { DATATYPES, elementSizeBytes, type Datatype } from '../tensor/datatype.ts'
import { tensor, viewAs, type Tensor } from '../tensor/tensor.ts'
import { decodeRaw, encodeRaw, rawSize, writeRaw } from './raw-tensor.ts'
import { allocateSmall } from './small-arrays.ts'
import { contentOf } from '../tensor/content.fixture.ts'

const NUMERIC = DATATYPES.filter((datatype) => datatype !== 'BYTES')

/** A tensor of any datatype, up to four dimensions, elements of any bits. */
const anyTensor: fc.Arbitrary<Tensor> = fc
  .record({
    datatype: fc.constantFrom(...DATATYPES),
    shape: fc.array(fc.nat({ max: 5 }), { maxLength: 4 }),
  })
  .chain(({ datatype, shape }) => {
    const count = shape.reduce((product, size) => product * size, 1)
    if (datatype === 'BYTES')
      return fc
        .array(fc.uint8Array({ maxLength: 200 }), { minLength: count, maxLength: count })
        .map((data) => tensor('BYTES', shape, data))
    const length = count * elementSizeBytes(datatype)
    return fc
      .uint8Array({ minLength: length, maxLength: length, max: datatype === 'BOOL' ? 1 : 255 })
      .map((bytes) => tensor(datatype, shape, viewAs(datatype, Uint8Array.from(bytes))))
  })

/** Bytes that lie somewhere in a larger piece of memory. */
function placedAt(offset: number, bytes: Uint8Array): Uint8Array {
  const around = new Uint8Array(offset + bytes.length + 9).fill(0xee)
  around.set(bytes, offset)
  return around.subarray(offset, offset + bytes.length)
}

describe('a tensor in its raw form', () => {
  test('comes back as it was, bit for bit, wherever its bytes lie', () => {
    fc.assert(
      fc.property(anyTensor, fc.nat({ max: 8 }), (given, offset) => {
        const bytes = encodeRaw(given)
        expect(bytes).toHaveLength(rawSize(given))
        const found = decodeRaw('x', given.datatype, given.shape, placedAt(offset, bytes))
        expect(contentOf(found)).toEqual(contentOf(given))
        const target = new Uint8Array(offset + bytes.length + 3).fill(7)
        expect(writeRaw(given, target, offset)).toBe(offset + bytes.length)
        expect(Buffer.from(target.subarray(offset, offset + bytes.length))).toEqual(Buffer.from(bytes))
        expect([...target.subarray(offset + bytes.length), ...target.subarray(0, offset)]).toEqual(
          Array.from({ length: 3 + offset }, () => 7),
        )
      }),
    )
  })

  test.each(NUMERIC)('is not copied where the bytes are aligned: %s', (datatype) => {
    const memory = new Uint8Array(64)
    const found = decodeRaw('x', datatype, [2], memory.subarray(8, 8 + 2 * elementSizeBytes(datatype)))
    expect((found.data as Float64Array).buffer).toBe(memory.buffer)
  })

  test('that is misaligned has memory of its own, which no other tensor has', () => {
    const bytes = placedAt(
      1,
      Uint8Array.from({ length: 16 }, (_, i) => i),
    )
    const first = decodeRaw('x', 'FP64', [2], bytes).data as Float64Array
    const before = [...first]
    bytes.fill(0)
    const second = decodeRaw('x', 'FP64', [2], bytes).data as Float64Array
    second.fill(3)
    allocateSmall('FP64', 2).fill(4)
    expect([...first]).toEqual(before)
  })

  test.each<[string, Datatype, number[], number[], string]>([
    ['too few numbers', 'FP32', [2, 2], Array(15).fill(0), 'shape [2,2] of FP32 takes 16 bytes, 15 came'],
    ['too many numbers', 'INT64', [1], Array(16).fill(0), 'shape [1] of INT64 takes 8 bytes, 16 came'],
    ['bytes for an empty shape', 'UINT8', [3, 0], [1], 'shape [3,0] of UINT8 takes 0 bytes, 1 came'],
    ['a BOOL of two', 'BOOL', [3], [0, 1, 2], 'element 2 is the byte 2; BOOL takes 0 and 1'],
    ['more elements than there are', 'BYTES', [2], [0, 0, 0, 0], 'takes at least 8 bytes'],
    ['a shape that claims much', 'BYTES', [2147483647], [0, 0, 0, 0], 'takes at least 8589934588 bytes'],
    ['a length that claims much', 'BYTES', [1], [255, 255, 255, 255, 1], 'it is 4294967295 bytes long, 1 are left'],
    ['half a length', 'BYTES', [2], [2, 0, 0, 0, 1, 1, 0, 0], 'end at 8, within the length of element 1 of 2'],
    ['bytes left over', 'BYTES', [1], [1, 0, 0, 0, 65, 0, 0, 0, 0], '4 bytes are left over behind the 1 elements'],
    ['bytes for no elements', 'BYTES', [0], [0, 0, 0, 0], '4 bytes are left over behind the 0 elements'],
    ['a negative size', 'FP32', [-1], [], 'has the shape [-1]'],
    ['a size beyond all memory', 'FP32', [2 ** 31, 2 ** 31], [], 'has over 2147483647 elements'],
    ['too many dimensions', 'FP32', Array(9).fill(1), [0, 0, 0, 0], 'has 9 dimensions, the most is 8'],
  ])('is refused with %s', (_, datatype, shape, bytes, message) => {
    let caught: unknown
    try {
      decodeRaw('x "y', datatype, shape, Uint8Array.from(bytes))
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(ServingError)
    expect(caught).toMatchObject({ code: 'invalid_argument' })
    expect((caught as ServingError).message).toContain('input "x \\"y"')
    expect((caught as ServingError).message).toContain(message)
  })

  test('says the length of a long element in four bytes', () => {
    const element = new Uint8Array(0x01_02_03).fill(7)
    const bytes = encodeRaw(tensor('BYTES', [1], [element]))
    expect([...bytes.subarray(0, 5)]).toEqual([3, 2, 1, 0, 7])
    expect(decodeRaw('x', 'BYTES', [1], bytes).data).toEqual([element])
  })

  test('keeps NULs, empty elements and what is no text', () => {
    const data = [new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(0xff, 0, 0xfe)]
    const bytes = encodeRaw(tensor('BYTES', [3], data))
    expect([...bytes]).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0, 3, 0, 0, 0, 0xff, 0, 0xfe])
    expect(contentOf(decodeRaw('x', 'BYTES', [3], bytes))).toEqual(contentOf(tensor('BYTES', [3], data)))
  })
})
