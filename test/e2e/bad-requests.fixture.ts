/** Requests of the Open Inference Protocol as their callers mean them, before they are written in any of its forms. */
import { ModelInferRequest } from '../../src/codecs/protobuf/infer-messages.ts'
import { encodeMessage } from '../../src/codecs/protobuf/messages.ts'
import { CONTENTS_FIELD, CONTENTS_FIELDS } from '../../src/codecs/protobuf/typed-contents.ts'
import { encodeRaw } from '../../src/codecs/raw-tensor.ts'
import { isDatatype, type Datatype, type NumericArray } from '../../src/tensor/datatype.ts'
import { allocate, bytesOf } from '../../src/tensor/tensor.ts'

/** How a request is written: JSON, JSON with bytes behind it, protobuf with typed contents, and with raw ones. */
export const FORMS = ['JSON', 'binary', 'typed', 'raw'] as const
export type Form = (typeof FORMS)[number]

type Value = number | bigint | string | boolean

export interface MeantInput {
  readonly name?: string
  readonly datatype?: string
  /** Whole, but for JSON, which has other numbers too. */
  readonly shape?: readonly (number | bigint)[]
  readonly values?: readonly Value[]
  /** In place of the bytes of the values. */
  readonly bytes?: Uint8Array
  readonly parameters?: Readonly<Record<string, Value>>
}

export interface Meant {
  readonly model?: string
  readonly version?: string
  readonly id?: string
  readonly parameters?: Readonly<Record<string, Value>>
  readonly inputs: readonly MeantInput[]
  readonly outputs?: readonly { readonly name?: string; readonly parameters?: Readonly<Record<string, Value>> }[]
}

/** What comes of a request: the elements of its first output, or how it fails. */
export type Outcome = readonly Value[] | keyof typeof STATUS

/** Of REST and of gRPC, and the code that REST says. */
export const STATUS = {
  invalid_argument: [400, 3, 'invalid_argument'],
  not_found: [404, 5, 'not_found'],
  unsupported: [501, 12, 'unsupported'],
  not_acceptable: [406, 12, 'unsupported'],
  internal: [500, 13, 'internal'],
} as const

export interface BadMeant {
  readonly what: string
  readonly meant: Meant
  readonly outcome: Outcome
  readonly says: RegExp
  /** In which forms it can be said; all when absent. */
  readonly forms?: readonly Form[]
}

const X: MeantInput = { name: 'X', datatype: 'FP32', shape: [1, 2], values: [1, 2] }
export const GOOD: Meant = { inputs: [X] }
export const GOOD_ANSWER = [9]

const linear = (over: MeantInput): Meant => ({ inputs: [{ ...X, ...over }] })
const same = (datatype: Datatype, values: readonly Value[], over: MeantInput = {}): Meant => ({
  model: datatype.toLowerCase(),
  inputs: [{ name: 'x', datatype, shape: [values.length], values, ...over }],
})
const outputs = (...names: string[]): Meant => ({ ...GOOD, outputs: names.map((name) => ({ name })) })
const classes = (value: Value): Meant => ({ ...GOOD, outputs: [{ name: 'y', parameters: { classification: value } }] })

const RAW: readonly Form[] = ['binary', 'raw']

type Row = readonly [what: string, meant: Meant, outcome: Outcome, says: RegExp, forms?: readonly Form[]]

const REFUSED = 'invalid_argument'

function inputs(): Row[] {
  return [
    ['no inputs', { inputs: [] }, REFUSED, /"X"/],
    [
      '4097 inputs',
      { inputs: Array.from({ length: 4097 }, (_, i) => ({ ...X, name: `X${i}` })) },
      REFUSED,
      /4097.*4096/,
    ],
    ['an unknown input', linear({ name: 'Z' }), REFUSED, /"Z".*"X"|"X".*"Z"/],
    ['an unknown input besides', { inputs: [X, { ...X, name: 'Z' }] }, REFUSED, /"Z"/],
    ['an input twice', { inputs: [X, X] }, REFUSED, /"X".*twice/],
    ['an input of no name', linear({ name: '' }), REFUSED, /"name"/],
    [
      'one input of two',
      { model: 'two', inputs: [{ name: 'a', datatype: 'FP32', shape: [1], values: [1] }] },
      REFUSED,
      /"b"/,
    ],
    ...['__proto__', 'constructor', 'X\0', 'x', '../../etc/passwd'].map((name): Row => [
      `the input ${JSON.stringify(name)}`,
      linear({ name }),
      REFUSED,
      /"X"/,
    ]),
    ['an input with a long name', linear({ name: 'n'.repeat(100_000) }), REFUSED, /"X"/],
    ...['FP8', 'fp32', 'float32', '', 'toString', '__proto__'].map((datatype): Row => [
      `the datatype ${JSON.stringify(datatype)}`,
      linear({ datatype }),
      REFUSED,
      /"X".*known are/,
    ]),
    ["a datatype that is not the model's", linear({ datatype: 'BYTES', values: ['1', '2'] }), REFUSED, /"X".*FP32/],
    ["half floats that are not the model's", linear({ datatype: 'FP64', values: [1e300, 2] }), REFUSED, /"X".*FP32/],
  ]
}

function shapes(): Row[] {
  const wrong: readonly (readonly (number | bigint)[])[] = [
    [-1, 2],
    [1, -2],
    [],
    [1, 1, 1, 1, 1, 1, 1, 1, 2],
    Array<number>(1000).fill(1),
    [2_147_483_648, 2_147_483_648],
    [4_294_967_297n, 4_294_967_296n],
    [9_007_199_254_740_993n, 2],
    [2n ** 62n, 4],
    [1, 2, 3],
    [1, 5],
    [2],
    [1, 1, 2],
    [2, 2],
    [1, 1],
    [0, 5],
    [0, 2],
    [2, 1],
    [-0x8000_0000_0000_0000n, 2],
  ]
  return [
    ...wrong.map((shape): Row => [
      `the shape [${shape.slice(0, 10).join()}${shape.length > 10 ? ',…' : ''}]`,
      linear({ shape }),
      REFUSED,
      /"X"/,
    ]),
    ['5 values for [3,2]', linear({ shape: [3, 2], values: [1, 2, 3, 4, 5] }), REFUSED, /"X".*\[3,2\]|"X".*6/],
    ['7 values for [3,2]', linear({ shape: [3, 2], values: [1, 2, 3, 4, 5, 6, 7] }), REFUSED, /"X".*\[3,2\]|"X".*6/],
    ['no rows', linear({ shape: [0, 2], values: [] }), [], /./],
    [
      'more rows than run together',
      linear({ shape: [3000, 2], values: Array(6000).fill(0) }),
      Array(3000).fill(1),
      /./,
    ],
    [
      'a scalar for rows',
      { ...same('FP32', [1]), inputs: [{ name: 'x', datatype: 'FP32', shape: [], values: [1] }] },
      REFUSED,
      /"x"/,
    ],
  ]
}

function asked(): Row[] {
  const id = (text: string): Meant => ({ ...GOOD, id: text })
  const parameter = (name: string, value: Value): Meant => ({ ...GOOD, parameters: { [name]: value } })
  return [
    ['an unknown output', outputs('Z'), REFUSED, /"Z".*"y"|"y".*"Z"/],
    ['an output twice', outputs('y', 'y'), REFUSED, /"y"/],
    ['an output of no name', { ...GOOD, outputs: [{}] }, REFUSED, /"name"/],
    ['4097 outputs', outputs(...Array<string>(4097).fill('y')), REFUSED, /4097.*4096/],
    ['an output named __proto__', outputs('__proto__'), REFUSED, /"y"/],
    ['a long output', outputs('n'.repeat(100_000)), REFUSED, /"y"/],
    ...[-1, 0, 1.5, true, 'many'].map((value): Row => [
      `${value} classes`,
      classes(value),
      REFUSED,
      /"y".*classification/,
    ]),
    [
      'classes of text',
      { ...same('BYTES', ['a']), outputs: [{ name: 'y', parameters: { classification: 1 } }] },
      REFUSED,
      /"y"/,
    ],
    ['an id of 257 characters', id('i'.repeat(257)), REFUSED, /"id"/],
    ['an id of 1 MB', id('i'.repeat(1 << 20)), REFUSED, /"id"/],
    ['an id of two lines', id('a\r\nset-cookie: b'), REFUSED, /"id"/],
    ['a timeout before now', parameter('timeout', -1), REFUSED, /timeout/],
    ['a timeout of words', parameter('timeout', '1 s'), REFUSED, /timeout/],
    ['a timeout of truth', parameter('timeout', true), REFUSED, /timeout/],
    ['a priority of words', parameter('priority', 'high'), REFUSED, /priority/],
    ['a priority below 0', parameter('priority', -1), REFUSED, /priority/],
    ['a sequence', parameter('sequence_id', 5), 'unsupported', /sequence_id/],
    ['an unknown parameter', parameter('__proto__', 5), GOOD_ANSWER, /./],
    [
      'an input in shared memory',
      linear({ parameters: { shared_memory_region: '/etc/passwd', shared_memory_byte_size: 8 } }),
      'unsupported',
      /"X".*shared memory/,
      ['JSON', 'raw'],
    ],
    [
      'an output in shared memory',
      { ...GOOD, outputs: [{ name: 'y', parameters: { shared_memory_region: 'r' } }] },
      'unsupported',
      /"y".*shared memory/,
    ],
    ...['nothing', '../../etc/passwd', 'LINEAR', '.', 'linear.onnx', 'linear\0', '__proto__', 'a'.repeat(5000)].map(
      (model): Row => [`the model ${JSON.stringify(model.slice(0, 40))}`, { ...GOOD, model }, 'not_found', /./],
    ),
    ...['9999', '-1', 'latest', '__proto__', '../1'].map((version): Row => [
      `the version ${version}`,
      { ...GOOD, version },
      'not_found',
      /linear/,
    ]),
  ]
}

function elements(): Row[] {
  const typed: readonly (readonly [Datatype, Value, readonly Form[]])[] = [
    ['INT8', 128, ['JSON', 'typed']],
    ['INT8', -129, ['JSON', 'typed']],
    ['UINT8', 256, ['JSON', 'typed']],
    ['INT16', 32_768, ['JSON', 'typed']],
    ['UINT16', 65_536, ['JSON', 'typed']],
    ['UINT8', -1, ['JSON']],
    ['INT32', 2_147_483_648, ['JSON']],
    ['UINT64', -1, ['JSON']],
    ['INT32', 1.5, ['JSON']],
    ['BOOL', 2, ['JSON', 'binary', 'raw']],
  ]
  const bytes = (...parts: (number | string)[]): Buffer =>
    Buffer.concat(
      parts.map((part) => {
        if (typeof part === 'string') return Buffer.from(part)
        const length = Buffer.alloc(4)
        length.writeUInt32LE(part)
        return length
      }),
    )
  const words = (shape: readonly number[], given: Buffer): Meant => same('BYTES', [], { shape, bytes: given })
  return [
    ...typed.map(([datatype, value, forms]): Row => [
      `${value} for ${datatype}`,
      same(datatype, [1, value]),
      REFUSED,
      /"x".*element 1\b|"x".*\b1\b/,
      forms,
    ]),
    ...(
      [
        ['INT64', [-(2n ** 63n), 2n ** 63n - 1n, 9_007_199_254_740_993n]],
        ['UINT64', [2n ** 64n - 1n, 0n]],
        ['FP32', [-0, 1.401298464324817e-45, 3.4028234663852886e38]],
        ['FP64', [5e-324, 1.7976931348623157e308, 0.1]],
        ['BYTES', ['', 'größe', 'a\0b', '😀']],
        ['BOOL', [true, false]],
        ['UINT16', [65_535, 0]],
      ] as const
    ).map(([datatype, values]): Row => [`the ends of ${datatype}`, same(datatype, values), values, /./]),
    [
      'an output that is NaN',
      { model: 'log', inputs: [{ name: 'x', datatype: 'FP32', shape: [1], values: [-1] }] },
      'not_acceptable',
      /NaN/,
      ['JSON'],
    ],
    [
      'an output that is NaN, where that can be said',
      { model: 'log', inputs: [{ name: 'x', datatype: 'FP32', shape: [1], values: [-1] }] },
      [Number.NaN],
      /./,
      ['binary', 'typed', 'raw'],
    ],
    ['half floats in JSON', same('FP16', [1]), REFUSED, /"x".*FP16/, ['JSON', 'typed']],
    // NaN of its own bits, as FP16
    [
      'the bits of half floats',
      same('FP16', [], { shape: [2], bytes: Buffer.of(0x01, 0x7e, 0x00, 0xfc) }),
      [0x7e01, 0xfc00],
      /./,
      RAW,
    ],
    ['bytes that are shorter than the shape', linear({ bytes: Buffer.alloc(4) }), REFUSED, /"X".*8/, RAW],
    ['bytes that are longer than the shape', linear({ bytes: Buffer.alloc(12) }), REFUSED, /"X".*8/, RAW],
    ['bytes that are no whole number of elements', linear({ bytes: Buffer.alloc(7) }), REFUSED, /"X".*7/, RAW],
    ['no bytes', linear({ bytes: Buffer.alloc(0) }), REFUSED, /"X".*8/, RAW],
    ['an element of 4 GiB that is not there', words([1], bytes(0xffff_ffff, 'abc')), REFUSED, /"x".*4294967295/, RAW],
    ['an element of 2 GiB that is not there', words([1], bytes(0x8000_0000)), REFUSED, /"x".*2147483648/, RAW],
    ['a length that is cut', words([2], Buffer.concat([bytes(1, 'a'), Buffer.of(1, 0)])), REFUSED, /"x"/, RAW],
    ['fewer elements than the shape', words([3], bytes(1, 'a', 1, 'b')), REFUSED, /"x"/, RAW],
    ['more elements than the shape', words([1], bytes(1, 'a', 1, 'b')), REFUSED, /"x".*left over/, RAW],
    ['2,000,000,000 elements that are not there', words([2_000_000_000], bytes(0)), REFUSED, /"x"/, RAW],
    [
      'a row on which the model fails',
      { model: 'lookup', inputs: [{ name: 'x', datatype: 'INT64', shape: [1], values: [7n] }] },
      'internal',
      /failed/,
    ],
  ]
}

/** What is wrong in all forms, or in some, and what only looks so. */
export function badMeant(): readonly BadMeant[] {
  return [...inputs(), ...shapes(), ...asked(), ...elements()].map(([what, meant, outcome, says, forms]) => ({
    what,
    meant,
    outcome,
    says,
    ...(forms === undefined ? {} : { forms }),
  }))
}

/** Elements as bytes of their datatype; of an unknown one as FP32. */
function bytesIn({ datatype, values = [], bytes }: MeantInput): Uint8Array {
  if (bytes !== undefined) return bytes
  if (datatype === 'BYTES')
    return encodeRaw({ datatype, shape: [], data: values.map((value) => Buffer.from(String(value))) })
  const known = isDatatype(datatype) ? datatype : 'FP32'
  if (known === 'BYTES') return new Uint8Array()
  const array = allocate(known, values.length) as unknown as Value[]
  for (const [i, value] of values.entries()) array[i] = typeof value === 'boolean' ? Number(value) : value
  return bytesOf(array as unknown as NumericArray)
}

/** JSON with numbers as long as they are. */
function json(value: unknown): string {
  if (typeof value === 'bigint') return String(value)
  if (Object.is(value, -0)) return '-0'
  if (Array.isArray(value)) return `[${value.map(json).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${json(member)}`).join()}}`
}

/** As a request of HTTP/1.1. */
export function restRequest(meant: Meant, form: 'JSON' | 'binary'): Buffer {
  const { model = 'linear', version, inputs, id, parameters = {}, outputs } = meant
  const isBinary = form === 'binary'
  const behind = isBinary ? inputs.map(bytesIn) : []
  const text = json({
    id,
    parameters: isBinary ? { binary_data_output: true, ...parameters } : parameters,
    inputs: inputs.map(({ name, datatype, shape, values = [], parameters: own }, i) => {
      const head = { name, datatype, shape }
      return isBinary
        ? { ...head, parameters: { binary_data_size: behind[i]?.length, ...own } }
        : { ...head, parameters: own, data: values }
    }),
    outputs,
  })
  const path = `/v2/models/${encodeURIComponent(model)}${version === undefined ? '' : `/versions/${encodeURIComponent(version)}`}/infer`
  const body = Buffer.concat([Buffer.from(text), ...behind])
  const header = isBinary ? `inference-header-content-length: ${Buffer.byteLength(text)}\r\n` : ''
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n${header}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}

function parameterOf(value: Value): Record<string, Value> {
  if (typeof value === 'boolean') return { bool_param: value }
  if (typeof value === 'string') return { string_param: value }
  return Number.isInteger(Number(value)) ? { int64_param: value } : { double_param: value }
}

/** A Map: one of the names is `__proto__`. */
function parametersOf(given: Readonly<Record<string, Value>> = {}): Map<string, Record<string, Value>> {
  return new Map(Object.entries(given).map(([name, value]) => [name, parameterOf(value)]))
}

/** As a ModelInferRequest. */
export function grpcRequest(meant: Meant, form: 'typed' | 'raw'): Uint8Array {
  const { model = 'linear', version, inputs, id, parameters, outputs = [] } = meant
  return encodeMessage(ModelInferRequest, {
    model_name: model,
    ...(version === undefined ? {} : { model_version: version }),
    ...(id === undefined ? {} : { id }),
    parameters: parametersOf(parameters),
    inputs: inputs.map(({ name = '', datatype = '', shape = [], values = [], parameters: own, bytes }) => {
      const head = { name, datatype, shape, parameters: parametersOf(own) }
      if (form === 'raw' || bytes !== undefined) return head
      const field = CONTENTS_FIELDS[isDatatype(datatype) ? CONTENTS_FIELD[datatype] || 6 : 6] as string
      const contents = values.map((value) => (datatype === 'BYTES' ? Buffer.from(String(value)) : value))
      return { ...head, contents: { [field]: contents } }
    }),
    outputs: outputs.map(({ name = '', parameters: own }) => ({ name, parameters: parametersOf(own) })),
    raw_input_contents: form === 'raw' ? inputs.map(bytesIn) : [],
  })
}
