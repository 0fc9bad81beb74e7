import { describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { toJsonTensor } from '../bundle/json-tensor.ts'
import type { Golden } from '../bundle/manifest.ts'
import { tensor, type Tensor, type Tensors } from '../tensor/tensor.ts'
import { firstDifference, firstDifferenceOf, replayGolden, tensorsOf, type Tolerance } from './golden.ts'
import type { LoadedProgram } from './program.ts'

const EXACT: Tolerance = { relative: 0, absolute: 0 }
const LOOSE: Tolerance = { relative: 1e-3, absolute: 1e-6 }

const fp32 = (...values: number[]): Tensor => tensor('FP32', [values.length], Float32Array.from(values))
const fp64 = (...values: number[]): Tensor => tensor('FP64', [values.length], Float64Array.from(values))
const int64 = (...values: bigint[]): Tensor => tensor('INT64', [values.length], BigInt64Array.from(values))
const half = (...bits: number[]): Tensor => tensor('FP16', [bits.length], Uint16Array.from(bits))
const brain = (...bits: number[]): Tensor => tensor('BF16', [bits.length], Uint16Array.from(bits))
const bytes = (...values: string[]): Tensor =>
  tensor(
    'BYTES',
    [values.length],
    values.map((value) => Buffer.from(value)),
  )

describe('an answer beside the recorded one', () => {
  test.each<[string, Tensor, Tensor, Tolerance]>([
    ['equal', fp64(1, -0, Infinity, Number.NaN), fp64(1, 0, Infinity, Number.NaN), EXACT],
    ['within the relative tolerance', fp64(1000.9), fp64(1000), LOOSE],
    ['within the absolute tolerance', fp32(9e-7), fp32(0), LOOSE],
    ['equal text', bytes('a', ''), bytes('a', ''), EXACT],
    ['equal integers', int64(2n ** 62n), int64(2n ** 62n), LOOSE],
    // 1 and the next half float
    ['a half float off by its last bit', half(0x3c01), half(0x3c00), EXACT],
    ['a brain float off by its last bit', brain(0x3f81), brain(0x3f80), EXACT],
    ['a half float that is NaN', half(0x7e01), half(0x7e00), EXACT],
  ])('agrees when it is %s', (_what, found, expected, tolerance) => {
    expect(firstDifference(found, expected, tolerance)).toBeUndefined()
  })

  test.each<[string, Tensor | undefined, Tensor, string]>([
    ['missing', undefined, fp32(1), 'is missing'],
    ['of another datatype', fp64(1), fp32(1), 'is FP64, recorded was FP32'],
    ['of another shape', fp32(1, 2), fp32(1), 'has the shape [2], recorded was [1]'],
    ['too far off', fp64(5, 1002), fp64(5, 1000), 'has 1002 at element 1, recorded was 1000'],
    ['NaN', fp64(Number.NaN), fp64(1), 'has NaN at element 0, recorded was 1'],
    ['no longer NaN', fp64(1), fp64(Number.NaN), 'has 1 at element 0, recorded was NaN'],
    ['infinite', fp64(Infinity), fp64(1), 'has Infinity at element 0'],
    ['infinite the other way', fp64(-Infinity), fp64(Infinity), 'has -Infinity at element 0'],
    ['no longer infinite', fp64(1e308), fp64(Infinity), 'has 1e+308 at element 0'],
    ['another integer', int64(2n ** 62n + 1n), int64(2n ** 62n), 'has 4611686018427387905 at element 0'],
    ['another small integer', tensor('INT8', [1], Int8Array.of(2)), tensor('INT8', [1], Int8Array.of(1)), 'has 2 at'],
    ['the other truth', tensor('BOOL', [1], Uint8Array.of(0)), tensor('BOOL', [1], Uint8Array.of(1)), 'has 0 at'],
    ['another brain float', brain(0x3fa0), brain(0x3f80), 'has 16288 at element 0, recorded was 16256'],
    ['another text', bytes('b'), bytes('a'), 'has "b" at element 0, recorded was "a"'],
    ['another half float', half(0x3d00), half(0x3c00), 'has 15616 at element 0'],
    ['a half float that is NaN', half(0x7e00), half(0x3c00), 'has 32256 at element 0'],
  ])('differs when it is %s', (_what, found, expected, message) => {
    expect(firstDifference(found, expected, LOOSE)).toContain(message)
  })

  test('differs by the name of the output', () => {
    const expected = new Map([
      ['a', fp64(1)],
      ['b', fp64(2)],
    ])
    expect(firstDifferenceOf(expected, expected, EXACT)).toBeUndefined()
    expect(firstDifferenceOf(new Map([...expected, ['b', fp64(3)]]), expected, EXACT)).toBe(
      '"b" has 3 at element 0, recorded was 2',
    )
  })
})

describe('replaying golden rows', () => {
  const golden: Golden = {
    inputs: { x: toJsonTensor(fp64(1, 2)) },
    outputs: { y: toJsonTensor(fp64(2, 4)), z: toJsonTensor(int64(7n, 8n)) },
    tolerance: LOOSE,
    recordedBy: 'fake',
  }
  const answering = (outputs: Tensors): LoadedProgram => ({
    engines: ['first', 'second'],
    canRunOffLoop: false,
    run(inputs, wanted) {
      expect(inputs.get('x')).toEqual(fp64(1, 2))
      expect(wanted).toEqual(['y', 'z'])
      return outputs
    },
    release() {},
  })

  test('passes when the model answers as it did', async () => {
    await replayGolden(
      answering(
        new Map([
          ['y', fp64(2.0001, 4)],
          ['z', int64(7n, 8n)],
        ]),
      ),
      golden,
    )
  })

  test('refuses a model that answers otherwise, naming output, element and engines', async () => {
    const changed = answering(
      new Map([
        ['y', fp64(2, 4)],
        ['z', int64(7n, 9n)],
      ]),
    )
    await expect(replayGolden(changed, golden)).rejects.toMatchObject({
      code: 'refused',
      message:
        'on this machine the model answers its recorded rows otherwise (first, second): "z" has 9 at element 1, recorded was 8',
      details: { reason: 'golden_rows', output: 'z' },
    })
  })

  test('refuses a model that fails on its own rows', async () => {
    const failing: LoadedProgram = {
      engines: ['first'],
      canRunOffLoop: false,
      run: () => {
        throw new ServingError('internal', 'the model failed on these inputs: "no"')
      },
      release() {},
    }
    await expect(replayGolden(failing, golden)).rejects.toMatchObject({
      code: 'refused',
      message: 'the model fails on its recorded rows: the model failed on these inputs: "no"',
    })
  })

  test('refuses recorded rows that are damaged, by where they stand', () => {
    expect(() => tensorsOf({ x: { datatype: 'FP32', shape: [2], data: [1] } }, 'golden inputs')).toThrow(
      expect.objectContaining({ code: 'refused', message: expect.stringContaining('golden inputs, "x"') as string }),
    )
  })
})
