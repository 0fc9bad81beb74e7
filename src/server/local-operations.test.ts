import { afterEach, expect, test } from 'vitest'
import { answered, servedModel } from '../telemetry/answered.fixture.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import type { DataPlane } from '../runtime/plane.ts'
import { createLocalOperations } from './local-operations.ts'
import { logSettings, setLogLevel } from './log.ts'

const model = servedModel('fraud', 'aaaaaaaaaaaa', ['3', 'stable', '12'])
const plane: DataPlane = {
  isReady: () => true,
  models: () => [model],
  model: () => model,
  predict: () => Promise.reject(new Error('nothing runs here')),
}

const ending: DataPlane = { ...plane, models: () => [{ ...model, state: 'unloading' }] }

afterEach(() => setLogLevel('info'))

test('a process that serves by itself tells what it counted and serves, and keeps its models', async () => {
  const metrics = createMetrics(0)
  const operations = createLocalOperations(plane, () => metrics.series())
  metrics.onAnswered(answered({ model }))
  expect(await operations.statistics()).toMatchObject([{ name: 'fraud', success: { count: 1 } }])
  expect(await operations.index()).toEqual([{ name: 'fraud', version: '12', state: 'READY', reason: '' }])
  expect(await createLocalOperations(ending, () => []).index()).toMatchObject([{ state: 'UNLOADING' }])
  expect(operations.canControl).toBe(false)
  await expect(operations.load('fraud')).rejects.toMatchObject({ code: 'unsupported' })
  await expect(operations.unload('fraud')).rejects.toMatchObject({ code: 'unsupported' })
})

test('what its log shows can be changed, and traces go nowhere', async () => {
  const operations = createLocalOperations(plane, () => [])
  expect(await operations.logSettings({ info: false })).toMatchObject({ info: false, warning: true })
  expect(logSettings()).toMatchObject({ info: false, warning: true })
  expect(await operations.traceSettings()).toEqual({ isOn: false, ratio: 0 })
  await expect(operations.traceSettings('fraud', { isOn: true })).rejects.toMatchObject({ code: 'unsupported' })
})
