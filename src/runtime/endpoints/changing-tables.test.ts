import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import type { RouteTable } from '../../api/route-table.ts'
import { ServingError } from '../../core/errors.ts'
import { createGroup, endpointOf, ROW, tableOf, variantOf, type Group } from './group.fixture.ts'

let group: Group | undefined

afterEach(async () => {
  await group?.close()
  group = undefined
})

const FACTORS = [2, 3, 5, 7]
/** Callers at a time, and requests of all of them. */
const CALLERS = 40
const REQUESTS = 10_000

/** A table of four versions: any weights, at least one of them above 0, any number of replicas. */
const tables = fc
  .array(fc.record({ weight: fc.constantFrom(0, 0, 1, 5), replicas: fc.nat(3) }), { minLength: 4, maxLength: 4 })
  .filter((variants) => variants.some(({ weight }) => weight > 0))

test('while tables change at random no request fails, and none is answered by a version that has no weight then', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const random = fc.sample(tables, { numRuns: 400, seed })
  group = await createGroup(3, { lingerMs: 30, lookEveryMs: 10 })
  const { runners } = group
  /** Weights of each table in force since a request began, by factor. */
  let weights: Map<number, number>[] = []
  const apply = (at: number): RouteTable => {
    const variants = random[at % random.length] ?? []
    // what gets no requests is sometimes not in the table at all
    const shown = variants.flatMap(({ weight, replicas }, i) => {
      const factor = FACTORS[i] ?? 0
      return weight === 0 && replicas === 0 ? [] : [variantOf(factor, { weight, replicas, loadMs: 5 })]
    })
    weights.push(new Map(shown.map(({ number, weight }) => [number, weight])))
    return tableOf(endpointOf('fraud', ...shown))
  }
  const first = apply(0)
  group.apply(first)

  let sent = 0
  const over = new AbortController()
  const wrong: string[] = []
  const answered = new Map<number, number>()
  async function call(which: number): Promise<void> {
    while (sent < REQUESTS) {
      sent++
      const runner = runners[(which + sent) % runners.length]
      // runners follow one after the other: what any of them had in force counts
      const since = weights.length - 1
      try {
        const plane = runner?.endpoints.planeFor({ headers: {} })
        const model = plane?.model('fraud')
        // bodies are read between the choice and the run, at times
        if (sent % 7 === 0) await new Promise((resolve) => void setImmediate(resolve))
        const { outputs } =
          (await plane?.predict(model as NonNullable<typeof model>, ROW, { outputs: ['product'] })) ?? {}
        const factor = Number(outputs?.get('product')?.data[0]) / 3
        answered.set(factor, (answered.get(factor) ?? 0) + 1)
        const had = weights.slice(Math.max(0, since - 1)).some((each) => (each.get(factor) ?? 0) > 0)
        if (!had) wrong.push(`version ${factor} answered without a weight`)
      } catch (thrown) {
        const error = ServingError.from(thrown)
        wrong.push(`${error.code}: ${error.message} ${String(error.cause)}`)
      }
    }
    over.abort()
  }
  async function change(): Promise<void> {
    for (let at = 1; !over.signal.aborted; at++) {
      const table = apply(at)
      for (const { endpoints } of runners) {
        endpoints.apply(table)
        await new Promise((resolve) => void setTimeout(resolve, 1))
      }
      await new Promise((resolve) => void setTimeout(resolve, 4))
    }
  }
  await Promise.all([change(), ...Array.from({ length: CALLERS }, (_, i) => call(i))])
  expect(wrong, `seed ${seed}`).toEqual([])
  expect([...answered.keys()].toSorted((a, b) => a - b)).toEqual(FACTORS)
  const requests = runners.flatMap(({ endpoints }) =>
    endpoints.counters().variants.map((each) => each.requests['ok'] ?? 0),
  )
  expect(requests.reduce((sum, count) => sum + count, 0)).toBe(sent)
  expect(weights.length).toBeGreaterThan(10)
})
