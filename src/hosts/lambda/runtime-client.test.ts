import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { createRuntimeClient } from './runtime-client.ts'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

/** A server that answers as told; `seen` lists the requests that it answered. */
async function start(
  isAnswered: (socket: Socket) => boolean,
  status = 202,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ api: string; seen: string[] }> {
  const seen: string[] = []
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      if (isAnswered(request.socket)) {
        const type = request.headers['lambda-runtime-function-error-type']
        seen.push([request.method, request.url, type].join(' ').trim())
        response.writeHead(status, headers).end('said\u0007')
      } else request.socket.resetAndDestroy()
    })
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return { api: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const neverAborted = new AbortController().signal

test('a kept connection that has died is replaced, and nobody notices', async () => {
  const used = new WeakSet<Socket>()
  const { api, seen } = await start((socket) => !used.has(socket) && used.add(socket) !== undefined)
  const client = createRuntimeClient(api)
  await client.respond('a/b', '1')
  await client.respond('2', '2')
  await client.fail('3', new ServingError('overloaded', 'full'))
  client.close()
  expect(seen).toEqual([
    'POST /2018-06-01/runtime/invocation/a%2Fb/response',
    'POST /2018-06-01/runtime/invocation/2/response',
    'POST /2018-06-01/runtime/invocation/3/error Slipway.overloaded',
  ])
})

test('a new connection that dies is an error', async () => {
  const { api } = await start(() => false)
  const client = createRuntimeClient(api)
  await expect(client.respond('1', '1')).rejects.toMatchObject({ code: 'ECONNRESET' })
  client.close()
})

test('an answer out of order is an error that quotes it', async () => {
  const { api } = await start(() => true, 403, { 'lambda-runtime-aws-request-id': '1' })
  const client = createRuntimeClient(api)
  const message = (call: string): object => ({
    code: 'unavailable',
    message: `the lambda runtime API answered ${call} with status 403 and "said\\u0007"`,
  })
  await expect(client.next(neverAborted)).rejects.toMatchObject(message('GET /invocation/next'))
  await expect(client.respond('1', '1')).rejects.toMatchObject(message('POST /invocation/1/response'))
  client.close()
})

test('an event without an id is an error', async () => {
  const { api } = await start(() => true, 200)
  const client = createRuntimeClient(api)
  await expect(client.next(neverAborted)).rejects.toMatchObject({ code: 'unavailable' })
  client.close()
})
