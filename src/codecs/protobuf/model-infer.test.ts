import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { refusal } from '../../core/refusal.fixture.ts'
import { DATATYPES, elementSizeBytes, isBigInt, type Datatype } from '../../tensor/datatype.ts'
import { tensor, viewAs, type Tensor, type Tensors } from '../../tensor/tensor.ts'
import { encodeRaw } from '../raw-tensor.ts'
import { encodeData } from '../v2-json-answer.ts'
import { decodeV2Request } from '../v2-json.ts'
import { ModelInferRequest, ModelInferResponse, ModelStreamInferResponse } from './infer-messages.ts'
import { decodeMessage, encodeMessage, type Document } from './messages.ts'
import { decodeModelInferRequest, encodeModelInferResponse, idOfRefused } from './model-infer.ts'
import { decodeByOracle, encodeByOracle } from './oracle.fixture.ts'
import { CONTENTS_FIELD, CONTENTS_FIELDS } from './typed-contents.ts'
import { contentsOf } from '../../tensor/content.fixture.ts'

const TYPED = DATATYPES.filter((datatype) => CONTENTS_FIELD[datatype] !== 0)

/** A tensor of one of these datatypes, elements of any bits. */
function tensorOf(datatypes: readonly Datatype[]): fc.Arbitrary<Tensor> {
  return fc
    .record({ datatype: fc.constantFrom(...datatypes), shape: fc.array(fc.nat({ max: 5 }), { maxLength: 4 }) })
    .chain(({ datatype, shape }) => {
      const count = shape.reduce((product, size) => product * size, 1)
      if (datatype === 'BYTES')
        return fc
          .array(fc.uint8Array({ maxLength: 40 }), { minLength: count, maxLength: count })
          .map((data) => tensor('BYTES', shape, data))
      const length = count * elementSizeBytes(datatype)
      return fc
        .uint8Array({ minLength: length, maxLength: length, max: datatype === 'BOOL' ? 1 : 255 })
        .map((bytes) => tensor(datatype, shape, viewAs(datatype, Uint8Array.from(bytes))))
    })
}

const tensorsOf = (datatypes: readonly Datatype[]): fc.Arbitrary<Map<string, Tensor>> =>
  fc
    .dictionary(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), tensorOf(datatypes), {
      maxKeys: 4,
      noNullPrototype: true,
    })
    .map((tensors) => new Map(Object.entries(tensors)))

/** A tensor as a document, its elements typed. */
function typedDocument(name: string, { datatype, shape, data }: Tensor): Document {
  const field = CONTENTS_FIELDS[CONTENTS_FIELD[datatype]] as string
  const elements = Array.from(data as Iterable<unknown>, (element) => (datatype === 'BOOL' ? element === 1 : element))
  return { name, datatype, shape, ...(elements.length === 0 ? {} : { contents: { [field]: elements } }) }
}

function typedRequest(tensors: Tensors, rest: Document = {}): Document {
  return { model_name: 'm', inputs: [...tensors].map(([name, value]) => typedDocument(name, value)), ...rest }
}

function rawRequest(tensors: Tensors, rest: Document = {}): Document {
  return {
    model_name: 'm',
    inputs: [...tensors].map(([name, { datatype, shape }]) => ({ name, datatype, shape })),
    raw_input_contents: [...tensors.values()].map(encodeRaw),
    ...rest,
  }
}

/** Bytes that begin at any place of a larger piece of memory. */
function placedAt(offset: number, bytes: Uint8Array): Uint8Array {
  const around = new Uint8Array(offset + bytes.length + 9).fill(0xee)
  around.set(bytes, offset)
  return around.subarray(offset, offset + bytes.length)
}

const encode = (document: Document): Uint8Array => encodeMessage(ModelInferRequest, document)
const decode = (document: Document): ReturnType<typeof decodeModelInferRequest> =>
  decodeModelInferRequest(encode(document))

/** NaN of any bits comes out of a JavaScript number as one NaN: such documents hold none. */
const isWithoutNaN = (tensors: Tensors): boolean =>
  [...tensors.values()].every(
    ({ datatype, data }) =>
      (datatype !== 'FP32' && datatype !== 'FP64') || !(data as Float64Array).some((value) => Number.isNaN(value)),
  )

describe('a request', () => {
  test('with typed contents is read as another implementation wrote it', () => {
    fc.assert(
      fc.property(tensorsOf(TYPED).filter(isWithoutNaN), fc.nat({ max: 8 }), (tensors, offset) => {
        const bytes = encodeByOracle(ModelInferRequest, typedRequest(tensors))
        const found = decodeModelInferRequest(placedAt(offset, bytes))
        expect(found.isRaw).toBe(false)
        expect(contentsOf(found.request.inputs)).toEqual(contentsOf(tensors))
      }),
      { numRuns: 300 },
    )
  })

  test('with raw contents is read as another implementation wrote it, bit for bit', () => {
    fc.assert(
      fc.property(tensorsOf(DATATYPES), fc.nat({ max: 8 }), (tensors, offset) => {
        const bytes = encodeByOracle(ModelInferRequest, rawRequest(tensors))
        const found = decodeModelInferRequest(placedAt(offset, bytes))
        expect(found.isRaw).toBe(tensors.size > 0)
        expect(contentsOf(found.request.inputs)).toEqual(contentsOf(tensors))
      }),
      { numRuns: 300 },
    )
  })

  test('gives the very tensors that its JSON form gives', () => {
    const finite = (tensors: Tensors): boolean =>
      [...tensors.values()].every(({ datatype, data }) => {
        if (datatype === 'BYTES') return data.every((bytes) => Buffer.from(Buffer.from(bytes).toString()).equals(bytes))
        return isBigInt(datatype) || (data as Float64Array).every(Number.isFinite)
      })
    fc.assert(
      fc.property(tensorsOf(TYPED).filter(finite), (tensors) => {
        const inputs = [...tensors].map(
          ([name, value]) =>
            `{"name":${JSON.stringify(name)},"datatype":"${value.datatype}","shape":[${value.shape.join(',')}],"data":[${encodeData(name, value)}]}`,
        )
        const json = decodeV2Request(Buffer.from(`{"inputs":[${inputs.join(',')}]}`)).inputs
        expect(contentsOf(decode(typedRequest(tensors)).request.inputs)).toEqual(contentsOf(json))
        expect(contentsOf(decode(rawRequest(tensors)).request.inputs)).toEqual(contentsOf(json))
      }),
      { numRuns: 200 },
    )
  })

  test('is read with its fields in any order, in pieces, and its numbers one by one', () => {
    const whole = decode({
      model_name: 'm',
      id: '7',
      inputs: [
        { name: 'a', datatype: 'FP64', shape: [3], contents: { fp64_contents: [1, 2, 3] } },
        { name: 'b', datatype: 'INT64', shape: [2], contents: { int64_contents: [-1, 2n ** 62n] } },
        { name: 'c', datatype: 'BYTES', shape: [2], contents: { bytes_contents: [Buffer.from('x'), Buffer.from('')] } },
      ],
    })
    const field = (number: number, ...parts: readonly (Uint8Array | readonly number[])[]): Buffer => {
      const content = Buffer.concat(parts.map((part) => Uint8Array.from(part)))
      return Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content])
    }
    const double = (value: number): Buffer => {
      const bytes = Buffer.alloc(9, 0x39)
      bytes.writeDoubleLE(value, 1)
      return bytes
    }
    const doubles = (...values: number[]): Buffer => field(7, new Uint8Array(Float64Array.from(values).buffer))
    const minusOne = [...Array<number>(9).fill(0xff), 0x01]
    const bytes = Buffer.concat([
      field(3, Buffer.from('7')),
      field(
        5,
        field(5, double(1), field(2)),
        field(5, doubles(2, 3)),
        [0x18, 3],
        field(2, Buffer.from('FP64')),
        field(1, Buffer.from('a')),
        field(5),
      ),
      field(
        5,
        field(5, [0x18, ...minusOne], field(3, [...Array<number>(8).fill(0x80), 0x40])),
        field(2, Buffer.from('INT64')),
        field(3, [2]),
        field(1, Buffer.from('b')),
      ),
      field(
        5,
        field(1, Buffer.from('c')),
        field(3, [2]),
        field(2, Buffer.from('BYTES')),
        field(5, field(8, Buffer.from('x')), field(8)),
      ),
      field(1, Buffer.from('m')),
    ])
    expect(decodeModelInferRequest(bytes)).toEqual(whole)
  })

  test('says its model, version, id, outputs and parameters', () => {
    const found = decode({
      model_name: 'größe',
      model_version: '3',
      id: 'abc',
      parameters: { priority: { uint64_param: 2 }, timeout: { int64_param: 1500 }, other: { double_param: 1 } },
      outputs: [
        { name: 'y' },
        { name: 'z', parameters: { classification: { int64_param: 3 }, binary_data: { bool_param: true } } },
      ],
    })
    expect(found).toEqual({
      modelName: 'größe',
      modelVersion: '3',
      isRaw: false,
      isFinalMarked: false,
      request: {
        id: 'abc',
        inputs: new Map(),
        outputs: ['y', 'z'],
        forms: new Map([['z', { classification: 3, isBinary: undefined }]]),
        priority: 2,
        timeoutUs: 1500,
      },
    })
    expect(decode({ parameters: { triton_enable_empty_final_response: { bool_param: true } } }).isFinalMarked).toBe(
      true,
    )
  })

  test('takes whole parameters in every form in which clients send them', () => {
    for (const value of [{ int64_param: 9 }, { uint64_param: 9 }, { string_param: '9' }, { double_param: 9 }]) {
      const { request } = decode({ parameters: { timeout: value, priority: value } })
      expect(request).toMatchObject({ timeoutUs: 9, priority: 3 })
    }
    const { request } = decode({ id: '', parameters: { timeout: { int64_param: 0 }, priority: { uint64_param: 0 } } })
    expect(request).toEqual({ id: undefined, inputs: new Map(), outputs: [], timeoutUs: undefined })
  })

  test('of no sequence is taken', () => {
    for (const value of [{ int64_param: 0 }, { uint64_param: 0 }, { string_param: '' }, {}])
      expect(decode({ parameters: { sequence_id: value } }).modelName).toBe('')
  })

  test('does not copy what is aligned', () => {
    const bytes = encode(rawRequest(new Map([['x', tensor('UINT8', [2, 2], Uint8Array.of(1, 2, 3, 4))]])))
    const { data } = decodeModelInferRequest(bytes).request.inputs.get('x') as Tensor
    expect((data as Uint8Array).buffer).toBe(bytes.buffer)
  })

  const input = { name: 'x', datatype: 'FP32', shape: [2], contents: { fp32_contents: [1, 2] } }
  const head = { name: 'x', datatype: 'FP32', shape: [2] }
  const eight = Buffer.alloc(8)

  test.each<[string, Document, string, string?]>([
    [
      'typed contents beside raw ones',
      { inputs: [input], raw_input_contents: [eight] },
      'input "x" has "contents", and the request "raw_input_contents"',
    ],
    [
      'fewer raw contents than inputs',
      { inputs: [head, { ...head, name: 'y' }], raw_input_contents: [eight] },
      '"raw_input_contents" has 1 entries for 2 inputs',
    ],
    [
      'more raw contents than inputs',
      { inputs: [head], raw_input_contents: [eight, eight] },
      '"raw_input_contents" has 2 entries for 1 inputs',
    ],
    [
      'raw contents too short',
      { inputs: [head], raw_input_contents: [Buffer.alloc(7)] },
      'input "x": shape [2] of FP32 takes 8 bytes, 7 came',
    ],
    [
      'a raw BOOL of two',
      { inputs: [{ ...head, datatype: 'BOOL' }], raw_input_contents: [Buffer.from([1, 2])] },
      'input "x": element 1 is the byte 2; BOOL takes 0 and 1',
    ],
    [
      'integers for floats',
      { inputs: [{ ...head, contents: { int_contents: [1, 2] } }] },
      'input "x": FP32 is sent in fp32_contents, int_contents came',
    ],
    [
      'wide integers for narrow ones',
      { inputs: [{ ...head, datatype: 'INT32', contents: { int64_contents: [1, 2] } }] },
      'input "x": INT32 is sent in int_contents, int64_contents came',
    ],
    [
      'two kinds of contents',
      { inputs: [{ ...head, contents: { fp32_contents: [1, 2], bytes_contents: [eight] } }] },
      'fp32_contents, bytes_contents came',
    ],
    [
      'too few elements',
      { inputs: [{ ...input, shape: [3] }] },
      'input "x": shape [3] holds 3 elements, fp32_contents has 2',
    ],
    [
      'too many elements',
      { inputs: [{ ...input, shape: [1] }] },
      'input "x": shape [1] holds 1 elements, fp32_contents has 2',
    ],
    [
      'many too many elements',
      { inputs: [{ ...input, shape: [1], contents: { fp32_contents: Array(100).fill(1) } }] },
      'input "x": shape [1] holds 1 elements, fp32_contents has 100',
    ],
    [
      'too many integers',
      { inputs: [{ ...head, datatype: 'INT64', contents: { int64_contents: [1, 2, 3] } }] },
      'holds 2 elements, int64_contents has 3',
    ],
    [
      'too many texts',
      { inputs: [{ ...head, datatype: 'BYTES', contents: { bytes_contents: [eight, eight, eight] } }] },
      'holds 2 elements, bytes_contents has 3',
    ],
    ['no contents at all', { inputs: [head] }, 'input "x": shape [2] holds 2 elements, fp32_contents has 0'],
    [
      'a shape that claims much',
      { inputs: [{ ...input, shape: [2_000_000_000] }] },
      'holds 2000000000 elements, fp32_contents has 2',
    ],
    [
      'a number too large for INT8',
      { inputs: [{ ...head, datatype: 'INT8', contents: { int_contents: [127, 128] } }] },
      'input "x": element 1 is 128; INT8 takes whole numbers from -128 to 127',
    ],
    [
      'a number too small for INT16',
      { inputs: [{ ...head, datatype: 'INT16', contents: { int_contents: [-32769, 0] } }] },
      'element 0 is -32769; INT16 takes whole numbers from -32768 to 32767',
    ],
    [
      'a number too large for UINT8',
      { inputs: [{ ...head, datatype: 'UINT8', contents: { uint_contents: [0, 256] } }] },
      'element 1 is 256; UINT8 takes whole numbers from 0 to 255',
    ],
    [
      'typed half floats',
      { inputs: [{ ...head, datatype: 'FP16', contents: { fp32_contents: [1, 2] } }] },
      'input "x": FP16 has no typed contents; send it in raw_input_contents',
    ],
    [
      'an unknown datatype',
      { inputs: [{ ...input, datatype: 'fp32' }] },
      'input "x": "datatype" is "fp32", known are BOOL',
    ],
    ['no datatype', { inputs: [{ ...input, datatype: '' }] }, 'input "x": "datatype" is nothing'],
    ['no name', { inputs: [{ ...input, name: '' }] }, 'each of "inputs" must have a "name"'],
    ['an input twice', { inputs: [input, input] }, 'input "x" stands in the request twice'],
    ['a negative size', { inputs: [{ ...input, shape: [-2] }] }, 'input "x" has the shape [-2]'],
    ['sizes beyond all memory', { inputs: [{ ...input, shape: [2 ** 40, 2 ** 40] }] }, 'has over 2147483647 elements'],
    ['a size beyond 2^53', { inputs: [{ ...input, shape: [2n ** 62n] }] }, 'input "x" has the shape'],
    [
      'ten dimensions',
      { inputs: [{ ...input, shape: Array(10).fill(1) }] },
      'input "x" has 10 dimensions, the most is 8',
    ],
    [
      '4097 inputs',
      { inputs: Array.from({ length: 4097 }, (_, i) => ({ ...input, name: `x${i}` })) },
      '4097 inputs, the most is 4096',
    ],
    [
      '4097 outputs',
      { outputs: Array.from({ length: 4097 }, (_, i) => ({ name: `y${i}` })) },
      '4097 outputs, the most is 4096',
    ],
    ['an output without a name', { outputs: [{}] }, '"outputs"[0] must have a "name"'],
    ['a long id', { id: 'x'.repeat(257) }, '"id" must be text of at most 256 characters'],
    ['an id of two lines', { id: 'a\nb' }, 'none of them a control character'],
    [
      'a negative timeout',
      { parameters: { timeout: { int64_param: -1 } } },
      'the parameter "timeout" must be a whole number of microseconds',
    ],
    [
      'a timeout beyond 2^53',
      { parameters: { timeout: { uint64_param: 2n ** 64n - 1n } } },
      'the parameter "timeout" must be a whole number',
    ],
    [
      'a priority of words',
      { parameters: { priority: { string_param: 'high' } } },
      'the parameter "priority" must be a whole number',
    ],
    ['a priority of nothing', { parameters: { priority: {} } }, 'the parameter "priority" must be a whole number'],
    [
      'no classes',
      { outputs: [{ name: 'y', parameters: { classification: { int64_param: 0 } } }] },
      'output "y": "classification" must be a whole number of classes',
    ],
    ['a sequence', { parameters: { sequence_id: { int64_param: 5 } } }, 'sequence_id', 'unsupported'],
    ['a sequence with a name', { parameters: { sequence_id: { string_param: 's' } } }, 'sequence_id', 'unsupported'],
    [
      'an input in shared memory',
      { inputs: [{ ...head, parameters: { shared_memory_region: { string_param: 'r' } } }] },
      'input "x" is to be in shared memory',
      'unsupported',
    ],
    [
      'an output in shared memory',
      { outputs: [{ name: 'y', parameters: { shared_memory_byte_size: { int64_param: 4 } } }] },
      'output "y" is to be in shared memory',
      'unsupported',
    ],
  ])('is refused with %s', (_, document, message, code = 'invalid_argument') => {
    const error = refusal(() => decode(document))
    expect(error.message).toContain(message)
    expect(error.code).toBe(code)
    expect(error.message.length).toBeLessThan(500)
  })

  test.each<[string, number[], string]>([
    ['a number for its model', [0x08, 1], 'model_name at byte 1 came as a varint'],
    ['a model that is no text', [0x0a, 1, 0xff], 'model_name at byte 2 is no UTF-8 text'],
    ['an input that goes past the end', [0x2a, 9, 0x0a], 'inputs at byte 1 says that it is 9 bytes long, 1 are left'],
    [
      'a part of a float',
      [0x2a, 20, 0x0a, 1, 120, 0x12, 4, 70, 80, 51, 50, 0x1a, 1, 1, 0x2a, 5, 0x32, 3, 0, 0, 0],
      'fp32_contents at byte 17 is 3 bytes long',
    ],
  ])('is refused with %s', (_, bytes, message) => {
    bytes[1] = bytes[0] === 0x2a && bytes.length > 4 ? bytes.length - 2 : (bytes[1] as number)
    expect(refusal(() => decodeModelInferRequest(Uint8Array.from(bytes))).message).toContain(message)
  })

  test('that is refused still tells its id, unless that is what is wrong', () => {
    const refused = encode({ id: 'r-1', inputs: [input, input] })
    expect(() => decodeModelInferRequest(refused)).toThrow('twice')
    expect(idOfRefused(refused)).toBe('r-1')
    expect(idOfRefused(Buffer.concat([refused, Buffer.from([0x2a, 9])]))).toBe('r-1')
    expect(idOfRefused(encode({ id: 'a\nb' }))).toBe('')
    expect(idOfRefused(Buffer.from([0xff]))).toBe('')
  })

  test('whose contents come in thousands of pieces is refused before they fill the memory', () => {
    const piece = [0x2a, 2, 0x08, 1]
    const content = [0x0a, 1, 120, ...Array.from({ length: 1025 }, () => piece).flat()]
    const bytes = Uint8Array.from([0x2a, 0x80 | (content.length & 0x7f), content.length >> 7, ...content])
    expect(refusal(() => decodeModelInferRequest(bytes)).message).toContain('came in over 1024 pieces')
  })
})

const HEAD = { modelName: 'model', modelVersion: '1', id: 'id' }

/** An answer as a document. */
function answerDocument(outputs: Tensors, isRaw: boolean): Document {
  return {
    model_name: 'model',
    model_version: '1',
    id: 'id',
    outputs: [...outputs].map(([name, value]) =>
      isRaw ? { name, datatype: value.datatype, shape: value.shape } : typedDocument(name, value),
    ),
    ...(isRaw ? { raw_output_contents: [...outputs.values()].map(encodeRaw) } : {}),
  }
}

describe('an answer', () => {
  test('with typed contents is what another implementation writes, byte for byte', () => {
    fc.assert(
      fc.property(tensorsOf(TYPED).filter(isWithoutNaN), (outputs) => {
        const theirs = encodeByOracle(ModelInferResponse, answerDocument(outputs, false))
        expect(encodeModelInferResponse(HEAD, outputs, false).equals(theirs)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test('with raw contents is what another implementation writes, byte for byte', () => {
    fc.assert(
      fc.property(tensorsOf(DATATYPES), (outputs) => {
        const theirs = encodeByOracle(ModelInferResponse, answerDocument(outputs, true))
        expect(encodeModelInferResponse(HEAD, outputs, true).equals(theirs)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test('with half floats is raw, whatever was asked', () => {
    const outputs = new Map([
      ['h', tensor('BF16', [1], Uint16Array.of(0x3f80))],
      ['f', tensor('FP32', [1], Float32Array.of(1))],
    ])
    const document = decodeMessage(ModelInferResponse, encodeModelInferResponse(HEAD, outputs, false))
    expect(document['raw_output_contents']).toHaveLength(2)
    expect((document['outputs'] as Document[]).some((output) => 'contents' in output)).toBe(false)
  })

  test('without an id, without outputs, of an empty tensor', () => {
    const outputs = new Map([['y', tensor('FP32', [0, 3], new Float32Array(0))]])
    const read = (isRaw: boolean): unknown =>
      decodeByOracle(
        ModelInferResponse,
        encodeModelInferResponse({ modelName: 'm', modelVersion: '', id: undefined }, outputs, isRaw),
      )
    const output = { name: 'y', datatype: 'FP32', shape: ['0', '3'], parameters: {} }
    const rest = { model_name: 'm', model_version: '', id: '', parameters: {}, outputs: [output] }
    expect(read(false)).toEqual({ ...rest, raw_output_contents: [] })
    expect(read(true)).toEqual({ ...rest, raw_output_contents: [''] })
    outputs.clear()
    expect(read(true)).toEqual({ ...rest, outputs: [], raw_output_contents: [] })
  })

  test('keeps every bit of NaN, and every 64-bit integer', () => {
    const bits = Uint8Array.of(1, 0, 0xa0, 0xff)
    const outputs = new Map([
      ['n', tensor('FP32', [1], viewAs('FP32', bits))],
      ['i', tensor('INT64', [2], BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n))],
      ['u', tensor('UINT64', [1], BigUint64Array.of(2n ** 64n - 1n))],
    ])
    for (const isRaw of [true, false]) {
      const answer = decodeMessage(ModelInferResponse, encodeModelInferResponse(HEAD, outputs, isRaw))
      const request = encode({ inputs: answer['outputs'], raw_input_contents: answer['raw_output_contents'] })
      if (isRaw) expect(contentsOf(decodeModelInferRequest(request).request.inputs)).toEqual(contentsOf(outputs))
      // a document holds NaN as a JavaScript number: the bytes of the answer are looked at themselves
      else expect(encodeModelInferResponse(HEAD, outputs, false).includes(Buffer.from(bits))).toBe(true)
    }
  })

  test('goes onto a stream as one of its messages', () => {
    const outputs = new Map([['y', tensor('FP64', [20], new Float64Array(20).fill(1.5))]])
    const streamed = encodeModelInferResponse(HEAD, outputs, true, { isStreamed: true })
    expect(
      streamed.equals(encodeByOracle(ModelStreamInferResponse, { infer_response: answerDocument(outputs, true) })),
    ).toBe(true)
  })

  test('says that it is the last of its request', () => {
    const last = encodeModelInferResponse(HEAD, new Map(), true, { isFinal: true })
    expect(decodeByOracle(ModelInferResponse, last)).toMatchObject({
      parameters: { triton_final_response: { bool_param: true } },
    })
  })
})

describe('bytes from anybody', () => {
  test("are read, or refused as a caller's mistake, and nothing else", () => {
    const tensors: Tensors = new Map([
      ['a', tensor('FP32', [2, 2], Float32Array.of(1, 2, 3, 4))],
      ['b', tensor('BYTES', [2], [Buffer.from('text'), Buffer.from('')])],
      ['c', tensor('INT8', [3], Int8Array.of(-1, 0, 1))],
      ['d', tensor('UINT64', [1], BigUint64Array.of(2n ** 63n))],
      ['e', tensor('BOOL', [2], Uint8Array.of(0, 1))],
    ])
    const rest = {
      id: 'id',
      parameters: { timeout: { int64_param: 5 }, priority: { string_param: '1' }, other: { double_param: 1 } },
      outputs: [{ name: 'y', parameters: { classification: { int64_param: 2 } } }],
    }
    const seeds = [encode(typedRequest(tensors, rest)), encode(rawRequest(tensors, rest))]
    let state = 7
    const roll = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0
      return (state >>> 8) % below
    }
    let taken = 0
    for (let i = 0; i < 100_000; i++) {
      const bytes = Buffer.from(seeds[i & 1] as Uint8Array)
      for (let k = roll(3); k >= 0; k--) {
        const at = roll(bytes.length)
        const kind = roll(4)
        if (kind === 0) bytes.copyWithin(at, roll(bytes.length))
        else bytes[at] = kind === 1 ? 0xff : kind === 2 ? (bytes[at] as number) ^ (1 << roll(8)) : roll(256)
      }
      try {
        const found = decodeModelInferRequest(roll(10) === 0 ? bytes.subarray(0, roll(bytes.length)) : bytes)
        encodeModelInferResponse(HEAD, found.request.inputs, found.isRaw)
        taken++
      } catch (error) {
        if (error instanceof ServingError && (error.code === 'invalid_argument' || error.code === 'unsupported')) {
          if (error.message.length < 600) continue
        }
        throw new Error(`mutant ${i}`, { cause: error })
      }
    }
    expect(taken).toBeGreaterThan(1000)
    expect(taken).toBeLessThan(99_000)
  })
})
