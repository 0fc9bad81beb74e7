import { describe, expect, test } from 'vitest'
import { checkInputs, selectOutputs, type Signature } from './signature.ts'
import { tensor, type Tensor } from './tensor.ts'

const SIGNATURE: Signature = {
  inputs: [
    { name: 'x', datatype: 'FP32', shape: [-1, 2] },
    { name: 'city', datatype: 'BYTES', shape: [-1] },
  ],
  outputs: [
    { name: 'label', datatype: 'INT64', shape: [-1] },
    { name: 'score', datatype: 'FP32', shape: [-1] },
  ],
}

const X = tensor('FP32', [1, 2], Float32Array.of(1, 2))
const CITY = tensor('BYTES', [1], [Uint8Array.of(66)])

function checking(...inputs: [string, Tensor][]): () => void {
  return () => checkInputs(new Map(inputs), SIGNATURE)
}

describe('inputs beside a signature', () => {
  test('fit in any order', () => {
    expect(checking(['x', X], ['city', CITY])).not.toThrow()
    expect(checking(['city', CITY], ['x', X])).not.toThrow()
  })

  test.each<[string, [string, Tensor][], string]>([
    ['missing', [['x', X]], 'input "city" is missing; the model takes "x", "city"'],
    [
      'under another name',
      [
        ['y', X],
        ['city', CITY],
      ],
      'input "y" is unknown; the model takes "x", "city"',
    ],
    ['all missing', [], 'input "x" is missing; the model takes "x", "city"'],
    [
      'unknown',
      [
        ['x', X],
        ['city', CITY],
        ['__proto__', X],
      ],
      'input "__proto__" is unknown; the model takes "x", "city"',
    ],
    [
      'of another datatype',
      [
        ['x', tensor('FP64', [1, 2], Float64Array.of(1, 2))],
        ['city', CITY],
      ],
      'input "x" has the datatype FP64, the model takes FP32',
    ],
    [
      'of another width',
      [
        ['x', tensor('FP32', [2, 1], Float32Array.of(1, 2))],
        ['city', CITY],
      ],
      'input "x" has the shape [2,1], the model takes [-1,2]',
    ],
    [
      'of another rank',
      [
        ['x', tensor('FP32', [2], Float32Array.of(1, 2))],
        ['city', CITY],
      ],
      'input "x" has the shape [2], the model takes [-1,2]',
    ],
  ])('an input that is %s is refused by name', (_what, inputs, message) => {
    expect(checking(...inputs)).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message,
        details: { input: /"(\w+)"/.exec(message)?.[1] },
      }),
    )
  })

  test.each<[string, Tensor, string]>([
    ['a whole number', tensor('INT64', [1], BigInt64Array.of(49n)), 'takes BYTES: send it as text, "49" for 49'],
    ['false', tensor('BOOL', [1], Uint8Array.of(0)), 'takes BYTES: send it as text, "False" for false'],
    ['true', tensor('BOOL', [1], Uint8Array.of(1)), 'takes BYTES: send it as text, "True" for true'],
  ])('%s where the model has text is refused with the text to send, as scikit-learn has it', (_what, given, hint) => {
    expect(checking(['x', X], ['city', given])).toThrow(hint)
  })

  test('text where the model has numbers is refused with what to send', () => {
    expect(checking(['x', CITY], ['city', CITY])).toThrow(
      'input "x" has the datatype BYTES, the model takes FP32: send numbers',
    )
  })

  test('a name of control characters is shown escaped', () => {
    expect(checking(['x', X], ['city', CITY], ['\u0000\n\u202e', X])).toThrow(
      String.raw`input "\u0000\n\u202e" is unknown`,
    )
  })
})

describe('the outputs asked for', () => {
  test('are all when none is named', () => {
    expect(selectOutputs(undefined, SIGNATURE)).toEqual(['label', 'score'])
    expect(selectOutputs([], SIGNATURE)).toEqual(['label', 'score'])
  })

  test('keep the order in which they were named', () => {
    expect(selectOutputs(['score', 'label'], SIGNATURE)).toEqual(['score', 'label'])
  })

  test('are refused when unknown or named twice', () => {
    expect(() => selectOutputs(['score', 'toString'], SIGNATURE)).toThrow(
      'output "toString" is unknown; the model gives "label", "score"',
    )
    expect(() => selectOutputs(['score', 'score'], SIGNATURE)).toThrow('output "score" is asked for twice')
  })
})
