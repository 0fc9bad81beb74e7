import { describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import type { DataPlane, PredictContext, ServedModel } from '../runtime/plane.ts'
import { tensor, type Tensors } from '../tensor/tensor.ts'
import { azureml } from './azureml/azureml.ts'
import { invocations } from './invocations/invocations.ts'
import type { Protocol, WireRequest } from './protocol.ts'
import { answerRaw } from './raw-model.ts'
import { createRouter } from './router.ts'
import { v1 } from './v1/v1.ts'

/** Code that answers each body with what was asked, and what it was told of it. */
function echoPlane(answer: (body: string) => { body: string; contentType?: string; status?: number }) {
  const asked: { inputs: Tensors; context: PredictContext }[] = []
  const spec = (name: string) => ({ name, datatype: 'BYTES' as const, shape: [-1] })
  const model = {
    name: 'echo',
    version: 'a'.repeat(64),
    signature: {
      inputs: ['body', 'content_type', 'accept'].map(spec),
      outputs: [...['body', 'content_type'].map(spec), { name: 'status', datatype: 'INT32' as const, shape: [-1] }],
      isRaw: true as const,
    },
    labels: [],
  } as unknown as ServedModel
  const plane: DataPlane = {
    isReady: () => true,
    models: () => [model],
    model: () => model,
    predict: (_model, inputs, context) => {
      asked.push({ inputs, context })
      const { body, contentType = 'application/json', status = 200 } = answer(textOf(inputs, 'body') ?? '')
      const outputs = new Map([
        ['body', tensor('BYTES', [1], [Buffer.from(body)])],
        ['content_type', tensor('BYTES', [1], [Buffer.from(contentType)])],
        ['status', tensor('INT32', [1], Int32Array.of(status))],
      ])
      return Promise.resolve({ model, outputs })
    },
  }
  return { plane, model, asked }
}

function textOf(inputs: Tensors, name: string): string | undefined {
  const value = inputs.get(name)
  return value === undefined ? undefined : Buffer.from(value.data[0] as Uint8Array).toString()
}

function post(path: string, body: string, headers: Record<string, string> = {}): WireRequest {
  return { method: 'POST', path, query: '', headers, body: Buffer.from(body) }
}

const call = { aborted: false }

describe('a model that takes bodies', () => {
  test.each<[string, Protocol]>([
    ['/invocations', invocations],
    ['/endpoints/echo/invocations', invocations],
    ['/score', azureml],
    ['/', azureml],
    ['/v1/models/echo:predict', v1],
  ])('is handed them at %s as they came, with their media types', async (path, protocol) => {
    const { plane, asked } = echoPlane((body) => ({ body: `<${body}>`, contentType: 'text/plain' }))
    const handle = createRouter({ protocols: [protocol] })
    // what MLflow, and tables, would be read as
    const text = '{"inputs": not json'
    const answer = await handle(post(path, text, { 'content-type': 'application/json', accept: 'a/b' }), plane, call)
    expect(Buffer.from(answer.body as Uint8Array).toString()).toBe(`<${text}>`)
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/plain' } })
    expect(textOf(asked[0]?.inputs ?? new Map(), 'content_type')).toBe('application/json')
    expect(textOf(asked[0]?.inputs ?? new Map(), 'accept')).toBe('a/b')
  })

  test('is told of no media type where there is none', async () => {
    const { plane, model, asked } = echoPlane((body) => ({ body }))
    await answerRaw(post('/invocations', ''), plane, call, model)
    expect([...(asked[0]?.inputs.keys() ?? [])]).toEqual(['body'])
  })

  test('chooses the status', async () => {
    const { plane, model } = echoPlane(() => ({ body: 'x', status: 422 }))
    expect(await answerRaw(post('/score', ''), plane, call, model)).toMatchObject({ status: 422 })
    const none = echoPlane(() => ({ body: 'x', status: 204 }))
    expect(await answerRaw(post('/score', ''), none.plane, call, none.model)).toMatchObject({ status: 204, body: '' })
  })

  test.each([[{ status: 101 }], [{ status: 0 }], [{ status: 700 }], [{ contentType: 'a\r\nset-cookie: b' }]])(
    'gets no answer through that HTTP cannot have: %j',
    async (bad) => {
      const { plane, model } = echoPlane(() => ({ body: 'x', ...bad }))
      const failure = answerRaw(post('/score', ''), plane, call, model)
      await expect(failure).rejects.toThrow(ServingError)
      await expect(failure).rejects.toMatchObject({ code: 'internal' })
    },
  )
})
