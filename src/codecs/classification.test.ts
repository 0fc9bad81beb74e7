import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Signature, TensorSpec } from '../tensor/signature.ts'
import { tensor, type Tensor } from '../tensor/tensor.ts'
import { checkClassifications, classify } from './classification.ts'
import type { V2Request } from './v2-request.ts'

function asking(classification: number, name = 'y'): V2Request {
  const forms = new Map([[name, { classification, isBinary: undefined }]])
  return { id: undefined, inputs: new Map(), outputs: [], timeoutUs: undefined, forms }
}

function signatureOf(spec: Partial<TensorSpec> = {}): Signature {
  return { inputs: [], outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 3], ...spec }] }
}

/** The classes of an output, as text. */
function classesOf(
  value: Tensor,
  count: number,
  spec?: Partial<TensorSpec>,
): { shape: readonly number[]; classes: string[] } {
  const found = classify(new Map([['y', value]]), asking(count), signatureOf(spec)).get('y')
  if (found?.datatype !== 'BYTES') throw new Error('no classes came')
  return { shape: found.shape, classes: found.data.map((bytes) => Buffer.from(bytes).toString()) }
}

const SCORES = tensor('FP32', [2, 3], Float32Array.of(0.1, 0.7, 0.2, 3, 1, 2))

describe('the classes of an output', () => {
  test('are the largest of each row, the largest first, with their places', () => {
    expect(classesOf(SCORES, 1)).toEqual({ shape: [2, 1], classes: ['0.7:1', '3:0'] })
    expect(classesOf(SCORES, 2)).toEqual({ shape: [2, 2], classes: ['0.7:1', '0.2:2', '3:0', '2:2'] })
    expect(classesOf(SCORES, 9)).toEqual({
      shape: [2, 3],
      classes: ['0.7:1', '0.2:2', '0.1:0', '3:0', '2:2', '1:1'],
    })
  })

  test('have their labels where the model knows its columns', () => {
    const columns = ['cat', 'dog', 'a:b']
    expect(classesOf(SCORES, 2, { columns }).classes).toEqual(['0.7:1:dog', '0.2:2:a:b', '3:0:cat', '2:2:a:b'])
  })

  test.each<[what: string, value: Tensor, spec: Partial<TensorSpec>, shape: number[], classes: string[]]>([
    ['one row of no batch', tensor('FP32', [3], Float32Array.of(1, 3, 2)), { shape: [3] }, [2], ['3:1', '2:2']],
    ['a number a row', tensor('FP32', [3], Float32Array.of(1, 3, 2)), { shape: [-1] }, [3, 1], ['1:0', '3:0', '2:0']],
    ['a single number', tensor('FP32', [], Float32Array.of(5)), { shape: [] }, [1], ['5:0']],
    ['no rows', tensor('FP32', [0, 3], new Float32Array()), {}, [0, 2], []],
    ['rows of nothing', tensor('FP32', [2, 0], new Float32Array()), {}, [2, 0], []],
    [
      'two outer dimensions',
      tensor('INT8', [1, 2, 2], Int8Array.of(1, 2, 4, 3)),
      { shape: [-1, 2, 2] },
      [1, 2, 2],
      ['2:1', '1:0', '4:0', '3:1'],
    ],
    ['equal values', tensor('FP32', [1, 3], Float32Array.of(1, 2, 2)), {}, [1, 2], ['2:1', '2:2']],
    ['NaN', tensor('FP32', [1, 3], Float32Array.of(Number.NaN, -Infinity, 2)), {}, [1, 2], ['2:2', '-Infinity:1']],
    [
      '64-bit integers',
      tensor('INT64', [1, 2], BigInt64Array.of(2n ** 53n, 2n ** 53n + 1n)),
      {},
      [1, 2],
      ['9007199254740993:1', '9007199254740992:0'],
    ],
    ['32-bit integers', tensor('INT32', [1, 1], Int32Array.of(123_456_789)), {}, [1, 1], ['123456789:0']],
    ['doubles', tensor('FP64', [1, 2], Float64Array.of(0.1, -0)), {}, [1, 2], ['0.1:0', '-0:1']],
    ['half floats', tensor('FP16', [1, 2], Uint16Array.of(0x3c00, 0x4000)), {}, [1, 2], ['2:1', '1:0']],
    ['brain floats below zero', tensor('BF16', [1, 2], Uint16Array.of(0xbf80, 0x3f80)), {}, [1, 2], ['1:1', '-1:0']],
  ])('of %s', (_what, value, spec, shape, classes) => {
    expect(classesOf(value, 2, spec)).toEqual({ shape, classes })
  })

  test('are those that sorting finds, however many are asked for', () => {
    const values = fc.array(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constant(Number.NaN)), {
      minLength: 1,
      maxLength: 40,
    })
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 45 }), (numbers, count) => {
        const sorted = numbers
          .map((value, index) => ({ value, index }))
          .sort((a, b) =>
            (Number.isNaN(a.value) ? -99 : a.value) < (Number.isNaN(b.value) ? -99 : b.value)
              ? 1
              : Object.is(a.value, b.value) || a.value === b.value
                ? a.index - b.index
                : -1,
          )
          .slice(0, count)
        const found = classesOf(tensor('FP64', [1, numbers.length], Float64Array.from(numbers)), count)
        expect(found.classes).toEqual(sorted.map(({ value, index }) => `${value}:${index}`))
      }),
    )
  })

  test('leave other outputs as they are, and all of them where none are asked for', () => {
    const outputs = new Map([
      ['y', SCORES],
      ['z', SCORES],
    ])
    const found = classify(outputs, asking(1), signatureOf())
    expect([...found.keys()]).toEqual(['y', 'z'])
    expect(found.get('z')).toBe(SCORES)
    expect(classify(outputs, asking(0), signatureOf())).toBe(outputs)
    expect(classify(outputs, asking(1, 'ghost'), signatureOf())).toBe(outputs)
  })
})

describe('an output without classes', () => {
  test.each<[string, Tensor]>([
    ['BYTES', tensor('BYTES', [1, 1], [Buffer.from('a')])],
    ['BOOL', tensor('BOOL', [1, 1], Uint8Array.of(1))],
  ])('of %s is refused, before the model runs too', (datatype, value) => {
    const signature = signatureOf({ datatype: value.datatype })
    const refusal = expect.objectContaining({
      code: 'invalid_argument',
      message: `output "y" is ${datatype}, which has no classes: ask for it without "classification"`,
    }) as Error
    expect(() => classify(new Map([['y', value]]), asking(1), signature)).toThrow(refusal)
    expect(() => checkClassifications(asking(1), signature)).toThrow(refusal)
    expect(() => checkClassifications(asking(0), signature)).not.toThrow()
  })

  test.each([-1, 1.5, Number.NaN])('%d of them are refused', (count) => {
    expect(() => classify(new Map([['y', SCORES]]), asking(count), signatureOf())).toThrow(
      'output "y": "classification" must be a whole number of classes, 1 or more',
    )
  })
})
