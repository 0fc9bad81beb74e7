import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { connectRaw, rawRequest, readHead } from './raw-client.ts'

const servers: Server[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
})

/** A server that answers each piece that it reads with the next of these texts, in pieces of so many bytes. */
async function answering(texts: readonly string[], pieceBytes = Infinity): Promise<number> {
  const left = [...texts]
  const server = createServer((socket) => {
    socket.on('data', () => {
      const bytes = Buffer.from(left.shift() ?? '')
      const send = (from: number) => {
        if (from >= bytes.length) return
        socket.write(bytes.subarray(from, from + pieceBytes))
        setImmediate(send, from + pieceBytes)
      }
      if (bytes.length > 0) send(0)
      else socket.end()
    })
    socket.on('error', () => {})
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Sends as often as it may, and tells what it saw until the connection ended. */
function exchange(port: number): Promise<(number | string)[]> {
  const request = rawRequest(port, { path: '/x', headers: {}, body: '{}' })
  const seen: (number | string)[] = []
  return new Promise((resolve) => {
    const connection = connectRaw(port, {
      onFree: () => connection.send(request),
      onAnswer: (status) => seen.push(status),
      onEnd: (reason) => resolve([...seen, reason]),
    })
  })
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody'
const BUSY = 'HTTP/1.1 503 Service Unavailable\r\nx: y\r\ncontent-length: 0\r\n\r\n'

describe('a connection', () => {
  test.each([Infinity, 1, 7])('reads one answer after the other, in pieces of %d bytes', async (pieceBytes) => {
    const port = await answering([OK, BUSY, OK], pieceBytes)
    expect(await exchange(port)).toEqual([200, 503, 200, 'the server closed the connection'])
  })

  test('ends with an answer that says so', async () => {
    const port = await answering([OK.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'), OK])
    expect(await exchange(port)).toEqual([200, 'the server closed the connection'])
  })

  test('to nobody ends with the reason', async () => {
    const port = await answering([])
    await new Promise((resolve) => servers.splice(0)[0]?.close(resolve))
    expect(await exchange(port)).toEqual([expect.stringContaining('ECONNREFUSED')])
  })

  test('refuses what it cannot follow', async () => {
    const port = await answering(['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'])
    expect(await exchange(port)).toEqual(['an answer without a status or a content-length'])
  })
})

test('a head is its status and the length of its body', () => {
  expect(readHead('HTTP/1.1 404 Not Found\r\nA: b\r\ncontent-length:12\r\n')).toEqual({
    status: 404,
    bodyLeft: 12,
    isLast: false,
  })
  expect(readHead('HTTP/1.1 200 OK\r\nx-content-length: 1\r\n')).toBeUndefined()
})

test('a request counts the bytes of its body', () => {
  expect(rawRequest(8080, { path: '/a', headers: { h: 'v' }, body: 'é' }).toString()).toBe(
    'POST /a HTTP/1.1\r\nhost: 127.0.0.1:8080\r\ncontent-length: 2\r\nh: v\r\n\r\né',
  )
})
