import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { choicesOf } from '../../runtime/choices.fixture.ts'
import type { DataPlane, ServedModel } from '../../runtime/plane.ts'
import { createFitter } from '../../runtime/fit-request.ts'
import type { Datatype } from '../../tensor/datatype.ts'
import type { Signature, TensorSpec } from '../../tensor/signature.ts'
import { rowsOf, tensor, type Tensor, type Tensors } from '../../tensor/tensor.ts'
import { allProtocols } from '../index.ts'
import type { Handle, WireResponse } from '../protocol.ts'
import { FRAME, RECORDS, TEXTS } from '../frame-plane.fixture.ts'
import { createRouter } from '../router.ts'
import { fromSchema } from './from-schema.fixture.ts'
import { exactNumber, type Schema } from './schema.ts'

/** A tensor of ones, texts or truths. */
function some({ datatype, shape }: Pick<TensorSpec, 'datatype' | 'shape'>, rows: number, open = 2): Tensor {
  const sizes = shape.map((size, axis) => (size !== -1 ? size : axis === 0 ? rows : open))
  const count = sizes.reduce((product, size) => product * size, 1)
  if (datatype === 'BYTES')
    return tensor(
      'BYTES',
      sizes,
      Array.from({ length: count }, () => Buffer.from('naïve, "x"')),
    )
  const one = { FP16: 0x3c00, BF16: 0x3f80, INT64: 2n ** 53n + 1n, UINT64: 2n ** 64n - 1n }[datatype as string] ?? 1
  const arrays = {
    FP32: Float32Array,
    FP64: Float64Array,
    INT64: BigInt64Array,
    UINT64: BigUint64Array,
    FP16: Uint16Array,
    BF16: Uint16Array,
    INT32: Int32Array,
    UINT32: Uint32Array,
    INT16: Int16Array,
    UINT16: Uint16Array,
    INT8: Int8Array,
  }
  const Made = (arrays as unknown as Record<string, new (count: number) => Float32Array>)[datatype] ?? Uint8Array
  return { datatype, shape: sizes, data: new Made(count).fill(one as number) } as Tensor
}

const spec = (name: string, datatype: Datatype, shape: readonly number[], columns?: readonly string[]): TensorSpec =>
  columns === undefined ? { name, datatype, shape } : { name, datatype, shape, columns }

const LABEL = spec('label', 'INT64', [-1])
const SCORES = spec('scores', 'FP32', [-1, 3])
const HOSTILE = ['a"b', '__proto__', 'x/y z', 'ü']

/** Models of every kind, by name. */
const SIGNATURES: Readonly<Record<string, Signature>> = {
  table: { inputs: [spec('X', 'FP64', [-1, 4], HOSTILE)], outputs: [LABEL, SCORES] },
  unnamed: { inputs: [spec('X', 'FP32', [-1, 3])], outputs: [spec('y', 'FP64', [-1, 1])] },
  single: { inputs: [spec('X', 'INT64', [-1])], outputs: [spec('y', 'UINT64', [-1])] },
  column: { inputs: [spec('X', 'UINT8', [-1, 1])], outputs: [LABEL] },
  several: {
    inputs: [spec('amount', 'FP32', [-1]), spec('shop', 'BYTES', [-1, 1]), spec('flags', 'BOOL', [-1, 2])],
    outputs: [LABEL, spec('text', 'BYTES', [-1]), spec('truth', 'BOOL', [-1, 2])],
  },
  image: { inputs: [spec('pixels', 'UINT8', [-1, 2, 2])], outputs: [spec('classes', 'FP32', [-1, 2, 2])] },
  onlyOne: { inputs: [spec('X', 'INT8', [1, 3])], outputs: [spec('y', 'FP32', [1, 2])] },
  scalar: { inputs: [spec('seed', 'INT16', []), spec('x', 'FP32', [2, 2])], outputs: [spec('y', 'FP32', [])] },
  halves: { inputs: [spec('X', 'FP16', [-1, 2])], outputs: [spec('y', 'BF16', [-1])] },
  wide: { inputs: [spec('X', 'INT32', [-1, -1])], outputs: [LABEL] },
  frame: FRAME,
  texts: TEXTS,
  records: RECORDS,
  sequence: { inputs: [spec('ids', 'INT64', [-1, -1]), spec('mask', 'UINT16', [-1, -1])], outputs: [SCORES] },
}

const JSON_ROW = Buffer.from('{"a":"x, y"}')

function modelOf(name: string, index: number): ServedModel {
  const signature = SIGNATURES[name] as Signature
  return {
    name,
    version: String(index + 10).repeat(32),
    signature,
    example: new Map(
      signature.inputs
        .filter(({ isUnused }) => isUnused !== true)
        .map((input) => [input.name, input.isJson === true ? tensor('BYTES', [1], [JSON_ROW]) : some(input, 1)]),
    ),
    engines: ['fake'],
    batching: { rowsAreIndependent: true, reason: 'a test says so' },
    labels: [],
    choices: choicesOf(),
    state: 'ready',
  }
}

const models = Object.keys(SIGNATURES).map(modelOf)

/** Answers ones; for a missing number, NaN. The first model is the default. */
function planeOf(served: readonly ServedModel[]): DataPlane {
  return {
    isReady: () => true,
    models: () => served,
    model(name = served[0]?.name, version) {
      const found = served.find(
        (model) => model.name === name && (version === undefined || model.version.startsWith(version)),
      )
      if (found === undefined) throw new ServingError('not_found', 'there is no such model')
      return found
    },
    predict(model, given, { outputs }) {
      const { inputs, wanted } = createFitter(model.signature)(given, outputs)
      return Promise.resolve({ model, outputs: answers(model, inputs, wanted) })
    },
  }
}

function answers({ signature }: ServedModel, inputs: Tensors, wanted: readonly string[]): Tensors {
  const all = [...inputs.values()]
  const rows = Math.max(...all.map(rowsOf))
  const isMissing = all.some(
    ({ datatype, data }) => datatype.startsWith('FP') && (data as Float64Array).some(Number.isNaN),
  )
  return new Map(
    wanted.map((name) => {
      const output = signature.outputs.find((each) => each.name === name) as TensorSpec
      const made = some(output, rows)
      if (isMissing && output.datatype.startsWith('FP')) (made.data as Float64Array).fill(Number.NaN)
      return [name, made]
    }),
  )
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

interface Operation {
  readonly operationId: string
  readonly parameters?: unknown
  readonly security?: unknown
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Schema; example?: unknown }>> }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema?: Schema }>> }>>
}

const handleOf = (needsKeys = false): Handle =>
  createRouter({ protocols: allProtocols('1.2.3', {}, undefined, needsKeys) })
const handle = handleOf()

function ask(plane: DataPlane, method: string, target: string, type?: string, body = ''): Promise<WireResponse> {
  const [path = '', query = ''] = target.split('?')
  const headers = type === undefined ? {} : { 'content-type': type }
  const request = { method, path, query, headers, body: new TextEncoder().encode(body) }
  return handle(request, plane, { aborted: false })
}

/** Keeps the digits of numbers that no double holds. */
function parseExactly(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    Number.isInteger(value) && !Number.isSafeInteger(value) ? exactNumber(context?.source ?? '0') : value,
  )
}

async function documentAt(plane: DataPlane, path = '/openapi.json'): Promise<Document> {
  const { status, body } = await ask(plane, 'GET', path)
  expect(status).toBe(200)
  return parseExactly(String(body)) as Document
}

const bodyText = (type: string, body: unknown): string => (type === 'text/csv' ? String(body) : JSON.stringify(body))

type Check = (schema: Schema, value: unknown) => string | undefined

/** Says what is wrong with a value by a schema of the document. */
function checkerOf(document: Document): Check {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(JSON.parse(JSON.stringify({ $id: 'doc', components: document.components })) as Schema)
  const compiled = new Map<Schema, ValidateFunction>()
  return (schema, value) => {
    let validate = compiled.get(schema)
    if (validate === undefined) {
      validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"doc#/')) as Schema)
      compiled.set(schema, validate)
    }
    return validate(value) ? undefined : JSON.stringify(validate.errors).slice(0, 1000)
  }
}

describe.each(models.map((model) => ({ name: model.name, model })))('the document of $name', ({ name, model }) => {
  const plane = planeOf([model])
  let document: Document
  let check: Check
  let posts: { path: string; type: string; operation: Operation; schema: Schema; example: unknown }[] = []

  beforeAll(async () => {
    document = await documentAt(plane)
    check = checkerOf(document)
    posts = Object.entries(document.paths).flatMap(([path, { post }]) =>
      Object.entries(post?.requestBody?.content ?? {}).map(([type, { schema, example }]) => ({
        path,
        type,
        operation: post as Operation,
        schema,
        example,
      })),
    )
  })

  /** Sends a body, and checks what comes back against what is promised. */
  async function send(path: string, type: string, operation: Operation, body: string): Promise<void> {
    const answer = await ask(plane, 'POST', path, type, body)
    const said = `${path} ${body.slice(0, 500)} ${String(answer.body).slice(0, 500)}`
    expect(answer.status, said).toBe(200)
    const answered = (answer.headers['content-type'] ?? '').split(';')[0] ?? ''
    const content = operation.responses['200']?.content ?? {}
    expect(Object.keys(content), said).toContain(answered)
    const schema = content[answered]?.schema
    if (answered !== 'application/json' || schema === undefined) return
    expect(check(schema, JSON.parse(String(answer.body))), said).toBeUndefined()
  }

  test('has an example for every JSON body, which is as its schema says and is answered as promised', async () => {
    expect(posts.length).toBeGreaterThan(0)
    for (const { path, type, operation, schema, example } of posts) {
      if (type === 'application/jsonlines') continue
      expect(example, path).toBeDefined()
      expect(check(schema, JSON.parse(JSON.stringify(example))), path).toBeUndefined()
      await send(path, type, operation, bodyText(type, example))
    }
  })

  test('promises no more than is taken', async () => {
    const find = (reference: string): Schema => document.components.schemas[reference.split('/').at(-1) ?? ''] as Schema
    for (const { path, type, operation, schema } of posts) {
      if (type === 'application/jsonlines') continue
      await fc.assert(
        fc.asyncProperty(fromSchema(schema, find), (body) => send(path, type, operation, bodyText(type, body))),
        { numRuns: type === 'text/csv' ? 3 : 12 },
      )
    }
  })

  test('says what questions are answered with', async () => {
    for (const [path, { get }] of Object.entries(document.paths)) {
      if (get === undefined) continue
      const { status, headers, body } = await ask(plane, 'GET', path)
      const type = (headers['content-type'] ?? '').split(';')[0] ?? ''
      const schema = get.responses[String(status)]?.content?.[type]?.schema
      expect(status, path).toBe(200)
      if (schema === undefined) expect(body, path).toBe('')
      else expect(check(schema, type === 'application/json' ? JSON.parse(String(body)) : body), path).toBeUndefined()
    }
  })

  test('describes protocols of rows where rows can carry the model, and the open protocol always', () => {
    const hasRows = !['scalar', 'sequence'].includes(name)
    expect(`/v2/models/${name}/infer` in document.paths).toBe(true)
    for (const path of [`/v1/models/${name}:predict`, '/invocations', '/score'])
      expect(path in document.paths, path).toBe(hasRows)
  })
})

describe('documents', () => {
  const [table, unnamed] = models as [ServedModel, ServedModel]

  test('of a server have every model under its name, other versions under theirs, and paths without a name once', async () => {
    const older = { ...table, version: 'f'.repeat(64) }
    const document = await documentAt(planeOf([table, older, unnamed]))
    const paths = Object.keys(document.paths)
    expect(paths).toEqual(
      expect.arrayContaining(['/v2/models/table/infer', '/v2/models/unnamed/infer', '/v2/health/live']),
    )
    expect(paths).toContain('/v2/models/table/versions/ffffffffffff/infer')
    expect(paths).not.toContain('/v2/models/unnamed/versions/111111111111/infer')
    expect(document.components.schemas).toHaveProperty(['table.invocationsRequest'])
    expect(document.components.schemas).not.toHaveProperty(['unnamed.invocationsRequest'])
    const ids = Object.values(document.paths).flatMap((item) =>
      Object.values(item).map(({ operationId }) => operationId),
    )
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('of a model, and of a version of it, have the paths of that alone', async () => {
    const plane = planeOf([table, unnamed])
    const named = Object.keys((await documentAt(plane, '/v2/models/unnamed/openapi.json')).paths)
    expect(named).toContain('/v2/models/unnamed/infer')
    expect(named.filter((path) => path.includes('table') || path === '/invocations')).toEqual([])
    const version = Object.keys((await documentAt(plane, '/v2/models/unnamed/versions/1111/openapi.json')).paths)
    expect(version).toContain('/v2/models/unnamed/versions/111111111111/infer')
    expect(version.every((path) => path.includes('/versions/111111111111'))).toBe(true)
    expect((await ask(plane, 'GET', '/v2/models/nobody/openapi.json')).status).toBe(404)
  })

  test('refer to nothing that is not in them', async () => {
    const text = JSON.stringify(await documentAt(planeOf(models)))
    const { components } = JSON.parse(text) as Document
    const references = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name)
    expect(references.filter((name) => !Object.hasOwn(components.schemas, name ?? ''))).toEqual([])
  })

  test('are made anew when a model is served that was not', async () => {
    const before = await ask(planeOf([table]), 'GET', '/openapi.json')
    expect(String(before.body)).not.toContain('/v2/models/unnamed')
    expect(String((await ask(planeOf([table, unnamed]), 'GET', '/openapi.json')).body)).toContain('/v2/models/unnamed')
  })

  test('say which outputs may be asked for, and answer those', async () => {
    const frame = models.find(({ name }) => name === 'frame') as ServedModel
    const plane = planeOf([frame])
    const document = await documentAt(plane)
    const check = checkerOf(document)
    for (const [path, { post }] of Object.entries(document.paths)) {
      const [type = '', { example } = {}] = Object.entries(post?.requestBody?.content ?? {})[0] ?? []
      if (post === undefined || path.includes('/v2/')) continue
      expect(post.parameters, path).toMatchObject([{ name: 'outputs', in: 'query' }])
      for (const asked of ['predict', 'predict_proba', 'predict_proba,predict']) {
        const { status, body } = await ask(plane, 'POST', `${path}?outputs=${asked}`, type, bodyText(type, example))
        expect(status, path).toBe(200)
        const schema = post.responses['200']?.content?.['application/json']?.schema ?? {}
        expect(check(schema, JSON.parse(String(body))), `${path} ${String(body)}`).toBeUndefined()
      }
    }
    const text = JSON.stringify(document)
    expect(text).toContain('never reads \\"id\\", \\"when\\"')
    expect(text).not.toContain('{"const":"when"}')
  })

  test('show a data frame as people write one: a value under each name, in CSV a header above them', async () => {
    const frame = models.find(({ name }) => name === 'frame') as ServedModel
    const { paths } = await documentAt(planeOf([frame]))
    const exampleOf = (path: string, type: string): unknown =>
      paths[path]?.['post']?.requestBody?.content[type]?.example
    const [row] = (exampleOf('/v1/models/frame:predict', 'application/json') as { instances: object[] }).instances
    expect(Object.keys(row ?? {})).toEqual(['amount', 'country', 'note', 'is_new'])
    expect(Object.values(row ?? {}).filter((value) => typeof value === 'object')).toEqual([])
    expect(exampleOf('/invocations', 'text/csv')).toMatch(/^amount,country,note,is_new\n[^\n]+$/)
  })

  test('let a missing number be null only for a model that has an answer to it', async () => {
    const cell = async (plane: DataPlane): Promise<unknown> => {
      const { components } = await documentAt(plane)
      const row = components.schemas['calm.Record'] as { properties: Record<string, { type: unknown }> }
      return row.properties['ü']?.type
    }
    const calm = { ...table, name: 'calm' }
    const answering = planeOf([calm])
    expect(await cell(planeOf([{ ...calm }]))).toEqual(['number', 'boolean'])
    const predict: DataPlane['predict'] = (model) =>
      Promise.resolve({ model, outputs: new Map([['scores', tensor('FP32', [1], Float32Array.of(1))]]) })
    expect(await cell({ ...answering, predict })).toEqual(['number', 'boolean', 'null'])
    const busy = { ...calm }
    const refuse: DataPlane['predict'] = () => Promise.reject(new ServingError('overloaded', 'full'))
    expect(await cell({ ...planeOf([busy]), predict: refuse })).toEqual(['number', 'boolean'])
    expect(await cell({ ...planeOf([busy]), predict })).toEqual(['number', 'boolean', 'null'])
  })

  test('ask for a key where requests need one, but for what anybody may ask', async () => {
    const guarded = handleOf(true)
    const request = { method: 'GET', path: '/openapi.json', query: '', headers: {}, body: new Uint8Array() }
    const { body } = await guarded(request, planeOf([table]), { aborted: false })
    const document = JSON.parse(String(body)) as Document & {
      security: unknown
      components: { securitySchemes: unknown }
    }
    expect(document.security).toEqual([{ key: [] }])
    expect(document.components.securitySchemes).toMatchObject({ key: { type: 'http', scheme: 'bearer' } })
    expect(document.paths['/v2/health/live']?.['get']?.security).toEqual([])
    expect(document.paths['/v2/models/table/infer']?.['post']).not.toHaveProperty('security')
    expect(Object.keys(document.paths['/v2/models/table/infer']?.['post']?.responses ?? {})).toEqual(
      expect.arrayContaining(['401', '403']),
    )
    expect(JSON.stringify(await documentAt(planeOf([table])))).not.toContain('"401"')
  })

  test('for Azure ML come as Swagger 2.0 where that is asked for', async () => {
    const plane = planeOf([table])
    const { body } = await ask(plane, 'GET', '/swagger.json?version=2')
    const document = JSON.parse(String(body)) as {
      swagger: string
      definitions: { ServiceInput: { example: unknown } }
    }
    expect(document.swagger).toBe('2.0')
    const scored = await ask(
      plane,
      'POST',
      '/score',
      'application/json',
      JSON.stringify(document.definitions.ServiceInput.example),
    )
    expect(scored.status).toBe(200)
    for (const query of ['', '?version=3', '?version=3.1'])
      expect(await documentAt(plane, `/swagger.json${query}`)).toHaveProperty('openapi', '3.1.0')
    expect((await ask(plane, 'GET', '/swagger.json?version=4')).status).toBe(404)
    const scalar = models.find(({ name }) => name === 'scalar') as ServedModel
    expect((await ask(planeOf([scalar]), 'GET', '/swagger.json?version=2')).status).toBe(404)
  })
})
