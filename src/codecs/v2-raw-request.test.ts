import { describe, expect, test } from 'vitest'
import type { Datatype } from '../tensor/datatype.ts'
import type { Signature } from '../tensor/signature.ts'
import { tensor } from '../tensor/tensor.ts'
import { decodeRawRequest } from './v2-raw-request.ts'

function taking(datatype: Datatype, shape: readonly number[]): Signature {
  return { inputs: [{ name: 'x', datatype, shape }], outputs: [] }
}

const SIX = Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer)

describe('a body that is the only input', () => {
  test('is the only one that is read', () => {
    const { inputs, outputs } = taking('FP32', [-1, 1])
    const unused = { name: 'id', datatype: 'BYTES', shape: [-1, 1], isUnused: true } as const
    const { inputs: given } = decodeRawRequest(SIX, { inputs: [unused, ...inputs], outputs })
    expect([...given].map(([name, { shape }]) => [name, shape])).toEqual([['x', [6, 1]]])
  })

  test.each([
    [
      [-1, 2],
      [3, 2],
    ],
    [
      [-1, 6],
      [1, 6],
    ],
    [
      [2, -1],
      [2, 3],
    ],
    [
      [-1, -1],
      [1, 6],
    ],
    [
      [-1, 3, -1],
      [1, 3, 2],
    ],
    [[6], [6]],
    [[-1], [6]],
    [
      [-1, 1],
      [6, 1],
    ],
  ])('of a model that takes %j has the shape %j', (shape, expected) => {
    const request = decodeRawRequest(SIX, taking('FP32', shape))
    expect(request).toMatchObject({ id: undefined, outputs: [], isBinary: true })
    expect(request.inputs.get('x')).toEqual(tensor('FP32', expected, Float32Array.of(1, 2, 3, 4, 5, 6)))
  })

  test.each([[[-1]], [[-1, 1]], [[1]], [[]], [[-1, -1]]])('is one element where BYTES are taken as %j', (shape) => {
    const { inputs } = decodeRawRequest(Buffer.from('any text'), taking('BYTES', shape))
    expect(inputs.get('x')).toEqual(
      tensor(
        'BYTES',
        shape.map(() => 1),
        [Buffer.from('any text')],
      ),
    )
  })

  test('may be empty, where the model takes no rows or empty text', () => {
    const { inputs } = decodeRawRequest(Buffer.alloc(0), taking('FP32', [-1, 2]))
    expect(inputs.get('x')).toEqual(tensor('FP32', [0, 2], new Float32Array()))
    expect(decodeRawRequest(Buffer.alloc(0), taking('BYTES', [1])).inputs.get('x')?.data).toEqual([Buffer.alloc(0)])
  })

  test.each<[string, Signature, string]>([
    ['of less than a row', taking('FP64', [-1, 4, 7]), '3 elements do not fit'],
    ['of part of a row', taking('FP32', [-1, 4]), '6 elements do not fit the shape [-1,4]'],
    ['of another size', taking('FP32', [5]), '6 elements do not fit the shape [5]'],
    ['of no elements a row', taking('FP32', [-1, 0]), '6 elements do not fit the shape [-1,0]'],
    ['of two open sizes', taking('FP32', [2, -1, -1]), 'do not say how large it is'],
    ['of three open sizes', taking('FP32', [-1, -1, -1]), 'do not say how large it is'],
    ['of several texts', taking('BYTES', [-1, 2]), 'is one element of BYTES, and the model takes [-1,2]'],
    [
      'of no model with one input',
      { inputs: [...taking('FP32', [1]).inputs, { name: 'z', datatype: 'FP32', shape: [1] }], outputs: [] },
      'the model takes "x", "z"',
    ],
    ['of a BOOL that is none', taking('BOOL', [-1]), 'BOOL takes 0 and 1'],
  ])('%s is refused', (_what, signature, message) => {
    expect(() => decodeRawRequest(SIX, signature)).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message: expect.stringContaining(message) as string,
      }) as Error,
    )
  })
})
