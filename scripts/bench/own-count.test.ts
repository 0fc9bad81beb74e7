import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { readAnswered, watchCount, type OwnCount } from './own-count.ts'
import type { RunningServer } from './servers.ts'

const { signal } = new AbortController()

/** A server that tells these counts, one after the other, then the last one again and again. */
async function telling(counts: readonly number[], status = 200) {
  let asked = 0
  const server = createServer((_request, response) => {
    response.statusCode = status
    response.end(`count ${counts[Math.min(asked++, counts.length - 1)]}`)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const count: OwnCount = { path: '/metrics', headers: {}, read: (text) => Number(text.split(' ')[1]) }
  const running = { name: 'sample', port, plan: { count } } as unknown as RunningServer
  return { running, [Symbol.dispose]: () => server.close() }
}

const load = (requests: number, started: number) => ({ requests, started, seconds: 1, p50Ms: 1, p99Ms: 1 })

test('what a server counts lies between what was answered and what was sent', async () => {
  for (const now of [1100, 1103, 1104]) {
    using server = await telling([1000, 1000, now])
    await (
      await watchCount(server.running, signal)
    )(load(100, 104))
  }
})

test('a count that comes late is waited for', async () => {
  using server = await telling([1000, 1000, 1050, 1102])
  await (
    await watchCount(server.running, signal)
  )(load(100, 104))
})

test('what an earlier load left under way is not counted', async () => {
  using server = await telling([990, 1000, 1000, 1104])
  await (
    await watchCount(server.running, signal, 1)
  )(load(100, 104))
})

test.each([1099, 1105])('another count fails the measurement: %d after 1000', async (now) => {
  using server = await telling([1000, 1000, now])
  const compare = await watchCount(server.running, signal, 1)
  await expect(compare(load(100, 104))).rejects.toThrow(
    `the client had 100 answers of 104 requests, sample itself counts ${now - 1000}`,
  )
})

test('a server that refuses to tell is a failure, one that never tells is not', async () => {
  using server = await telling([1000], 401)
  await expect(watchCount(server.running, signal)).rejects.toThrow('/metrics answers 401')
  const silent = { name: 'sample', port: 0, plan: {} } as unknown as RunningServer
  await (
    await watchCount(silent, signal)
  )(load(100, 104))
})

test("Slipway's count is of right answers of the one model, whichever version gave them", () => {
  const text = `# TYPE slipway_requests_total counter
slipway_requests_total{model="",version="",code="200"} 1
slipway_requests_total{model="tiny",version="a",code="200"} 20
slipway_requests_total{model="tiny",version="b",code="200"} 300
slipway_requests_total{model="tiny",version="b",code="500"} 4000
slipway_requests_total{model="trees",version="c",code="200"} 50000
slipway_rows_total{model="tiny",version="a"} 600000
`
  expect(readAnswered('tiny')(text)).toBe(320)
})
