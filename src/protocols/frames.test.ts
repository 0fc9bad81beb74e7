/** Data frames with named columns, texts and JSON objects, and outputs by name: the same in every dialect. */
import { describe, expect, test } from 'vitest'
import { encodeNpy } from '../codecs/npy.ts'
import type { Signature } from '../tensor/signature.ts'
import { tensor } from '../tensor/tensor.ts'
import { allProtocols } from './index.ts'
import { framePlane, RECORDS, TEXTS } from './frame-plane.fixture.ts'
import { ask } from './sums-plane.fixture.ts'

const PROTOCOLS = allProtocols('1.2.3', {}, undefined, false)

interface Sent {
  readonly path: string
  readonly type?: string
  readonly accept?: string
  readonly headers?: Readonly<Record<string, string>>
}

async function send({ path, type = 'application/json', accept, headers }: Sent, body: unknown, signature?: Signature) {
  const [target = '', query = ''] = path.split('?')
  const request = {
    path: target,
    query,
    headers: { 'content-type': type, ...(accept === undefined ? {} : { accept }), ...headers },
    body: body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  }
  const answer = await ask(PROTOCOLS, request, framePlane(signature))
  return { status: answer.status, body: Buffer.from(answer.body).toString() }
}

/** The texts in an answer of any dialect, without the words around them. */
async function predictions(sent: Sent, body: unknown, signature?: Signature): Promise<unknown> {
  const answer = await send(sent, body, signature)
  expect(answer.status, answer.body).toBe(200)
  if (sent.type !== undefined && sent.type !== 'text/plain' && !sent.path.startsWith('/endpoints'))
    return answer.body.trimEnd().split('\n')
  const document = JSON.parse(answer.body) as Record<string, unknown>
  const found = document['predictions'] ?? document['outputs'] ?? document
  if (!Array.isArray(found)) return found
  const [first] = found as readonly { readonly data?: unknown; readonly predict?: unknown }[]
  if (first?.data !== undefined) return first.data
  return first?.predict === undefined ? found : (found as { predict: unknown }[]).map(({ predict }) => predict)
}

const V1 = { path: '/v1/models/fraud:predict' }
const V2 = { path: '/v2/models/fraud/infer' }
const VERTEX = { path: '/v1/projects/p/locations/l/endpoints/fraud:predict' }
const AZURE = { path: '/score' }
const MLFLOW = { path: '/endpoints/fraud/invocations' }
const SAGEMAKER = { path: '/invocations' }
const CSV = { ...SAGEMAKER, type: 'text/csv' }
const LINES = { ...SAGEMAKER, type: 'application/jsonlines' }
const TEXT = { ...SAGEMAKER, type: 'text/plain' }
const NPY = { ...SAGEMAKER, type: 'application/x-npy', accept: 'text/csv' }

const ROWS = [
  { id: 7, amount: 1.5, country: 'DE', note: 'hi', when: null, is_new: true },
  { id: 8, amount: null, country: null, note: '', when: {}, is_new: 0 },
]
const ALL = ['id', 'amount', 'country', 'note', 'when', 'is_new'] as const
const READ = ['amount', 'country', 'note', 'is_new'] as const
type Name = (typeof ALL)[number]
const TURNED = [...READ].reverse()
const ANSWER = ['1.5|DE|hi|1', 'NaN|||0']

const lists = (names: readonly Name[]) => ROWS.map((row) => names.map((name) => row[name]))
const objects = (names: readonly Name[]) =>
  ROWS.map((row) => Object.fromEntries(names.map((name) => [name, row[name]])))
const columns = (names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, ROWS.map((row) => row[name])]))
const split = (names: readonly Name[]) => ({ columns: names, data: lists(names) })
const csv = (names: readonly Name[], header = true) =>
  [
    ...(header ? [names] : []),
    ...ROWS.map((row) => names.map((name) => (row[name] === '' ? '""' : csvText(row[name])))),
  ].join('\n')
const csvText = (value: unknown): string =>
  value === null ? '' : typeof value === 'object' ? '{}' : JSON.stringify(value).replaceAll('"', '')
const lines = (rows: readonly unknown[]): string => rows.map((row) => JSON.stringify(row)).join('\n')

describe('a data frame', () => {
  test.each<[string, Sent, unknown]>([
    ['V1 records, all columns', V1, { instances: objects(ALL) }],
    ['V1 records, those that are read, turned round', V1, { instances: objects(TURNED) }],
    ['V1 lists, all columns', V1, { instances: lists(ALL) }],
    ['V1 lists, those that are read', V1, { instances: lists(READ) }],
    ['V1 lists, nested as the shape is', V1, { instances: lists(READ).map((row) => row.map((value) => [value])) }],
    ['V1 columns', V1, { inputs: columns(TURNED) }],
    ['V1 columns, some that are never read', V1, { inputs: { ...columns(READ), id: 1, when: [] } }],
    ['Vertex records', VERTEX, { instances: objects(ALL) }],
    ['Vertex lists', VERTEX, { instances: lists(READ) }],
    ['Azure split', AZURE, { input_data: split(TURNED) }],
    ['Azure records', AZURE, { data: objects(ALL) }],
    ['Azure columns', AZURE, { inputs: columns(ALL) }],
    ['MLflow split, all columns', MLFLOW, { dataframe_split: split(ALL) }],
    ['MLflow split, those that are read', MLFLOW, { dataframe_split: split(TURNED) }],
    ['MLflow records', MLFLOW, { dataframe_records: objects(READ) }],
    ['MLflow records, all columns', MLFLOW, { dataframe_records: objects(ALL) }],
    ['MLflow instances', MLFLOW, { instances: objects(READ) }],
    ['MLflow columns', MLFLOW, { inputs: columns(READ) }],
    ['MLflow CSV', { ...MLFLOW, type: 'text/csv' }, csv(TURNED)],
    ['SageMaker instances', SAGEMAKER, { instances: objects(ALL) }],
    ['SageMaker rows', SAGEMAKER, lists(READ)],
    ['SageMaker objects', SAGEMAKER, objects(TURNED)],
    ['V2, lists for columns', V2, { inputs: v2(READ, [2]) }],
    ['V2, columns that are never read as they come', V2, { inputs: v2(ALL, [2, 1]) }],
  ])('goes by name: %s', async (_form, sent, body) => {
    expect(await predictions(sent, body)).toEqual(ANSWER)
  })

  test.each<[string, string]>([
    ['a header of all columns', csv(ALL)],
    ['a header of those that are read', csv(TURNED)],
    ['all columns and no header', csv(ALL, false)],
    ['those that are read and no header', csv(READ, false)],
  ])('goes by name: CSV with %s', async (_form, body) => {
    expect(await predictions(CSV, body)).toEqual(ANSWER)
  })

  test('goes by name: JSON lines of objects and lists', async () => {
    const answer = ANSWER.map((predict) => JSON.stringify({ predict }))
    for (const rows of [objects(ALL), objects(TURNED), lists(ALL), lists(READ)])
      expect(await predictions(LINES, lines(rows))).toEqual(answer)
  })

  test('of numbers alone is an array, with or without the columns that are never read', async () => {
    const numbers: Signature = {
      inputs: [
        { name: 'a', datatype: 'FP64', shape: [-1, 1], isUnused: true },
        { name: 'b', datatype: 'FP64', shape: [-1, 1] },
        { name: 'c', datatype: 'FP64', shape: [-1, 1] },
      ],
      outputs: [{ name: 'predict', datatype: 'BYTES', shape: [-1] }],
    }
    for (const [width, data] of [
      [2, [2, 3, 5, 6]],
      [3, [1, 2, 3, 4, 5, 6]],
    ] as const)
      expect(await predictions(NPY, encodeNpy(tensor('FP64', [2, width], Float64Array.from(data))), numbers)).toEqual([
        '2|3',
        '5|6',
      ])
    const wide = await send(NPY, encodeNpy(tensor('FP64', [1, 4], new Float64Array(4))), numbers)
    expect([wide.status, wide.body]).toEqual([400, expect.stringContaining('[rows,2] or [rows,3]')])
  })

  test.each<[string, Sent, unknown, readonly string[]]>([
    ['a number where text is', V1, { instances: [{ ...ROWS[0], country: 49 }] }, ['row 1', '"country"', '"49"']],
    ['a boolean where text is', V1, { instances: [{ ...ROWS[0], country: true }] }, ['row 1', '"country"', '"True"']],
    [
      'text where a number is',
      V1,
      { instances: [ROWS[1], { ...ROWS[0], amount: 'x'.repeat(99) }] },
      ['row 2', '"amount"', 'x…'],
    ],
    ['text where a number is, in CSV', CSV, `${csv(READ)}\nmany,DE,a,1`, ['row 3', '"amount"', '"many"']],
    ['no text where one must be', V1, { instances: [{ ...ROWS[0], note: null }] }, ['row 1', '"note"', '""']],
    ['no text where one must be, in CSV', CSV, '1,DE,,1', ['row 1', '"note"', '""']],
    [
      'no text where one must be, in a tensor',
      V2,
      { inputs: [...v2(READ, [2]).slice(0, 2), bytes('note', [null, 'a']), v2(READ, [2])[3]] },
      ['"note"', 'element 0', 'null'],
    ],
    [
      'a number where text is, in a tensor',
      V2,
      {
        inputs: v2(READ, [2]).map((each) =>
          each.name === 'country' ? { ...each, datatype: 'INT64', data: [4, 5] } : each,
        ),
      },
      ['"country"', 'INT64', 'BYTES', '"4"'],
    ],
    ['a column less', MLFLOW, { dataframe_split: split(['amount', 'country', 'note']) }, ['"is_new"']],
    ['a column too many', V1, { instances: [{ ...ROWS[0], extra: 1 }] }, ['row 1', '"extra"']],
    ['a list of another length', V1, { instances: [[1, 2, 3]] }, ['3 values', '4', '6']],
    ['fields of another count', CSV, '1,2,3,4,5', ['5 fields', '4', '6']],
    ['a header with a slip', CSV, csv(READ).replace('country', 'contry'), ['"country"', '"contry"']],
  ])('is refused with %s', async (_what, sent, body, words) => {
    const answer = await send(sent, body)
    expect(answer.status, answer.body).toBe(400)
    const told = JSON.stringify(Object.values(JSON.parse(answer.body) as object)).replaceAll('\\', '')
    for (const word of words) expect(told).toContain(word)
  })
})

function v2(names: readonly Name[], shape: readonly number[]) {
  return names.map((name) => {
    const data = ROWS.map((row) => row[name])
    if (name === 'is_new') return { name, shape, datatype: 'BOOL', data: [1, 0] }
    if (name === 'id') return { name, shape: [5], datatype: 'INT64', data: [1, 2, 3, 4, 5] }
    if (name === 'when') return { name, shape: [0], datatype: 'FP32', data: [] }
    return { name, shape, datatype: name === 'amount' ? 'FP64' : 'BYTES', data }
  })
}

function bytes(name: string, data: readonly unknown[]) {
  return { name, shape: [data.length], datatype: 'BYTES', data }
}

describe('texts', () => {
  const GIVEN = ['free, money', 'hi "you"']
  test.each<[string, Sent, unknown]>([
    ['V1', V1, { instances: GIVEN }],
    ['V1, nested', V1, { instances: GIVEN.map((text) => [text]) }],
    ['V1, by name', V1, { instances: GIVEN.map((X) => ({ X })) }],
    ['V1 columns', V1, { inputs: GIVEN }],
    ['V1 columns, by name', V1, { inputs: { X: GIVEN } }],
    ['Vertex', VERTEX, { instances: GIVEN }],
    ['Azure', AZURE, { data: GIVEN }],
    ['Azure split', AZURE, { input_data: { columns: ['message'], data: GIVEN.map((text) => [text]) } }],
    ['MLflow', MLFLOW, { inputs: GIVEN }],
    ['MLflow split', MLFLOW, { dataframe_split: { columns: ['message'], data: GIVEN.map((text) => [text]) } }],
    ['MLflow records', MLFLOW, { dataframe_records: GIVEN.map((message) => ({ message })) }],
    ['SageMaker', SAGEMAKER, GIVEN],
    ['SageMaker instances', SAGEMAKER, { instances: GIVEN }],
    ['lines of text', TEXT, `${GIVEN.join('\r\n')}\r\n`],
    ['V2', V2, { inputs: [bytes('X', GIVEN)] }],
    ['V2 columns', V2, { inputs: [{ ...bytes('X', GIVEN), shape: [2, 1] }] }],
  ])('are taken as they are: %s', async (_form, sent, body) => {
    expect(await predictions(sent, body, TEXTS)).toEqual(GIVEN)
  })

  test('are taken as CSV, with a header where the media type says so', async () => {
    const body = '"free, money"\n"hi ""you"""\n""\n'
    const answer = { status: 200, body: '"free, money"\n"hi ""you"""\n""\n' }
    expect(await send({ ...CSV, accept: 'text/csv' }, body, TEXTS)).toEqual(answer)
    expect(await send({ ...CSV, type: 'text/csv; header=present' }, `message\n${body}`, TEXTS)).toEqual(answer)
  })

  test('are one to each line, the blank ones too', async () => {
    expect(await predictions(TEXT, 'a\n\nb', TEXTS)).toEqual(['a', '', 'b'])
    expect((await send(TEXT, '', TEXTS)).status).toBe(400)
    expect((await send(TEXT, 'a')).status).toBe(415)
  })

  test.each([null, 5, true, {}, { message: 'a' }])('are not %j', async (value) => {
    for (const sent of [V1, VERTEX, MLFLOW]) expect((await send(sent, { instances: [value] }, TEXTS)).status).toBe(400)
    expect((await send(V2, { inputs: [bytes('X', [value])] }, TEXTS)).status).toBe(400)
  })
})

describe('JSON objects', () => {
  const GIVEN = [{ size: 3, colour: 'red' }, { X: 2 }, {}]
  const TEXT_OF = GIVEN.map((row) => JSON.stringify(row))
  test.each<[string, Sent, unknown]>([
    ['V1', V1, { instances: GIVEN }],
    ['V1, as their text', V1, { instances: TEXT_OF }],
    ['V1, nested', V1, { instances: GIVEN.map((row) => [row]) }],
    ['V1, by name', V1, { instances: GIVEN.map((X) => ({ X })) }],
    ['V1 columns', V1, { inputs: { X: GIVEN } }],
    ['V1 columns without a name', V1, { inputs: GIVEN }],
    ['Vertex', VERTEX, { instances: GIVEN }],
    ['Azure', AZURE, { data: GIVEN }],
    ['MLflow records', MLFLOW, { dataframe_records: GIVEN }],
    ['MLflow split', MLFLOW, { dataframe_split: { columns: ['X'], data: GIVEN.map((row) => [row]) } }],
    ['SageMaker', SAGEMAKER, GIVEN],
    ['lines of text', TEXT, TEXT_OF.join('\n')],
    ['V2', V2, { inputs: [bytes('X', TEXT_OF)] }],
  ])('are taken as they are: %s', async (_form, sent, body) => {
    expect(await predictions(sent, body, RECORDS)).toEqual(TEXT_OF)
  })

  test('may be one alone, lines, and lists where the model takes those', async () => {
    expect(await predictions(SAGEMAKER, GIVEN[0], RECORDS)).toEqual(TEXT_OF.slice(0, 1))
    expect(await predictions(LINES, lines(GIVEN), RECORDS)).toEqual(
      TEXT_OF.map((predict) => JSON.stringify({ predict })),
    )
    const listed = [['a', 'b'], ['c'], [], [['a', 1]]]
    const answer = listed.map((row) => JSON.stringify(row))
    expect(await predictions(V1, { instances: listed }, RECORDS)).toEqual(answer)
    expect(await predictions(V1, { inputs: { X: listed } }, RECORDS)).toEqual(answer)
  })

  test.each([null, 5, true])('are not %j', async (value) => {
    expect((await send(V1, { instances: [value] }, RECORDS)).status).toBe(400)
    expect((await send(V1, { inputs: { X: [value] } }, RECORDS)).status).toBe(400)
  })

  test('are no tensors of objects', async () => {
    const answer = await send(V2, { inputs: [bytes('X', [{ a: 1 }])] }, RECORDS)
    expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('send JSON as a text')])
  })
})

describe('the outputs', () => {
  const BODY = { instances: lists(READ) }
  const PROBA = [
    [0.5, 0.5],
    [0.5, 0.5],
  ]
  const answerOf = async (sent: Sent, body: unknown): Promise<unknown> => {
    const { body: text } = await send(sent, body)
    const document = JSON.parse(text) as { predictions?: unknown; outputs?: unknown }
    return document.predictions ?? document.outputs ?? document
  }

  test.each<[string, Sent, unknown]>([
    ['V1', V1, BODY],
    ['Vertex', VERTEX, BODY],
    ['Azure', AZURE, BODY],
    ['MLflow', MLFLOW, BODY],
    ['SageMaker', SAGEMAKER, BODY],
    ['V1 columns', V1, { inputs: columns(READ) }],
  ])('are the default one unasked, and any that are asked for: %s', async (_form, sent, body) => {
    expect(await answerOf(sent, body)).toEqual(ANSWER)
    const objects = ANSWER.map((predict, i) => ({ predict, predict_proba: PROBA[i] }))
    const both = sent === V1 && 'inputs' in (body as object) ? { predict: ANSWER, predict_proba: PROBA } : objects
    for (const [path, parameters] of [
      ['?outputs=predict_proba', undefined],
      ['', { outputs: ['predict_proba'] }],
      ['', { outputs: 'predict_proba' }],
      ['?outputs=predict', { outputs: ['predict_proba'] }],
      ['?other=1', { other: 1, outputs: ['predict_proba'] }],
    ] as const) {
      const asked =
        parameters === undefined
          ? body
          : { ...(body as object), [sent === MLFLOW ? 'params' : 'parameters']: parameters }
      expect(await answerOf({ path: sent.path + path }, asked), path).toEqual(PROBA)
    }
    for (const path of ['?outputs=predict,predict_proba', '?outputs=predict&outputs=predict_proba'])
      expect(await answerOf({ path: sent.path + path }, body)).toEqual(both)
    for (const path of ['?outputs=nothing', '?outputs=', '?outputs=predict,predict'])
      expect((await send({ path: sent.path + path }, body)).status).toBe(400)
  })

  test("of lines are asked for behind the path, and in SageMaker's own header", async () => {
    const body = csv(READ)
    const answer = { status: 200, body: `${ANSWER.map((text) => `${text},0.5,0.5`).join('\n')}\n` }
    expect(await send({ ...CSV, path: '/invocations?outputs=predict,predict_proba' }, body)).toEqual(answer)
    for (const attributes of [
      'outputs=predict,predict_proba',
      'a=1;outputs=predict,predict_proba;b=2',
      'a=1,outputs=predict,predict_proba,b=2',
    ])
      expect(await send({ ...CSV, headers: { 'x-amzn-sagemaker-custom-attributes': attributes } }, body)).toEqual(
        answer,
      )
  })

  test('decide whether an answer fits in an array', async () => {
    const asked = { ...CSV, path: '/invocations?outputs=predict_proba', accept: 'application/x-npy' }
    const { status, body } = await send(asked, csv(READ))
    expect([status, body.slice(1, 6)]).toEqual([200, 'NUMPY'])
    expect((await send({ ...asked, path: '/invocations?outputs=predict,predict_proba' }, csv(READ))).status).toBe(406)
  })

  test("are signatures of their names in TensorFlow Serving's words", async () => {
    expect(await answerOf(V1, { ...BODY, signature_name: 'predict_proba' })).toEqual(PROBA)
    expect(await answerOf(V1, { ...BODY, signature_name: 'serving_default' })).toEqual(ANSWER)
    const { body } = await ask(PROTOCOLS, { method: 'GET', path: '/v1/models/fraud/metadata' }, framePlane())
    const document = JSON.parse(String(body)) as { metadata: { signature_def: { signature_def: object } } }
    const found = Object.entries(document.metadata.signature_def.signature_def) as [string, Record<string, object>][]
    expect(found.map(([name, { outputs = {} }]) => [name, Object.keys(outputs)])).toEqual([
      ['serving_default', ['predict']],
      ['predict', ['predict']],
      ['predict_proba', ['predict_proba']],
    ])
    for (const [, { inputs = {} }] of found) expect(Object.keys(inputs)).toEqual(READ)
  })

  test('and columns that are never read are told in metadata and configuration', async () => {
    const get = async (path: string): Promise<Record<string, unknown>> => {
      const { body } = await ask(PROTOCOLS, { method: 'GET', path }, framePlane())
      return JSON.parse(String(body)) as Record<string, unknown>
    }
    const metadata = await get('/v2/models/fraud')
    expect((metadata['inputs'] as { name: string }[]).map(({ name }) => name)).toEqual(ALL)
    expect(metadata['properties']).toMatchObject({
      unused_inputs: '["id","when"]',
      default_outputs: '["predict"]',
    })
    const { input } = await get('/v2/models/fraud/config')
    expect(
      (input as { name: string; optional?: boolean }[]).filter(({ optional }) => optional).map(({ name }) => name),
    ).toEqual(['id', 'when'])
  })
})

describe('columns that a model does without', () => {
  const signature: Signature = {
    inputs: [
      { name: 'a', datatype: 'INT64', shape: [-1, 1] },
      { name: 'b', datatype: 'FP64', shape: [-1, 1], isOptional: true },
    ],
    outputs: [{ name: 'predict', datatype: 'BYTES', shape: [-1] }],
  }
  test.each<[string, Sent, unknown, readonly string[]]>([
    ['are left out: records', V1, { instances: [{ a: 1 }, { a: 2 }] }, ['1', '2']],
    ['are left out: columns', V1, { inputs: { a: [1, 2] } }, ['1', '2']],
    ['are left out: split', MLFLOW, { dataframe_split: { columns: ['a'], data: [[1]] } }, ['1']],
    ['are left out: CSV', CSV, 'a\n1', ['1']],
    [
      'are missing in rows beside some that have them',
      V1,
      { instances: [{ a: 1, b: 0.5 }, { a: 2 }] },
      ['1|0.5', '2|NaN'],
    ],
    ['are taken: split', MLFLOW, { dataframe_split: { columns: ['b', 'a'], data: [[0.5, 1]] } }, ['1|0.5']],
    ['are taken: CSV', CSV, 'b,a\n0.5,1', ['1|0.5']],
  ])('%s', async (_form, sent, body, answer) => {
    expect(await predictions(sent, body, signature)).toEqual(answer)
  })
})
