import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { overload, overloadFaults, type OverloadResult } from './overload.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const WORK_MS = 10

/** A server that does one thing at a time, and lets so many wait. */
async function oneAtATime(mostWaiting: number): Promise<number> {
  const queue: ServerResponse[] = []
  let isBusy = false
  const answer = (response: ServerResponse, status: number) => response.writeHead(status, { 'content-length': 0 }).end()
  function work(): void {
    const next = queue.shift()
    isBusy = next !== undefined
    if (next === undefined) return
    setTimeout(() => {
      answer(next, 200)
      work()
    }, WORK_MS)
  }
  const server = createServer((request, response) => {
    request.resume()
    if (queue.length >= mostWaiting) answer(response, 503)
    else {
      queue.push(response)
      if (!isBusy) work()
    }
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const run = async (mostWaiting: number, deadlineMs: number) =>
  overload({
    port: await oneAtATime(mostWaiting),
    path: '/',
    headers: {},
    inputs: [],
    deadlineMs,
    factors: [1, 5],
    seconds: 0.6,
    rounds: 1,
    connections: 150,
  })

const step = (factor: number, goodPerSecond: number, over = {}) => ({
  factor,
  offeredPerSecond: factor * 100,
  goodPerSecond,
  refusedPerSecond: factor * 100 - goodPerSecond,
  latePerSecond: 0,
  failedPerSecond: 0,
  p50Ms: 10,
  p99Ms: 20,
  behindMs: 1,
  ...over,
})
const result = (...steps: OverloadResult['steps']): OverloadResult => ({
  capacityPerSecond: 100,
  peakPerSecond: 100,
  deadlineMs: 250,
  steps,
})

describe('under overload', () => {
  test('a server that turns away what it cannot do in time answers all the rest in time', async () => {
    const { steps } = await run(10, 3000)
    expect(steps.map(({ latePerSecond, failedPerSecond }) => latePerSecond + failedPerSecond)).toEqual([0, 0])
    expect(steps[1]?.goodPerSecond).toBeGreaterThan(0)
    expect(steps[1]?.refusedPerSecond).toBeGreaterThan(0)
  })

  test('a server that takes everything answers too late', async () => {
    const found = await run(Infinity, 200)
    expect(overloadFaults(found, { 5: 0.9 })).toContainEqual(expect.stringContaining('at 5 × goodput is'))
  })
})

describe('the verdict', () => {
  test('is silent where goodput holds', () => {
    expect(overloadFaults(result(step(1, 99), step(3, 95), step(10, 90)))).toEqual([])
  })

  test.each([
    [3, 94.9, 'at 3 × goodput is 94.9 % of the peak, at least 95.0 % is wanted'],
    [10, 89, 'at 10 × goodput is 89.0 % of the peak, at least 90.0 % is wanted'],
    [3, NaN, 'at 3 ×'],
  ])('at %d × with %d of 100 good answers is a fault', (factor, good, fault) => {
    expect(overloadFaults(result(step(factor, good)))).toEqual([expect.stringContaining(fault)])
  })

  test('tells failures that are no refusals, and a sender that fell behind', () => {
    expect(overloadFaults(result(step(3, 100, { failedPerSecond: 1, behindMs: 30 })))).toEqual([
      expect.stringContaining('1.0 requests a second failed'),
      expect.stringContaining('fell 30 ms behind'),
    ])
  })
})
