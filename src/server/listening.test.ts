import { BoundSocket, createServer, type Server } from 'node:net'
import { expect, test } from 'vitest'
import { needs } from '../../test/support/needs.ts'
import { bind, listenOn } from './listening.ts'

const HOST = '127.0.0.1'

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

// elsewhere the second is told when it binds
test.skipIf(!needs('linux'))(
  'of two that have bound one port at the same moment, the second to listen is told that it is in use',
  async () => {
    const first = bind({ host: HOST, port: 0, flag: '--port' })
    const { port } = first.address()
    const second = new BoundSocket({ host: HOST, port })
    const [one, other] = [createServer(), createServer()]
    const address = { host: HOST, port, flag: '--grpc-port' }
    await listenOn(one, first.fd(), address)
    await expect(listenOn(other, second.fd(), address)).rejects.toMatchObject({
      code: 'unavailable',
      message: `port ${port} on ${HOST} is in use: choose another with --grpc-port`,
    })
    expect(() => bind({ ...address, flag: '--port' })).toThrow(
      `port ${port} on ${HOST} is in use: choose another with --port`,
    )
    await close(one)
  },
)

test('an address that is none is refused', () => {
  expect(() => bind({ host: 'localhost', port: 0, flag: '--port' })).toThrow(/takes a numeric address/)
})
