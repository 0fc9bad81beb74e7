import { afterEach, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { createGroup, endpointOf, tableOf, variantOf, type Group, type Runner } from './group.fixture.ts'

let group: Group

afterEach(() => group.close())

async function oneRunner(): Promise<Runner> {
  group = await createGroup(1)
  const [runner] = group.runners
  if (runner === undefined) throw new Error('there is no runner')
  return runner
}

const coming = { isComing: true, folder: '' } as const

test('a version whose bundle is on its way is there, not ready, and nobody begins to load it', async () => {
  const runner = await oneRunner()
  group.apply(tableOf(endpointOf('e', variantOf(2, { ...coming, replicas: 1 }))))
  await runner.endpoints.ready
  expect(await runner.failure('e')).toMatchObject({
    code: 'unavailable',
    details: { reason: 'bundle_coming', retryAfterMs: 2000 },
  })
  const model = runner.endpoints.planeFor({ headers: {} }).model('e')
  expect(model.state).not.toBe('ready')
  expect(runner.endpoints.isComing(model)).toBe(true)
  expect(runner.opened).toEqual([])
  expect(runner.endpoints.status().replicas).toEqual([])
})

test('once its folder is told it is loaded as the table says, or by who asks', async () => {
  const runner = await oneRunner()
  const table = (more: object) =>
    tableOf(
      endpointOf('kept', variantOf(2, { ...more, replicas: 1 })),
      endpointOf('idle', variantOf(3, { ...more, replicas: 0 })),
    )
  group.apply(table(coming))
  expect(runner.endpoints.hasComing).toBe(true)
  group.apply(table({}))
  expect(runner.endpoints.hasComing).toBe(false)
  await expect.poll(() => runner.opened).toEqual([2])
  expect(await runner.ask('kept')).toBe(2)
  expect(await runner.ask('idle')).toBe(3)
})

test('a version that is opened anew answers those who ask meanwhile', async () => {
  const runner = await oneRunner()
  group.apply(tableOf(endpointOf('e', variantOf(2))))
  await runner.endpoints.ready
  runner.endpoints.reopen('e', variantOf(2).digest)
  expect(await runner.ask('e')).toBe(2)
  expect(runner.opened).toEqual([2, 2])
})

test('a version that cannot be loaded says why to who asks whether it is ready', async () => {
  const runner = await oneRunner()
  runner.refusal = new ServingError('unavailable', 'the bundle is not whole on this machine')
  group.apply(tableOf(endpointOf('e', variantOf(2, { replicas: 1 }))))
  const model = runner.endpoints.planeFor({ headers: {} }).model('e')
  await expect.poll(() => model.state).toBe('unloading')
  expect(model.trouble).toMatchObject({
    message: '"e" could not be loaded: the bundle is not whole on this machine',
    details: { reason: 'load_failed' },
  })
  runner.refusal = undefined
  runner.endpoints.reopen('e', variantOf(2).digest)
  await expect.poll(() => runner.ask('e').catch(() => undefined)).toBe(2)
  expect([model.state, model.trouble]).toEqual(['ready', undefined])
})
