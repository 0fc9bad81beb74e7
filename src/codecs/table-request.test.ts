import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { refusal } from '../core/refusal.fixture.ts'
import type { Signature } from '../tensor/signature.ts'
import { bytesOf, type Tensor, type Tensors } from '../tensor/tensor.ts'
import { decodeCsv } from './csv.ts'
import { decodeJsonLines } from './json-lines.ts'
import { planRows } from './row-layout.ts'
import { decodeTable, type TableForm, type TableOptions } from './table-request.ts'

const ALL: readonly TableForm[] = [
  'instances',
  'inputs',
  'dataframe_split',
  'dataframe_records',
  'input_data',
  'data',
  'rows',
]

/** A model that knows its columns. */
const NAMED: Signature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2], columns: ['age', 'height'] }],
  outputs: [],
}
/** A model with one input for each column. */
const MIXED: Signature = {
  inputs: [
    { name: 'age', datatype: 'INT64', shape: [-1, 1] },
    { name: 'city', datatype: 'BYTES', shape: [-1, 1] },
    { name: 'isNew', datatype: 'BOOL', shape: [-1] },
    { name: 'size', datatype: 'FP64', shape: [-1, 1] },
  ],
  outputs: [],
}
/** A model that knows no names. */
const FOUR: Signature = { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }], outputs: [] }
const IMAGE: Signature = { inputs: [{ name: 'x', datatype: 'UINT8', shape: [-1, 2, 2] }], outputs: [] }
const WIDE: Signature = { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, -1] }], outputs: [] }
const ONE: Signature = { inputs: [{ name: 'x', datatype: 'FP64', shape: [-1, 1] }], outputs: [] }
const BYTES: Signature = { inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }], outputs: [] }
const TWO: Signature = {
  inputs: [
    { name: 'image', datatype: 'UINT8', shape: [-1, 2, 2] },
    { name: 'age', datatype: 'INT32', shape: [-1, 1] },
  ],
  outputs: [],
}

function decode(
  document: unknown,
  signature: Signature,
  forms: readonly TableForm[] = ALL,
  options: TableOptions = {},
) {
  const text = typeof document === 'string' ? document : JSON.stringify(document)
  return decodeTable(Buffer.from(text), planRows(signature), forms, options)
}

function values(tensor: Tensor | undefined): unknown[] {
  if (tensor?.datatype === 'BYTES') return tensor.data.map((bytes) => Buffer.from(bytes).toString('latin1'))
  return Array.from((tensor?.data ?? []) as Float64Array)
}

function all(inputs: Tensors): Record<string, unknown[]> {
  return Object.fromEntries([...inputs].map(([name, tensor]) => [name, values(tensor)]))
}

function bits(inputs: Tensors): unknown {
  return [...inputs].map(([name, { datatype, shape, data }]) => [
    name,
    datatype,
    shape,
    datatype === 'BYTES' ? values({ datatype, shape, data }) : Buffer.from(bytesOf(data as Float64Array)),
  ])
}

describe('a table', () => {
  test.each<[string, TableForm, unknown, Signature, Record<string, unknown[]>]>([
    [
      'arrays',
      'instances',
      {
        instances: [
          [1, 2],
          [3, null],
        ],
      },
      NAMED,
      { x: [1, 2, 3, NaN] },
    ],
    ['objects', 'instances', { instances: [{ height: 2, age: 1 }] }, NAMED, { x: [1, 2] }],
    ['bare values', 'instances', { instances: [1.5, 2] }, ONE, { x: [1.5, 2] }],
    [
      'nested tensors',
      'instances',
      {
        instances: [
          [
            [1, 2],
            [3, 4],
          ],
        ],
      },
      IMAGE,
      { x: [1, 2, 3, 4] },
    ],
    ['bare bytes', 'instances', { instances: [{ b64: '/wA=' }, 'a'] }, BYTES, { text: ['\xff\0', 'a'] }],
    ['bytes by name', 'instances', { instances: [{ text: { b64: '/wA' } }] }, BYTES, { text: ['\xff\0'] }],
    [
      'nested inputs',
      'instances',
      {
        instances: [
          {
            image: [
              [1, 2],
              [3, 4],
            ],
            age: 5,
          },
        ],
      },
      TWO,
      { image: [1, 2, 3, 4], age: [5] },
    ],
    ['a nested array', 'inputs', { inputs: [[1, 2, 3, 4]] }, FOUR, { x: [1, 2, 3, 4] }],
    [
      'one input by name',
      'inputs',
      {
        inputs: {
          x: [
            [1, 2, 3, 4],
            [5, 6, 7, 8],
          ],
        },
      },
      FOUR,
      { x: [1, 2, 3, 4, 5, 6, 7, 8] },
    ],
    ['an input of any width', 'inputs', { inputs: { x: [[1], [2]] } }, WIDE, { x: [1, 2] }],
    ['columns by name', 'inputs', { inputs: { height: [2, 4], age: [1, 3] } }, NAMED, { x: [1, 2, 3, 4] }],
    [
      'inputs by name',
      'inputs',
      {
        inputs: {
          age: [5, [6]],
          image: [
            [
              [1, 2],
              [3, 4],
            ],
            [1, 2, 3, 4],
          ],
        },
      },
      TWO,
      { image: [1, 2, 3, 4, 1, 2, 3, 4], age: [5, 6] },
    ],
    [
      'a frame',
      'dataframe_split',
      { dataframe_split: { columns: ['height', 'age'], index: [7], data: [[2, 1]] } },
      NAMED,
      { x: [1, 2] },
    ],
    [
      'a frame without names',
      'dataframe_split',
      { dataframe_split: { data: [[1, 2, 3, 4]] } },
      FOUR,
      { x: [1, 2, 3, 4] },
    ],
    [
      'a frame with names that the model has not',
      'dataframe_split',
      { dataframe_split: { columns: ['d', 'c', 'b', 'a'], data: [[1, 2, 3, 4]] } },
      FOUR,
      { x: [1, 2, 3, 4] },
    ],
    [
      'a frame with numbers for names',
      'dataframe_split',
      { dataframe_split: { columns: [0, 1, 2, 3], data: [[1, 2, 3, 4]] } },
      FOUR,
      { x: [1, 2, 3, 4] },
    ],
    [
      'a frame with our names',
      'dataframe_split',
      { dataframe_split: { columns: ['x_3', 'x_2', 'x_1', 'x_0'], data: [[1, 2, 3, 4]] } },
      FOUR,
      { x: [4, 3, 2, 1] },
    ],
    [
      'a frame of any width',
      'dataframe_split',
      { dataframe_split: { columns: ['a', 'b'], data: [[1, 2]] } },
      WIDE,
      { x: [1, 2] },
    ],
    [
      'a frame with a tensor in a cell',
      'dataframe_split',
      {
        dataframe_split: {
          columns: ['age', 'image'],
          data: [
            [
              5,
              [
                [1, 2],
                [3, 4],
              ],
            ],
          ],
        },
      },
      TWO,
      { image: [1, 2, 3, 4], age: [5] },
    ],
    [
      'records',
      'dataframe_records',
      {
        dataframe_records: [
          { height: 2, age: 1 },
          { age: 3, height: 4 },
        ],
      },
      NAMED,
      { x: [1, 2, 3, 4] },
    ],
    [
      'records with names that the model has not',
      'dataframe_records',
      {
        dataframe_records: [
          { d: 1, c: 2, b: 3, a: 4 },
          { a: 4, b: 3, c: 2, d: 1 },
        ],
      },
      FOUR,
      { x: [1, 2, 3, 4, 1, 2, 3, 4] },
    ],
    [
      'records with numbers for names',
      'dataframe_records',
      '{"dataframe_records":[{"3":4,"2":3,"1":2,"0":1}]}',
      FOUR,
      { x: [1, 2, 3, 4] },
    ],
    [
      'a frame as input data',
      'input_data',
      { input_data: { columns: ['height', 'age'], index: [0], data: [[2, 1]] } },
      NAMED,
      { x: [1, 2] },
    ],
    ['lists as input data', 'input_data', { input_data: [[1, 2]] }, NAMED, { x: [1, 2] }],
    ['columns as input data', 'input_data', { input_data: { age: [1], height: [2] } }, NAMED, { x: [1, 2] }],
    [
      'data',
      'data',
      {
        data: [
          [1, 2],
          [3, 4],
        ],
      },
      NAMED,
      { x: [1, 2, 3, 4] },
    ],
    ['rows', 'rows', [[1, 2], { age: 3, height: 4 }, { features: [5, 6] }], NAMED, { x: [1, 2, 3, 4, 5, 6] }],
    ['one row', 'rows', [1, 2], NAMED, { x: [1, 2] }],
    ['one row with a missing value first', 'rows', [null, 2], NAMED, { x: [NaN, 2] }],
    ['one row by name', 'rows', { age: 1, height: 2 }, NAMED, { x: [1, 2] }],
    ['one row of features', 'rows', { features: [1, 2, 3, 4] }, FOUR, { x: [1, 2, 3, 4] }],
    ['one row of bytes', 'rows', { b64: '/w==' }, BYTES, { text: ['\xff'] }],
    ['one row of any width', 'rows', [1, 2, 3], WIDE, { x: [1, 2, 3] }],
    ['bare rows of one value', 'rows', [1, 2], ONE, { x: [1, 2] }],
    [
      '__proto__ as a column',
      'instances',
      '{"instances":[{"__proto__":1,"b":2}]}',
      { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2], columns: ['__proto__', 'b'] }], outputs: [] },
      { x: [1, 2] },
    ],
    [
      'exact integers',
      'instances',
      '{"instances":[[9007199254740993,"Köln",true,0.1234567890123456789],[1.0,"",false,-0]]}',
      MIXED,
      { age: [9007199254740993n, 1n], city: ['K\xc3\xb6ln', ''], isNew: [1, 0], size: [0.12345678901234568, -0] },
    ],
  ])('of %s is read as %s', (_name, form, document, signature, expected) => {
    const table = decode(document, signature)
    expect(all(table.inputs)).toEqual(expected)
    expect(table.form).toBe(form)
    expect(decode(document, signature, [form]).inputs).toEqual(table.inputs)
  })

  test('says whether the body was one row by itself', () => {
    expect(decode([1, 2], NAMED).isSingleRow).toBe(true)
    expect(decode({ age: 1, height: 2 }, NAMED).isSingleRow).toBe(true)
    expect(decode([[1, 2]], NAMED).isSingleRow).toBe(false)
    expect(decode([1, 2], ONE).isSingleRow).toBe(false)
    expect(decode({ instances: [[1, 2]] }, NAMED).isSingleRow).toBe(false)
  })

  test('brings its parameters and the name of a signature', () => {
    const instances = [[1, 2]]
    expect(decode({ instances, parameters: { a: 1 } }, NAMED).parameters).toEqual({ a: 1 })
    expect(decode({ params: { a: 1 }, instances }, NAMED).parameters).toEqual({ a: 1 })
    expect(decode({ instances, parameters: null }, NAMED).parameters).toBeUndefined()
    expect(decode({ instances, signature_name: 's' }, NAMED).signatureName).toBe('s')
    expect(decode({ instances }, NAMED).signatureName).toBeUndefined()
  })

  test('may have other keys, other columns or lack some where the protocol says so', () => {
    const more = { instances: [{ age: 1, height: 2, id: 3 }], other: 1 }
    expect(refusal(() => decode(more, NAMED)).message).toContain('the key "other" beside "instances" is unknown')
    const options: TableOptions = { otherKeys: 'ignored', extraColumns: 'allowed', missingColumns: 'null' }
    expect(all(decode(more, NAMED, ALL, options).inputs)).toEqual({ x: [1, 2] })
    for (const document of [
      { instances: [{ id: 1, age: 1 }, { age: 2 }] },
      { dataframe_records: [{ id: 1, age: 1 }, { age: 2 }] },
      {
        dataframe_split: {
          columns: ['id', 'age'],
          data: [
            [1, 1],
            [1, 2],
          ],
        },
      },
      { inputs: { id: [1, 1], age: [1, 2] } },
      { input_data: { id: [1, 1], age: [1, 2] } },
    ])
      expect(all(decode(document, NAMED, ALL, options).inputs)).toEqual({ x: [1, NaN, 2, NaN] })
  })

  test.each<[string, unknown, Signature, string]>([
    ['no bytes', '', NAMED, 'the body is empty; send {"instances": [row, …]}, '],
    ['null', 'null', NAMED, 'the body is no object, so "instances" or "inputs"'],
    ['a text', '"x"', NAMED, 'the body is no object'],
    ['an object without a table', { parameters: {} }, NAMED, '"input_data" or "data" is missing; send'],
    [
      'two tables',
      { instances: [[1, 2]], inputs: [[1, 2]] },
      NAMED,
      'the body has "instances" and "inputs"; send the rows once',
    ],
    ['no rows', { instances: [] }, NAMED, '"instances" is empty, no array of rows'],
    ['rows that are no list', { instances: { length: 3 } }, NAMED, '"instances" is an object, no array of rows'],
    ['parameters that are a list', { instances: [[1, 2]], params: [] }, NAMED, '"params" is an array; it is an object'],
    ['parameters twice', { instances: [[1, 2]], params: {}, parameters: {} }, NAMED, 'are one thing'],
    [
      'a signature name that is a number',
      { instances: [[1, 2]], signature_name: 1 },
      NAMED,
      '"signature_name" is a number',
    ],
    ['a key twice', '{"instances":[[1,2]],"instances":[[3,4]]}', NAMED, 'the body: the key "instances" stands twice'],
    ['a column twice', '{"instances":[{"age":1,"height":2,"age":3}]}', NAMED, 'the body: the key "age" stands twice'],
    [
      'a column twice, and colons in text',
      '{"instances":[{"text":"a:b"},{"text":"\\":","text":"c"}]}',
      BYTES,
      'the key "text" stands twice',
    ],
    [
      'tensors of another protocol',
      { inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] },
      NAMED,
      'tensors of the Open Inference Protocol',
    ],
    ['a list for several inputs', { inputs: [[1]] }, TWO, '"inputs" is an array, and the model takes several inputs'],
    ['a column that is no list', { inputs: { age: 1, height: [1] } }, NAMED, '"age" in "inputs" is no array'],
    [
      'columns of unlike lengths',
      { inputs: { age: [1, 2, 3], height: [1, 2] } },
      NAMED,
      '"height" in "inputs" has 2 values where "age" has 3',
    ],
    [
      'a missing column',
      { inputs: { age: [1] } },
      NAMED,
      '"inputs" lacks the column "height"; it names "age", the model takes "age", "height"',
    ],
    [
      'an unknown column',
      { inputs: { age: [1], height: [2], id: [3], id2: [3] } },
      NAMED,
      '"inputs" names the columns "id", "id2", which the model does not take',
    ],
    ['an empty object', { inputs: {} }, NAMED, '"inputs" is empty'],
    ['columns of no rows', { inputs: { age: [], height: [] } }, NAMED, '"age" in "inputs" has no values'],
    [
      'an input and one of its columns',
      { inputs: { x: [[1, 2]], age: [1] } },
      NAMED,
      '"x" and "age", which give the column "age" twice',
    ],
    [
      'an instance with both too',
      { instances: [{ x: [1, 2], age: 1 }] },
      NAMED,
      'row 1: the row names an input and columns of it',
    ],
    [
      'a frame without names',
      { dataframe_split: { data: [[1, 2]] } },
      NAMED,
      'no "columns", and the model knows its columns by name; send them, in any order: "age", "height"',
    ],
    [
      'a frame with numbers for names',
      { dataframe_split: { columns: [0, 1], data: [[1, 2]] } },
      NAMED,
      'lacks the columns "age", "height"',
    ],
    [
      'a frame with a column twice',
      { dataframe_split: { columns: ['age', 'age'], data: [[1, 2]] } },
      NAMED,
      '"dataframe_split" names the column "age" twice',
    ],
    ['a frame without data', { dataframe_split: { columns: ['age', 'height'] } }, NAMED, 'no array in "data"'],
    ['a frame of no rows', { dataframe_split: { columns: ['age', 'height'], data: [] } }, NAMED, 'no rows in "data"'],
    ['a frame that is a list', { dataframe_split: [[1, 2]] }, NAMED, '"dataframe_split" is no object'],
    [
      'a frame with a key of its own',
      { dataframe_split: { columns: ['age', 'height'], rows: [[1, 2]] } },
      NAMED,
      'has the key "rows"',
    ],
    [
      'an index of another length',
      {
        dataframe_split: {
          columns: ['age', 'height'],
          index: [1],
          data: [
            [1, 2],
            [3, 4],
          ],
        },
      },
      NAMED,
      '"index" in "dataframe_split" has 1 labels for 2 rows',
    ],
    [
      'a name that is a list',
      { dataframe_split: { columns: [['a', 'b'], 'c'], data: [[1, 2]] } },
      NAMED,
      'something else than a name in place 1',
    ],
    [
      'a ragged frame',
      { dataframe_split: { columns: ['age', 'height'], data: [[1, 2], [1]] } },
      NAMED,
      'row 2: the array has 1 values where 2 columns are named',
    ],
    [
      'a frame of objects',
      { dataframe_split: { columns: ['age', 'height'], data: [{}] } },
      NAMED,
      'row 1: it is no array of values',
    ],
    [
      'a frame of another width',
      { dataframe_split: { columns: ['a', 'b'], data: [[1, 2]] } },
      FOUR,
      'names 2 columns ("a", "b"), and the model takes 4 that it has no names for',
    ],
    [
      'a record that is a list',
      { dataframe_records: [{ age: 1, height: 2 }, [1, 2]] },
      NAMED,
      'row 2: it is no object',
    ],
    [
      'a record without a column',
      { dataframe_records: [{ age: 1, height: 2 }, { age: 1 }] },
      NAMED,
      'row 2: "height" is missing',
    ],
    [
      'records of unlike names',
      {
        dataframe_records: [
          { a: 1, b: 2, c: 3, d: 4 },
          { a: 1, b: 2, c: 3, e: 4 },
        ],
      },
      FOUR,
      'row 2: "d" is missing, which the first record has',
    ],
    [
      'a record with a name more',
      {
        dataframe_records: [
          { a: 1, b: 2, c: 3, d: 4 },
          { a: 1, b: 2, c: 3, d: 4, e: 4 },
        ],
      },
      FOUR,
      'row 2: "e" is unknown',
    ],
    [
      'records whose order cannot be told',
      { dataframe_records: [{ a: 1, 1: 2, b: 3, 0: 4 }] },
      FOUR,
      'cannot be told because some of their names are numbers',
    ],
    ['records for any width', { dataframe_records: [{ a: 1 }] }, WIDE, 'has no names for their columns'],
    ['a number as text', { instances: [[1, '2']] }, NAMED, 'row 1: column 2 ("height"): the text "2" is no number'],
    ['NaN as text', { instances: [[1, 'NaN']] }, NAMED, 'the text "NaN" is no number; send null for a missing number'],
    [
      'a number as text in BYTES',
      { instances: [[1, 2, true, 3]] },
      MIXED,
      'row 1: column 2 ("city"): the number 2 is no text',
    ],
    [
      'a missing integer',
      { dataframe_records: [{ age: null, city: '', isNew: true, size: null }] },
      MIXED,
      'row 1: column 1 ("age"): the value is missing, and INT64 has no NaN',
    ],
    [
      'a missing truth value',
      { dataframe_records: [{ age: 1, city: '', isNew: null, size: null }] },
      MIXED,
      'row 1: column 3 ("isNew"): the value is missing, and BOOL has no NaN',
    ],
    ['a fraction', { instances: [[1.5, '', true, 1]] }, MIXED, '1.5 has a fraction, and INT64 takes whole numbers'],
    ['base64 for a number', { instances: [{ x: { b64: 'AAAA' } }] }, ONE, 'an object is no number'],
    ['base64 that is none', { instances: [{ b64: '§' }] }, BYTES, 'the text in "b64" is no base64'],
    ['base64 that is a number', { instances: [{ b64: 1 }] }, BYTES, '"b64" holds the number 1; it holds base64 text'],
    [
      'deep lists',
      `{"instances":${'['.repeat(1e5)}${']'.repeat(1e5)}}`,
      FOUR,
      'row 1: the nested array for "x" has not the shape [4]',
    ],
    ['deep objects', `{"instances":[${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}]}`, FOUR, 'more than 64 deep'],
  ])('with %s is refused', (_name, document, signature, message) => {
    const error = refusal(() => decode(document, signature))
    expect(error.message).toContain(message)
    expect(error.code).toBe('invalid_argument')
  })

  test('in bytes that are no UTF-8 is refused, and a byte order mark means nothing', () => {
    const layout = planRows(NAMED)
    const body = Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), Buffer.from('[1,2]')])
    expect(decodeTable(body, layout, ['rows']).rows).toBe(1)
    expect(refusal(() => decodeTable(Buffer.of(0x5b, 0x22, 0xff, 0x22, 0x5d), layout, ['rows'])).message).toContain(
      'not valid UTF-8',
    )
  })

  test('in a form that the protocol does not speak is refused with the forms that it does', () => {
    const error = refusal(() => decode({ dataframe_split: {} }, NAMED, ['instances', 'inputs']))
    expect(error.message).toBe(
      'the body names "dataframe_split", which is not taken here, and "instances" or "inputs" is missing; send {"instances": [row, …]}, or {"inputs": {name: [value, …]}}',
    )
    expect(refusal(() => decode([[1, 2]], NAMED, ['instances'])).message).toBe(
      'the body is an array, so "instances" is missing; send {"instances": [row, …]}',
    )
  })

  test('names the row and the column of a bad value for programs too', () => {
    for (const document of [
      {
        instances: [
          [1, 2],
          [1, 'x'],
        ],
      },
      { inputs: { age: [1, 1], height: [2, 'x'] } },
      {
        dataframe_split: {
          columns: ['height', 'age'],
          data: [
            [1, 2],
            ['x', 2],
          ],
        },
      },
      {
        dataframe_records: [
          { age: 1, height: 2 },
          { age: 1, height: 'x' },
        ],
      },
    ])
      expect(refusal(() => decode(document, NAMED)).details).toEqual({ row: 2, column: 2 })
  })

  test('of 65,536 columns, or of a thousand inputs, is answered without looking at each against each', () => {
    const many = Array.from({ length: 65_536 }, (_, i) => `c${i}`)
    const error = refusal(() => decode({ dataframe_split: { columns: many, data: [[1]] } }, NAMED))
    expect(error.message).toContain('lacks the columns "age", "height"; it names "c0"')
    expect(error.message.length).toBeLessThan(400)
    const wide: Signature = {
      inputs: Array.from({ length: 2000 }, (_, i) => ({ name: `c${i}`, datatype: 'FP32', shape: [-1, 1] })),
      outputs: [],
    }
    const row = Object.fromEntries(wide.inputs.map(({ name }, i) => [name, i]))
    const table = decode({ instances: Array.from({ length: 50 }, () => row) }, wide)
    expect(values(table.inputs.get('c1999'))[49]).toBe(1999)
  })

  test('halves are rounded to the nearest, ties to even, and never to infinity', () => {
    const half = (datatype: 'FP16' | 'BF16', numbers: readonly number[]): unknown[] =>
      values(
        decode({ instances: numbers }, { ...ONE, inputs: [{ name: 'x', datatype, shape: [-1, 1] }] }).inputs.get('x'),
      )
    expect(half('FP16', [1, 2049, 2051, 65519, 2 ** -24])).toEqual([0x3c00, 0x6800, 0x6802, 0x7bff, 1])
    // just above and just below the middle of two values, where rounding to FP32 first would land on it
    const middle = 1 + 2 ** -8
    expect(half('BF16', [1, middle, middle + 2 ** -40, middle + 2 ** -7, middle + 2 ** -7 - 2 ** -40])).toEqual([
      0x3f80, 0x3f80, 0x3f81, 0x3f82, 0x3f81,
    ])
    expect(half('BF16', [-middle - 2 ** -40])).toEqual([0xbf81])
    for (const [datatype, number] of [
      ['FP16', 65520],
      ['BF16', 3.4e38],
    ] as const)
      expect(refusal(() => half(datatype, [number])).message).toContain(`out of the range of ${datatype}`)
  })
})

const cell = fc.record({
  age: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  city: fc.string({ unit: 'grapheme' }).map((text) => (text.isWellFormed() ? text : '')),
  isNew: fc.boolean(),
  size: fc.option(fc.double({ noDefaultInfinity: true, noNaN: true })),
})

/** JSON as Python prints it: integers with all their digits, -0 with its sign. */
function print(value: unknown): string {
  if (typeof value === 'bigint') return String(value)
  if (Object.is(value, -0)) return '-0.0'
  if (Array.isArray(value)) return `[${value.map((entry) => print(entry)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{${Object.entries(value)
    .map(([key, member]) => `${JSON.stringify(key)}:${print(member)}`)
    .join(',')}}`
}

describe('the same table', () => {
  test('gives the same bits in every form', () => {
    const names = ['age', 'city', 'isNew', 'size'] as const
    fc.assert(
      fc.property(
        fc.array(cell, { minLength: 1, maxLength: 6 }),
        fc.shuffledSubarray([...names], { minLength: 4 }),
        (records, order) => {
          const lists = records.map((record) => names.map((name) => record[name]))
          const shuffled = records.map((record) => Object.fromEntries(order.map((name) => [name, record[name]])))
          const columns = Object.fromEntries(order.map((name) => [name, records.map((record) => record[name])]))
          const frame = { columns: order, data: records.map((record) => order.map((name) => record[name])) }
          const layout = planRows(MIXED)
          const expected = bits(decode(print({ instances: lists }), MIXED).inputs)
          for (const document of [
            { instances: shuffled },
            { inputs: columns },
            { dataframe_split: frame },
            { dataframe_records: shuffled },
            { input_data: frame },
            { input_data: lists },
            { input_data: columns },
            { data: lists },
            lists,
            shuffled,
          ])
            expect(bits(decode(print(document), MIXED).inputs)).toEqual(expected)
          const lines = lists.map((list) => print(list)).join('\n')
          expect(bits(decodeJsonLines(Buffer.from(lines), layout).inputs)).toEqual(expected)
          const csv = lists.map((list) =>
            list
              .map((value) =>
                typeof value === 'string' ? `"${value.replaceAll('"', '""')}"` : value === null ? '' : print(value),
              )
              .join(','),
          )
          expect(bits(decodeCsv(Buffer.from(csv.join('\n')), layout, 'absent').inputs)).toEqual(expected)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('no JSON document throws anything but a ServingError', () => {
    const form = fc.constantFrom(...ALL)
    const document = fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      fc.tuple(form, fc.jsonValue({ maxDepth: 4 })).map(([key, value]) => ({ [key]: value })),
      fc
        .record({ columns: fc.jsonValue(), index: fc.jsonValue(), data: fc.jsonValue() }, { requiredKeys: [] })
        .map((frame) => ({ dataframe_split: frame })),
      fc.dictionary(fc.constantFrom('age', 'x', 'data', 'b64'), fc.jsonValue()).map((inputs) => ({ inputs })),
    )
    fc.assert(
      fc.property(document, fc.constantFrom(NAMED, MIXED, FOUR, IMAGE, WIDE, BYTES, TWO), (value, signature) => {
        try {
          decode(value, signature)
        } catch (error) {
          expect(error).toBeInstanceOf(ServingError)
          expect(ServingError.from(error).message.length).toBeLessThan(900)
        }
      }),
      { numRuns: 2000 },
    )
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})
