import { expect, test } from 'vitest'
import type { Call, DataPlane, PredictContext } from '../../runtime/plane.ts'
import { tensor } from '../../tensor/tensor.ts'
import { createRouter } from '../router.ts'
import { rowsPlane } from '../rows-plane.fixture.ts'
import { createOpenApi } from './openapi.ts'
import { takesMissingNumbers } from './missing-numbers.ts'

/** A plane that writes down what it did, as real ones do. */
function start() {
  const example = new Map([['x', tensor('FP32', [1, 4], new Float32Array(4))]])
  const { plane } = rowsPlane([{ example }])
  const contexts: PredictContext[] = []
  const writing: DataPlane = {
    ...plane,
    predict(model, inputs, context) {
      contexts.push(context)
      if (context.call !== undefined) {
        context.call.model = model
        const timing = { rows: 1, arrivedAtMs: 0, queueMs: 0, waitedFor: 'tick', runMs: 1, batchRows: 1 } as const
        context.call.timing = { model, ...timing }
      }
      return plane.predict(model, inputs, context)
    },
  }
  return { plane: writing, contexts }
}

test('who asks for a document has asked no model: that one was run counts as no request for it', async () => {
  const { plane, contexts } = start()
  const handle = createRouter({
    protocols: [createOpenApi({ serverVersion: '1', needsKeys: false, hasStatistics: false })],
  })
  const call: Call = { aborted: false }
  const request = { method: 'GET', path: '/openapi.json', query: '', headers: {}, body: Buffer.of() }
  expect(await handle(request, plane, call)).toMatchObject({ status: 200 })
  expect(contexts).toHaveLength(1)
  expect(call).toEqual({ aborted: false })
})

test('a model is asked no longer than somebody waits for the document', async () => {
  const { plane, contexts } = start()
  const caller = new AbortController()
  await takesMissingNumbers(plane, plane.model(), caller.signal)
  expect(contexts[0]?.call?.aborted).toBe(false)
  caller.abort()
  expect(contexts[0]?.call?.aborted).toBe(true)
})
