import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { refusal } from '../../core/refusal.fixture.ts'
import { InferTensorContents, ModelInferRequest, ModelStreamInferResponse } from './infer-messages.ts'
import {
  LogSettingsRequest,
  ModelReadyRequest,
  RepositoryModelLoadRequest,
  TraceSettingRequest,
} from './inference-file.ts'
import { decodeMessage, encodeMessage, type Document } from './messages.ts'
import { ModelConfig } from './model-config-file.ts'
import { decodeByOracle, encodeByOracle, rewrittenByOracle, toProtoJson } from './oracle.fixture.ts'
import { message, one, type Field, type MessageType } from './schema.ts'
import { FILES } from './tables.ts'

const TYPES = FILES.flatMap(({ types }) => types).filter((type) => type.kind === 'message')
const typeOf = new Map(TYPES.map((type) => [type.name, type]))

const texts = fc.string({ unit: 'grapheme', maxLength: 40 })
const int64s = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    -(2n ** 63n),
    2n ** 63n - 1n,
    2n ** 53n,
    -(2n ** 53n),
    2 ** 53 - 1,
    -(2 ** 53) + 1,
    -1,
    2 ** 32,
    -(2 ** 31) - 1,
  ),
)
const uint64s = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.constantFrom(2n ** 64n - 1n, 2n ** 53n, 2 ** 32 - 1, 2 ** 32, 2 ** 35, 2 ** 35 - 1, 2 ** 42, 2 ** 49),
)

function valueOf({ type }: Field): fc.Arbitrary<unknown> {
  if (typeof type === 'object') return type.kind === 'enum' ? fc.constantFrom(...type.numbers.keys()) : documentOf(type)
  switch (type) {
    case 'bool':
      return fc.boolean()
    case 'int32':
      return fc.integer()
    case 'uint32':
      return fc.integer({ min: 0, max: 0xffff_ffff })
    case 'int64':
      return int64s
    case 'uint64':
      return uint64s
    case 'float':
      return fc.float()
    case 'double':
      return fc.double()
    case 'string':
      return texts
    case 'bytes':
      return fc.uint8Array({ maxLength: 300 })
  }
}

/** A document of a type with all that decoding fills in, and so the very one that comes back. */
function documentOf(type: MessageType): fc.Arbitrary<Record<string, unknown>> {
  const always: Record<string, fc.Arbitrary<unknown>> = {}
  const sometimes: Record<string, fc.Arbitrary<unknown>> = {}
  const choices = new Map<string, Field[]>()
  for (const field of type.fields) {
    const { name, label, oneof, key } = field
    if (oneof !== undefined) choices.set(oneof, [...(choices.get(oneof) ?? []), field])
    else if (label === 'many') always[name] = fc.array(valueOf(field), { maxLength: 3 })
    else if (label === 'map')
      always[name] = fc.dictionary(key === 'string' ? texts : fc.nat().map(String), valueOf(field), {
        maxKeys: 3,
        noNullPrototype: true,
      })
    else if (typeof field.type === 'object' && field.type.kind === 'message') sometimes[name] = valueOf(field)
    else always[name] = valueOf(field)
  }
  const chosen = [...choices.values()].map((fields) =>
    fc.oneof(
      fc.constant<Record<string, unknown>>({}),
      ...fields.map((field) => valueOf(field).map((value) => ({ [field.name]: value }))),
    ),
  )
  return fc
    .tuple(fc.record(always), fc.record(sometimes, { requiredKeys: [] }), ...chosen)
    .map((parts) => Object.assign({}, ...parts) as Record<string, unknown>)
}

/** What stands in a document, whichever way its bytes and integers are held. */
function contentOf(type: MessageType, document: Document): unknown {
  return JSON.parse(
    JSON.stringify(toProtoJson(type, document), (_, value: unknown) => (Object.is(value, -0) ? '-0' : value)),
  )
}

describe('a message', () => {
  test.each(TYPES.map((type) => [type.name, type] as const))(
    '%s is written as another implementation reads it, and back',
    (_, type) => {
      fc.assert(
        fc.property(documentOf(type), (document) => {
          const bytes = encodeMessage(type, document)
          const theirs = encodeByOracle(type, document)
          expect(Buffer.from(rewrittenByOracle(type, bytes)).equals(theirs)).toBe(true)
          expect(contentOf(type, decodeMessage(type, theirs))).toEqual(contentOf(type, document))
          expect(contentOf(type, decodeMessage(type, bytes))).toEqual(contentOf(type, document))
        }),
        { numRuns: type.fields.length > 2 ? 40 : 10 },
      )
    },
  )

  const recorded = readFileSync(new URL('./fixtures/official-messages.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map(
      (line) =>
        JSON.parse(line, (_, value: { $bytes?: string }) =>
          typeof value?.$bytes === 'string' ? Buffer.from(value.$bytes, 'hex') : value,
        ) as { type: string; bytes: string; document: Document },
    )

  test("is read and written as the protocol's own code does, in every field", () => {
    const met = new Set<string>()
    for (const { type: name, bytes, document } of recorded) {
      const type = typeOf.get(name)
      if (type === undefined) throw new Error(`no ${name}`)
      met.add(name)
      expect(contentOf(type, decodeMessage(type, Buffer.from(bytes, 'hex')))).toEqual(contentOf(type, document))
      const ours = decodeMessage(type, encodeMessage(type, document))
      expect(contentOf(type, ours)).toEqual(contentOf(type, document))
    }
    expect(TYPES.map(({ name }) => name).filter((name) => !met.has(name) && !name.includes('reflection.v1.'))).toEqual(
      [],
    )
  })

  test('without a byte has its defaults: empty lists, texts and maps, zeros; no choice and no message', () => {
    const document = decodeMessage(ModelConfig, new Uint8Array(0))
    expect(document).toMatchObject({ name: '', max_batch_size: 0, input: [] })
    expect(document).not.toHaveProperty('dynamic_batching')
    expect(document).not.toHaveProperty('version_policy')
    expect(Object.getPrototypeOf(document['metric_tags'])).toBe(null)
    expect(decodeMessage(ModelConfig, encodeMessage(ModelConfig, {}))).toEqual(document)
    expect(encodeMessage(ModelConfig, document)).toHaveLength(0)
  })

  test('keeps keys that objects have by themselves', () => {
    const bytes = encodeMessage(TraceSettingRequest, {
      settings: new Map([
        ['__proto__', { value: ['x'] }],
        ['constructor', { value: [] }],
      ]),
    })
    const { settings } = decodeMessage(TraceSettingRequest, bytes) as { settings: Record<string, unknown> }
    expect(Object.keys(settings)).toEqual(['__proto__', 'constructor'])
    expect(encodeMessage(TraceSettingRequest, { settings })).toEqual(bytes)
    expect(({} as Record<string, unknown>)['value']).toBeUndefined()
  })

  test('whose singular fields come twice has the last; lists go on, and messages are put together', () => {
    const first = encodeMessage(ModelStreamInferResponse, {
      error_message: 'first',
      infer_response: { model_name: 'a', id: '1', raw_output_contents: [Buffer.from('x')] },
    })
    const second = encodeMessage(ModelStreamInferResponse, {
      error_message: 'second',
      infer_response: { model_name: 'b', raw_output_contents: [Buffer.from('y')] },
    })
    const both = Buffer.concat([first, second])
    expect(decodeMessage(ModelStreamInferResponse, both)).toMatchObject({
      error_message: 'second',
      infer_response: { model_name: 'b', id: '1', raw_output_contents: [Buffer.from('x'), Buffer.from('y')] },
    })
    expect(contentOf(ModelStreamInferResponse, decodeMessage(ModelStreamInferResponse, both))).toEqual(
      contentOf(
        ModelStreamInferResponse,
        decodeMessage(ModelStreamInferResponse, rewrittenByOracle(ModelStreamInferResponse, both)),
      ),
    )
  })

  test('puts a value together that comes in two pieces within its entry of a map', () => {
    const value = (...bytes: number[]): number[] => [0x12, bytes.length, ...bytes]
    const entry = [0x0a, 1, 97, ...value(0x0a, 1, 120), ...value(0x0a, 1, 121)]
    const bytes = Uint8Array.from([0x0a, entry.length, ...entry])
    expect(decodeMessage(TraceSettingRequest, bytes)).toMatchObject({ settings: { a: { value: ['x', 'y'] } } })
    expect(decodeByOracle(TraceSettingRequest, bytes)).toMatchObject({ settings: { a: { value: ['x', 'y'] } } })
  })

  test('has no byte for a zero, but nine for a negative one', () => {
    const type = message('test.Double', one(1, 'value', 'double'))
    expect(encodeMessage(type, { value: 0 })).toHaveLength(0)
    expect(encodeMessage(type, { value: -0 })).toHaveLength(9)
  })

  test('has the last of its choices', () => {
    const bytes = Buffer.concat([
      encodeMessage(LogSettingsRequest, { settings: { a: { bool_param: true } } }),
      encodeMessage(LogSettingsRequest, { settings: { a: { string_param: 'x' } } }),
    ])
    expect(decodeMessage(LogSettingsRequest, bytes)).toEqual({ settings: { a: { string_param: 'x' } } })
    expect(decodeByOracle(LogSettingsRequest, bytes)).toEqual({ settings: { a: { string_param: 'x' } } })
  })

  test('takes lists in one piece, in several, and one by one', () => {
    const packed = encodeMessage(InferTensorContents, { int_contents: [1, -1, 300] })
    const pieces = Buffer.from([0x12, 0x01, 0x01, 0x10, ...Array<number>(9).fill(0xff), 0x01, 0x12, 0x02, 0xac, 0x02])
    expect(decodeMessage(InferTensorContents, pieces)).toEqual(decodeMessage(InferTensorContents, packed))
  })

  test('passes over what it does not know, groups too', () => {
    const known = encodeMessage(ModelReadyRequest, { name: 'm' })
    const unknown = [
      [0x98, 0x06, 0xff, 0x01], // field 99: a varint
      [0x9d, 0x06, 1, 2, 3, 4], // four bytes
      [0x99, 0x06, 1, 2, 3, 4, 5, 6, 7, 8], // eight bytes
      [0x9a, 0x06, 0x02, 0, 0], // bytes
      [0x9b, 0x06, 0x08, 0x01, 0x9b, 0x06, 0x9c, 0x06, 0x9c, 0x06], // a group in a group
    ]
    const bytes = Buffer.concat([
      ...unknown.map((field) => Buffer.from(field)),
      known,
      ...unknown.map((field) => Buffer.from(field)),
    ])
    expect(decodeMessage(ModelReadyRequest, bytes)).toEqual({ name: 'm', version: '' })
  })

  test.each<[string, MessageType, number[], string]>([
    [
      'a text that goes on past the end',
      ModelReadyRequest,
      [0x0a, 5, 65],
      'name at byte 1 says that it is 5 bytes long, 1 are left',
    ],
    [
      'a length of four gibibytes',
      ModelReadyRequest,
      [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
      'name at byte 1 says that it is 4294967295 bytes long, 0 are left',
    ],
    ['a length of more', ModelReadyRequest, [0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f], 'over 4294967295'],
    ['a tag without a value', ModelReadyRequest, [0x0a], 'name at byte 1 ends within a varint'],
    ['half a varint', ModelInferRequest, [0x2a, 2, 0x18, 0x80], 'shape at byte 3 ends within a varint'],
    [
      'a varint of eleven bytes',
      ModelInferRequest,
      [0x2a, 12, 0x18, ...Array<number>(10).fill(0x80), 1],
      'shape at byte 3 is a varint of over 64 bits',
    ],
    ['the field 0', ModelReadyRequest, [0x02, 0], 'a tag at byte 0 has the field number 0'],
    [
      'a field number beyond all',
      ModelReadyRequest,
      [0x80, 0x80, 0x80, 0x80, 0x10],
      'a tag at byte 0 has a field number above 536870911',
    ],
    ['the wire type 6', ModelReadyRequest, [0x0e], 'field 1 at byte 0 has the unknown wire type 6'],
    ['a number for a text', ModelReadyRequest, [0x08, 1], 'name at byte 1 came as a varint'],
    ['a text for a number', ModelConfig, [0x22, 0], 'max_batch_size at byte 1 came as bytes with a length'],
    ['no UTF-8', ModelReadyRequest, [0x0a, 2, 0xc3, 0x28], 'name at byte 2 is no UTF-8 text'],
    [
      'a group without an end',
      ModelReadyRequest,
      [0x9b, 0x06, 0x08, 1],
      'field 99 at byte 4 is a group without an end',
    ],
    ['the end of no group', ModelReadyRequest, [0x9c, 0x06], 'field 99 at byte 2 ends a group that was not begun'],
    [
      'a group ended by another',
      ModelReadyRequest,
      [0x9b, 0x06, 0xa4, 0x06],
      'field 100 at byte 4 ends a group that was not begun',
    ],
    [
      'a hundred groups',
      ModelReadyRequest,
      Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 0x9b : 0x06)),
      'is over 32 groups deep',
    ],
    [
      'seven bytes for eight',
      InferTensorContents,
      [0x39, 1, 2, 3, 4, 5, 6, 7],
      'fp64_contents at byte 1 takes 8 bytes, 7 are left',
    ],
    [
      'a float that goes past its message',
      ModelInferRequest,
      [0x22, 6, 0x12, 4, 0x21, 0, 0, 0, ...Array<number>(8).fill(0)],
      'double_param at byte 5 takes 8 bytes, 3 are left',
    ],
    [
      'a part of a packed float',
      InferTensorContents,
      [0x32, 5, 0, 0, 0, 0, 0],
      'fp32_contents at byte 6 takes 4 bytes, 1 are left',
    ],
    [
      'a message whose field goes past it',
      ModelInferRequest,
      [0x2a, 2, 0x0a, 4, 65, 65, 65, 65],
      'name at byte 3 says that it is 4 bytes long, 0 are left',
    ],
  ])('is refused with %s', (_, type, bytes, why) => {
    const error = refusal(() => decodeMessage(type, Uint8Array.from(bytes)))
    expect(error.code).toBe('invalid_argument')
    expect(error.message).toContain(`these bytes are no ${type.name}: `)
    expect(error.message).toContain(why)
  })

  test('with more entries than anybody needs is refused before it fills the memory', () => {
    const bytes = Buffer.alloc(2 * 100_001)
    for (let i = 0; i < bytes.length; i += 2) bytes[i] = 0x0a
    expect(refusal(() => decodeMessage(TraceSettingRequest, bytes))).toMatchObject({ code: 'too_large' })
    expect(decodeMessage(TraceSettingRequest, bytes.subarray(2))).toEqual({
      settings: { '': { value: [] } },
      model_name: '',
    })
  })

  test.each<[string, MessageType, Document]>([
    ['a number for a text', ModelReadyRequest, { name: 1 }],
    ['a text for a number', ModelConfig, { max_batch_size: '8' }],
    ['a fraction', ModelConfig, { max_batch_size: 1.5 }],
    ['a number beyond the type', ModelConfig, { max_batch_size: 2 ** 31 }],
    ['a bigint beyond the type', InferTensorContents, { uint64_contents: [-1n] }],
    ['a number that is not exact', InferTensorContents, { int64_contents: [2 ** 53] }],
    ['an unknown name of an enum', ModelConfig, { input: [{ data_type: 'FP32' }] }],
    ['two of one choice', LogSettingsRequest, { settings: { a: { bool_param: true, string_param: '' } } }],
    ['no list', ModelConfig, { input: {} }],
    ['no map', RepositoryModelLoadRequest, { parameters: 'x' }],
  ])('is not made of %s', (_, type, document) => {
    expect(() => encodeMessage(type, document)).toThrow('this is a bug')
  })
})

describe('bytes from anybody', () => {
  test("are read, or refused as a caller's mistake, and nothing else", () => {
    const seeds = readFileSync(new URL('./fixtures/official-messages.jsonl', import.meta.url), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; bytes: string })
      .map(({ type, bytes }) => ({ type: typeOf.get(type) ?? ModelInferRequest, bytes: Buffer.from(bytes, 'hex') }))
      .filter(({ bytes }) => bytes.length > 0)
    let state = 1
    const roll = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0
      return ((state >>> 8) % below) | 0
    }
    let refused = 0
    for (let i = 0; i < 20_000; i++) {
      const seed = seeds[roll(seeds.length)] as (typeof seeds)[number]
      const bytes = Buffer.from(seed.bytes)
      for (let k = roll(4); k >= 0; k--) bytes[roll(bytes.length)] = roll(3) === 0 ? 0xff : roll(256)
      try {
        const document = decodeMessage(seed.type, bytes.subarray(0, roll(8) === 0 ? roll(bytes.length) : bytes.length))
        encodeMessage(seed.type, document)
      } catch (error) {
        expect(error).toBeInstanceOf(ServingError)
        expect(error).toMatchObject({ code: 'invalid_argument' })
        expect((error as Error).message.length).toBeLessThan(400)
        refused++
      }
    }
    expect(refused).toBeGreaterThan(1000)
  })
})
