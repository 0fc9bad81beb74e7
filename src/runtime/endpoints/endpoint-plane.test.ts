import { afterEach, describe, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { tensor } from '../../tensor/tensor.ts'
import type { Call, ServedModel } from '../plane.ts'
import {
  createGroup,
  endpointOf,
  ROW,
  tableOf,
  until,
  variantOf,
  versionOf,
  type Group,
  type Runner,
} from './group.fixture.ts'
import type { Caller, EndpointPlaneOptions, Observation } from './endpoint-plane.ts'

let group: Group | undefined

afterEach(async () => {
  await group?.close()
  group = undefined
})

async function start(count: number, more: Partial<EndpointPlaneOptions> = {}): Promise<Runner & { group: Group }> {
  group = await createGroup(count, more)
  return Object.assign(group.runners[0] as Runner, { group })
}

function callerOf(endpoints?: readonly string[], headers: Caller['headers'] = {}): Caller {
  return { principal: { name: 'ci', ...(endpoints && { endpoints: new Set(endpoints) }) }, headers }
}

describe('routing', () => {
  test('an endpoint answers under its name, by the version of its variant', async () => {
    const runner = await start(1)
    runner.endpoints.apply(tableOf(endpointOf('fraud', variantOf(3))))
    await runner.endpoints.ready
    expect(await runner.ask('fraud')).toBe(3)
    expect(await runner.ask()).toBe(3)
    const plane = runner.endpoints.planeFor({ headers: {} })
    expect(plane.models()).toMatchObject([
      { name: 'fraud', version: versionOf(3).digest, labels: ['v3', '3'], engines: ['times'], state: 'ready' },
    ])
  })

  test('a request that names a variant gets it, whatever its weight', async () => {
    const runner = await start(1)
    runner.endpoints.apply(
      tableOf(endpointOf('fraud', variantOf(2), variantOf(3, { weight: 0, labels: ['next'], name: 'canary' }))),
    )
    await runner.endpoints.ready
    for (const version of ['canary', '3', 'next', versionOf(3).digest, versionOf(3).digest.slice(0, 12)])
      expect(await runner.ask('fraud', { version })).toBe(3)
    for (const header of ['x-slipway-variant', 'x-amzn-sagemaker-target-variant', 'azureml-model-deployment'])
      expect(await runner.ask('fraud', { caller: { headers: { [header]: 'canary' } } })).toBe(3)
    expect(
      await runner.ask('fraud', { caller: { headers: { 'x-amzn-sagemaker-target-variant': 'AllTraffic' } } }),
    ).toBe(2)
    const caller = { headers: { 'x-slipway-variant': 'canary' } }
    expect(await runner.failure('fraud', { caller, version: 'v2' })).toMatchObject({ code: 'not_found' })
    const error = await runner.failure('fraud', { version: 'nightly' })
    expect(error.code).toBe('not_found')
    expect(error.message).toContain('has no variant "nightly"; it has "v2 or 2')
  })

  test('an endpoint that is not there and one that the key may not call are the same', async () => {
    const runner = await start(1)
    runner.endpoints.apply(tableOf(endpointOf('fraud', variantOf(2)), endpointOf('secret', variantOf(3))))
    await runner.endpoints.ready
    const caller = callerOf(['fraud'])
    const hidden = await runner.failure('secret', { caller })
    const absent = await runner.failure('absent', { caller })
    expect(hidden.message).toBe('Request for unknown model: "secret"; there is "fraud"')
    expect(hidden.message.replaceAll('secret', 'absent')).toBe(absent.message)
    expect({ ...hidden.details, model: '' }).toEqual({ ...absent.details, model: '' })
    const plane = runner.endpoints.planeFor(caller)
    expect(plane.models().map(({ name }) => name)).toEqual(['fraud'])
    expect(plane.model().name).toBe('fraud')
    expect((await runner.failure('absent', { caller: callerOf([]) })).message).toContain('there are none')
    expect(() => runner.endpoints.planeFor(callerOf()).model()).toThrow('the request names no model')
  })

  test('a request that is refused before it can be run counts for the version that it was given to, once', async () => {
    const runner = await start(1)
    runner.endpoints.apply(tableOf(endpointOf('fraud', variantOf(2), variantOf(3, { weight: 0 }))))
    await runner.endpoints.ready
    const caller = callerOf()
    const plane = runner.endpoints.planeFor(caller)
    const call: Call = { aborted: false, model: plane.model('fraud', '3'), principal: caller.principal }
    runner.endpoints.refused(call, 'invalid_argument')
    runner.endpoints.refused(call, 'invalid_argument')
    const [traffic, ...others] = runner.endpoints.status().traffic
    expect([traffic, others]).toMatchObject([{ variant: 'v3', requests: 1, rejected: 1, errors: 0 }, []])
    expect(runner.endpoints.counters().keys).toEqual([{ key: 'ci', requests: { invalid_argument: 1 } }])
    const model = plane.model('fraud')
    const run: Call = { aborted: false, model }
    await expect(plane.predict(model, new Map(), { call: run })).rejects.toMatchObject({ code: 'invalid_argument' })
    runner.endpoints.refused(run, 'invalid_argument')
    runner.endpoints.refused({ aborted: false }, 'invalid_argument')
    expect(runner.endpoints.status().traffic).toMatchObject([{ variant: 'v2', requests: 1, rejected: 1 }])
  })

  test('a paused endpoint says so, and is not woken', async () => {
    const runner = await start(1)
    runner.endpoints.apply(tableOf({ ...endpointOf('fraud', variantOf(2, { replicas: 0 })), isPaused: true }))
    expect(await runner.failure('fraud')).toMatchObject({ code: 'unavailable', details: { reason: 'paused' } })
    expect(runner.opened).toEqual([])
  })

  test('a request whose version has gone since it was found gets the one that answers now', async () => {
    const runner = await start(1)
    runner.endpoints.apply(tableOf(endpointOf('fraud', variantOf(2))))
    await runner.endpoints.ready
    const plane = runner.endpoints.planeFor({ headers: {} })
    const model = plane.model('fraud')
    runner.endpoints.apply(tableOf(endpointOf('fraud', variantOf(3))))
    await until(() => runner.engine.released.includes(2))
    const { outputs } = await plane.predict(model, ROW, {})
    expect(outputs.get('product')?.data[0]).toBe(9)
  })
})

describe('loading', () => {
  test('the first runners of the order hold a version, and the others send their requests there', async () => {
    const { group } = await start(3)
    group.apply(tableOf(endpointOf('fraud', variantOf(2, { replicas: 2 }))))
    await Promise.all(group.runners.map(({ endpoints }) => endpoints.ready))
    const [first, second, third] = group.orderOf('fraud', 2) as [Runner, Runner, Runner]
    expect([first.opened, second.opened, third.opened]).toEqual([[2], [2], []])
    expect(await Promise.all(group.runners.map((runner) => runner.ask('fraud')))).toEqual([2, 2, 2])
    expect(third.opened).toEqual([])
    expect(third.endpoints.status()).toMatchObject({ replicas: [], traffic: [{ variant: 'v2', requests: 1, rows: 1 }] })
    expect(first.endpoints.status()).toMatchObject({
      runner: expect.stringMatching(/^default-\d$/),
      replicas: [{ endpoint: 'fraud', digest: versionOf(2).digest, state: 'ready', memoryBytes: 1000 }],
      traffic: [{ requests: 1, errors: 0 }],
    })
  })

  test('a version that cannot be loaded is told of, and tried again later; others are not touched', async () => {
    const runner = await start(1)
    runner.endpoints.apply(tableOf(endpointOf('bad', variantOf(-5)), endpointOf('good', variantOf(2))))
    await runner.endpoints.ready
    expect(await runner.ask('good')).toBe(2)
    const error = await runner.failure('bad')
    expect(error).toMatchObject({ code: 'unavailable', details: { reason: 'load_failed', code: 'refused' } })
    expect(error.message).toBe('"bad" could not be loaded: the graph is negative')
    expect(error.details['retryAfterMs']).toBeGreaterThan(0)
    const bad = runner.endpoints.status().replicas.find(({ endpoint }) => endpoint === 'bad')
    expect(bad).toMatchObject({ state: 'failed', problem: { code: 'refused', message: 'the graph is negative' } })
    expect(runner.opened.filter((number) => number === -5)).toEqual([-5])
    expect(runner.events).toContain('replica-failed bad')
    await until(() => runner.opened.filter((number) => number === -5).length === 2)
  })

  test('versions that both tables have stay loaded, and go by their new names at once', async () => {
    const runner = await start(1)
    runner.endpoints.apply(tableOf(endpointOf('fraud', variantOf(2))))
    await runner.endpoints.ready
    runner.endpoints.apply(
      tableOf(endpointOf('fraud', variantOf(2, { labels: ['stable'] }), variantOf(3, { weight: 0 }))),
    )
    expect(await runner.ask('fraud', { version: 'stable' })).toBe(2)
    expect(await runner.ask('fraud', { version: 'v3' })).toBe(3)
    expect(runner.opened).toEqual([2, 3])
    expect(runner.plane.model('fraud', 'stable').version).toBe(versionOf(2).digest)
  })

  test('what the table has lost is unloaded once its requests are answered', async () => {
    const runner = await start(1)
    runner.endpoints.apply(tableOf(endpointOf('fraud', variantOf(2))))
    await runner.endpoints.ready
    const { promise, resolve } = Promise.withResolvers<void>()
    runner.engine.gate = promise
    const answer = runner.ask('fraud')
    await new Promise((done) => void setTimeout(done, 20))
    runner.endpoints.apply(tableOf())
    expect(await runner.failure('fraud')).toMatchObject({ code: 'not_found' })
    await new Promise((done) => void setTimeout(done, 200))
    expect(runner.engine.released).toEqual([])
    resolve()
    expect(await answer).toBe(2)
    await until(() => runner.engine.released.length === 1)
    expect(runner.endpoints.status().replicas).toEqual([])
  })

  test('when a version has fewer replicas, who held it goes on until the way to the others is open', async () => {
    const { group } = await start(2)
    group.apply(tableOf(endpointOf('fraud', variantOf(2, { replicas: 2 }))))
    await Promise.all(group.runners.map(({ endpoints }) => endpoints.ready))
    const [, second] = group.orderOf('fraud', 2) as [Runner, Runner]
    await second.ask('fraud')
    group.apply(tableOf(endpointOf('fraud', variantOf(2, { replicas: 1 }))))
    const answers: number[] = []
    while (second.engine.released.length === 0) answers.push(await second.ask('fraud'))
    answers.push(await second.ask('fraud'))
    expect(new Set(answers)).toEqual(new Set([2]))
    expect(second.opened).toEqual([2])
  })
})

describe('scaled to zero', () => {
  const idle = (more: Parameters<typeof variantOf>[1] = {}) =>
    endpointOf('fraud', variantOf(2, { replicas: 0, ...more }))

  test('a hundred requests at once, on every runner, are answered by one load', async () => {
    const { group } = await start(3)
    group.apply(tableOf(idle()))
    const [first] = group.orderOf('fraud', 2) as [Runner]
    const answers = await Promise.all(
      Array.from({ length: 102 }, (_, i) => (group.runners[i % 3] as Runner).ask('fraud')),
    )
    expect(new Set(answers)).toEqual(new Set([2]))
    expect(group.runners.flatMap(({ opened }) => opened)).toEqual([2])
    expect(first.events).toEqual(['replica-woken fraud'])
    expect(first.endpoints.counters().variants).toMatchObject([{ requests: { ok: 34 }, coldStarts: 1, inFlight: 0 }])
  })

  test('what this runner woke stays when a table comes that does not know of it, and goes when one has known', async () => {
    const runner = await start(1)
    runner.endpoints.apply(tableOf(idle()))
    expect(await runner.ask('fraud')).toBe(2)
    runner.endpoints.apply(tableOf(idle(), endpointOf('other', variantOf(3))))
    await new Promise((done) => void setTimeout(done, 200))
    expect(runner.engine.released).toEqual([])
    runner.endpoints.apply(tableOf(idle({ replicas: 1 })))
    runner.endpoints.apply(tableOf(idle({ replicas: 0 })))
    await until(() => runner.engine.released.includes(2))
    expect(await runner.ask('fraud')).toBe(2)
    expect(runner.opened.filter((number) => number === 2)).toEqual([2, 2])
  })

  test('all who wait hear at once why it cannot be loaded, wherever they asked', async () => {
    const { group } = await start(2)
    group.apply(tableOf(idle()))
    const [first] = group.orderOf('fraud', 2) as [Runner]
    first.refusal = new ServingError('refused', 'its digest differs')
    const errors = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (group.runners[i % 2] as Runner).failure('fraud')),
    )
    for (const error of errors)
      expect(error).toMatchObject({
        code: 'unavailable',
        message: '"fraud" could not be loaded: its digest differs',
        details: { reason: 'load_failed' },
      })
    expect(group.runners.flatMap(({ opened }) => opened)).toEqual([2])
  })

  test('a request that waits is told at its deadline how far the wake is', async () => {
    const runner = await start(1, { timeoutMs: 120 })
    runner.endpoints.apply(tableOf(idle({ loadMs: 5000 })))
    const { promise, resolve } = Promise.withResolvers<void>()
    runner.gate = promise
    const impatient = await runner.failure('fraud', { context: { timeoutMs: 30 } })
    expect(impatient.code).toBe('deadline_exceeded')
    const { waitedMs, expectedMs } = impatient.details
    expect(impatient.details).toMatchObject({ reason: 'waking', phase: 'opening' })
    expect(waitedMs).toBeGreaterThanOrEqual(30)
    expect(Number(expectedMs)).toBeGreaterThan(4000)
    expect(impatient.message).toMatch(
      /"fraud" is being woken \(opening\): the request has waited \d+ ms, about \d+ ms more/,
    )
    expect(await runner.failure('fraud')).toMatchObject({ code: 'unavailable', details: { reason: 'waking' } })
    resolve()
    await until(() => runner.engine.loaded.length === 1)
    expect(await runner.ask('fraud')).toBe(2)
    expect(runner.opened).toEqual([2])
  })

  test('how far the wake is comes from the runner that wakes it', async () => {
    const { group } = await start(2)
    group.apply(tableOf(idle({ loadMs: 5000 })))
    const [first, second] = group.orderOf('fraud', 2) as [Runner, Runner]
    const { promise, resolve } = Promise.withResolvers<void>()
    first.gate = promise
    const error = await second.failure('fraud', { context: { timeoutMs: 200 } })
    expect(error).toMatchObject({ code: 'deadline_exceeded', details: { reason: 'waking', phase: 'opening' } })
    resolve()
    expect(await second.ask('fraud')).toBe(2)
    expect(second.opened).toEqual([])
  })

  test('a full line refuses work, and is empty once the wake is over', async () => {
    const runner = await start(1, { hold: { maxRequests: 5 } })
    runner.endpoints.apply(tableOf(idle({ loadMs: 700 })))
    const { promise, resolve } = Promise.withResolvers<void>()
    runner.gate = promise
    const waiting = Array.from({ length: 5 }, () => runner.ask('fraud'))
    const error = await runner.failure('fraud')
    expect(error).toMatchObject({ code: 'overloaded', details: { reason: 'hold_full' } })
    expect(error.details['retryAfterMs']).toBeGreaterThan(500)
    resolve()
    expect(await Promise.all(waiting)).toEqual([2, 2, 2, 2, 2])
    runner.endpoints.apply(tableOf(endpointOf('other', variantOf(3, { replicas: 0 }))))
    expect(await Promise.all(Array.from({ length: 5 }, () => runner.ask('other')))).toEqual([3, 3, 3, 3, 3])
  })

  test('a line is bounded by the memory of its inputs', async () => {
    const runner = await start(1, { hold: { maxBytes: 40 } })
    runner.endpoints.apply(tableOf(idle()))
    const { promise, resolve } = Promise.withResolvers<void>()
    runner.gate = promise
    const waiting = [runner.ask('fraud'), runner.ask('fraud')]
    expect(await runner.failure('fraud')).toMatchObject({ code: 'overloaded' })
    resolve()
    expect(await Promise.all(waiting)).toEqual([2, 2])
  })

  test('a request that does not fit wakes nobody', async () => {
    const runner = await start(1)
    runner.endpoints.apply(tableOf(idle()))
    const plane = runner.endpoints.planeFor({ headers: {} })
    const wrong = new Map([['x', tensor('FP64', [1, 3], Float64Array.of(1, 2, 3))]])
    await expect(plane.predict(plane.model('fraud'), wrong, {})).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(runner.opened).toEqual([])
  })

  test('an idle version is described without being loaded', async () => {
    const runner = await start(1)
    runner.endpoints.apply(tableOf(idle()))
    const model: ServedModel = runner.endpoints.planeFor({ headers: {} }).model('fraud')
    expect(model.signature).toEqual(versionOf(2).manifest.signature)
    expect(model).toMatchObject({ state: 'ready', engines: ['times'] })
    expect(runner.opened).toEqual([])
  })

  test('where the runner that should wake it is gone, another one does', async () => {
    const { group } = await start(2)
    const [first, second] = group.orderOf('fraud', 2) as [Runner, Runner]
    await first.kill()
    group.apply(tableOf(idle()))
    expect(await second.ask('fraud')).toBe(2)
    expect(second.opened).toEqual([2])
    await first.revive()
    expect(await first.ask('fraud')).toBe(2)
  })
})

describe('availability', () => {
  test('no request fails when the only holder dies under them', async () => {
    const { group } = await start(2)
    group.apply(tableOf(endpointOf('fraud', variantOf(2))))
    await Promise.all(group.runners.map(({ endpoints }) => endpoints.ready))
    const [holder, other] = group.orderOf('fraud', 2) as [Runner, Runner]
    await other.ask('fraud')
    const { promise, resolve } = Promise.withResolvers<void>()
    holder.engine.gate = promise
    const waiting = Array.from({ length: 10 }, () => other.ask('fraud'))
    await new Promise((done) => void setTimeout(done, 20))
    await holder.kill()
    expect(await Promise.all(waiting)).toEqual(Array(10).fill(2))
    expect(other.opened).toEqual([2])
    resolve()
  })

  test('what was loaded in the place of a holder goes once the holder is back', async () => {
    const { group } = await start(2)
    const [holder, other] = group.orderOf('fraud', 2) as [Runner, Runner]
    await holder.kill()
    group.apply(tableOf(endpointOf('fraud', variantOf(2))))
    await holder.endpoints.ready
    expect(await other.ask('fraud')).toBe(2)
    expect(other.opened).toEqual([2])
    await holder.revive()
    await until(() => other.engine.released.length === 1)
    expect(await other.ask('fraud')).toBe(2)
    expect(other.opened).toEqual([2])
  })

  test('a run that fails here is run once more where it is held too, and a replica that fails on and on lets others answer', async () => {
    const { group } = await start(2)
    group.apply(tableOf(endpointOf('fraud', variantOf(2, { replicas: 2 }))))
    await Promise.all(group.runners.map(({ endpoints }) => endpoints.ready))
    const [sick, sound] = group.runners as [Runner, Runner]
    const broken = Promise.reject(new Error('the engine has lost its mind'))
    broken.catch(() => {})
    sick.engine.gate = broken
    // the way to the other is not open yet: the first may fail
    const outcomes = []
    for (let i = 0; i < 8; i++) {
      outcomes.push(await sick.ask('fraud').catch((error: unknown) => ServingError.from(error).code))
      await new Promise((done) => void setTimeout(done, 5))
    }
    expect(outcomes.slice(1)).toEqual(Array(7).fill(2))
    // more than could be tried again
    for (let i = 0; i < 30; i++) expect(await sick.ask('fraud')).toBe(2)
    expect(sick.events).toContain('replica-ejected fraud')
    expect(sound.events).not.toContain('replica-ejected fraud')
    sick.engine.gate = undefined
  })

  test('a run that fails at one holder is run once more at another, and a holder that fails on and on gets none', async () => {
    const { group } = await start(3)
    group.apply(tableOf(endpointOf('fraud', variantOf(2, { replicas: 2 }))))
    await Promise.all(group.runners.map(({ endpoints }) => endpoints.ready))
    const [sick, , caller] = group.orderOf('fraud', 2) as [Runner, Runner, Runner]
    await caller.ask('fraud')
    const broken = Promise.reject(new Error('the engine has lost its mind'))
    broken.catch(() => {})
    sick.engine.gate = broken
    for (let i = 0; i < 60; i++) expect(await caller.ask('fraud')).toBe(2)
    sick.engine.gate = undefined
  })

  test('the last one is never left out, however often it fails', async () => {
    const runner = await start(1)
    runner.endpoints.apply(tableOf(endpointOf('fraud', variantOf(2))))
    await runner.endpoints.ready
    const broken = Promise.reject(new Error('the engine has lost its mind'))
    broken.catch(() => {})
    runner.engine.gate = broken
    for (let i = 0; i < 5; i++) expect((await runner.failure('fraud')).code).toBe('internal')
    runner.engine.gate = undefined
    expect(await runner.ask('fraud')).toBe(2)
    expect(runner.events).toEqual(['replica-ready fraud'])
  })
})

describe('among runners', () => {
  const peersOf = ({ endpoints: { peers } }: Runner) =>
    peers.predict(peers.model('fraud', versionOf(2).digest), ROW, {})

  test('who does not hold a version answers nobody for it, and does not load it', async () => {
    const { group } = await start(2)
    group.apply(tableOf(endpointOf('fraud', variantOf(2))))
    await Promise.all(group.runners.map(({ endpoints }) => endpoints.ready))
    const [holder, other] = group.orderOf('fraud', 2) as [Runner, Runner]
    await expect(peersOf(other)).rejects.toMatchObject({ code: 'unavailable', details: { reason: 'not_held' } })
    expect(() => other.endpoints.peers.model('fraud', versionOf(7).digest)).toThrow('is not held by this runner')
    expect(other.opened).toEqual([])
    expect((await peersOf(holder)).outputs.get('product')?.data[0]).toBe(6)
    // what others ask for is their traffic
    expect(holder.endpoints.status().traffic).toEqual([])
  })

  test('a key with many requests by way of another runner waits behind itself, and not before those with few, there and here', async () => {
    const { group } = await start(2)
    group.apply(tableOf(endpointOf('fraud', variantOf(3))))
    const [holder, other] = group.orderOf('fraud', 3) as [Runner, Runner]
    await holder.endpoints.ready
    await other.ask('fraud')
    const opened = Promise.withResolvers<void>()
    holder.engine.gate = opened.promise
    const of = (uid: string) => ({ context: { call: { aborted: false, principal: { name: uid, uid } } } })
    let greedyAnswers = 0
    const greedy = Array.from({ length: 400 }, () => other.ask('fraud', of('greedy')).then(() => greedyAnswers++))
    await until(() => holder.plane.gauges()[0]?.inFlight === 400)
    const modest = [other, holder].map((runner) => runner.ask('fraud', of('modest')).then(() => greedyAnswers))
    await until(() => holder.plane.gauges()[0]?.inFlight === 402)
    opened.resolve()
    // one run was under way, and the next is of both keys
    for (const before of await Promise.all(modest)) expect(before).toBeLessThanOrEqual(128)
    await Promise.all(greedy)
  })

  test('who has no room has another holder answer, and asks none again at once that had none either', async () => {
    const { group } = await start(2)
    group.apply(tableOf(endpointOf('fraud', variantOf(3, { replicas: 2 }))))
    const [first, second] = group.orderOf('fraud', 3) as [Runner, Runner]
    await Promise.all([first.endpoints.ready, second.endpoints.ready])
    const isFull = { first: true, second: false }
    let asked = 0
    const refuseWhere = (runner: Runner, name: 'first' | 'second') => {
      const predict = runner.plane.predict.bind(runner.plane)
      const guarded: typeof predict = (...request) => {
        if (name === 'second') asked++
        if (isFull[name]) return Promise.reject(new ServingError('overloaded', `${name} is full`))
        return predict(...request)
      }
      Object.assign(runner.plane, { predict: guarded })
    }
    refuseWhere(first, 'first')
    refuseWhere(second, 'second')
    await expect.poll(() => first.ask('fraud').catch(() => 0)).toBe(3) // once they are connected
    isFull.second = true
    asked = 0
    for (let i = 0; i < 5; i++) expect((await first.failure('fraud')).message).toBe('first is full')
    expect(asked).toBe(1)
  })

  test('a request that came from another runner is never sent on', async () => {
    const { group } = await start(2)
    const [first] = group.orderOf('fraud', 2) as [Runner]
    first.refusal = new ServingError('refused', 'its digest differs')
    group.apply(tableOf(endpointOf('fraud', variantOf(2, { replicas: 2 }))))
    await Promise.all(group.runners.map(({ endpoints }) => endpoints.ready))
    expect(await first.ask('fraud')).toBe(2)
    await expect(peersOf(first)).rejects.toMatchObject({ code: 'unavailable', details: { reason: 'load_failed' } })
  })

  test('a version that its holder has not heard of yet is answered by whoever has', async () => {
    const { group } = await start(2)
    const [, second] = group.orderOf('fraud', 2) as [Runner, Runner]
    second.endpoints.apply(tableOf(endpointOf('fraud', variantOf(2))))
    expect(await second.ask('fraud')).toBe(2)
    expect(second.opened).toEqual([2])
  })

  test('requests under way at a holder end there, though there are more holders meanwhile', async () => {
    const { group } = await start(3)
    group.apply(tableOf(endpointOf('fraud', variantOf(2))))
    await Promise.all(group.runners.map(({ endpoints }) => endpoints.ready))
    const [holder, , third] = group.orderOf('fraud', 2) as [Runner, Runner, Runner]
    await third.ask('fraud')
    const { promise, resolve } = Promise.withResolvers<void>()
    holder.engine.gate = promise
    const answers = [third.ask('fraud'), third.ask('fraud')]
    await new Promise((done) => void setTimeout(done, 20))
    group.apply(tableOf(endpointOf('fraud', variantOf(2, { replicas: 2 }))))
    await new Promise((done) => void setTimeout(done, 50))
    resolve()
    expect(await Promise.all(answers)).toEqual([2, 2])
    expect(third.opened).toEqual([])
  })
})

test('requests under way at a holder are not run a second time by who becomes one meanwhile', async () => {
  const { group } = await start(2)
  group.apply(tableOf(endpointOf('fraud', variantOf(2))))
  await Promise.all(group.runners.map(({ endpoints }) => endpoints.ready))
  const [holder, other] = group.orderOf('fraud', 2) as [Runner, Runner]
  await other.ask('fraud')
  const { promise, resolve } = Promise.withResolvers<void>()
  holder.engine.gate = promise
  const answer = other.ask('fraud')
  await new Promise((done) => void setTimeout(done, 20))
  group.apply(tableOf(endpointOf('fraud', variantOf(2, { replicas: 2 }))))
  await until(() => other.engine.loaded.length === 1)
  let runs = 0
  Object.defineProperty(other.engine, 'gate', { get: () => void runs++ })
  await new Promise((done) => void setTimeout(done, 500))
  resolve()
  expect(await answer).toBe(2)
  expect(runs).toBe(0)
  expect(await other.ask('fraud')).toBe(2)
  expect(runs).toBe(1)
  Object.defineProperty(other.engine, 'gate', { value: undefined, writable: true })
})

describe('sticky', () => {
  const split = (...weights: [number, number]) => ({
    ...endpointOf('fraud', variantOf(2, { weight: weights[0] }), variantOf(3, { weight: weights[1] })),
  })

  test('requests of one key, or of one value of a header, stay with one variant', async () => {
    const runner = await start(1)
    runner.endpoints.apply(tableOf({ ...split(1, 1), sticky: { by: 'key' } }))
    await runner.endpoints.ready
    const answersOf = async (caller: Caller) =>
      new Set(await Promise.all(Array.from({ length: 20 }, () => runner.ask('fraud', { caller }))))
    const seen = new Set<number>()
    for (let i = 0; i < 20; i++) {
      const answers = await answersOf({ principal: { name: 'ci', uid: `key-${i}` }, headers: {} })
      expect(answers.size).toBe(1)
      for (const answer of answers) seen.add(answer)
    }
    expect(seen.size).toBe(2)
    expect((await answersOf({ headers: {} })).size).toBe(2) // nobody to stay with
    runner.endpoints.apply(tableOf({ ...split(1, 1), sticky: { by: 'header', header: 'X-User' } }))
    for (let i = 0; i < 20; i++) expect((await answersOf({ headers: { 'x-user': `user-${i}` } })).size).toBe(1)
    expect((await answersOf({ headers: {} })).size).toBe(2)
  })
})

describe('memory', () => {
  test('the version that was asked last of all makes room for one that is asked now', async () => {
    const runner = await start(1, { memoryBudgetBytes: 2500 })
    const sleeping = (name: string, factor: number) => endpointOf(name, variantOf(factor, { replicas: 0 }))
    runner.endpoints.apply(tableOf(sleeping('a', 2), sleeping('b', 3), sleeping('c', 5)))
    await runner.ask('a')
    await runner.ask('b')
    await runner.ask('a')
    expect(await runner.ask('c')).toBe(5)
    expect(runner.engine.released).toEqual([3])
    expect(await runner.ask('b')).toBe(3)
    expect(runner.engine.released).toEqual([3, 2])
  })

  test('who would need the room of those in use is told so', async () => {
    const runner = await start(1, { memoryBudgetBytes: 1500 })
    runner.endpoints.apply(
      tableOf(endpointOf('a', variantOf(2, { replicas: 0 })), endpointOf('b', variantOf(3, { replicas: 0 }))),
    )
    await runner.ask('a')
    const { promise, resolve } = Promise.withResolvers<void>()
    runner.engine.gate = promise
    const answer = runner.ask('a')
    const error = await runner.failure('b')
    expect(error).toMatchObject({ code: 'unavailable', details: { reason: 'memory_budget' } })
    expect(error.message).toContain('there is no memory for "b"')
    resolve()
    expect(await answer).toBe(2)
  })
})

describe('what is told', () => {
  test('traffic by variant is the sums of an interval, and nothing when there was none', async () => {
    const runner = await start(1)
    runner.endpoints.apply(tableOf(endpointOf('fraud', variantOf(2))))
    await runner.endpoints.ready
    await Promise.all(Array.from({ length: 7 }, () => runner.ask('fraud', { caller: callerOf() })))
    const plane = runner.endpoints.planeFor({ headers: {} })
    const poison = new Map([['x', tensor('FP64', [2, 2], Float64Array.of(-1, 0, 1, 1))]])
    await expect(plane.predict(plane.model('fraud'), poison, {})).rejects.toMatchObject({ code: 'internal' })
    const [traffic] = runner.endpoints.status().traffic
    expect(traffic).toMatchObject({ endpoint: 'fraud', variant: 'v2', requests: 8, errors: 1, rows: 7 })
    expect(traffic?.latency.reduce((sum, count) => sum + count, 0)).toBe(7)
    expect(traffic?.inFlight).toBeGreaterThan(0)
    expect(runner.endpoints.status().traffic).toEqual([])
    expect(runner.endpoints.counters()).toMatchObject({
      variants: [{ endpoint: 'fraud', requests: { ok: 7, internal: 1 } }],
      keys: [{ key: 'ci', requests: { ok: 7 } }],
    })
  })

  test('when a version was used last changes with each use, and with nothing else', async () => {
    let drift = 0
    const runner = await start(1, { wallNow: () => 1_700_000_000_000 + performance.now() * 1.01 + drift++ })
    runner.endpoints.apply(tableOf(endpointOf('fraud', variantOf(2))))
    await runner.endpoints.ready
    const lastUsed = () => runner.endpoints.status().replicas.map(({ lastUsedMs }) => lastUsedMs)
    await runner.ask('fraud')
    const first = lastUsed()
    await new Promise((done) => void setTimeout(done, 20))
    expect(lastUsed()).toEqual(first)
    await runner.ask('fraud')
    expect(lastUsed()).not.toEqual(first)
  })

  test('what is scaled to zero is out of the status at once, unless it is in use', async () => {
    const runner = await start(1, { lingerMs: 2000 })
    const sized = (replicas: number) => tableOf(endpointOf('fraud', variantOf(2, { replicas })))
    runner.endpoints.apply(sized(1))
    await runner.endpoints.ready
    await new Promise((done) => void setTimeout(done, 5))
    const states = () => runner.endpoints.status().replicas.map(({ state }) => state)
    await runner.ask('fraud')
    runner.endpoints.apply(sized(0))
    expect(states()).toEqual(['ready'])
    await group?.close()
    const quiet = await start(1, { lingerMs: 0 })
    quiet.endpoints.apply(sized(1))
    await quiet.endpoints.ready
    quiet.endpoints.apply(sized(0))
    expect(quiet.endpoints.status().replicas).toEqual([])
  })

  test('an observer sees each request after its answer, with all that belongs to it', async () => {
    const seen: Observation[] = []
    const runner = await start(1, { observe: (observation) => seen.push(observation) })
    const capture = { sample: 1, redact: [], retentionDays: 1 }
    runner.endpoints.apply(tableOf({ ...endpointOf('fraud', variantOf(2)), capture }))
    await runner.endpoints.ready
    const caller = callerOf()
    await runner.ask('fraud', { caller })
    expect(seen).toEqual([])
    await until(() => seen.length === 1)
    expect(seen[0]).toMatchObject({ endpoint: 'fraud', principal: caller.principal, inputs: ROW, error: undefined })
    expect(seen[0]?.variant.name).toBe('v2')
    expect(seen[0]?.outputs?.get('product')?.data[0]).toBe(6)
  })

  test('of an endpoint that has nothing captured, an observer sees the failures alone', async () => {
    const seen: Observation[] = []
    const runner = await start(1, { observe: (observation) => seen.push(observation) })
    runner.endpoints.apply(tableOf(endpointOf('fraud', variantOf(2))))
    await runner.endpoints.ready
    await runner.ask('fraud')
    const plane = runner.endpoints.planeFor(callerOf())
    await expect(plane.predict(plane.model('fraud'), new Map(), {})).rejects.toThrow()
    await until(() => seen.length > 0)
    expect(seen).toMatchObject([{ endpoint: 'fraud', outputs: undefined, error: { code: 'invalid_argument' } }])
  })

  test('a shadow gets a copy after the answer, and what it answers is compared', async () => {
    const runner = await start(1)
    const shadows = [
      variantOf(3, { name: 'other', weight: 0, shadow: 1, replicas: 0 }),
      variantOf(2, { name: 'same', weight: 0, shadow: 1 }),
      variantOf(5, { name: 'never', weight: 0, shadow: 0, replicas: 0 }),
    ]
    runner.endpoints.apply(tableOf(endpointOf('fraud', variantOf(2), ...shadows)))
    await runner.endpoints.ready
    for (let i = 0; i < 10; i++) expect(await runner.ask('fraud')).toBe(2)
    const compared = () =>
      runner.endpoints.counters().variants.map((each) => [each.variant, each.shadowCompared, each.shadowDiffered])
    await until(() => compared().filter(([, count]) => count === 10).length === 2)
    expect(compared()).toEqual(
      expect.arrayContaining([
        ['v2', 0, 0],
        ['other', 10, 10],
        ['same', 10, 0],
      ]),
    )
    const traffic = runner.endpoints.status().traffic.find(({ variant }) => variant === 'other')
    expect(traffic).toMatchObject({ requests: 10, compared: 10, differed: 10 })
    // it had to be woken first, which says nothing of its runs
    expect(traffic?.timed).toBeLessThan(10)
    expect(runner.opened).not.toContain(5)
  })

  test('a shadow that is slow loses copies, and nobody waits for it', async () => {
    const runner = await start(1)
    runner.endpoints.apply(
      tableOf(endpointOf('fraud', variantOf(2), variantOf(3, { weight: 0, shadow: 1, replicas: 0 }))),
    )
    await runner.endpoints.ready
    const { promise, resolve } = Promise.withResolvers<void>()
    runner.gate = promise
    for (let i = 0; i < 200; i++) expect(await runner.ask('fraud')).toBe(2)
    const shadow = () => runner.endpoints.counters().variants.find(({ variant }) => variant === 'v3')
    expect(shadow()?.shadowDropped).toBeGreaterThan(100)
    resolve()
    await until(() => (shadow()?.shadowCompared ?? 0) + (shadow()?.shadowDropped ?? 0) === 200)
  })
})
