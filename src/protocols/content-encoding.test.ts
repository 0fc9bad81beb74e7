import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
} from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import type { DataPlane } from '../runtime/plane.ts'
import { json, type Protocol, type WireRequest, type WireResponse } from './protocol.ts'
import { createRouter } from './router.ts'

const PLANE = {} as DataPlane
const MAX_BODY_BYTES = 1 << 18

let received: string[] = []
let longAnswer = ''

const protocol: Protocol = {
  name: 'mirror',
  routes: [
    { method: 'POST', path: '/mirror', handle: (request) => mirror(request) },
    { method: 'GET', path: '/long', handle: () => json(200, longAnswer) },
    { method: 'GET', path: '/packed', handle: () => json(200, longAnswer, { 'content-encoding': 'br' }) },
  ],
  failure: (error) => json(501, { fault: error.message, code: error.code }),
}

function mirror({ body, headers }: WireRequest): WireResponse {
  received.push(Buffer.from(body).toString())
  expect(['', 'identity']).toContain((headers['content-encoding'] ?? '').toLowerCase())
  return { status: 200, headers: { 'content-type': 'text/plain' }, body }
}

afterEach(() => {
  received = []
  longAnswer = ''
})

const handle = createRouter({ protocols: [protocol], maxBodyBytes: MAX_BODY_BYTES })

function post(body: Uint8Array, encoding: string, call = { aborted: false }): Promise<WireResponse> {
  const headers = { 'content-encoding': encoding }
  return handle({ method: 'POST', path: '/mirror', query: '', headers, body }, PLANE, call)
}

function get(path: string, acceptEncoding: string, method = 'GET'): Promise<WireResponse> {
  const headers = { 'accept-encoding': acceptEncoding }
  return handle({ method, path, query: '', headers, body: new Uint8Array() }, PLANE, { aborted: false })
}

const TEXT = Buffer.from('{"inputs":[1,2,3]} é'.repeat(40))
/** Deflated data without the zlib format around it. */
const BARE = 'bare deflate'

function nameOf(encoding: string): string {
  return encoding === BARE ? 'deflate' : encoding
}

const PACKED: Readonly<Record<string, Uint8Array>> = {
  gzip: gzipSync(TEXT),
  'x-gzip': gzipSync(TEXT),
  deflate: deflateSync(TEXT),
  [BARE]: deflateRawSync(TEXT),
  br: brotliCompressSync(TEXT),
  zstd: zstdCompressSync(TEXT),
}

describe.each(Object.entries(PACKED))('a body in %s', (encoding, packed) => {
  test('comes to its protocol as it was, whatever letters name the encoding', async () => {
    for (const name of [nameOf(encoding), ` ${nameOf(encoding).toUpperCase()} `])
      expect(await post(packed, name)).toMatchObject({ status: 200, body: TEXT })
  })

  test.each<[string, Uint8Array, string]>([
    ['cut short', packed.subarray(0, -1), 'it ends too early'],
    ['cut in the middle', packed.subarray(0, packed.length >> 1), 'it ends too early'],
    ['empty', packed.subarray(0, 0), 'it ends too early'],
    ['never packed', TEXT, 'it is broken, or no such data'],
    ['followed by text', Buffer.concat([packed, Buffer.from('more')]), nameOf(encoding)],
    ['followed by a NUL', Buffer.concat([packed, Buffer.of(0)]), 'the body has 1 bytes behind its'],
  ])('%s is refused', async (_what, body, says) => {
    const answer = await post(body, nameOf(encoding))
    expect(answer.status).toBe(501)
    expect(JSON.parse(answer.body as string)).toMatchObject({
      code: 'invalid_argument',
      fault: expect.stringContaining(says) as string,
    })
    expect(received).toEqual([])
  })

  test('whose every byte is changed is refused or told apart by its protocol, and nothing else', async () => {
    for (let at = 0; at < packed.length; at++) {
      const changed = Uint8Array.from(packed)
      changed[at] = (changed[at] ?? 0) ^ 0xff
      const { status } = await post(changed, nameOf(encoding))
      expect([200, 501]).toContain(status)
    }
  })
})

describe('a body that grows', () => {
  const pack: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
    gzip: gzipSync,
    deflate: deflateSync,
    [BARE]: deflateRawSync,
    br: brotliCompressSync,
    zstd: zstdCompressSync,
  }

  test.each(Object.entries(pack))('to the limit is taken, beyond it refused: %s', async (encoding, compress) => {
    expect(await post(compress(Buffer.alloc(MAX_BODY_BYTES)), nameOf(encoding))).toMatchObject({ status: 200 })
    for (const size of [MAX_BODY_BYTES + 1, 16 * MAX_BODY_BYTES]) {
      const answer = await post(compress(Buffer.alloc(size)), nameOf(encoding))
      expect(JSON.parse(answer.body as string)).toEqual({
        code: 'too_large',
        fault: 'the body is larger than 256.0 KiB once it is decompressed, the most that is taken',
      })
    }
  })

  test('is taken in as many gzip members as it likes, up to the limit', async () => {
    const member = gzipSync(Buffer.alloc(MAX_BODY_BYTES >> 2, 'a'))
    expect(await post(Buffer.concat([member, member, member, member]), 'gzip')).toMatchObject({ status: 200 })
    const answer = await post(Buffer.concat([member, member, member, member, member]), 'gzip')
    expect(answer.body).toContain('too_large')
  })

  test('beside many others waits its turn, and each comes to its own end', async () => {
    const bodies = Array.from({ length: 50 }, (_, i) => Buffer.from(String(i).repeat(1000)))
    const answers = await Promise.all(bodies.map((body, i) => post(i % 7 === 3 ? body : gzipSync(body), 'gzip')))
    answers.forEach((answer, i) => {
      if (i % 7 === 3) expect(answer.status).toBe(501)
      else expect(answer).toMatchObject({ status: 200, body: bodies[i] })
    })
  })

  test('for a caller that has gone is not inflated', async () => {
    const answer = await post(gzipSync(TEXT), 'gzip', { aborted: true })
    expect(JSON.parse(answer.body as string)).toMatchObject({ code: 'cancelled' })
    expect(received).toEqual([])
  })
})

describe('an encoding', () => {
  test.each(['', 'identity', 'Identity'])('%j leaves the body as it is', async (encoding) => {
    expect(await post(TEXT, encoding)).toMatchObject({ status: 200, body: TEXT })
  })

  test.each(['gzip, gzip', 'gzip,deflate', 'identity, gzip', 'compress', 'aws-chunked', '*', 'gzip;q=1', '__proto__'])(
    '%j is a 415 that lists those that are read, in the words of the protocol',
    async (encoding) => {
      const answer = await post(gzipSync(TEXT), encoding)
      expect(answer).toMatchObject({ status: 415, headers: { 'accept-encoding': 'gzip, deflate, br, zstd' } })
      expect(JSON.parse(answer.body as string)).toMatchObject({
        code: 'unsupported',
        fault: expect.stringContaining(JSON.stringify(encoding)) as string,
      })
    },
  )

  test('that is long is not repeated whole', async () => {
    expect((await post(TEXT, 'x'.repeat(5000))).body.length).toBeLessThan(300)
  })

  test('deflate is the zlib format or its bare data, as its first bytes say', async () => {
    for (const options of [
      { windowBits: 9 },
      { level: 0 },
      { level: 1 },
      { level: 9 },
      { strategy: constants.Z_FIXED },
    ])
      for (const pack of [deflateSync, deflateRawSync])
        expect(await post(pack(TEXT, options), 'deflate')).toMatchObject({ status: 200, body: TEXT })
  })

  test('of a request without a body means nothing', async () => {
    longAnswer = 'a'
    const request = {
      method: 'GET',
      path: '/long',
      query: '',
      headers: { 'content-encoding': 'x' },
      body: new Uint8Array(),
    }
    expect(await handle(request, PLANE, { aborted: false })).toMatchObject({ status: 200 })
  })

  test('is not looked at before it is known who asks', async () => {
    const closed = createRouter({
      protocols: [protocol],
      authorize: () => {
        throw new ServingError('permission_denied', 'no')
      },
    })
    const request = { method: 'POST', path: '/mirror', query: '', headers: { 'content-encoding': 'x' }, body: TEXT }
    const answer = await closed(request, PLANE, { aborted: false })
    expect(answer.body).toContain('permission_denied')
  })
})

describe('an answer', () => {
  test.each([
    ['gzip', gunzipSync],
    ['GZIP ', gunzipSync],
    ['deflate', inflateSync],
  ])('is compressed for a client that accepts %j alone', async (accept, unpack) => {
    longAnswer = 'é'.repeat(2000)
    const answer = await get('/long', accept)
    const coding = accept.trim().toLowerCase()
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', 'content-encoding': coding, vary: 'accept-encoding' },
    })
    expect(unpack(answer.body as Uint8Array).toString()).toBe(JSON.stringify(longAnswer))
  })

  test.each(['gzip, deflate', 'gzip, deflate, br', 'gzip;q=0', 'br', 'identity', '*', ''])(
    'is as it is for a client that accepts %j',
    async (accept) => {
      longAnswer = 'a'.repeat(2000)
      const answer = await get('/long', accept)
      expect(answer.body).toBe(JSON.stringify(longAnswer))
      expect(answer.headers).toEqual({ 'content-type': 'application/json' })
    },
  )

  test('that is short, compressed already, or none is as it is', async () => {
    longAnswer = 'a'.repeat(1022)
    expect(typeof (await get('/long', 'gzip')).body).toBe('string')
    longAnswer = 'a'.repeat(1023)
    expect(typeof (await get('/long', 'gzip')).body).not.toBe('string')
    expect((await get('/packed', 'gzip')).headers).toMatchObject({ 'content-encoding': 'br' })
    expect(typeof (await get('/long', 'gzip', 'HEAD')).body).toBe('string')
  })
})
