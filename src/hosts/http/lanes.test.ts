import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { json, type Handle, type WireRequest } from '../../protocols/protocol.ts'
import { parseHead } from './head.ts'
import { createHttpHost, type HttpHost } from './http-host.ts'
import { NO_PLANE, rawClient, stopHost } from './raw-client.fixture.ts'
import { rawRequests } from './requests.fixture.ts'

/**
 * The fast lane must never read bytes otherwise than Node's HTTP server: whatever is sent to a host with it and to one
 * without it, in whatever pieces, the answers and the requests that were run are the same.
 */
const MAX_BODY_BYTES = 1000

let asked: WireRequest[] = []

const handle: Handle = async (request) => {
  asked.push(request)
  return json(200, { method: request.method, path: request.path, length: request.body.length })
}

let both: HttpHost[]

beforeAll(async () => {
  both = await Promise.all(
    [true, false].map(async (isFastLaneOn) => {
      const host = createHttpHost({
        handle,
        plane: NO_PLANE,
        isFastLaneOn,
        maxBodyBytes: MAX_BODY_BYTES,
        maxConnections: 1000,
        headersTimeoutMs: 60_000,
        requestTimeoutMs: 60_000,
        keepAliveTimeoutMs: 60_000,
      })
      host.server.listen(0, '127.0.0.1')
      await once(host.server, 'listening')
      return host
    }),
  )
})

afterAll(() => Promise.all(both.map(stopHost)))

interface SeenAnswer {
  readonly line: string | undefined
  readonly headers: readonly string[]
  readonly body: string
}

interface Seen {
  readonly asked: readonly unknown[]
  readonly answers: readonly SeenAnswer[]
}

/** Sends the pieces, each read by the host before the next, then the end; what the host made of them. */
async function send(host: HttpHost, pieces: readonly string[]): Promise<Seen> {
  asked = []
  const { port } = host.server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const client = rawClient(socket)
  await once(socket, 'connect')
  for (const piece of pieces) {
    if (!socket.writable) break // refused
    socket.write(Buffer.from(piece, 'latin1'))
    // host and client share this process: a few turns of its event loop, and the host has read that
    for (let turn = 0; turn < 4; turn++) await setImmediate()
  }
  socket.end()
  const answers = answersIn(await client.closed())
  const requests = asked.map(({ method, path, query, headers, body }) => ({
    method,
    path,
    query,
    headers: Object.entries(headers),
    body: Buffer.from(body).toString('latin1'),
  }))
  return { asked: requests, answers }
}

/** Answers apart, each without what may differ: the date, and how long Node keeps connections. */
function answersIn(text: string): SeenAnswer[] {
  const answers: SeenAnswer[] = []
  let rest = text
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n')
    const [line, ...lines] = rest.slice(0, end === -1 ? rest.length : end).split('\r\n')
    const headers = lines
      .map((header) => header.replace(/^[^:]*/, (name) => name.toLowerCase()))
      .filter((header) => !/^(date:|keep-alive:|connection: keep-alive$)/.test(header))
      .sort()
    const length = Number(/^content-length: (\d+)$/m.exec(headers.join('\n'))?.[1] ?? 0)
    const isHead = asked[answers.length]?.method === 'HEAD'
    const from = end + 4
    const to = end === -1 ? rest.length : from + (isHead ? 0 : length)
    answers.push({ line, headers, body: rest.slice(from, to) })
    rest = rest.slice(to)
  }
  return answers
}

/** Sends the same to both. */
async function sendToBoth(pieces: readonly string[]): Promise<{ fast: Seen; node: Seen }> {
  const [fastHost, nodeHost] = both
  if (fastHost === undefined || nodeHost === undefined) throw new Error('there are two hosts; this is a bug')
  return { node: await send(nodeHost, pieces), fast: await send(fastHost, pieces) }
}

async function expectSame(...pieces: string[]): Promise<void> {
  const { fast, node } = await sendToBoth(pieces)
  expect(fast).toEqual(node)
}

/**
 * The same, but for one thing: where a chunk or a second request is broken, the connection is cut, and how many answers are
 * out by then is chance. Node's parser lets others work between the pieces of a body, but only of one that it reads from the
 * connection itself.
 */
async function expectSameUnlessCut(...pieces: string[]): Promise<void> {
  const { fast, node } = await sendToBoth(pieces)
  expect(fast.asked).toEqual(node.asked)
  const mayBeCut = /chunked/i.test(pieces.join('')) || node.asked.length > 1 || node.answers.length > 1
  const isCut = mayBeCut && fast.answers.length < node.answers.length
  expect(fast.answers).toEqual(isCut ? node.answers.slice(0, fast.answers.length) : node.answers)
}

const corpus = rawRequests(MAX_BODY_BYTES)

describe('the fast lane and Node alone agree', () => {
  test.each(corpus)('on %s', async (_what, bytes) => {
    await expectSame(bytes)
  })

  test('on so many requests that the agreement says something', () => {
    const isPlain = (bytes: string) => parseHead(bytes.slice(0, bytes.indexOf('\r\n\r\n') + 4)) !== undefined
    expect(corpus.length).toBeGreaterThan(200)
    expect(corpus.filter(([, bytes]) => isPlain(bytes)).length).toBeGreaterThan(50)
  })

  test.each(corpus.filter(([, bytes], i) => bytes.length < 200 && i % 3 === 0))(
    'on %s, cut in two anywhere',
    async (_what, bytes) => {
      for (let cut = 1; cut < bytes.length; cut++) await expectSame(bytes.slice(0, cut), bytes.slice(cut))
    },
  )

  test('on requests cut into many pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...corpus.map(([, bytes]) => bytes).filter((bytes) => bytes.length < 1000)),
        fc.array(fc.integer({ min: 1, max: 999 }), { minLength: 2, maxLength: 6 }),
        async (bytes, cuts) => {
          const places = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort(
            (a, b) => a - b,
          )
          await expectSameUnlessCut(...places.slice(1).map((place, i) => bytes.slice(places[i], place)))
        },
      ),
      { numRuns: 200 },
    )
  })

  test('on one request after another on one connection', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...corpus.map(([, bytes]) => bytes)), { minLength: 2, maxLength: 5 }),
        (requests) => expectSameUnlessCut(...requests),
      ),
      { numRuns: 200 },
    )
  })

  test('on plain requests made at random', async () => {
    const spaces = fc.constantFrom('', ' ', '\t', '  ')
    const header = fc
      .tuple(
        fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_-]{0,12}$/),
        spaces,
        fc.stringMatching(/^[!-~]{0,3}[ -~]{0,20}$/),
        spaces,
      )
      .map(([name, before, value, after]) => `${name}:${before}${value}${after}`)
    const request = fc
      .record({
        method: fc.constantFrom('GET', 'POST'),
        target: fc.stringMatching(/^\/[a-z0-9%/.-]{0,20}(\?[a-z&=]{0,10})?$/),
        headers: fc.array(header, { maxLength: 6 }),
        host: fc.constantFrom('Host: x', 'host:x', 'HOST:  x '),
        body: fc.option(fc.string({ unit: 'binary-ascii', maxLength: 100 }), { nil: undefined }),
        off: fc.constantFrom(0, 0, 0, 0, -1, 1),
      })
      .map(({ method, target, headers, host, body, off }) => {
        const length = body === undefined ? [] : [`Content-Length: ${body.length + off}`]
        return `${method} ${target} HTTP/1.1\r\n${[...headers, host, ...length].join('\r\n')}\r\n\r\n${body ?? ''}`
      })
    await fc.assert(
      fc.asyncProperty(request, (bytes) => expectSameUnlessCut(bytes)),
      { numRuns: 500 },
    )
  })

  test('on requests with a few bytes changed', async () => {
    const byte = fc.oneof(
      fc.constantFrom(...'\r\n\t\0 :,;/?#%0159aZ\x7f\x80\xff'.split('')),
      fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    )
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      kind: fc.constantFrom('insert', 'replace', 'drop'),
      byte,
    })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...corpus.map(([, bytes]) => bytes).filter((bytes) => bytes.length > 20 && bytes.length < 500)),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        async (bytes, changes) => {
          let changed = bytes
          for (const { at, kind, byte } of changes) {
            const place = Math.floor(at * changed.length)
            changed =
              changed.slice(0, place) +
              (kind === 'drop' ? '' : byte) +
              changed.slice(kind === 'insert' ? place : place + 1)
          }
          await expectSameUnlessCut(changed)
        },
      ),
      { numRuns: 500 },
    )
  })
})
