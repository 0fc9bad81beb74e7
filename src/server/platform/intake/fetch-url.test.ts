import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ServingError } from '../../../core/errors.ts'
import { createCertificate } from '../../../hosts/http/certificate.fixture.ts'
import { fetchModel, type Address, type FetchLimits, type FetchOptions } from './fetch-url.ts'

const MODEL = Buffer.from('a model, as it were')
const SHA256 = createHash('sha256').update(MODEL).digest('hex')
const QUICK: Partial<FetchLimits> = { idleMs: 300, timeoutMs: 20_000, minBytesPerSecond: 1 }

let folder: string
const servers: Server[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-fetch-'))
})

afterEach(async () => {
  for (const server of servers.splice(0)) {
    if ('closeAllConnections' in server) (server.closeAllConnections as () => void)()
    server.close()
  }
  await rm(folder, { recursive: true })
})

interface Listener {
  readonly port: number
  readonly requests: IncomingMessage[]
  /** Connections so far: one packet makes one. */
  readonly connections: () => number
}

async function listen(answer: RequestListener, host = '127.0.0.1'): Promise<Listener> {
  const requests: IncomingMessage[] = []
  let connections = 0
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  })
  server.on('connection', () => connections++)
  servers.push(server)
  server.listen(0, host)
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, requests, connections: () => connections }
}

const model: RequestListener = (_request, response) => response.end(MODEL)

function options(more: Partial<FetchOptions> = {}): FetchOptions {
  return { folder, fileName: 'model.pkl', limits: QUICK, signal: new AbortController().signal, ...more }
}

/** A host of the operator's, which the name `models.example` leads to. */
function allowing({ port }: Listener, more: Partial<FetchOptions> = {}): FetchOptions {
  return options({ allowFrom: [`models.example:${port}`], lookup: leadingTo('127.0.0.1'), ...more })
}

const leadingTo =
  (...addresses: string[]) =>
  async (): Promise<readonly Address[]> =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))

/** What it throws; nothing of it may be left. */
async function failure(work: Promise<unknown>): Promise<ServingError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ServingError)) throw new Error(`no refusal: ${String(error)}`)
  expect(await readdir(folder)).toEqual([])
  return error
}

test('a file is fetched from a host that is allowed, under the name that is asked for', async () => {
  const listener = await listen(model)
  const progress: number[] = []
  let asked = 0
  const found = await fetchModel(
    `http://models.example:${listener.port}/some/model.pkl?signature=abc`,
    allowing(listener, {
      sha256: SHA256.toUpperCase(),
      onProgress: (fraction) => progress.push(fraction),
      lookup: async () => {
        asked++
        return leadingTo('127.0.0.1')()
      },
    }),
  )
  expect(found).toEqual({ path: join(folder, 'model.pkl'), sizeBytes: MODEL.length, sha256: SHA256, warnings: [] })
  expect(await readFile(found.path)).toEqual(MODEL)
  expect(await readdir(folder)).toEqual(['model.pkl'])
  expect(progress.at(-1)).toBe(1)
  expect(asked).toBe(1)
  const [request] = listener.requests
  expect(request?.url).toBe('/some/model.pkl?signature=abc')
  expect(request?.headers.host).toBe(`models.example:${listener.port}`)
  expect(Object.keys(request?.headers ?? {}).toSorted()).toEqual([
    'accept',
    'accept-encoding',
    'connection',
    'host',
    'user-agent',
  ])
})

test('what comes by plain http, with nothing to check it by, is warned of', async () => {
  const listener = await listen(model)
  const { warnings } = await fetchModel(`http://models.example:${listener.port}/`, allowing(listener))
  expect(warnings).toEqual([expect.stringContaining('plain http')])
})

describe('not one packet is sent', () => {
  test.each([
    'http://127.0.0.1:PORT/',
    'http://localhost:PORT/',
    'http://localhost.:PORT/',
    'http://a.localhost:PORT/',
    'http://0.0.0.0:PORT/',
    'http://0:PORT/',
    'http://127.1:PORT/',
    'http://2130706433:PORT/',
    'http://0177.0.0.1:PORT/',
    'http://0x7f.1:PORT/',
    'http://0x7f000001:PORT/',
    'http://[::1]:PORT/',
    'http://[::]:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://[::ffff:7f00:1]:PORT/',
    'http://[64:ff9b::127.0.0.1]:PORT/',
    'http://user@127.0.0.1:PORT/',
    'http://models.example:PORT#@127.0.0.1/',
    'https://127.0.0.1:PORT/',
    'ftp://127.0.0.1:PORT/',
  ])('for %s', async (url) => {
    const listener = await listen(model)
    const six = await listen(model, '::1').catch(() => undefined)
    for (const { port, connections } of six === undefined ? [listener] : [listener, six]) {
      const error = await failure(
        fetchModel(
          url.replace('PORT', String(port)),
          options({ ports: new Set([port]), lookup: leadingTo('8.8.8.8') }),
        ),
      )
      expect(error.code).toBe('invalid_argument')
      expect(connections()).toBe(0)
    }
  })

  test.each([
    [['127.0.0.1']],
    [['8.8.8.8', '127.0.0.1']],
    [['127.0.0.1', '8.8.8.8']],
    [['::ffff:127.0.0.1']],
    [['169.254.169.254']],
    [['fd00:ec2::254']],
  ])('for a name that leads to %j', async (addresses) => {
    const listener = await listen(model)
    const lookup = leadingTo(...addresses)
    const given = options({ ports: new Set([listener.port]), lookup })
    const error = await failure(fetchModel(`http://rebinding.example:${listener.port}/`, given))
    expect(error).toMatchObject({ code: 'invalid_argument', details: { reason: 'address' } })
    expect(listener.connections()).toBe(0)
  })

  test('to where a redirect leads', async () => {
    const secret = await listen(model)
    for (const status of [301, 302, 303, 307, 308])
      for (const location of [
        `http://127.0.0.1:${secret.port}/`,
        `http://localhost:${secret.port}/`,
        `http://user:password@models.example:${secret.port}/`,
        'file:///etc/passwd',
        'gopher://127.0.0.1/',
        'http://169.254.169.254/latest/meta-data/',
      ]) {
        const redirecting = await listen((_request, response) => response.writeHead(status, { location }).end())
        const error = await failure(
          fetchModel(
            `http://models.example:${redirecting.port}/`,
            allowing(redirecting, { ports: new Set([80, 443, secret.port]) }),
          ),
        )
        expect(error.code).toBe('invalid_argument')
        expect(redirecting.connections()).toBe(1)
      }
    expect(secret.connections()).toBe(0)
  })
})

test('three redirects are followed, a fourth is not', async () => {
  const hops =
    (count: number): RequestListener =>
    (request, response) => {
      const hop = Number(request.url?.slice(1))
      if (hop < count) response.writeHead(302, { location: `/${hop + 1}` }).end('moved')
      else response.end(MODEL)
    }
  const three = await listen(hops(3))
  const found = await fetchModel(`http://models.example:${three.port}/0`, allowing(three))
  expect(found.sha256).toBe(SHA256)
  await rm(found.path)
  const four = await listen(hops(4))
  const error = await failure(fetchModel(`http://models.example:${four.port}/0`, allowing(four)))
  expect(error).toMatchObject({ code: 'refused', details: { reason: 'redirect' } })
  expect(four.requests).toHaveLength(4)
})

test('over TLS the server is asked for by its name, and must show that it is that', async () => {
  const { cert, key } = createCertificate('other.example')
  const names: string[] = []
  const server = createTlsServer({ cert, key, SNICallback: (name, done) => (names.push(name), done(null)) }, model)
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const given = options({ allowFrom: [`models.example:${port}`], lookup: leadingTo('127.0.0.1') })
  const error = await failure(fetchModel(`https://models.example:${port}/`, given))
  expect(error).toMatchObject({ code: 'refused', details: { reason: 'certificate' } })
  expect(names).toEqual(['models.example'])
})

describe('refused, with no file left, is', () => {
  const drip = (everyMs: number, chunk: Buffer) => async (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200)
    for (let i = 0; i < 1000 && !response.destroyed; i++) {
      response.write(chunk)
      await setTimeout(everyMs)
    }
    response.end()
  }
  const cases: [string, RequestListener, Partial<FetchLimits>, string][] = [
    [
      'a file that says it is too large',
      (_, to) => to.writeHead(200, { 'content-length': 10e9 }).write('x'),
      {},
      'too_large',
    ],
    ['one that never ends', drip(0, Buffer.alloc(10_000)), { maxBytes: 50_000 }, 'too_large'],
    [
      'one that stops coming',
      (_, to) => to.writeHead(200, { 'content-length': 100 }).write('x'),
      {},
      'deadline_exceeded slow',
    ],
    ['one that never begins', () => {}, {}, 'deadline_exceeded slow'],
    ['one that trickles', drip(50, Buffer.from('x')), { minBytesPerSecond: 1000 }, 'deadline_exceeded slow'],
    ['one that takes too long', drip(20, Buffer.from('x')), { timeoutMs: 500 }, 'deadline_exceeded slow'],
    [
      'one that breaks off',
      (_, to) => {
        to.writeHead(200, { 'content-length': 100 })
        to.write('x', () => to.destroy())
      },
      {},
      'refused cut_short',
    ],
    [
      'one that breaks off in chunks',
      (_, to) => {
        to.writeHead(200)
        to.write('x', () => to.destroy())
      },
      {},
      'refused cut_short',
    ],
    [
      'one that is compressed',
      (_, to) => to.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(MODEL)),
      {},
      'refused encoding',
    ],
    ['an empty one', (_, to) => to.end(), {}, 'refused empty'],
    [
      'a page',
      (_, to) => to.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<meta http-equiv=refresh>'),
      {},
      'refused page',
    ],
    ['404', (_, to) => to.writeHead(404).end('no'), {}, 'not_found status'],
    ['403', (_, to) => to.writeHead(403).end('no'), {}, 'permission_denied status'],
    ['503', (_, to) => to.writeHead(503).end('no'), {}, 'unavailable status'],
    ['206', (_, to) => to.writeHead(206).end('no'), {}, 'refused status'],
    ['no HTTP', (request) => request.socket.end('220 smtp.example ESMTP\r\n'), {}, 'unavailable host'],
  ]
  test.each(cases)('%s', async (_what, answer, limits, expected) => {
    const listener = await listen(answer)
    const url = `http://models.example:${listener.port}/path-canary/model.pkl?X-Amz-Signature=query-canary`
    const error = await failure(fetchModel(url, allowing(listener, { limits: { ...QUICK, ...limits } })))
    const { reason } = error.details
    expect(typeof reason === 'string' ? `${error.code} ${reason}` : error.code).toBe(expected)
    expect(error.message).toContain('models.example')
    expect(JSON.stringify(error)).not.toContain('canary')
  })

  test('a file of another digest', async () => {
    const listener = await listen(model)
    const given = allowing(listener, { sha256: '0'.repeat(64) })
    const error = await failure(fetchModel(`http://models.example:${listener.port}/`, given))
    expect(error).toMatchObject({ code: 'refused', details: { reason: 'sha256' } })
  })

  test('a host that there is not, or that does not answer', async () => {
    const none = async () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' }))
    const error = await failure(fetchModel('http://models.example/', options({ lookup: none })))
    expect(error).toMatchObject({ code: 'not_found', details: { reason: 'host' } })
    const gone = await listen(model)
    for (const server of servers.splice(0)) server.close()
    const other = await failure(fetchModel(`http://models.example:${gone.port}/`, allowing(gone)))
    expect(other).toMatchObject({ code: 'unavailable', details: { reason: 'host' } })
  })

  test('one whose resolver never answers', async () => {
    const error = await failure(fetchModel('http://models.example/', options({ lookup: () => new Promise(() => {}) })))
    expect(error).toMatchObject({ code: 'deadline_exceeded', details: { reason: 'slow' } })
  })
})

test('it can be called off at any moment', async () => {
  const listener = await listen((_request, response) => void response.writeHead(200).write('x'))
  for (const waitMs of [0, 1, 20, 100]) {
    const gone = new AbortController()
    const limits = { ...QUICK, idleMs: 20_000 }
    const work = failure(
      fetchModel(`http://models.example:${listener.port}/`, allowing(listener, { signal: gone.signal, limits })),
    )
    await setTimeout(waitMs)
    gone.abort()
    expect((await work).code).toBe('cancelled')
  }
})
