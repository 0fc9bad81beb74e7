import { describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import type { Datatype } from '../tensor/datatype.ts'
import type { Signature } from '../tensor/signature.ts'
import { MAX_TEXTS } from '../tensor/texts.ts'
import { decodeCsv } from './csv.ts'
import { createCsvRecord, scanCsvRecord } from './csv-scanner.ts'
import { decodeJsonLines } from './json-lines.ts'
import { printNpyHeader } from './npy-header.ts'
import { decodeNpyRows } from './npy-rows.ts'
import { decodeModelInferRequest } from './protobuf/model-infer.ts'
import { planRows } from './row-layout.ts'
import { MAX_COLUMNS } from './table-limits.ts'
import { decodeTable, type TableForm, type TableOptions } from './table-request.ts'
import { decodeGenerate } from './v2-generate.ts'
import { decodeV2Request } from './v2-json.ts'

function signatureOf(datatype: Datatype, ...shape: number[]): Signature {
  return { inputs: [{ name: 'x', datatype, shape }], outputs: [] }
}

/** The code and the message of a refusal; how many elements `x` has where there is none. */
function outcome(run: () => { inputs: ReadonlyMap<string, { data: { length: number } }> }): number | string {
  try {
    return run().inputs.get('x')?.data.length ?? 0
  } catch (error) {
    if (error instanceof ServingError) return `${error.code}: ${error.message}`
    throw error
  }
}

function table(text: string, signature: Signature, form: TableForm, options?: TableOptions) {
  return decodeTable(Buffer.from(text), planRows(signature), [form], options)
}

/** `count` times the same, with commas between. */
function times(count: number, what: string): string {
  return `${`${what},`.repeat(count - 1)}${what}`
}

/** An input of empty texts, as JSON. */
function texts(name: string, count: number): string {
  return `{"name":"${name}","datatype":"BYTES","shape":[${count}],"data":[${times(count, '""')}]}`
}

/** An input of empty texts whose lengths stand behind the JSON. */
function binaryTexts(name: string, count: number): string {
  return `{"name":"${name}","datatype":"BYTES","shape":[${count}],"parameters":{"binary_data_size":${4 * count}}}`
}

function withBinary(json: string, sizeBytes: number): ReturnType<typeof decodeV2Request> {
  return decodeV2Request(Buffer.concat([Buffer.from(json), Buffer.alloc(sizeBytes)]), json.length)
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]
}

function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(bytes.length)]), bytes])
}

/** An input as protobuf, with its contents or without. */
function message(name: string, count: number, contents: Buffer | undefined): Buffer {
  const parts = [field(1, Buffer.from(name)), field(2, Buffer.from('BYTES')), field(3, Buffer.from(varint(count)))]
  if (contents !== undefined) parts.push(field(5, contents))
  return field(5, Buffer.concat(parts))
}

function typed(...counts: number[]) {
  const inputs = counts.map((count, i) => message(i === 0 ? 'x' : 'y', count, Buffer.alloc(2 * count, '\x42\0')))
  return decodeModelInferRequest(Buffer.concat(inputs)).request
}

function raw(...counts: number[]) {
  const inputs = counts.map((count, i) => message(i === 0 ? 'x' : 'y', count, undefined))
  const contents = counts.map((count) => field(7, Buffer.alloc(4 * count)))
  return decodeModelInferRequest(Buffer.concat([...inputs, ...contents])).request
}

function npy(type: string, elementBytes: number, shape: number[], signature: Signature) {
  const count = shape.reduce((product, size) => product * size, 1)
  const file = Buffer.concat([printNpyHeader(type, shape), Buffer.alloc(count * elementBytes, 1)])
  return decodeNpyRows(file, planRows(signature))
}

const LIST = signatureOf('BYTES', -1)
const PAIRS = signatureOf('BYTES', -1, 2)
const GENERATE = signatureOf('BYTES', -1, -1)
const HALF = MAX_TEXTS / 2

describe('more elements of BYTES than a request may have', () => {
  test.each<[string, (over: number) => Parameters<typeof outcome>[0]]>([
    ['in JSON', (over) => () => decodeV2Request(Buffer.from(`{"inputs":[${texts('x', MAX_TEXTS + over)}]}`))],
    [
      'in two inputs of JSON',
      (over) => () => decodeV2Request(Buffer.from(`{"inputs":[${texts('x', HALF)},${texts('y', HALF + over)}]}`)),
    ],
    [
      'behind JSON',
      (over) => () => withBinary(`{"inputs":[${binaryTexts('x', MAX_TEXTS + over)}]}`, 4 * (MAX_TEXTS + over)),
    ],
    [
      'behind JSON, and in it',
      (over) => () =>
        withBinary(`{"inputs":[${texts('x', HALF)},${binaryTexts('y', HALF + over)}]}`, 4 * (HALF + over)),
    ],
    ['in typed contents', (over) => () => typed(MAX_TEXTS + over)],
    ['in typed contents of two inputs', (over) => () => typed(HALF, HALF + over)],
    ['in raw contents', (over) => () => raw(MAX_TEXTS + over)],
    ['in raw contents of two inputs', (over) => () => raw(HALF, HALF + over)],
    [
      'in a request for text',
      (over) => () => decodeGenerate(Buffer.from(`{"x":[${times(MAX_TEXTS + over, '""')}]}`), GENERATE),
    ],
    [
      'in CSV',
      (over) => () => decodeCsv(Buffer.from('a,\n'.repeat(HALF + over).replaceAll(',', ',b')), planRows(PAIRS)),
    ],
    ['in JSON rows', (over) => () => table(`[${times(HALF + over, '["",""]')}]`, PAIRS, 'rows')],
    ['in columns', (over) => () => table(`{"inputs":{"x":[${times(MAX_TEXTS + over, '""')}]}}`, LIST, 'inputs')],
    ['in JSON lines', (over) => () => decodeJsonLines(Buffer.from('["",""]\n'.repeat(HALF + over)), planRows(PAIRS))],
    ['in npy', (over) => () => npy('|S1', 1, [HALF + over, 2], PAIRS)],
  ])('is too large %s, and as many as it may have are taken', (_form, decode) => {
    const refused = outcome(decode(1))
    expect(refused).toContain('too_large: ')
    expect(refused).toContain('of BYTES')
    expect(refused).toContain('the most in one request is 1048576: send several requests')
    expect(outcome(decode(0))).toBeGreaterThanOrEqual(HALF)
  })

  test('names the input, and how many stand before it', () => {
    expect(outcome(() => raw(HALF, HALF + 1))).toContain('input "y" has 524289 elements of BYTES, with 524288 in the')
  })

  test('is counted by the rows that there are, not by the line breaks in quoted text', () => {
    const text = `"${'\n'.repeat(MAX_TEXTS + 9)}"\n`
    expect(outcome(() => decodeCsv(Buffer.from(text), planRows(LIST)))).toBe(1)
  })

  test('that only the shape claims is told that it does not fit', () => {
    const claim = '{"name":"x","datatype":"BYTES","shape":[2147483647],"data":[""]}'
    expect(outcome(() => decodeV2Request(Buffer.from(`{"inputs":[${claim}]}`)))).toContain('"data" has 1')
  })

  test('of an npy file for numbers is not looked at', () => {
    // each element is a number that no character has
    expect(outcome(() => npy('<U1', 4, [3], signatureOf('FP32', -1)))).toBe(
      'invalid_argument: the array holds text, and input "x" takes FP32',
    )
  })
})

describe('a table wider than tables may be, for a model of any width,', () => {
  const FREE = signatureOf('FP32', -1, -1)
  test.each<[string, (width: number) => Parameters<typeof outcome>[0]]>([
    ['as JSON rows', (width) => () => table(`{"instances":[[${times(width, '1')}]]}`, FREE, 'instances')],
    ['as one row', (width) => () => table(`[${times(width, '1')}]`, FREE, 'rows')],
    ['as JSON lines', (width) => () => decodeJsonLines(Buffer.from(`[${times(width, '1')}]`), planRows(FREE))],
    ['as columns', (width) => () => table(`{"inputs":{"x":[[${times(width, '1')}]]}}`, FREE, 'inputs')],
    ['as CSV', (width) => () => decodeCsv(Buffer.from(times(width, '1')), planRows(FREE))],
    ['as npy', (width) => () => npy('|u1', 1, [1, width], FREE)],
    ['as npy of one row', (width) => () => npy('|u1', 1, [width], FREE)],
    [
      'as a data frame',
      (width) => () => {
        const columns = JSON.stringify(Array.from({ length: width }, (_, i) => i))
        const frame = `{"columns":${columns},"data":[[${times(width, '1')}]]}`
        return table(`{"dataframe_split":${frame}}`, FREE, 'dataframe_split')
      },
    ],
  ])('is too large %s, and as wide as may be is taken', (_form, decode) => {
    const refused = outcome(decode(MAX_COLUMNS + 1))
    expect(refused).toContain('too_large: ')
    expect(refused).toContain(
      'has 65537 columns, the most is 65536; send wider rows as a tensor, by the Open Inference',
    )
    expect(outcome(decode(MAX_COLUMNS))).toBe(MAX_COLUMNS)
  })

  test('is no matter where the model takes as many', () => {
    const width = MAX_COLUMNS + 9
    const columns = JSON.stringify(Array.from({ length: width }, (_, i) => `x_${i}`))
    const wide = signatureOf('UINT8', -1, width)
    const frame = `{"dataframe_split":{"columns":${columns},"data":[[${times(width, '1')}]]}}`
    expect(outcome(() => table(frame, wide, 'dataframe_split'))).toBe(width)
    expect(outcome(() => decodeCsv(Buffer.from(times(width, '1')), planRows(wide)))).toBe(width)
    const named = `[{${Array.from({ length: width }, (_, i) => `"x_${i}":1`).join()}}]`
    expect(outcome(() => table(named, wide, 'rows'))).toBe(width)
    expect(outcome(() => table(`${named.slice(0, -2)},"x_7":1}]`, wide, 'rows'))).toContain('"x_7" stands twice')
  })

  test('is no matter for unknown columns, but up to the same number', () => {
    const names = Array.from({ length: MAX_COLUMNS }, (_, i) => `"c${i}"`)
    const frame = (columns: string[]) =>
      `{"dataframe_split":{"columns":[${columns.join()}],"data":[[${times(columns.length, '1')}]]}}`
    const one = signatureOf('FP32', -1, 1)
    const options: TableOptions = { extraColumns: 'allowed' }
    const decode = (columns: string[]) => outcome(() => table(frame(columns), one, 'dataframe_split', options))
    expect(decode(['"x"', ...names.slice(1)])).toBe(1)
    expect(decode(['"x"', ...names])).toContain('too_large')
    const header = ['x', ...names].join().replaceAll('"', '')
    expect(outcome(() => decodeCsv(Buffer.from(`${header}\n1`), planRows(one), 'present'))).toContain('too_large')
  })
})

test('fields of a CSV record beyond the most are only counted', () => {
  const record = createCsvRecord(2)
  expect(scanCsvRecord(Buffer.from('1,22,333,4\n5'), 0, true, record)).toBe(11)
  expect([record.fields, record.starts, record.ends, record.kinds]).toEqual([4, [0, 2], [1, 4], [0, 0]])
})

describe('an object with more than 10,000 keys that nobody asked for is refused', () => {
  const ONE = signatureOf('FP32', -1, 1)
  const keys = (count: number, value = '1') => Array.from({ length: count }, (_, i) => `"k${i}":${value}`).join()
  const anything: TableOptions = { otherKeys: 'ignored', extraColumns: 'allowed' }
  const X = '{"name":"x","datatype":"FP32","shape":[1],"data":[1]}'
  const v2 = (text: string) => () => decodeV2Request(Buffer.from(text))

  test.each<[string, (count: number) => Parameters<typeof outcome>[0]]>([
    ['in a V2 request', (count) => v2(`{${keys(count)},"inputs":[${X}]}`)],
    ['in its parameters', (count) => v2(`{"inputs":[${X}],"parameters":{${keys(count)}}}`)],
    ['in an input of it', (count) => v2(`{"inputs":[{${keys(count)},${X.slice(1)}]}`)],
    ['within what is passed over', (count) => v2(`{"inputs":[${X}],"more":[{"inner":{${keys(count)}}}]}`)],
    [
      'in a request for text',
      (count) => () => decodeGenerate(Buffer.from(`{"x":"a","parameters":{${keys(count)}}}`), LIST),
    ],
  ])('%s', (_where, decode) => {
    expect(outcome(decode(10_001))).toContain('invalid_argument: an object has over 10000 keys that mean nothing here')
    expect(outcome(decode(10_000))).toBe(1)
  })

  test.each<[string, (count: number) => Parameters<typeof outcome>[0]]>([
    ['beside a table', (count) => () => table(`{"instances":[1],${keys(count - 1)}}`, ONE, 'instances', anything)],
    ['in a row', (count) => () => table(`{"instances":[{"x":1,${keys(count - 1)}}]}`, ONE, 'instances', anything)],
    [
      'in a table by columns',
      (count) => () => table(`{"inputs":{"x":[1],${keys(count - 1, '[1]')}}}`, ONE, 'inputs', anything),
    ],
  ])('%s', (_where, decode) => {
    // the model's input and its column are asked for
    expect(outcome(decode(10_003))).toContain('invalid_argument: the body has an object with over 10002 keys')
    expect(outcome(decode(10_002))).toBe(1)
  })

  test('in a line of JSON', () => {
    const lines = Buffer.from(`[1]\n{"x":1,${keys(10_002)}}`)
    expect(outcome(() => decodeJsonLines(lines, planRows(ONE)))).toContain('line 2 has an object with over 10002 keys')
  })

  test('but not many objects of a few', () => {
    const rows = table(`{"instances":[${times(20_000, '{"x":1}')}]}`, ONE, 'instances')
    expect(rows.rows).toBe(20_000)
  })
})
