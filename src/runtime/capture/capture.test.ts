import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RouteVariant } from '../../api/route-table.ts'
import { ServingError } from '../../core/errors.ts'
import { ARRAY_OF, isBigInt } from '../../tensor/datatype.ts'
import type { Signature } from '../../tensor/signature.ts'
import { tensor, type Tensor, type Tensors } from '../../tensor/tensor.ts'
import type { Observation } from '../endpoints/types.ts'
import type { ServedModel } from '../plane.ts'
import { encodeCapture } from './encode.ts'
import { createCaptureQueue } from './queue.ts'
import { createSampler } from './sampler.ts'

const text = (value: string) => new TextEncoder().encode(value)
const bytes = (...values: readonly (string | Uint8Array)[]): Tensor =>
  tensor(
    'BYTES',
    [values.length],
    values.map((value) => (typeof value === 'string' ? text(value) : value)),
  )

function observed(inputs: Tensors, outputs?: Tensors, signature: Partial<Signature> = {}): Observation {
  return {
    endpoint: 'fraud',
    variant: { name: 'v1', model: 'fraud', number: 3 } as RouteVariant,
    principal: { name: 'ci' },
    inputs,
    outputs,
    error: outputs === undefined ? new ServingError('internal', 'secret text') : undefined,
    model: { signature: { inputs: [], outputs: [], ...signature } } as unknown as ServedModel,
    ms: 1.23456,
    call: undefined,
  }
}

// oxlint-disable-next-line typescript/no-explicit-any -- what was written is looked into
function encoded(observation: Observation, redact: readonly string[] = [], maxBytes?: number): any {
  const { members, sizeBytes } = encodeCapture(observation, { atMs: 5, redact: new Set(redact), maxBytes })
  expect(sizeBytes).toBe(Buffer.byteLength(members))
  expect(members).not.toMatch(/[\n\r\u2028\u2029]/)
  return JSON.parse(`{${members}}`)
}

describe('a captured request', () => {
  test('is one JSON object with all that belongs to it, values as they were', () => {
    const inputs = new Map<string, Tensor>([
      ['x', tensor('FP64', [4], Float64Array.of(0.1, NaN, -Infinity, -0))],
      ['id', tensor('INT64', [2], BigInt64Array.of(7n, 2n ** 60n))],
      ['half', tensor('FP16', [1], Uint16Array.of(0x3c00))],
      ['text', bytes('a "b"\n\u2028\u2029', Uint8Array.of(0xff, 0xfe))],
    ])
    const outputs = new Map([['y', tensor('FP32', [1, 2], Float32Array.of(0.25, 0.75))]])
    const { inputs: found, ...rest } = encoded(observed(inputs, outputs))
    expect(rest).toEqual({
      atMs: 5,
      endpoint: 'fraud',
      variant: 'v1',
      model: 'fraud',
      version: 3,
      key: 'ci',
      ms: 1.235,
      outputs: { y: { datatype: 'FP32', shape: [1, 2], data: [0.25, 0.75] } },
    })
    expect(found.x.data).toEqual([0.1, 'NaN', '-Infinity', -0])
    expect(found.id.data).toEqual([7, '1152921504606846976'])
    expect(found.half.data).toEqual([1])
    expect(found.text.data).toEqual(['a "b"\n\u2028\u2029', { base64: '//4=' }])
  })

  test('that failed has its code, and never the text of the failure', () => {
    const found = encoded(observed(new Map([['x', bytes('a')]])))
    expect(found).toMatchObject({ code: 'internal' })
    expect(JSON.stringify(found)).not.toContain('secret')
  })

  test('holds no key that somebody sent as a value', () => {
    expect(JSON.stringify(encoded(observed(new Map([['x', bytes('slw_abcdefgh')]]))))).not.toContain('abcdefgh')
  })
})

describe('redaction', () => {
  const spec = (name: string, more: object) => ({ name, datatype: 'FP64' as const, shape: [-1, 2], ...more })

  test('takes out inputs and outputs by name', () => {
    const inputs = new Map([
      ['amount', tensor('FP64', [1], Float64Array.of(951.5))],
      ['hour', tensor('FP64', [1], Float64Array.of(3))],
    ])
    const outputs = new Map([['label', bytes('fraud')]])
    const found = encoded(observed(inputs, outputs), ['amount', 'label'])
    expect(found.inputs.amount).toEqual({ datatype: 'FP64', shape: [1], data: '[redacted]' })
    expect(found.inputs.hour.data).toEqual([3])
    expect(found.outputs.label.data).toBe('[redacted]')
  })

  test('takes out a column of a frame, in every row', () => {
    const inputs = new Map([['X', tensor('FP64', [2, 2], Float64Array.of(1, 951, 2, 952))]])
    const signature = { inputs: [spec('X', { columns: ['age', 'amount'] })] }
    expect(encoded(observed(inputs, undefined, signature), ['amount']).inputs.X.data).toEqual([
      1,
      '[redacted]',
      2,
      '[redacted]',
    ])
  })

  test('takes out columns and members of outputs as of inputs', () => {
    const outputs = new Map<string, Tensor>([
      ['table', tensor('FP64', [2, 2], Float64Array.of(1, 951, 2, 952))],
      ['half', tensor('FP16', [1, 2], Uint16Array.of(0x3c00, 0x4000))],
      ['json', bytes('[{"amount":951},{"amount":952}]')],
    ])
    const columns = ['age', 'amount']
    const signature = {
      outputs: [
        spec('table', { columns }),
        spec('half', { datatype: 'FP16', columns }),
        spec('json', { datatype: 'BYTES', isJson: true }),
      ],
    }
    const found = encoded(observed(new Map(), outputs, signature), ['amount']).outputs
    expect(found.table.data).toEqual([1, '[redacted]', 2, '[redacted]'])
    expect(found.half.data).toEqual([1, '[redacted]'])
    expect(found.json.data).toEqual(['[{"amount":"[redacted]"},{"amount":"[redacted]"}]'])
  })

  test('takes out members of JSON texts at any depth, and a text that cannot be read as a whole', () => {
    const inputs = new Map([['rows', bytes('{"a":1,"deep":[{"amount":{"x":951}}]}', '{"amount":951')]])
    const signature = { inputs: [spec('rows', { datatype: 'BYTES', isJson: true })] }
    const { data } = encoded(observed(inputs, undefined, signature), ['amount']).inputs.rows
    expect(data).toEqual(['{"a":1,"deep":[{"amount":"[redacted]"}]}', '[redacted]'])
  })

  test('keeps nothing of a body that came as it was, whose columns nobody knows', () => {
    const inputs = new Map([['body', bytes('amount\n951')]])
    expect(encoded(observed(inputs, undefined, { isRaw: true }), ['amount']).inputs.body.data).toBe('[redacted]')
    expect(encoded(observed(inputs, undefined, { isRaw: true })).inputs.body.data).toEqual(['amount\n951'])
  })

  test('never lets a redacted value through, however little room there is', () => {
    const secret = 'canary-value-of-a-column'
    const signature = { inputs: [spec('json', { datatype: 'BYTES', isJson: true })] }
    for (let room = 2000; room < 4000; room += 7) {
      const json = JSON.stringify({ pad: 'x'.repeat(room % 500), amount: secret })
      const inputs = new Map([
        ['json', bytes(json, json)],
        ['amount', bytes(secret)],
      ])
      expect(JSON.stringify(encoded(observed(inputs, undefined, signature), ['amount'], room))).not.toContain('canary')
    }
  })
})

describe('a large request', () => {
  test('is cut, and says which of its tensors are', () => {
    const inputs = new Map<string, Tensor>([
      ['large', tensor('FP64', [100_000], new Float64Array(100_000).fill(1.5))],
      ['long', bytes('é'.repeat(100_000))],
      ['small', tensor('FP64', [1], Float64Array.of(1))],
    ])
    inputs.set('half', tensor('FP16', [100_000], new Uint16Array(100_000).fill(0x3c00)))
    const found = encoded(observed(inputs, new Map([['y', bytes('fine')]])))
    expect(found.truncated).toEqual(['inputs.large', 'inputs.long', 'inputs.half'])
    expect(found.inputs.half.data.every((value: number) => value === 1)).toBe(true)
    expect(found.inputs.large.shape).toEqual([100_000])
    expect(found.inputs.large.data.length).toBeGreaterThan(1000)
    expect(found.inputs.long.data[0]).toMatch(/^é+$/)
    expect(found.inputs.small.data).toEqual([1])
    expect(found.outputs.y.data).toEqual(['fine'])
  })

  test('of any tensors is a line of at most so many bytes that can be read', () => {
    const anyTensor: fc.Arbitrary<Tensor> = fc.oneof(
      fc
        .array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 50 })
        .map((data) => tensor('BYTES', [data.length], data)),
      fc.array(fc.string({ unit: 'binary', maxLength: 500 }), { maxLength: 50 }).map((data) => bytes(...data)),
      fc.float64Array({ maxLength: 3000 }).map((data) => tensor('FP64', [data.length], data)),
      fc.constantFrom(...(Object.keys(ARRAY_OF) as (keyof typeof ARRAY_OF)[])).map((datatype) => {
        const data = new ARRAY_OF[datatype](3)
        data.fill((isBigInt(datatype) ? 3n : 3) as never)
        return { datatype, shape: [3], data } as Tensor
      }),
    )
    const anyTensors = fc.dictionary(fc.string({ maxLength: 300 }), anyTensor, { maxKeys: 300 })
    fc.assert(
      fc.property(anyTensors, anyTensors, (inputs, outputs) => {
        const observation = observed(new Map(Object.entries(inputs)), new Map(Object.entries(outputs)))
        const { members } = encodeCapture(observation, { atMs: 5, redact: new Set(), maxBytes: 16_384 })
        expect(Buffer.byteLength(members)).toBeLessThanOrEqual(16_384)
        JSON.parse(`{${members}}`)
      }),
      { numRuns: 60 },
    )
  })
})

describe('a sampler', () => {
  test.each([0, 0.01, 0.25, 0.9, 1])('takes a share of %d, the same ones for the same seed', (sample) => {
    const [one, other] = [createSampler(7), createSampler(7)]
    const taken = Array.from({ length: 20_000 }, () => one(sample))
    expect(Array.from({ length: 20_000 }, () => other(sample))).toEqual(taken)
    const share = taken.filter(Boolean).length / taken.length
    expect(Math.abs(share - sample)).toBeLessThan(0.015)
    if (sample === 0 || sample === 1) expect(share).toBe(sample)
  })
})

test('a queue takes what there is room for, and is empty once it was taken', () => {
  const queue = createCaptureQueue<string>(10)
  expect([queue.push('a', 6), queue.push('b', 5), queue.push('c', 4)]).toEqual([true, false, true])
  expect(queue.take()).toEqual(['a', 'c'])
  expect([queue.take(), queue.sizeBytes]).toEqual([[], 0])
})
