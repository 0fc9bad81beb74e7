import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DATATYPES, elementSizeBytes } from '../tensor/datatype.ts'
import { tensor, viewAs, type Tensor } from '../tensor/tensor.ts'
import { encodeRaw } from './raw-tensor.ts'
import { encodeV2Answer } from './v2-binary-answer.ts'
import { encodeData } from './v2-json-answer.ts'
import { decodeV2Request } from './v2-json.ts'
import type { OutputForm, V2Request } from './v2-request.ts'
import { contentOf } from '../tensor/content.fixture.ts'

const HEAD = { modelName: 'é', modelVersion: '1', id: 'ü' }

/** A tensor of any datatype and elements of any bits. */
const anyTensor: fc.Arbitrary<Tensor> = fc
  .record({ datatype: fc.constantFrom(...DATATYPES), shape: fc.array(fc.nat({ max: 4 }), { maxLength: 4 }) })
  .chain(({ datatype, shape }) => {
    const count = shape.reduce((product, size) => product * size, 1)
    if (datatype === 'BYTES') {
      const element = fc.oneof(
        fc.uint8Array({ maxLength: 9 }),
        fc.string({ unit: 'binary', maxLength: 9 }).map((text) => new TextEncoder().encode(text)),
      )
      return fc.array(element, { minLength: count, maxLength: count }).map((data) => tensor('BYTES', shape, data))
    }
    const length = count * elementSizeBytes(datatype)
    return fc
      .uint8Array({ minLength: length, maxLength: length, max: datatype === 'BOOL' ? 1 : 255 })
      .map((bytes) => tensor(datatype, shape, viewAs(datatype, Uint8Array.from(bytes))))
  })

/** The elements as JSON; undefined where there is no such JSON. */
function jsonOf(value: Tensor): string | undefined {
  try {
    return encodeData('x', value)
  } catch {
    return undefined
  }
}

/** Bytes that lie somewhere in a larger piece of memory. */
function placedAt(offset: number, bytes: Uint8Array): Uint8Array {
  const around = new Uint8Array(offset + bytes.length + 9).fill(0xee)
  around.set(bytes, offset)
  return around.subarray(offset, offset + bytes.length)
}

/** One input, its data in the JSON or behind it. */
function inputOf(name: string, value: Tensor, isBinary: boolean): { json: string; bytes: Uint8Array } {
  const text = isBinary ? undefined : jsonOf(value)
  const start = `{"name":"${name}","datatype":"${value.datatype}","shape":[${value.shape.join(',')}]`
  if (text !== undefined) return { json: `${start},"data":[${text}]}`, bytes: new Uint8Array() }
  const bytes = encodeRaw(value)
  return { json: `${start},"parameters":{"binary_data_size":${bytes.length}}}`, bytes }
}

function bodyOf(inputs: readonly { json: string; bytes: Uint8Array }[]): { body: Buffer; jsonLength: number } {
  const json = Buffer.from(`{"inputs":[${inputs.map((input) => input.json).join(',')}]}`)
  return { body: Buffer.concat([json, ...inputs.map(({ bytes }) => bytes)]), jsonLength: json.length }
}

describe('inputs in the JSON, behind it, or some here and some there', () => {
  test('are the same tensors, bit for bit, wherever the body lies in memory', () => {
    const given = fc.array(fc.tuple(anyTensor, fc.boolean()), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(given, fc.nat({ max: 8 }), (tensors, offset) => {
        const { body, jsonLength } = bodyOf(tensors.map(([value, isBinary], i) => inputOf(`x${i}`, value, isBinary)))
        const { inputs } = decodeV2Request(placedAt(offset, body), jsonLength)
        expect([...inputs.keys()]).toEqual(tensors.map((_, i) => `x${i}`))
        expect([...inputs.values()].map(contentOf)).toEqual(tensors.map(([value]) => contentOf(value)))
      }),
      { numRuns: 1000 },
    )
  })

  test('behind it are views of the body where they are aligned', () => {
    const { body, jsonLength } = bodyOf([inputOf('x', tensor('FP64', [2], Float64Array.of(1, 2)), true)])
    const at = (8 - (jsonLength % 8)) % 8
    const placed = placedAt(at, body)
    const found = decodeV2Request(placed, jsonLength).inputs.get('x')?.data as Float64Array
    expect(found.buffer).toBe(placed.buffer)
    const copied = decodeV2Request(placedAt(at + 4, body), jsonLength).inputs.get('x')?.data as Float64Array
    expect(copied).toEqual(Float64Array.of(1, 2))
  })
})

const X = (more: string) => `{"inputs":[{"name":"x","datatype":"FP32","shape":[2],${more}}]}`
const SIZED = (size: string) => X(`"parameters":{"binary_data_size":${size}}`)
const EIGHT = Buffer.from(Float32Array.of(1, 2).buffer)

describe('a body with bytes behind its JSON', () => {
  test.each<[what: string, json: string, bytes: Uint8Array, message: string]>([
    [
      'fewer than an input wants',
      SIZED('8'),
      EIGHT.subarray(0, 7),
      'input "x": "binary_data_size" is 8, 7 bytes are left',
    ],
    ['none', SIZED('8'), Buffer.alloc(0), 'input "x": "binary_data_size" is 8, 0 bytes are left'],
    ['more than its inputs want', SIZED('8'), Buffer.alloc(11), '3 bytes are left over at the end of the body'],
    ['that nothing speaks of', X('"data":[1,2]'), EIGHT, '8 bytes are left over at the end of the body'],
    ['as well as data', X('"data":[1,2],"parameters":{"binary_data_size":8}'), EIGHT, 'has both "data" and'],
    ['as well as data behind it', X('"parameters":{"binary_data_size":8},"data":[1,2]'), EIGHT, 'has both "data" and'],
    ['of another size than the shape', SIZED('4'), EIGHT.subarray(4), 'shape [2] of FP32 takes 8 bytes, 4 came'],
    ['of a negative size', SIZED('-8'), EIGHT, '"binary_data_size" must be a whole number of bytes'],
    ['of a fractional size', SIZED('7.5'), EIGHT, '"binary_data_size" must be a whole number of bytes'],
    ['of an endless size', SIZED('1e400'), EIGHT, '"binary_data_size" must be a whole number of bytes'],
    ['of a size that is a list', SIZED('[8]'), EIGHT, '"binary_data_size" must be a whole number of bytes'],
    ['of a huge size', SIZED('9007199254740991'), EIGHT, '"binary_data_size" is 9007199254740991, 8 bytes are left'],
    ['for an input of no name', SIZED('8').replace('"name":"x",', ''), EIGHT, 'must have a "name"'],
    ['for an input of no shape', SIZED('8').replace('"shape":[2],', ''), EIGHT, '"shape" must be a list of sizes'],
    ['for an input of no datatype', SIZED('8').replace('"datatype":"FP32",', ''), EIGHT, '"datatype" is nothing'],
    ['for a shape of more than there is', SIZED('8').replace('[2]', '[65536,32768]'), EIGHT, 'has over 2147483647'],
  ])('%s is refused', (_what, json, bytes, message) => {
    expect(() => decodeV2Request(Buffer.concat([Buffer.from(json), bytes]), json.length)).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message: expect.stringContaining(message) as string,
      }) as Error,
    )
  })

  test('of an input that stands there twice is refused', () => {
    const input = inputOf('x', tensor('FP32', [1], Float32Array.of(1)), true)
    const { body, jsonLength } = bodyOf([input, input])
    expect(() => decodeV2Request(body, jsonLength)).toThrow('input "x" stands in the request twice')
  })

  test('of 200 empty tensors among others is read', () => {
    const nothing = tensor('FP64', [0, 3], new Float64Array())
    const last = tensor('INT8', [1], Int8Array.of(-3))
    const inputs = Array.from({ length: 200 }, (_, i) => inputOf(`x${i}`, nothing, i % 2 === 0))
    const { body, jsonLength } = bodyOf([...inputs, inputOf('last', last, true)])
    const found = decodeV2Request(body, jsonLength).inputs
    expect(found.size).toBe(201)
    expect(found.get('last')).toEqual(last)
  })

  test('is cut where it says, not where its JSON ends', () => {
    const json = SIZED('8')
    const body = Buffer.concat([Buffer.from(json), EIGHT])
    expect(() => decodeV2Request(body, json.length - 1)).toThrow('ends too early')
    const whole = Buffer.from(`${X('"data":[1,2]')}x`)
    expect(() => decodeV2Request(whole, whole.length)).toThrow('the body is no JSON: unexpected "x"')
  })
})

describe('what a request says besides', () => {
  test('half floats in JSON are sent elsewhere', () => {
    const json = X('"data":[1,2]').replace('FP32', 'FP16')
    expect(() => decodeV2Request(Buffer.from(json))).toThrow(
      'FP16 cannot be sent as JSON; send it as binary data behind the JSON, with "binary_data_size", or send FP32',
    )
  })

  test.each([
    ['"parameters":{"sequence_id":7}', 'unsupported', '"sequence_id" asks for a model that keeps state'],
    ['"parameters":{"sequence_id":"s"}', 'unsupported', '"sequence_id" asks for a model that keeps state'],
    ['"parameters":{"sequence_id":{}}', 'invalid_argument', '"sequence_id" must be a number or text'],
    ['"parameters":{"binary_data_output":1}', 'invalid_argument', '"binary_data_output" must be true or false'],
    [
      '"outputs":[{"name":"y","parameters":{"shared_memory_region":"r"}}]',
      'unsupported',
      'output "y" is to be in shared memory',
    ],
    ...['0', '-1', '1.5', '"two"', '[]', '1e400'].map((classes) => [
      `"outputs":[{"name":"y","parameters":{"classification":${classes}}}]`,
      'invalid_argument',
      'output "y": "classification" must be a whole number of classes, 1 or more',
    ]),
  ])('%s is %s', (member, code, message) => {
    expect(() => decodeV2Request(Buffer.from(`{${member},"inputs":[]}`))).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message ?? '') as string }) as Error,
    )
  })

  test.each(['', '"data":[1,2],'])('an input in shared memory is refused, with %j besides', (data) => {
    const json = X(`${data}"parameters":{"shared_memory_region":"r","shared_memory_byte_size":8}`)
    expect(() => decodeV2Request(Buffer.from(json))).toThrow(
      expect.objectContaining({
        code: 'unsupported',
        message: expect.stringContaining('shared memory') as string,
      }) as Error,
    )
  })

  test('no sequence, headers and parameters of no name here are passed over', () => {
    const json = '{"parameters":{"sequence_id":0,"sequence_start":true,"headers":{"a":"b"},"x":[1]},"inputs":[]}'
    expect(decodeV2Request(Buffer.from(json))).toEqual({
      id: undefined,
      inputs: new Map(),
      outputs: [],
      timeoutUs: undefined,
    })
  })
})

describe('an answer', () => {
  const asked = (forms?: [string, Partial<OutputForm>][], isBinary?: boolean): V2Request => ({
    id: 'ü',
    inputs: new Map(),
    outputs: [],
    timeoutUs: undefined,
    ...(forms && {
      forms: new Map(forms.map(([name, form]) => [name, { classification: 0, isBinary: undefined, ...form }])),
    }),
    ...(isBinary !== undefined && { isBinary }),
  })

  test('comes back as it went, bit for bit, each output in the form that was asked for', () => {
    const outputs = fc.array(fc.tuple(anyTensor, fc.constantFrom(true, false, undefined)), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(outputs, fc.boolean(), (given, isBinary) => {
        const isRaw = given.map(([value, own]) => jsonOf(value) === undefined || (own ?? isBinary))
        const forms = given.map(([value, own], i): [string, Partial<OutputForm>] => [
          `y${i}`,
          { isBinary: jsonOf(value) === undefined ? true : own },
        ])
        const tensors = new Map(given.map(([value], i) => [`y${i}`, value]))
        const { body, jsonLength } = encodeV2Answer(HEAD, tensors, asked(forms, isBinary))
        expect(jsonLength === undefined).toBe(!isRaw.includes(true))
        const bytes = Buffer.from(body as Buffer)
        const json = bytes.toString('utf8', 0, jsonLength)
        const { outputs: documents, ...head } = JSON.parse(json) as { outputs: { data?: unknown }[] }
        expect(head).toEqual({ model_name: 'é', model_version: '1', id: 'ü' })
        expect(documents.map(({ data }) => data === undefined)).toEqual(isRaw)
        const renamed = Buffer.from(json.replace('"outputs":', '"inputs": '))
        const { inputs } = decodeV2Request(
          Buffer.concat([renamed, bytes.subarray(jsonLength ?? bytes.length)]),
          renamed.length,
        )
        expect([...inputs].map(([name, value]) => [name, contentOf(value)])).toEqual(
          [...tensors].map(([name, value]) => [name, contentOf(value)]),
        )
      }),
      { numRuns: 1000 },
    )
  })

  test('is JSON where nothing else is asked for, and refuses what JSON has not', () => {
    const nan = new Map([['y', tensor('FP32', [1], Float32Array.of(Number.NaN))]])
    expect(() => encodeV2Answer(HEAD, nan, asked())).toThrow('which has no JSON form; ask for it as binary data')
    expect(() => encodeV2Answer(HEAD, nan, asked([['y', { isBinary: false }]], true))).toThrow('no JSON form')
    expect(encodeV2Answer(HEAD, nan, asked([['y', { isBinary: true }]])).jsonLength).toBeGreaterThan(0)
    expect(encodeV2Answer(HEAD, nan, asked([['other', { isBinary: false }]], true)).jsonLength).toBeGreaterThan(0)
  })
})
