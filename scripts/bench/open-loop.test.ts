import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { runClosedLoop, runOpenLoop, type LoopTarget, type Outcomes } from './open-loop.ts'
import { rawRequest } from './raw-client.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function target(listener: RequestListener, over: Partial<LoopTarget> = {}): Promise<LoopTarget> {
  const server = createServer((request, response) => {
    request.resume()
    listener(request, response)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const request = rawRequest(port, { path: '/', headers: {}, body: '{}' })
  return { port, request, connections: 20, deadlineMs: 200, ...over }
}

const total = ({ good, late, refused, failed, unsent }: Outcomes) => good + late + refused + failed + unsent
const answer =
  (status: number): RequestListener =>
  (_request, response) =>
    response.writeHead(status, { 'content-length': 0 }).end()

describe('an open loop', () => {
  test.each([
    ['good', 200],
    ['refused', 429],
    ['refused', 503],
    ['refused', 504],
    ['failed', 500],
    ['failed', 400],
  ] as const)('counts as %s what is answered with %d', async (kind, status) => {
    const found = await runOpenLoop(await target(answer(status), { deadlineMs: 5000 }), 200, 0.25)
    expect(found[kind]).toBe(50)
    expect(total(found)).toBe(50)
  })

  test('counts every request once when nothing is ever answered', async () => {
    const found = await runOpenLoop(await target(() => {}, { deadlineMs: 50, connections: 5 }), 200, 0.25)
    expect(found.unsent).toBeGreaterThan(0)
    expect(found.late + found.unsent).toBe(50)
  })

  test('counts as failed what ends in a broken connection, and connects anew', async () => {
    let count = 0
    const found = await runOpenLoop(
      await target(
        (request, response) => {
          if (++count % 5 === 0) request.socket.destroy()
          else answer(200)(request, response)
        },
        { deadlineMs: 5000 },
      ),
      200,
      0.25,
    )
    expect(total(found)).toBe(50)
    expect(found.failed).toBe(10)
    expect(found.good).toBe(40)
  })

  test('charges a stall to all that were due meanwhile, although few could be sent', async () => {
    let isOpen = false
    const held: (() => void)[] = []
    const found = await runOpenLoop(
      await target(
        (request, response) => {
          if (isOpen) answer(200)(request, response)
          else if (held.push(() => answer(200)(request, response)) === 1)
            setTimeout(() => {
              isOpen = true
              for (const release of held) release()
            }, 500)
        },
        { deadlineMs: 50, connections: 2 },
      ),
      100,
      0.4,
    )
    expect(total(found)).toBe(40)
    // what was due while it stalled is late or was never sent; nothing of it is good
    expect(found.good).toBe(0)
  })
})

test('a closed loop keeps one request under way on each connection', async () => {
  let most = 0
  let now = 0
  const found = await runClosedLoop(
    await target(
      (request, response) => {
        most = Math.max(most, ++now)
        setTimeout(() => {
          now--
          answer(200)(request, response)
        }, 5)
      },
      { connections: 3, deadlineMs: 5000 },
    ),
    0.3,
  )
  expect(most).toBe(3)
  expect(found.good).toBeGreaterThan(3)
  expect(found.good).toBe(total(found))
})
