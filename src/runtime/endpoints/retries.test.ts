import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { createGroup, endpointOf, tableOf, variantOf, type Group, type Runner } from './group.fixture.ts'

const COUNT = 3

let group: Group
/** Which runners' engines fail their next runs. */
let isSick: readonly boolean[]
/** Whose next run ends its ways to others, as the end of its process does; it is back at once. */
let isDying: readonly boolean[]
/** How long a run takes (ms); none when 0. */
let runMs: number
/** Runners that ran something, in order. */
let ran: number[]

beforeAll(async () => {
  group = await createGroup(COUNT)
  isSick = []
  isDying = []
  runMs = 0
  ran = []
  for (const [i, { engine }] of group.runners.entries()) {
    const load = engine.load.bind(engine)
    engine.load = async (...args) => {
      const step = await load(...args)
      return {
        ...step,
        async run(inputs, wanted) {
          ran.push(i)
          const isLost = isSick[i] === true
          if (isDying[i] === true) {
            isDying = isDying.with(i, false)
            await group.runners[i]?.kill()
            await group.runners[i]?.revive()
          }
          if (runMs > 0) await new Promise((done) => void setTimeout(done, runMs))
          if (isLost) throw new Error('the engine has lost its mind')
          return await step.run(inputs, wanted)
        },
      }
    }
  }
  group.apply(tableOf(endpointOf('held', variantOf(2, { replicas: COUNT })), endpointOf('once', variantOf(3))))
  await Promise.all(group.runners.map(({ endpoints }) => endpoints.ready))
  // the ways to each other are open
  isSick = [true, true, true]
  for (const runner of group.runners) await runner.failure('held')
  await new Promise((done) => void setTimeout(done, 50))
})

afterAll(() => group.close())

beforeEach(() => {
  isSick = []
  isDying = []
  runMs = 0
  ran = []
})

/** What a request got, and who ran it. */
async function ask(runner: Runner, endpoint: string, timeoutMs?: number) {
  ran = []
  const code = await runner.ask(endpoint, { context: timeoutMs === undefined ? {} : { timeoutMs } }).then(
    () => 'ok',
    (error: unknown) => ServingError.from(error).code,
  )
  return { code, ran: [...ran] }
}

test('whoever fails and however often: a request is run twice at most, elsewhere if it began here, and only the last run decides', async () => {
  const history = fc.array(fc.tuple(fc.nat(COUNT - 1), fc.tuple(fc.boolean(), fc.boolean(), fc.boolean())), {
    maxLength: 12,
  })
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      for (const [at, sick] of steps) {
        isSick = sick
        const asked = await ask(group.runners[at] as Runner, 'held')
        expect(asked.ran.length).toBeGreaterThanOrEqual(1)
        expect(asked.ran.length).toBeLessThanOrEqual(2)
        if (asked.ran[0] === at) expect(asked.ran[1]).not.toBe(at)
        expect(asked.code).toBe(sick[asked.ran.at(-1) ?? 0] === true ? 'internal' : 'ok')
        if (sick[asked.ran[0] ?? 0] !== true) expect(asked.ran).toHaveLength(1)
      }
      // whatever was held against whom: when all are well, everybody is answered
      isSick = []
      for (const runner of group.runners) expect((await ask(runner, 'held')).code).toBe('ok')
    }),
    { numRuns: 40 },
  )
})

test('whoever fails or dies: a request is run twice at most', async () => {
  const bools = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean())
  const history = fc.array(fc.tuple(fc.nat(COUNT - 1), bools, fc.nat(COUNT)), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      for (const [at, sick, dying] of steps) {
        isSick = sick
        // one at most: what ends two is refused from then on. Who takes the request lives
        isDying = [0, 1, 2].map((i) => i === dying && i !== at)
        const asked = await ask(group.runners[at] as Runner, 'held')
        expect(asked.ran.length).toBeGreaterThanOrEqual(1)
        expect(asked.ran.length).toBeLessThanOrEqual(2)
        isDying = []
        await new Promise((done) => void setTimeout(done, 20)) // the ways are open again
      }
      isSick = []
      for (const runner of group.runners) expect((await ask(runner, 'held')).code).toBe('ok')
    }),
    { numRuns: 20 },
  )
})

test('a runner that has put itself aside asks nobody twice for one request', async () => {
  const [runner] = group.runners
  isSick = [true, false, false]
  for (let i = 0; i < 6; i++) await ask(runner as Runner, 'held')
  for (let i = 0; i < 12; i++) {
    isSick = [true, i % 3 !== 0, i % 3 !== 1]
    const { ran: order } = await ask(runner as Runner, 'held')
    if (order.length === 2) expect(order[0]).not.toBe(order[1])
  }
})

test('the only holder is asked however often it has failed, and once for each request', async () => {
  const [holder] = group.orderOf('once', 3)
  const index = group.runners.indexOf(holder as Runner)
  for (let round = 0; round < 3; round++)
    for (const runner of group.runners) {
      isSick = [true, true, true]
      for (let i = 0; i < 4; i++) expect(await ask(runner, 'once')).toEqual({ code: 'internal', ran: [index] })
      isSick = []
      expect(await ask(runner, 'once')).toEqual({ code: 'ok', ran: [index] })
    }
})

test('a run that fails past the time of its request is not run again', async () => {
  isSick = [true, true, true]
  runMs = 120
  const [runner] = group.runners
  const asked = await ask(runner as Runner, 'held', 60)
  expect(asked.code).toBe('deadline_exceeded')
  await new Promise((done) => void setTimeout(done, 2 * runMs))
  expect(ran).toHaveLength(1)
})
