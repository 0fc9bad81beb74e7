import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { INTEGER_BOUNDS, type Datatype } from '../tensor/datatype.ts'
import { tensor, type Tensor } from '../tensor/tensor.ts'
import { decodeV2Request, encodeV2Response, type V2Request } from './v2-json.ts'
import { contentOf } from '../tensor/content.fixture.ts'
import { MISSING_TEXT } from '../tensor/texts.ts'

/** A request as it comes: a document, or text that only looks like one. */
function decode(body: unknown): V2Request {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return decodeV2Request(new TextEncoder().encode(text))
}

/** A request of one input `x`, whose data is JSON text. */
function decodeX(datatype: string, shape: string, data: string): Tensor {
  const text = `{"inputs":[{"name":"x","shape":${shape},"datatype":"${datatype}","data":${data}}]}`
  return decode(text).inputs.get('x') as Tensor
}

function refusalOf(run: () => unknown): ServingError {
  try {
    run()
  } catch (error) {
    if (error instanceof ServingError) return error
    throw error
  }
  return expect.fail('nothing was refused')
}

const X = { name: 'x', shape: [1], datatype: 'FP32', data: [1] }

const nested = (depth: number, open = '[', close = ']'): string => open.repeat(depth) + close.repeat(depth)

afterEach(() => {
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
})

describe('a request', () => {
  test('is read with its inputs in order, its outputs, its id, its timeout and its priority', () => {
    const request = decode({
      id: 'r-1',
      model_name: 'ignored',
      parameters: { timeout: 1500, priority: 1 },
      inputs: [X, { name: 'y', shape: [2], datatype: 'BYTES', data: ['a', 'é'], parameters: { content_type: 'str' } }],
      outputs: [{ name: 'score', parameters: { binary_data: false } }, { name: 'label' }],
    })
    expect(request).toEqual({
      id: 'r-1',
      inputs: new Map<string, Tensor>([
        ['x', tensor('FP32', [1], Float32Array.of(1))],
        ['y', tensor('BYTES', [2], [Buffer.from('a'), Buffer.from('é')])],
      ]),
      outputs: ['score', 'label'],
      forms: new Map([['score', { classification: 0, isBinary: false }]]),
      timeoutUs: 1500,
      priority: 1,
    })
    expect([...request.inputs.keys()]).toEqual(['x', 'y'])
  })

  test('leaves out what it may: no id, no outputs, no timeout', () => {
    const plain = { id: undefined, outputs: [], timeoutUs: undefined }
    expect(decode({ inputs: [X] })).toMatchObject(plain)
    expect(decode({ inputs: [X], id: '', outputs: [], parameters: {} })).toMatchObject(plain)
    expect(decode({ inputs: [X], parameters: { timeout: 0 } })).toMatchObject(plain)
    // MLServer's own client writes null for what is not set
    expect(decode({ inputs: [X], id: null, outputs: null, parameters: null })).toMatchObject(plain)
  })

  test('of 10,000 unknown members is read all the same', () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, 0]))
    expect(decode({ ...many, inputs: [X] }).inputs.size).toBe(1)
  })

  test.each<[string, string, string]>([
    ['an empty body', '', 'the body is no JSON: it ends too early, at byte 0'],
    ['half a body', '{"inputs":[', 'the body is no JSON: it ends too early, at byte 11'],
    ['null', 'null', 'the body must be a JSON object with "inputs"'],
    ['a list', '[]', 'the body must be a JSON object with "inputs"'],
    ['text', '"x"', 'the body must be a JSON object with "inputs"'],
    ['a number', '1', 'the body must be a JSON object with "inputs"'],
    ['no inputs', '{}', '"inputs" is missing'],
    ['inputs that are an object', '{"inputs":{}}', '"inputs" is missing'],
    ['inputs in the prototype', '{"__proto__":{"inputs":[],"polluted":1}}', '"inputs" is missing'],
    ['a trailing comma', '{"inputs":[],}', 'the body is no JSON: unexpected "}" at byte 13'],
    ['single quotes', "{'inputs':[]}", 'the body is no JSON'],
    ['a comment', '{"inputs":[]/**/}', 'the body is no JSON'],
    ['two documents', '{"inputs":[]}{}', 'the body is no JSON: unexpected "{" at byte 13'],
    ['an object and half another', '{"inputs":[]}{', 'the body is no JSON: unexpected "{" at byte 13'],
    ['a bare NaN', '{"inputs":[{"data":[NaN]}]}', 'JSON has no NaN and no Infinity'],
    ['a bare -Infinity', '{"inputs":[{"data":[-Infinity]}]}', 'JSON has no NaN and no Infinity'],
    ['lists all the way down', nested(100_000), 'more than 64 deep at byte 64'],
    ['lists that never end', '['.repeat(100_000), 'more than 64 deep'],
    ['objects that never end', '{"a":'.repeat(100_000), 'more than 64 deep'],
    ['inputs all the way down', `{"inputs":${nested(100_000)}}`, 'more than 64 deep'],
    ['outputs all the way down', `{"inputs":[],"outputs":[${nested(100_000)}]}`, 'more than 64 deep'],
    ['an id that is a number', '{"inputs":[],"id":1}', '"id" must be text'],
    ['a long id', JSON.stringify({ inputs: [], id: 'x'.repeat(257) }), '"id" must be text of at most 256'],
    ['an id of two lines', JSON.stringify({ inputs: [], id: 'a\r\nb' }), '"id" must be text'],
    ['outputs that are an object', '{"inputs":[],"outputs":{"name":"y"}}', '"outputs" must be a list'],
    ['an output that is text', '{"inputs":[],"outputs":["y"]}', '"outputs"[0] must be an object with a "name"'],
    ['an output that is null', '{"inputs":[],"outputs":[{"name":"y"},null]}', '"outputs"[1] must be an object'],
    ['an output without a name', '{"inputs":[],"outputs":[{"name":1}]}', '"outputs"[0] must be an object'],
    ['parameters that are a list', '{"inputs":[],"parameters":[]}', '"parameters" must be an object'],
    ['parameters that are text', '{"inputs":[],"parameters":"x"}', '"parameters" must be an object'],
    ['inputs twice', '{"inputs":[],"inputs":[]}', 'the key "inputs" stands twice in one object'],
    ['inputs twice, once escaped', String.raw`{"inputs":[],"\u0069nputs":[]}`, 'the key "inputs" stands twice'],
    ['a key twice that nobody reads', '{"inputs":[],"a":{"b":[{"c":1,"d":2,"c":3}]}}', 'the key "c" stands twice'],
    ['__proto__ twice', '{"__proto__":1,"inputs":[],"__proto__":2}', 'the key "__proto__" stands twice'],
    ['half a pair where nobody looks', String.raw`{"inputs":[],"a":"\ud800"}`, 'half a surrogate pair'],
    ['half a pair in a name', String.raw`{"inputs":[{"name":"\udc00"}]}`, 'half a surrogate pair'],
  ])('that is %s is refused', (_what, body, message) => {
    expect(refusalOf(() => decode(body))).toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(message) as string,
    })
  })

  test.each([-1, 1.5, true, [], {}, '', ' 5', '0x10', '1e3', 'soon', '99999999999999999999', 2 ** 53])(
    'with the timeout %j is refused',
    (timeout) => {
      expect(refusalOf(() => decode({ inputs: [X], parameters: { timeout } })).message).toContain('"timeout" must be')
    },
  )

  test.each<[unknown, 1 | 2 | 3 | undefined]>([
    [0, undefined],
    [1, 1],
    [2, 2],
    [3, 3],
    ['2', 2],
    [4_000_000_000, 3],
    [undefined, undefined],
  ])('with the priority %j runs in turn %j', (priority, turn) => {
    expect(decode({ inputs: [X], parameters: { priority } }).priority).toBe(turn)
  })

  test.each([-1, 1.5, true, null, 'high', ''])('with the priority %j is refused', (priority) => {
    expect(refusalOf(() => decode({ inputs: [X], parameters: { priority } })).message).toContain('"priority" must be')
  })

  test('may have its members in any order, and space between all of them', () => {
    const text = `\t{"outputs": [ {"name" : "y"} ] ,\r\n"inputs" : [ { "data" : [ [ 1 , 2 ] , [ 3.5 , -4e0 ] ] , "shape" : [ 2 , 2 ] ,
      "datatype" : "FP32", "name" : "x" } , { "shape":[1], "data":["a"], "datatype":"BYTES", "name":"z" } ], "id" : "r" } \n`
    const { id, inputs, outputs } = decode(text)
    expect([id, outputs]).toEqual(['r', ['y']])
    expect(inputs.get('x')).toEqual(tensor('FP32', [2, 2], Float32Array.of(1, 2, 3.5, -4)))
    expect(inputs.get('z')).toEqual(tensor('BYTES', [1], [Buffer.from('a')]))
  })

  test('may have escapes in its keys and names', () => {
    const text = String.raw`{"\u0069nputs":[{"n\u0061me":"\u0078","shape":[1],"d\u0061tatype":"FP\u00332","data":[1]}]}`
    expect(decode(text).inputs.get('x')).toEqual(tensor('FP32', [1], Float32Array.of(1)))
  })

  test('that claims more elements than its bytes can hold is refused without room made for them', () => {
    const before = process.memoryUsage().arrayBuffers
    expect(refusalOf(() => decodeX('FP64', '[2147483647]', '[1,2,3]')).message).toContain('"data" has 3')
    expect(refusalOf(() => decodeX('INT8', '[1,2147483647]', '[[1,2,3]]')).message).toContain('has 3 entries')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20)
  })

  test('names the byte where it stops to be JSON', () => {
    expect(refusalOf(() => decode('{"inputs":[],"a":tru}')).details).toEqual({ byte: 20 })
    expect(refusalOf(() => decode('{"a":1,"a":2}')).details).toEqual({ byte: 7 })
  })

  test('may have its timeout as digits', () => {
    expect(decode({ inputs: [X], parameters: { timeout: '250' } }).timeoutUs).toBe(250)
  })

  test('of more inputs or outputs than a model may have is refused', () => {
    const inputs = Array.from({ length: 4097 }, (_, i) => ({ ...X, name: `x${i}` }))
    const outputs = inputs.map(({ name }) => ({ name }))
    expect(decode({ inputs: inputs.slice(1), outputs: outputs.slice(1) }).inputs.size).toBe(4096)
    expect(refusalOf(() => decode({ inputs })).message).toBe('4097 inputs, the most is 4096')
    expect(refusalOf(() => decode({ inputs: [X], outputs })).message).toBe('4097 outputs, the most is 4096')
  })

  test('may begin with a byte order mark, and is refused when it is no UTF-8', () => {
    const document = `{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":["é"]}]}`
    const bytes = new TextEncoder().encode(document)
    expect(decodeV2Request(Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), bytes])).inputs.size).toBe(1)
    for (const wrong of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf]]) {
      const at = document.indexOf('é')
      const body = Buffer.concat([bytes.subarray(0, at), Buffer.from(wrong), bytes.subarray(at + 2)])
      expect(refusalOf(() => decodeV2Request(body))).toMatchObject({
        code: 'invalid_argument',
        message: 'the body is no UTF-8 text',
      })
    }
  })

  test('in the middle of a larger buffer is read alone', () => {
    const bytes = Buffer.from(`garbage${JSON.stringify({ inputs: [X] })}garbage`)
    expect(decodeV2Request(bytes.subarray(7, bytes.length - 7)).inputs.get('x')?.data).toEqual(Float32Array.of(1))
  })

  test('that is no JSON is described without its own control characters', () => {
    for (const token of ['\u001b', '\u202e', '\u0000'])
      expect(refusalOf(() => decode(`{"a":${token}}`)).message).toMatch(/^[ -~]+$/)
  })
})

describe('an input', () => {
  /** An input of which one member, a JSON text, is another. */
  const but = (change: Record<string, string>): string =>
    `{${Object.entries({ name: '"x"', shape: '[1]', datatype: '"FP32"', data: '[1]', ...change })
      .map(([key, value]) => `"${key}":${value}`)
      .join(',')}}`

  test.each<[string, string, string]>([
    ['null', 'null', 'must be an object with name, shape, datatype and data'],
    ['text', '"x"', 'must be an object with name, shape, datatype and data'],
    ['of no name', '{"shape":[1],"datatype":"FP32","data":[1]}', 'must have a "name"'],
    ['of an empty name', but({ name: '""' }), 'must have a "name"'],
    ['of a number for a name', but({ name: '1' }), 'must have a "name"'],
    ['of no datatype', '{"name":"x","shape":[1],"data":[1]}', '"datatype" is nothing, known are BOOL'],
    ['of an unknown datatype', but({ datatype: '"FLOAT"' }), '"datatype" is "FLOAT"'],
    ['of a datatype in lower case', but({ datatype: '"fp32"' }), '"datatype" is "fp32"'],
    ['of a datatype that is a list', but({ datatype: '["FP32"]' }), '"datatype" is'],
    ['of a datatype that has no text', but({ datatype: '{"toString":1}' }), '"datatype" is'],
    ['of a datatype all the way down', but({ datatype: nested(100_000) }), '"datatype" is'],
    ['of half floats', but({ datatype: '"FP16"' }), 'FP16 cannot be sent as JSON'],
    ['of brain floats', but({ datatype: '"BF16"' }), 'BF16 cannot be sent as JSON'],
    ['of no shape', '{"name":"x","datatype":"FP32","data":[1]}', '"shape" must be a list of sizes'],
    ['of a number for a shape', but({ shape: '1' }), '"shape" must be a list of sizes'],
    ['of a negative size', but({ shape: '[-1]' }), 'shape [-1]; sizes are whole, from 0 up'],
    ['of a fractional size', but({ shape: '[1.5]' }), 'shape [1.5]; sizes are whole, from 0 up'],
    ['of a size as text', but({ shape: '["1"]' }), 'sizes are whole, from 0 up'],
    ['of a size that is null', but({ shape: '[null]' }), 'sizes are whole, from 0 up'],
    ['of a size that has no text', but({ shape: '[{"toString":1}]' }), 'sizes are whole, from 0 up'],
    ['of a size all the way down', but({ shape: `[${nested(100_000)}]` }), 'more than 64 deep'],
    ['of 2^53 elements', but({ shape: '[9007199254740992]' }), 'input "x" has the shape [9007199254740992]'],
    ['of a shape that overflows', but({ shape: '[2147483648,2147483648]' }), 'has over 2147483647 elements'],
    ['of nine dimensions', but({ shape: '[1,1,1,1,1,1,1,1,1]' }), 'has 9 dimensions, the most is 8'],
    ['of no data', '{"name":"x","shape":[1],"datatype":"FP32"}', '"data" is missing'],
    ['of null for data', but({ data: 'null' }), '"data" must be a list'],
    ['of a number for data', but({ data: '1' }), '"data" must be a list'],
    ['of text for data', but({ data: '"AAAA"' }), '"data" must be a list'],
    ['of too few elements', but({ shape: '[2,3]', data: '[1,2,3,4,5]' }), 'holds 6 elements, "data" has 5'],
    ['of too many elements', but({ shape: '[2,3]', data: '[1,2,3,4,5,6,7]' }), 'holds 6 elements, "data" has 7'],
    ['of no element for one', but({ data: '[]' }), 'holds 1 elements, "data" has 0'],
    ['of an element for none', but({ shape: '[0]' }), 'holds 0 elements, "data" has 1'],
    ['of an element all the way down', but({ data: `[${nested(100_000)}]` }), 'FP32 takes numbers'],
  ])('%s is refused', (_what, input, message) => {
    const error = refusalOf(() => decode(`{"inputs":[${input}]}`))
    expect(error.code).toBe('invalid_argument')
    expect(error.message).toContain(message)
    expect(error.message.length).toBeLessThan(400)
  })

  test('that stands there twice is refused', () => {
    expect(refusalOf(() => decode({ inputs: [X, X] })).message).toBe('input "x" stands in the request twice')
  })

  test.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString'])('may be called %s', (name) => {
    const text = JSON.stringify({ inputs: [{ ...X, name, polluted: 1 }] })
    expect([...decode(text).inputs.keys()]).toEqual([name])
  })

  test('of no elements is an empty tensor', () => {
    expect(decodeX('FP32', '[0,4]', '[]')).toEqual(tensor('FP32', [0, 4], new Float32Array(0)))
    expect(decodeX('FP32', '[2,0]', '[[],[]]')).toEqual(tensor('FP32', [2, 0], new Float32Array(0)))
    expect(decodeX('BYTES', '[0]', '[]')).toEqual(tensor('BYTES', [0], []))
  })

  test('of no dimensions is a scalar', () => {
    expect(decodeX('FP64', '[]', '[5]')).toEqual(tensor('FP64', [], Float64Array.of(5)))
  })

  test('is the same flat and nested', () => {
    const flat = decodeX('FP32', '[2,3]', '[1,2,3,4,5,6]')
    expect(decodeX('FP32', '[2,3]', '[[1,2,3],[4,5,6]]')).toEqual(flat)
    expect(decodeX('INT64', '[1,2,2]', '[[[1,2],[3,9007199254740993]]]').data).toEqual(
      BigInt64Array.of(1n, 2n, 3n, 9007199254740993n),
    )
  })

  test.each<[string, string, string]>([
    ['[2,3]', '[[1,2,3],[4,5]]', 'has 2 entries where shape [2,3] has 3 (dimension 1)'],
    ['[2,3]', '[[1,2,3]]', 'has 1 entries where shape [2,3] has 2 (dimension 0)'],
    ['[2,3]', '[[1,2,3],4,5,6]', 'nested less deeply'],
    ['[2,2]', '[[1,2],[3,4],5]', 'has 3 entries where shape [2,2] has 2 (dimension 0)'],
    ['[2,2]', '[[1,2],3]', 'nested less deeply'],
    ['[2,2,1]', '[[1,2],[3,4]]', 'nested less deeply'],
    ['[1,2]', '[[[1,2]]]', 'element 0 is a list; FP32 takes numbers'],
    ['[1,1]', '[[[1]]]', 'FP32 takes numbers'],
    ['[2]', '[[1],[2]]', 'element 0 is a list; FP32 takes numbers'],
    ['[4]', '[1,2,3,[4]]', 'element 3 is a list; FP32 takes numbers'],
    ['[0,2]', '[[]]', 'has 1 entries where shape [0,2] has 0 (dimension 0)'],
  ])('of shape %s is refused when its data is %s', (shape, data, message) => {
    expect(refusalOf(() => decodeX('FP32', shape, data)).message).toContain(message)
  })
})

describe('an element', () => {
  test.each<[Datatype, string, string]>([
    ['FP32', '"1"', 'is "1"; FP32 takes numbers'],
    ['FP32', 'true', 'FP32 takes numbers'],
    ['FP64', '"NaN"', 'FP64 takes numbers'],
    ['FP32', '{"a":1}', 'is an object; FP32 takes numbers'],
    ['FP32', '3.5e38', 'is 3.5e+38; it is too large for FP32'],
    ['FP32', '-3.5e38', 'it is too large for FP32'],
    ['FP64', '1e400', 'is Infinity; it is too large for FP64'],
    ['FP64', '-1e400', 'is -Infinity; it is too large for FP64'],
    ['INT32', '1.5', 'INT32 takes whole numbers from -2147483648 to 2147483647'],
    ['INT32', '2147483648', 'INT32 takes whole numbers'],
    ['INT32', '-2147483649', 'INT32 takes whole numbers'],
    ['UINT8', '300', 'UINT8 takes whole numbers from 0 to 255'],
    ['UINT8', '-1', 'UINT8 takes whole numbers'],
    ['UINT16', '65536', 'UINT16 takes whole numbers'],
    ['UINT32', '-1', 'UINT32 takes whole numbers'],
    ['INT8', '128', 'INT8 takes whole numbers from -128 to 127'],
    ['INT16', '-32769', 'INT16 takes whole numbers'],
    ['INT64', '1.5', 'INT64 takes whole numbers from -9223372036854775808 to 9223372036854775807'],
    ['INT64', '"9007199254740993"', 'INT64 takes whole numbers'],
    ['INT64', 'true', 'INT64 takes whole numbers'],
    ['INT64', '[9007199254740993]', 'INT64 takes whole numbers'],
    ['INT64', '9223372036854775808', 'is 9223372036854775808; INT64 takes whole numbers'],
    ['INT64', '-9223372036854775809', 'is -9223372036854775809; INT64 takes whole numbers'],
    ['INT64', '1e400', 'INT64 takes whole numbers'],
    ['INT64', '9'.repeat(300), 'INT64 takes whole numbers'],
    ['UINT64', '18446744073709551616', 'UINT64 takes whole numbers from 0 to 18446744073709551615'],
    ['UINT64', '-1', 'UINT64 takes whole numbers'],
    ['BOOL', '2', 'is 2; BOOL takes true and false'],
    ['BOOL', '"true"', 'BOOL takes true and false'],
    ['BOOL', 'null', 'BOOL takes true and false'],
    ['BYTES', '1', 'is 1; BYTES takes text: send it in quotes'],
    ['BYTES', 'true', 'send it in quotes'],
    ['BYTES', '["a"]', 'BYTES takes text: send JSON as a text that holds it'],
    ['BYTES', '{"a":1}', 'is an object; BYTES takes text: send JSON as a text that holds it'],
    ['INT64', 'null', 'FP64 has room for a missing one'],
    ['BYTES', String.raw`"a\ud800"`, 'half a surrogate pair'],
  ])('of %s is refused when it is %s', (datatype, data, message) => {
    const good = { BYTES: '"a"', BOOL: 'false' }[datatype as string] ?? '7'
    const error = refusalOf(() => decodeX(datatype, '[2]', `[${good},${data}]`))
    expect(error).toMatchObject({ code: 'invalid_argument', details: { input: 'x', element: 1 } })
    expect(error.message).toMatch(/^input "x": element 1 is /)
    expect(error.message).toContain(message)
    expect(error.message.length).toBeLessThan(300)
  })

  test('that is null is NaN, and an empty text', () => {
    for (const [datatype, array] of [
      ['FP32', Float32Array.of(1, Number.NaN)],
      ['FP64', Float64Array.of(1, Number.NaN)],
    ] as const) {
      expect(decodeX(datatype, '[2]', '[1, null]').data).toEqual(array)
      expect(decodeX(datatype, '[2,1]', '[[1],[null]]').data).toEqual(array)
    }
    expect(decodeX('BYTES', '[3]', '["a",null,""]').data).toEqual([Buffer.from('a'), MISSING_TEXT, Buffer.from('')])
  })

  test.each<[string, bigint]>([
    ['9007199254740991', 9007199254740991n],
    ['9007199254740992', 9007199254740992n],
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['9223372036854775807', 2n ** 63n - 1n],
    ['-9223372036854775808', -(2n ** 63n)],
    ['1000000000000000000000e-12', 1_000_000_000n],
    ['4.0', 4n],
    ['1e3', 1000n],
    ['-0', 0n],
    ['1234567890123456', 1234567890123456n],
  ])('of INT64 is %s to its last digit, alone and among others', (digits, value) => {
    expect(decodeX('INT64', '[1]', `[${digits}]`).data).toEqual(BigInt64Array.of(value))
    expect(decodeX('INT64', '[3]', `[1, ${digits} ,9007199254740995]`).data).toEqual(
      BigInt64Array.of(1n, value, 9007199254740995n),
    )
    expect(decodeX('INT64', '[2,1]', `[[9007199254740995],[${digits}]]`).data).toEqual(
      BigInt64Array.of(9007199254740995n, value),
    )
  })

  test('of UINT64 reaches 2^64 - 1, and 0', () => {
    expect(decodeX('UINT64', '[2]', '[18446744073709551615,0]').data).toEqual(BigUint64Array.of(2n ** 64n - 1n, 0n))
  })

  test('of INT64 is exact whatever stands around it', () => {
    const text = String.raw`{"id":"\\\" 9007199254740999 [","parameters":{"a":"\\","b":9007199254740997,"c":"\""},"inputs":[
      {"name":"a","shape":[2],"datatype":"FP64","data":[0.12345678901234567891, 9007199254740993]},
      {"name":"9007199254740995","shape":[1],"datatype":"BYTES","data":["\"9007199254740995"]},
      {"data":[-9007199254740993,5],"name":"b","shape":[2],"datatype":"INT64","data2":[1]},
      {"name":"c","shape":[1,1],"datatype":"UINT64","data":[[9007199254740995]]}]}`
    const { inputs } = decode(text)
    expect(inputs.get('a')?.data).toEqual(Float64Array.of(Number('0.12345678901234567891'), 2 ** 53))
    expect(inputs.get('b')?.data).toEqual(BigInt64Array.of(-9007199254740993n, 5n))
    expect(inputs.get('c')?.data).toEqual(BigUint64Array.of(9007199254740995n))
  })

  test('of INT64 in another form than its digits is refused, whatever digits stand beside it', () => {
    for (const form of ['1e0000000000000000017', '1e+0000000000000000017', '90071992547409930e0', '9007199254740993.0'])
      expect(refusalOf(() => decodeX('INT64', '[3]', `[${form},9007199254740995,9007199254740997]`)).details).toEqual({
        input: 'x',
        element: 0,
      })
  })

  test('of INT64 is exact beside lists that are sixty deep', () => {
    const text = `{"parameters":{"a":${nested(60)}},"inputs":[{"name":"x","shape":[1],"datatype":"INT64","data":[9007199254740993]}]}`
    expect(decode(text).inputs.get('x')?.data).toEqual(BigInt64Array.of(9007199254740993n))
  })

  test('keeps its sign where it is zero', () => {
    expect(Object.is(decodeX('FP32', '[1]', '[-0]').data[0], -0)).toBe(true)
    expect(Object.is(decodeX('FP64', '[1]', '[-0.0]').data[0], -0)).toBe(true)
    expect(decodeX('INT8', '[1]', '[-0]').data).toEqual(Int8Array.of(0))
  })

  test('of BOOL is true, false, 1 or 0', () => {
    expect(decodeX('BOOL', '[4]', '[true,false,1,0]').data).toEqual(Uint8Array.of(1, 0, 1, 0))
  })

  test('of BYTES is the UTF-8 of its text: empty, NUL and byte order mark kept', () => {
    const found = decodeX('BYTES', '[4]', String.raw`["","a\u0000b","\ufeffx","😀"]`)
    expect(found.data).toEqual(['', 'a\0b', '\ufeffx', '😀'].map((text) => Buffer.from(text)))
  })

  test('of six million characters is read', () => {
    expect(decodeX('BYTES', '[1]', JSON.stringify(['x'.repeat(6_000_000)])).data[0]).toHaveLength(6_000_000)
  })
})

const HEAD = { modelName: 'm', modelVersion: '0123456789ab', id: undefined }

function encoded(value: Tensor): { data: unknown[]; text: string } {
  const text = encodeV2Response(HEAD, new Map([['y', value]]))
  const document = JSON.parse(text) as { outputs: { data: unknown[] }[] }
  return { data: document.outputs[0]?.data ?? [], text }
}

describe('an answer', () => {
  test('has the model, the version, the id and the outputs in order', () => {
    const outputs = new Map<string, Tensor>([
      ['label', tensor('BYTES', [1], [Buffer.from('no "fraud"')])],
      ['score', tensor('FP64', [1, 2], Float64Array.of(0.25, 1e-7))],
    ])
    expect(encodeV2Response({ ...HEAD, id: 'a"b' }, outputs)).toBe(
      String.raw`{"model_name":"m","model_version":"0123456789ab","id":"a\"b","outputs":[` +
        String.raw`{"name":"label","datatype":"BYTES","shape":[1],"data":["no \"fraud\""]},` +
        '{"name":"score","datatype":"FP64","shape":[1,2],"data":[0.25,1e-7]}]}',
    )
    expect(JSON.parse(encodeV2Response(HEAD, new Map()))).toEqual({
      model_name: 'm',
      model_version: '0123456789ab',
      outputs: [],
    })
  })

  test('writes 64-bit integers with all their digits, -0 with its sign, BOOL as words', () => {
    expect(encoded(tensor('UINT64', [2], BigUint64Array.of(2n ** 64n - 1n, 0n))).text).toContain(
      '"data":[18446744073709551615,0]',
    )
    expect(encoded(tensor('INT64', [1], BigInt64Array.of(-(2n ** 63n)))).text).toContain('[-9223372036854775808]')
    expect(encoded(tensor('FP32', [2], Float32Array.of(-0, 0))).text).toContain('"data":[-0,0]')
    expect(encoded(tensor('BOOL', [2], Uint8Array.of(1, 0))).data).toEqual([true, false])
    expect(encoded(tensor('FP32', [0, 2], new Float32Array(0))).text).toContain('"shape":[0,2],"data":[]')
  })

  test.each<[Tensor, string]>([
    [tensor('FP32', [2], Float32Array.of(1, Number.NaN)), 'output "y" is NaN at element 1, which has no JSON form'],
    [tensor('FP64', [1], Float64Array.of(Infinity)), 'output "y" is Infinity at element 0'],
    [tensor('FP32', [1], Float32Array.of(-Infinity)), 'output "y" is -Infinity at element 0'],
    [tensor('FP16', [1], Uint16Array.of(0)), 'output "y" is FP16, which has no JSON form'],
    [tensor('BF16', [1], Uint16Array.of(0)), 'output "y" is BF16, which has no JSON form'],
    [tensor('BYTES', [2], [Buffer.from('a'), Buffer.of(0xff)]), 'output "y" has no UTF-8 text at element 1'],
  ])('is refused for a value that JSON cannot hold: %#', (value, message) => {
    expect(refusalOf(() => encoded(value))).toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining(message) as string,
    })
  })
})

/** Tensors of every datatype that has a JSON form, with values of every kind that has one. */
const jsonTensor: fc.Arbitrary<Tensor> = fc
  .record({
    datatype: fc.constantFrom<Datatype>('BOOL', 'INT64', 'UINT64', 'FP32', 'FP64', 'BYTES', 'UINT8', 'INT16', 'UINT32'),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
  })
  .chain(({ datatype, shape }) => {
    const count = shape.reduce((product, size) => product * size, 1)
    const size = { minLength: count, maxLength: count }
    const bounds = INTEGER_BOUNDS[datatype]
    switch (datatype) {
      case 'BOOL':
        return fc.array(fc.nat({ max: 1 }), size).map((data) => tensor(datatype, shape, Uint8Array.from(data)))
      case 'INT64':
        return fc
          .array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), size)
          .map((data) => tensor(datatype, shape, BigInt64Array.from(data)))
      case 'UINT64':
        return fc
          .array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), size)
          .map((data) => tensor(datatype, shape, BigUint64Array.from(data)))
      case 'FP32':
        return fc
          .array(fc.float({ noNaN: true, noDefaultInfinity: true }), size)
          .map((data) => tensor(datatype, shape, Float32Array.from(data)))
      case 'FP64':
        return fc
          .array(fc.double({ noNaN: true, noDefaultInfinity: true }), size)
          .map((data) => tensor(datatype, shape, Float64Array.from(data)))
      case 'BYTES':
        return fc
          .array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\ufeff', '\ufeffa', '\0', '')), size)
          .map((data) =>
            tensor(
              'BYTES',
              shape,
              data.map((text) => new TextEncoder().encode(text)),
            ),
          )
      default:
        return fc
          .array(fc.integer({ min: bounds?.[0] ?? 0, max: bounds?.[1] ?? 0 }), size)
          .map((data) =>
            datatype === 'UINT8'
              ? tensor(datatype, shape, Uint8Array.from(data))
              : datatype === 'INT16'
                ? tensor(datatype, shape, Int16Array.from(data))
                : tensor('UINT32', shape, Uint32Array.from(data)),
          )
    }
  })

/** Data nested as its shape says: the other form that clients send. */
function nest(items: readonly string[], shape: readonly number[]): string {
  if (shape.length < 2) return `[${items.join(',')}]`
  const [rows = 0, ...rest] = shape
  const perRow = items.length / Math.max(rows, 1)
  const parts = Array.from({ length: rows }, (_, i) => nest(items.slice(i * perRow, (i + 1) * perRow), rest))
  return `[${parts.join(',')}]`
}

describe('whatever a tensor holds', () => {
  test('it comes back as it went, bit for bit, flat and nested', () => {
    fc.assert(
      fc.property(jsonTensor, (value) => {
        const { datatype, shape } = value
        const flat = /"data":(\[.*\])\}\]\}$/s.exec(encoded(value).text)?.[1] ?? ''
        const form = `[${shape.join(',')}]`
        expect(contentOf(decodeX(datatype, form, flat))).toEqual(contentOf(value))
        const items =
          datatype === 'BYTES' ? encoded(value).data.map((item) => JSON.stringify(item)) : flat.slice(1, -1).split(',')
        const folded = nest(value.data.length === 0 ? [] : items, shape)
        expect(contentOf(decodeX(datatype, form, folded))).toEqual(contentOf(value))
      }),
      { numRuns: 1000 },
    )
  })

  test('JSON.parse of an answer gives the same numbers and text, FP32 once it is FP32 again', () => {
    fc.assert(
      fc.property(jsonTensor, (value) => {
        const { data } = encoded(value)
        expect(data).toHaveLength(value.data.length)
        const expected = Array.from(value.data as ArrayLike<unknown>, (element) =>
          value.datatype === 'BOOL'
            ? element === 1
            : typeof element === 'bigint'
              ? Number(element)
              : element instanceof Uint8Array
                ? Buffer.from(element).toString('utf8')
                : element,
        )
        const kept = (found: unknown): unknown => (value.datatype === 'FP32' ? Math.fround(found as number) : found)
        expect(data.every((found, i) => Object.is(kept(found), expected[i]))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

describe('junk', () => {
  const swallow = (body: Uint8Array): void => {
    try {
      decodeV2Request(body)
    } catch (error) {
      if (error instanceof ServingError) expect(error.code).toBe('invalid_argument')
      else throw error
    }
  }

  test('of any bytes is a refusal', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), swallow), { numRuns: 1000 })
  })

  test('of any JSON where a request should be is a refusal or a request', () => {
    const some = fc.oneof(
      { weight: 3, arbitrary: fc.jsonValue() },
      fc.constantFrom('x', 'FP32', 'INT64', 1, -1, 2 ** 60),
    )
    const list = fc.oneof(fc.array(some, { maxLength: 4 }), some)
    const input = fc.record(
      {
        name: fc.oneof(fc.string(), some),
        shape: list,
        datatype: fc.oneof({ weight: 3, arbitrary: fc.constantFrom('FP32', 'INT64', 'BOOL', 'BYTES', 'INT8') }, some),
        data: list,
      },
      { requiredKeys: [] },
    )
    const request = fc.record(
      { inputs: fc.oneof(fc.array(input, { maxLength: 3 }), some), outputs: list, id: some, parameters: some },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(request, (document) => swallow(new TextEncoder().encode(JSON.stringify(document)))),
      { numRuns: 3000 },
    )
  })

  test('made of a request by changing bytes is a refusal or a request', () => {
    const body = new TextEncoder().encode(
      JSON.stringify({ id: 'é', inputs: [{ ...X, shape: [2, 1], datatype: 'INT64', data: [[2 ** 60], [1]] }] }),
    )
    const change = fc.record({ at: fc.nat({ max: body.length - 1 }), byte: fc.nat({ max: 255 }) })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const changed = Uint8Array.from(body)
        for (const { at, byte } of changes) changed[at] = byte
        swallow(changed)
      }),
      { numRuns: 3000 },
    )
  })
})
