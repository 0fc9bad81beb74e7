import { isUtf8 } from 'node:buffer'
import { ServingError } from '../core/errors.ts'
import { DATATYPES, elementSizeBytes } from '../tensor/datatype.ts'
import { elementCount } from '../tensor/shape.ts'
import type { Signature } from '../tensor/signature.ts'
import type { Tensors } from '../tensor/tensor.ts'
import { anyRequest, anyTensor, asBinary, asJson, asMessage } from './any-request.fixture.ts'
import { decodeCsv } from './csv.ts'
import type { Dice } from '../core/dice.fixture.ts'
import { anyPlace, spliced, SPLICES } from '../core/splice.fixture.ts'
import { decodeJsonLines } from './json-lines.ts'
import { decodeNpyRows } from './npy-rows.ts'
import { encodeNpy } from './npy.ts'
import { npyFile, type NpyFile } from './npy.fixture.ts'
import { decodeMessage, encodeMessage } from './protobuf/messages.ts'
import { decodeModelInferRequest, encodeModelInferResponse } from './protobuf/model-infer.ts'
import { METHODS } from './protobuf/tables.ts'
import { planRows, type RowLayout } from './row-layout.ts'
import { decodeTable, type TableForm } from './table-request.ts'
import { encodeV2Answer } from './v2-binary-answer.ts'
import { decodeGenerate } from './v2-generate.ts'
import { decodeV2Request } from './v2-json.ts'
import { decodeRawRequest } from './v2-raw-request.ts'
import type { V2Request } from './v2-request.ts'

/** A good body; of a table, for a model of this layout. */
interface Good {
  readonly bytes: Buffer
  readonly layout?: RowLayout
}

/** A form of request: good bodies of it, and what reads them. */
export interface Target {
  readonly make: (dice: Dice) => Buffer | Good
  /**
   * @param layout of a model, mostly the one that the body was good for
   * @returns the tensors that were read, where there are any
   */
  readonly read: (body: Buffer, dice: Dice, layout: RowLayout) => Tensors | undefined
}

/** A good body that was changed, and the layout that it is read with. */
export interface Mutant {
  readonly body: Buffer
  readonly layout: RowLayout
}

/** Models that tables are sent to. */
const LAYOUTS = {
  two: layoutOf([{ name: 'x', datatype: 'FP32', shape: [-1, 2], columns: ['age', 'height'] }]),
  mixed: layoutOf([
    { name: 'age', datatype: 'INT64', shape: [-1, 1] },
    { name: 'city', datatype: 'BYTES', shape: [-1, 1] },
    { name: 'isNew', datatype: 'BOOL', shape: [-1] },
    { name: 'size', datatype: 'FP64', shape: [-1, 1] },
  ]),
  image: layoutOf([{ name: 'x', datatype: 'UINT8', shape: [-1, 2, 2] }]),
  wide: layoutOf([{ name: 'x', datatype: 'FP64', shape: [-1, -1] }]),
  text: layoutOf([{ name: 'text', datatype: 'BYTES', shape: [-1] }]),
}

function layoutOf(inputs: Signature['inputs']): RowLayout {
  return planRows({ inputs, outputs: [] })
}

/** A text, and the name of the layout that it is for. */
type Table = readonly [text: string, layout: keyof typeof LAYOUTS]

function tableOf([text, layout]: Table): Good {
  return { bytes: Buffer.from(text), layout: LAYOUTS[layout] }
}

const TEXT_SIGNATURE: Signature = {
  inputs: [
    { name: 'text', datatype: 'BYTES', shape: [-1, 1] },
    { name: 'temperature', datatype: 'FP32', shape: [-1, 1] },
    { name: 'max_tokens', datatype: 'INT32', shape: [-1, -1] },
  ],
  outputs: [],
}

const TABLE_FORMS: readonly TableForm[] = [
  'instances',
  'inputs',
  'dataframe_split',
  'dataframe_records',
  'input_data',
  'data',
  'rows',
]

const TABLES: readonly Table[] = [
  ['{"instances":[[1,2],[3.5,-4]]}', 'two'],
  ['{"instances":[{"age":1,"height":2},{"age":3,"height":null}],"parameters":{"a":1}}', 'two'],
  ['{"instances":[{"b64":"aGFsbG8="},"text"]}', 'text'],
  ['{"inputs":{"age":[1,2],"city":["a","b"],"isNew":[true,false],"size":[1.5,2]}}', 'mixed'],
  [
    '{"dataframe_split":{"columns":["age","city","isNew","size"],"index":[0,1],"data":[[1,"a",true,1.5],[2,"b",false,2]]}}',
    'mixed',
  ],
  ['{"dataframe_records":[{"age":1,"city":"a","isNew":true,"size":1.5}]}', 'mixed'],
  ['{"input_data":{"columns":["age","height"],"index":[0],"data":[[1,2]]}}', 'two'],
  ['{"input_data":[[1,2],[3,4]]}', 'wide'],
  ['{"data":[[[1,2],[3,4]]],"params":{}}', 'image'],
  ['[[1,2],[3,4]]', 'two'],
  ['[9007199254740993,"größe",true,1e-7]', 'mixed'],
]

const CSVS: readonly Table[] = [
  ['1,2\n3.5,-4\n', 'two'],
  ['age,height\r\n1,2\r\n,4\r\n', 'two'],
  ['height,age\n1e3,.5\n', 'two'],
  ['age,city,isNew,size\n1,"a ""quoted""\nword, with all",true,1.5\n-2,größe,0,\n', 'mixed'],
  ['1,2,3,4\n255,0,1,9\n', 'image'],
  ['1,2,3\n', 'wide'],
  ['text\n"a"\nb\n""\n', 'text'],
]

const LINES: readonly Table[] = [
  ['[1,2]\n[3.5,-4]\n', 'two'],
  ['{"age":1,"height":2}\r\n{"height":2,"age":1}\r\n', 'two'],
  ['{"age":9007199254740993,"city":"größe","isNew":true,"size":1.5}\n', 'mixed'],
  ['[[1,2],[3,4]]\n[1,2,3,4]', 'image'],
  ['[1,2,3]\n', 'wide'],
  ['"a"\n"b"\n{"b64":"aGFsbG8="}\n', 'text'],
]

const NPY_FILES: readonly NpyFile[] = ['bool', 'i1', 'u2 big', 'i8', 'f2', 'f4 Fortran', 'S', 'U', 'v2', 'v3', 'empty']

const DOCUMENTS = [
  '{"text_input":"a text","max_tokens":5}',
  '{"id":"1","text":["a"],"parameters":{"temperature":0.5,"stop":["a","b"],"stream":false}}',
]

export const TARGETS: Readonly<Record<string, Target>> = {
  'V2 JSON': {
    make: (dice) => asJson(anyRequest(dice)) ?? asJson({ ...anyRequest(dice), tensors: new Map() }) ?? Buffer.alloc(0),
    read: (body) => answered(decodeV2Request(body)),
  },
  'V2 JSON with bytes behind it': {
    make: (dice) => asBinary(anyRequest(dice), (value) => value.shape.length !== 1).body,
    read: (body, dice) => {
      const end = body.indexOf('"outputs":[')
      // where the JSON ends, or somewhere near, or anywhere
      const found = end === -1 ? body.length : body.indexOf('}', body.indexOf(']', end)) + 1
      const at = dice.roll(6) > 0 ? found : dice.roll(2) === 0 ? found + dice.roll(9) - 4 : dice.roll(body.length + 1)
      return answered(decodeV2Request(body, Math.max(0, Math.min(at, body.length))))
    },
  },
  'bytes alone': {
    make: (dice) => Buffer.from(Array.from({ length: dice.roll(64) }, () => dice.roll(3))),
    read: (body, dice) => {
      const shape = Array.from({ length: dice.roll(4) }, () => dice.pick([-1, -1, 0, 1, 2, 4]))
      const spec = { name: 'x', datatype: dice.pick(DATATYPES), shape }
      const others = dice.roll(8) === 0 ? [spec] : []
      return decodeRawRequest(body, { inputs: [spec, ...others], outputs: [] }).inputs
    },
  },
  'ModelInferRequest, typed': {
    make: (dice) => asMessage(anyRequest(dice), false) ?? Buffer.alloc(0),
    read: (body) => answered(decodeModelInferRequest(body).request),
  },
  'ModelInferRequest, raw': {
    make: (dice) => asMessage(anyRequest(dice), true) ?? Buffer.alloc(0),
    read: (body) => answered(decodeModelInferRequest(body).request),
  },
  'other messages': {
    make: (dice) => asMessage(anyRequest(dice), dice.roll(2) === 0) ?? Buffer.alloc(0),
    read: (body, dice) => {
      const { input } = dice.pick([...METHODS.values()])
      const document = decodeMessage(input, body)
      encodeMessage(input, document)
      return undefined
    },
  },
  generate: {
    make: (dice) => Buffer.from(dice.pick(DOCUMENTS)),
    read: (body) => decodeGenerate(body, TEXT_SIGNATURE).inputs,
  },
  'JSON tables': {
    make: (dice) => tableOf(dice.pick(TABLES)),
    read: (body, _dice, layout) => decodeTable(body, layout, TABLE_FORMS).inputs,
  },
  CSV: {
    make: (dice) => tableOf(dice.pick(CSVS)),
    read: (body, _dice, layout) => decodeCsv(body, layout).inputs,
  },
  'JSON lines': {
    make: (dice) => tableOf(dice.pick(LINES)),
    read: (body, _dice, layout) => decodeJsonLines(body, layout).inputs,
  },
  npy: {
    make: (dice) => {
      if (dice.roll(3) === 0) return { bytes: npyFile(dice.pick(NPY_FILES)), layout: LAYOUTS.wide }
      const value = anyTensor(dice)
      return { bytes: value.datatype === 'BYTES' ? npyFile('U') : Buffer.from(encodeNpy(value)), layout: LAYOUTS.wide }
    },
    read: (body, _dice, layout) => decodeNpyRows(body, layout).inputs,
  },
}

/** The request's tensors, after they were written as an answer in every form. */
function answered(request: V2Request): Tensors {
  const head = { modelName: 'm', modelVersion: '1', id: request.id }
  encodeV2Answer(head, request.inputs, { ...request, isBinary: true, forms: new Map() })
  encodeModelInferResponse(head, request.inputs, false)
  return request.inputs
}

/** What stands in bodies and means something there: characters of JSON and CSV, tags, lengths, marks. */
const TELLING = Buffer.from(
  '[]{},:"\\ \n\r\0\u000a\u0012\u001a\u0022*20123456789.eE+-tfnuaNb\u007f\u0080\u00c0\u00ed\u00ff',
  'latin1',
)
const NUMBERS = [
  '0',
  '-0',
  '-1',
  '1.5',
  '1e400',
  '2147483648',
  '4294967296',
  '9007199254740993',
  '18446744073709551616',
]
const VALUES = ['null', 'true', '0', '"x"', '[]', '{}', '[null]', '{"a":1}']
const TOKENS = ['null', 'NaN', '[[[[[[[[', '{"a":', '"\\ud800"', '"__proto__":1,', ',,', '\ufeff', '\r\n', '""', 'true']
const WORDS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]

/** A good body, changed in some places; parts of another may have come in. */
export function makeMutant({ make }: Target, dice: Dice): Mutant {
  const [good, other] = [make(dice), make(dice)].map((made) => (Buffer.isBuffer(made) ? { bytes: made } : made)) as [
    Good,
    Good,
  ]
  let body: Buffer = Buffer.from(good.bytes)
  for (let left = dice.pick([1, 1, 1, 2, 3, 6]); left > 0; left--) body = changed(dice, body, other.bytes)
  const { layout } = good
  return { body, layout: layout === undefined || dice.roll(8) === 0 ? dice.pick(Object.values(LAYOUTS)) : layout }
}

function changed(dice: Dice, bytes: Buffer, other: Buffer): Buffer {
  const place = anyPlace(dice, bytes)
  const { at, around } = place
  const kind = dice.roll(13)
  if (kind < SPLICES) return spliced(dice, place, kind, () => other)
  switch (kind) {
    case 4:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(dice.roll(other.length + 1))])
    case 5:
      return around(Buffer.from(dice.pick(TOKENS)))
    case 6: {
      const word = Buffer.alloc(4)
      word.writeUInt32LE(dice.pick(WORDS))
      return around(word.subarray(0, dice.pick([1, 2, 4])))
    }
    case 7: {
      // a number in place of one that stands there
      const text = bytes.toString('latin1', at)
      const digits = /\d+/.exec(text)
      if (digits === null) return bytes
      const rest = text.slice(digits.index + digits[0].length)
      return Buffer.from(
        bytes.toString('latin1', 0, at) + text.slice(0, digits.index) + dice.pick(NUMBERS) + rest,
        'latin1',
      )
    }
    case 8: {
      // a value of JSON in place of one that stands there
      const text = bytes.toString('latin1', at)
      const value = /(?<=[:[,])[^:[,\]}]+|(?<=:)[[{]/.exec(text)
      if (value === null) return bytes
      const rest = text.slice(value.index + value[0].length)
      return Buffer.from(
        bytes.toString('latin1', 0, at) + text.slice(0, value.index) + dice.pick(VALUES) + rest,
        'latin1',
      )
    }
    case 9:
      // all that stands behind a colon
      return Buffer.concat([bytes.subarray(0, bytes.indexOf(':', at) + 1), Buffer.from(`${dice.pick(VALUES)}}`)])
    default:
      if (at < bytes.length)
        bytes[at] = dice.roll(2) === 0 ? (bytes[at] as number) ^ (1 << dice.roll(8)) : dice.pick([...TELLING])
      return bytes
  }
}

const CODES = ['invalid_argument', 'unsupported', 'too_large']
const MAX_ANSWER_BYTES = 1024
const MAX_ECHO_CHARACTERS = 100

/**
 * Reads a mutant.
 * @returns whether it was taken
 * @throws whatever is neither a result that holds together nor a refusal that may go to the caller
 */
export function readMutant(target: Target, { body, layout }: Mutant, dice: Dice): boolean {
  let tensors: Tensors | undefined
  try {
    tensors = target.read(body, dice, layout)
  } catch (error) {
    if (!(error instanceof ServingError) || !CODES.includes(error.code)) throw error
    checkRefusal(error, body)
    return false
  }
  let sizeBytes = 0
  for (const [name, { datatype, shape, data }] of tensors ?? []) {
    if (elementCount(shape) !== data.length) throw new Error(`${name}: [${shape.join()}] with ${data.length} elements`)
    sizeBytes += datatype === 'BYTES' ? 0 : data.length * elementSizeBytes(datatype)
  }
  // a digit and a comma are eight bytes at most
  if (sizeBytes > 8 * body.length + 64) throw new Error(`${body.length} bytes became ${sizeBytes}`)
  return true
}

function checkRefusal({ code, message }: ServingError, body: Buffer): void {
  const answer = Buffer.byteLength(JSON.stringify({ error: message, code }))
  if (answer > MAX_ANSWER_BYTES) throw new Error(`a refusal of ${answer} bytes: ${message}`)
  if (message === '' || /node:|\.[jt]s\b|\n/.test(message)) throw new Error(`a refusal that tells too much: ${message}`)
  const text = isUtf8(body) ? body.toString() : body.toString('latin1')
  for (let i = 0; i + MAX_ECHO_CHARACTERS < message.length; i++)
    if (text.includes(message.slice(i, i + MAX_ECHO_CHARACTERS + 1)))
      throw new Error(`a refusal that repeats: ${message}`)
}
