import { expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import type { Operations } from '../../runtime/operations.ts'
import type { WireResponse } from '../protocol.ts'
import { ask, sumsPlane } from '../sums-plane.fixture.ts'
import { createSagemaker } from './sagemaker.ts'

/** Operations that write down what they were asked for; those that load fail where a failure is given. */
function recorder(fails?: ServingError): { readonly operations: Operations; readonly asked: string[] } {
  const asked: string[] = []
  const never = (): never => {
    throw new Error('nothing asks for this')
  }
  const operations: Operations = {
    canControl: true,
    statistics: never,
    index: never,
    load(name) {
      asked.push(`load ${name}`)
      return fails === undefined ? Promise.resolve() : Promise.reject(fails)
    },
    unload(name) {
      asked.push(`unload ${name}`)
      return Promise.resolve()
    },
    logSettings: never,
    traceSettings: never,
  }
  return { operations, asked }
}

function send(
  method: string,
  path: string,
  options: { body?: string; operations?: Operations; names?: readonly string[]; query?: string; type?: string } = {},
): Promise<WireResponse> {
  const { body = '', operations, names = ['iris'], query = '', type = 'application/json' } = options
  return ask(
    [createSagemaker(operations)],
    { method, path, query, body: Buffer.from(body), headers: { 'content-type': type } },
    sumsPlane({ names }),
  )
}

const order = (name: string, url = `/opt/ml/models/${name}/model`) => JSON.stringify({ model_name: name, url })

test('the models that are served are listed, page by page', async () => {
  const names = Array.from({ length: 205 }, (_, i) => `m${String(i).padStart(3, '0')}`)
  const listed: string[] = []
  let query = ''
  for (;;) {
    const { body } = await send('GET', '/models', { names, query })
    const page = JSON.parse(body as string) as { models: { modelName: string }[]; nextPageToken?: string }
    expect(page.models.length).toBeLessThanOrEqual(100)
    listed.push(...page.models.map(({ modelName }) => modelName))
    if (page.nextPageToken === undefined) break
    query = `next_page_token=${page.nextPageToken}`
  }
  expect(listed).toEqual(names)
  expect((await send('GET', '/models', { query: 'next_page_token=%2f..' })).status).toBe(400)
})

test('one model is told of, an unknown one is not found', async () => {
  expect(await send('GET', '/models/iris')).toMatchObject({
    status: 200,
    body: '{"modelName":"iris","modelUrl":"/opt/ml/models/iris/model"}',
  })
  expect(await send('GET', '/models/wine')).toMatchObject({
    status: 404,
    body: expect.stringContaining('"ErrorCode":"not_found"'),
  })
})

test('a model is loaded by its name, once, and unloaded', async () => {
  const { operations, asked } = recorder()
  expect((await send('POST', '/models', { operations, body: order('wine') })).status).toBe(200)
  expect((await send('POST', '/models', { operations, body: order('iris') })).status).toBe(409)
  expect((await send('DELETE', '/models/iris', { operations })).status).toBe(200)
  expect((await send('DELETE', '/models/wine', { operations })).status).toBe(404)
  expect(asked).toEqual(['load wine', 'unload iris'])
})

test.each([
  ['nothing', ''],
  ['no object', '[]'],
  ['two names', '{"model_name":"a","model_name":"wine","url":"/opt/ml/models/wine/model"}'],
  ['no name', '{"url":"/opt/ml/models/a/model"}'],
  ['a name that is a path', order('../../etc')],
  ['a url of another model', order('wine', '/opt/ml/models/beer/model')],
  ['a url that climbs', order('passwd', '/opt/ml/models/../../etc/passwd')],
  ['a url of another host', order('wine', 'https://127.0.0.1/wine')],
  ['a url that is no text', '{"model_name":"wine","url":1}'],
])('an order to load with %s is refused, and nothing is loaded', async (_what, body) => {
  const { operations, asked } = recorder()
  expect((await send('POST', '/models', { operations, body })).status).toBe(400)
  expect(asked).toEqual([])
})

test.each([
  ['overloaded', 507],
  ['too_large', 507],
  ['not_found', 404],
  ['invalid_argument', 400],
] as const)('a load that fails with %s is answered %i', async (code, status) => {
  const { operations } = recorder(new ServingError(code, 'why'))
  expect(await send('POST', '/models', { operations, body: order('wine') })).toMatchObject({
    status,
    body: expect.stringContaining('"Message":"why"'),
  })
})

test('a server that loads nothing while it runs says so', async () => {
  for (const operations of [undefined, { ...recorder().operations, canControl: false }]) {
    const options = operations === undefined ? {} : { operations }
    for (const answer of [
      await send('POST', '/models', { ...options, body: order('wine') }),
      await send('DELETE', '/models/iris', options),
    ])
      expect([answer.status, String(answer.body)]).toEqual([501, expect.stringContaining('while it runs')])
  }
})

test('a model is invoked by its name, whatever file the caller meant', async () => {
  const invoke = (model: string) =>
    ask(
      [createSagemaker()],
      {
        path: `/models/${model}/invoke`,
        headers: { 'content-type': 'text/csv', 'x-amzn-sagemaker-target-model': 'teams/a/wine.tar.gz' },
        body: Buffer.from('1,2,3,4'),
      },
      sumsPlane({ names: ['iris', 'wine'] }),
    )
  expect(await invoke('wine')).toMatchObject({ status: 200, body: '0,10,20\n' })
  expect((await invoke('beer')).status).toBe(404)
  expect((await invoke('..%2fx')).status).toBe(404)
})
