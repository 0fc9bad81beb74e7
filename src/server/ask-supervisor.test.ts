import { expect, test } from 'vitest'
import { answered, servedModel } from '../telemetry/answered.fixture.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { createAskingOperations } from './ask-supervisor.ts'
import type { Operation } from './operation-messages.ts'

function start(isThere = true) {
  const asked: [number, Operation][] = []
  const asking = createAskingOperations(
    (id, operation) => {
      asked.push([id, operation])
      return isThere
    },
    () => Promise.resolve(undefined),
  )
  return { asking, asked }
}

const ENDING = { code: 'unavailable', message: 'the server is ending' }

test('an answer of the supervisor goes to who asked for it; a failure keeps its code and its facts', async () => {
  const { asking, asked } = start()
  const [first, second] = [asking.operations.index(), asking.operations.load('m')]
  expect(asked.map(([, { kind }]) => kind)).toEqual(['index', 'load'])
  const failure = { code: 'invalid_argument', message: 'it is broken', details: { file: 'm.onnx' } }
  asking.receive(asked[1]?.[0] ?? 0, { failure })
  asking.receive(asked[0]?.[0] ?? 0, { result: [] })
  expect(await first).toEqual([])
  await expect(second).rejects.toMatchObject(failure)
})

test('whoever waits for a supervisor that has gone is told so', async () => {
  const { asking } = start()
  const waiting = Promise.allSettled([asking.operations.load('m'), asking.operations.index()])
  asking.abandon()
  asking.receive(1, { result: undefined })
  expect(await waiting).toMatchObject([{ reason: ENDING }, { reason: ENDING }])
})

test('whoever asks where there is none any more is told so at once', async () => {
  await expect(start(false).asking.operations.unload('m')).rejects.toMatchObject(ENDING)
})

test('statistics are of all processes, or there are none: what one has counted is not told as the whole', async () => {
  await expect(start().asking.operations.statistics()).rejects.toMatchObject({ code: 'unavailable' })
  const metrics = createMetrics(0)
  metrics.onAnswered(answered({ model: servedModel('fraud') }))
  const { operations } = createAskingOperations(
    () => true,
    () => Promise.resolve([{ series: metrics.series() }]),
  )
  expect(await operations.statistics()).toMatchObject([{ name: 'fraud', success: { count: 1 } }])
})
