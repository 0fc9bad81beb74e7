import { describe, expect, test } from 'vitest'
import type { Signature } from '../tensor/signature.ts'
import { tensor, type Tensor } from '../tensor/tensor.ts'
import { decodeGenerate, encodeGenerated } from './v2-generate.ts'

const SIGNATURE: Signature = {
  inputs: [
    { name: 'prompt', datatype: 'BYTES', shape: [-1, 1] },
    { name: 'big', datatype: 'INT64', shape: [-1] },
    { name: 'window', datatype: 'FP32', shape: [-1, 2] },
    { name: 'open', datatype: 'FP64', shape: [-1, -1, 2] },
    { name: 'half', datatype: 'FP16', shape: [-1] },
  ],
  outputs: [],
}

function decode(document: unknown, signature: Signature = SIGNATURE) {
  const text = typeof document === 'string' ? document : JSON.stringify(document)
  return decodeGenerate(Buffer.from(text), signature)
}

describe('a request for text', () => {
  test('fills the inputs of the same names, for one row', () => {
    const { id, inputs } = decode(
      '{"id":"r","prompt":"é","big":9007199254740993,"window":[1,2.5],"open":[[1,2],[3,4]]}',
    )
    expect(id).toBe('r')
    expect([...inputs]).toEqual([
      ['prompt', tensor('BYTES', [1, 1], [Buffer.from('é')])],
      ['big', tensor('INT64', [1], BigInt64Array.of(9007199254740993n))],
      ['window', tensor('FP32', [1, 2], Float32Array.of(1, 2.5))],
      ['open', tensor('FP64', [1, 2, 2], Float64Array.of(1, 2, 3, 4))],
    ])
  })

  test('passes columns over that are never read, texts among them', () => {
    const unused = { name: 'id', datatype: 'BYTES', shape: [-1, 1], isUnused: true } as const
    const signature = { ...SIGNATURE, inputs: [unused, ...SIGNATURE.inputs] }
    expect([...decode('{"id":"r","text_input":"é"}', signature).inputs.keys()]).toEqual(['prompt'])
  })

  test.each([
    ['flat', '[1,2,3,4]'],
    ['nested as the whole shape is', '[[[1,2],[3,4]]]'],
  ])('takes lists that are %s', (_what, list) => {
    expect(decode(`{"open":${list}}`).inputs.get('open')).toEqual(
      tensor('FP64', [1, 2, 2], Float64Array.of(1, 2, 3, 4)),
    )
  })

  test('takes text_input for the one input of text', () => {
    const text: Tensor = tensor('BYTES', [1, 1], [Buffer.from('hi')])
    expect(decode({ text_input: 'hi' }).inputs).toEqual(new Map([['prompt', text]]))
    expect(decode({ text_input: ['hi'] }).inputs).toEqual(new Map([['prompt', text]]))
    const own: Signature = { inputs: [{ name: 'text_input', datatype: 'BYTES', shape: [-1] }], outputs: [] }
    expect(decode({ text_input: 'hi' }, own).inputs.get('text_input')?.shape).toEqual([1])
  })

  test('finds inputs in its parameters; what is no input is passed over, and null is absent', () => {
    const { id, inputs } = decode({
      text_input: 'hi',
      parameters: { big: 3, temperature: 0.5, id: 'not this', stop: ['a'] },
      stream: false,
      window: null,
      __proto__: 1,
    })
    expect(id).toBeUndefined()
    expect([...inputs.keys()]).toEqual(['prompt', 'big'])
  })

  test.each<[string, unknown, string]>([
    ['no JSON', '{"prompt"', 'ends too early'],
    ['no object', '["hi"]', 'must be a JSON object with "text_input"'],
    ['a key twice', '{"prompt":"a","prompt":"b"}', 'stands twice'],
    ['the text twice', { prompt: 'a', text_input: 'b' }, 'input "prompt" is given twice'],
    ['an input in two places', { big: 1, parameters: { big: 2 } }, 'input "big" is given twice'],
    ['a number for text', { prompt: 1 }, 'input "prompt": element 0 is 1; BYTES takes text'],
    ['two texts', { prompt: ['a', 'b'] }, 'input "prompt": shape [1,1] holds 1 elements, "data" has 2'],
    ['a fraction for a whole number', { big: 1.5 }, 'input "big": element 0 is 1.5'],
    ['too few numbers', { window: [1] }, 'input "window": shape [1,2] holds 2 elements, "data" has 1'],
    [
      'numbers that make no whole rows',
      { open: [1, 2, 3] },
      'input "open": 3 values do not say a shape like [-1,-1,2]',
    ],
    ['half floats', { half: 1 }, 'FP16 cannot be sent as JSON'],
    ['an id that is too long', { id: 'i'.repeat(257) }, '"id" must be text of at most 256 characters'],
    ['lists without end', `{"window":${'['.repeat(100_000)}}`, 'more than 64 deep'],
    ['more behind', '{"prompt":"a"}x', 'unexpected "x"'],
  ])('with %s is refused', (_what, document, message) => {
    expect(() => decode(document)).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message: expect.stringContaining(message) as string,
      }) as Error,
    )
  })

  test.each<[string, Signature['inputs'], string]>([
    [
      'numbers',
      [{ name: 'x', datatype: 'FP32', shape: [-1] }],
      'the model takes no text: its inputs are "x"; ask it by "infer"',
    ],
    [
      'two texts',
      [
        { name: 'a', datatype: 'BYTES', shape: [-1] },
        { name: 'b', datatype: 'BYTES', shape: [-1] },
      ],
      'takes text in several inputs, "a", "b"',
    ],
    ['pairs of texts', [{ name: 'a', datatype: 'BYTES', shape: [-1, 2] }], 'takes several texts a row ([-1,2])'],
  ])('is not for a model of %s', (_what, inputs, message) => {
    expect(() => decode({ text_input: 'hi' }, { inputs, outputs: [] })).toThrow(message)
  })
})

describe('its answer', () => {
  const HEAD = { modelName: 'm', modelVersion: '1', id: undefined }

  test('has the outputs by name: a value where there is one, else a list; the only text as text_output too', () => {
    const outputs = new Map<string, Tensor>([
      ['label', tensor('BYTES', [1, 1], [Buffer.from('spam "x"\n')])],
      ['score', tensor('FP32', [1, 2], Float32Array.of(0.25, 0.75))],
      ['big', tensor('INT64', [1], BigInt64Array.of(2n ** 53n + 1n))],
    ])
    expect(encodeGenerated({ ...HEAD, id: 'r' }, outputs)).toBe(
      '{"model_name":"m","model_version":"1","id":"r","label":"spam \\"x\\"\\n","score":[0.25,0.75],"big":9007199254740993,"text_output":"spam \\"x\\"\\n"}',
    )
  })

  test('has no text_output of its own where there are two texts, or one of that name', () => {
    const text = tensor('BYTES', [1], [Buffer.from('a')])
    expect(
      encodeGenerated(
        HEAD,
        new Map([
          ['a', text],
          ['b', text],
        ]),
      ),
    ).not.toContain('text_output')
    expect(encodeGenerated(HEAD, new Map([['text_output', text]]))).toBe(
      '{"model_name":"m","model_version":"1","text_output":"a"}',
    )
  })

  test('says the model in its own words, whatever outputs are called', () => {
    const number = tensor('INT8', [1], Int8Array.of(1))
    expect(
      JSON.parse(
        encodeGenerated(
          HEAD,
          new Map([
            ['model_name', number],
            ['__proto__', number],
          ]),
        ),
      ),
    ).toMatchObject({
      model_name: 'm',
    })
  })
})
