import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { refusal } from '../core/refusal.fixture.ts'
import { guessArchitecture } from './guess-architecture.ts'
import { makeSafetensors } from './safetensors.fixture.ts'
import { isSafetensors, readSafetensors } from './safetensors.ts'

const HEADER = {
  __metadata__: { format: 'pt' },
  'fc.bias': { dtype: 'F32', shape: [2], data_offsets: [24, 32] },
  'fc.weight': { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
  steps: { dtype: 'I64', shape: [], data_offsets: [32, 40] },
  none: { dtype: 'BF16', shape: [0, 4], data_offsets: [40, 40] },
}
const CONTENT = Buffer.from(Array.from({ length: 40 }, (_, i) => i))

describe('readSafetensors', () => {
  test('gives tensors as views, in the order of their bytes', () => {
    const bytes = makeSafetensors(HEADER, CONTENT)
    const { tensors, metadata, parameters, architecture } = readSafetensors(bytes)
    expect([...tensors.keys()]).toEqual(['fc.weight', 'fc.bias', 'steps', 'none'])
    expect(tensors.get('fc.bias')).toMatchObject({ dtype: 'F32', datatype: 'FP32', shape: [2] })
    expect([...(tensors.get('fc.bias')?.bytes ?? [])]).toEqual([...CONTENT.subarray(24, 32)])
    expect(tensors.get('fc.bias')?.bytes.buffer).toBe(bytes.buffer)
    expect(metadata).toEqual(new Map([['format', 'pt']]))
    expect(parameters).toBe(9)
    expect(architecture).toBe('a network of 1 dense layer')
  })

  test('takes a header that is padded with spaces, and no tensors', () => {
    expect(readSafetensors(makeSafetensors(`${JSON.stringify(HEADER)}     `, CONTENT)).tensors.size).toBe(4)
    expect(readSafetensors(makeSafetensors('{}')).tensors.size).toBe(0)
  })

  const one = (value: object) => ({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4], ...value } })
  test.each<[string, unknown, number, RegExp]>([
    ['a gap', { a: { dtype: 'U8', shape: [1], data_offsets: [1, 2] } }, 2, /bytes of no tensor/],
    [
      'an overlap',
      { a: { dtype: 'U8', shape: [2], data_offsets: [0, 2] }, b: { dtype: 'U8', shape: [2], data_offsets: [1, 3] } },
      3,
      /overlap/,
    ],
    ['bytes behind', one({}), 5, /describes 4/],
    ['an end beyond the file', one({ data_offsets: [0, 8], shape: [2] }), 4, /and 4 bytes of tensors/],
    ['an end before its begin', one({ data_offsets: [4, 0] }), 4, /at 4 to 0/],
    ['another size than its shape', one({ shape: [2] }), 4, /takes 8 bytes, in 4/],
    ['a shape that overflows', one({ shape: [2 ** 30, 2 ** 30, 2 ** 30] }), 4, /shape/],
    ['a size below 0', one({ shape: [-1] }), 4, /whole numbers/],
    ['a size that is a fraction', one({ shape: [0.5] }), 4, /whole numbers/],
    ['three offsets', one({ data_offsets: [0, 4, 4] }), 4, /whole numbers/],
    ['unknown members', one({ code: 'x' }), 4, /unknown members/],
    ['metadata that is no text', { __metadata__: { a: 1 } }, 0, /no text/],
    ['a tensor that is no object', { a: [] }, 0, /no object/],
    [
      'a name twice',
      '{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}',
      1,
      /ambiguous/,
    ],
    ['a header that is no JSON', '{"a"', 0, /no JSON/],
    ['a header that is no text', '{"\xff":1}', 0, /no object|no JSON/],
  ])('refuses %s', (_what, header, bytes, message) => {
    const error = refusal(() => readSafetensors(makeSafetensors(header, Buffer.alloc(bytes))))
    expect(error.code).toBe('refused')
    expect(error.message).toMatch(message)
  })

  test('refuses a header that is longer than the file, and names an unknown type', () => {
    const bytes = makeSafetensors(HEADER, CONTENT)
    expect(refusal(() => readSafetensors(bytes.subarray(0, 40))).message).toMatch(/inside its header/)
    bytes.writeBigUInt64LE(2n ** 63n)
    expect(refusal(() => readSafetensors(bytes)).code).toBe('refused')
    expect(refusal(() => readSafetensors(makeSafetensors(one({ dtype: 'F128' }), Buffer.alloc(4))))).toMatchObject({
      code: 'unsupported',
    })
  })

  test('ends in tensors or a ServingError whatever is changed', () => {
    const good = makeSafetensors(HEADER, CONTENT)
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
        const mutant = Buffer.from(good)
        mutant[at] = byte
        try {
          readSafetensors(mutant)
        } catch (error) {
          if (!(error instanceof ServingError)) throw error
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('is known by the length of its header and its brace', () => {
    expect(isSafetensors(makeSafetensors('{}'))).toBe(true)
    expect(isSafetensors(Buffer.from('{"a": {}}  '))).toBe(false)
  })
})

describe('guessArchitecture', () => {
  test.each([
    [['bert.encoder.layer.0.attention.self.query.weight'], 'a BERT-like text encoder'],
    [['transformer.h.0.attn.c_attn.weight'], 'a GPT-2-like language model'],
    [['model.layers.0.self_attn.q_proj.weight'], 'a Llama-like language model'],
    [['layer1.0.conv1.weight', 'fc.weight'], 'a ResNet-like image classifier'],
    [['blocks.0.attn.qkv.weight'], 'a Vision Transformer'],
    [['lstm.weight_ih_l0'], 'a recurrent network (LSTM, GRU or RNN)'],
    [['a', 'b'], undefined],
  ])('%j', (names, expected) => {
    expect(guessArchitecture(new Map(names.map((name) => [name, { shape: [1, 1] }])))).toBe(expected)
  })
})
