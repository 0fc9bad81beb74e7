import { once } from 'node:events'
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askGrpc } from './grpc-ask.ts'
import type { GrpcExchange } from './grpc-question.ts'

const { signal } = new AbortController()
const exchange = (path: string): GrpcExchange => ({
  path,
  metadata: { authorization: 'Bearer key' },
  frame: Buffer.from('asked'),
  check: () => undefined,
})

let server: Http2Server
let port = 0
beforeAll(async () => {
  server = createServer()
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {}) // the one that is cut
    if (headers[':path'] === '/cut') return stream.close(2)
    if (headers[':path'] === '/refused')
      return stream.respond({ ':status': 200, 'grpc-status': '16', 'grpc-message': 'no key' }, { endStream: true })
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.write(`${headers.authorization} `)
    return stream.pipe(stream)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => server.close())

test('an answer is its status, and all bytes of its body', async () => {
  const { status, body } = await askGrpc(port, exchange('/echo'), signal)
  expect([status, body.toString()]).toEqual([0, 'Bearer key asked'])
})

test('a refusal has no body, and its status in the head', async () => {
  expect(await askGrpc(port, exchange('/refused'), signal)).toEqual({
    status: 16,
    message: 'no key',
    body: Buffer.alloc(0),
  })
})

test('a call that is cut fails', async () => {
  await expect(askGrpc(port, exchange('/cut'), signal)).rejects.toThrow('INTERNAL_ERROR')
})

test('where nobody listens, the reason is that of the connection', async () => {
  const other = createServer()
  await once(other.listen(0, '127.0.0.1'), 'listening')
  const { port: free } = other.address() as AddressInfo
  await new Promise((resolve) => other.close(resolve))
  await expect(askGrpc(free, exchange('/echo'), signal)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})
