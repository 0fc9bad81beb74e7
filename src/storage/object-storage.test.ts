import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startMoto, type Moto } from '../../test/support/moto.ts'
import { needs } from '../../test/support/needs.ts'
import { ServingError } from '../core/errors.ts'
import { startFaultyProxy, type FaultyProxy } from './faulty-proxy.fixture.ts'
import { createLocalStorage } from './local-storage.ts'
import type { ObjectStorage, StorageOptions } from './object-storage.ts'
import { createS3Storage, type S3Options } from './s3.ts'
import { parseS3Url } from './s3-url.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const sha256 = (of: Uint8Array) => createHash('sha256').update(of).digest('hex')
const BLOCK_BYTES = 5 * 2 ** 20
const LARGE = randomBytes(2 * BLOCK_BYTES + 12_345)

async function* inPieces(whole: Uint8Array, size = 300_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size)
}

async function readAll(storage: ObjectStorage, key: string, options?: StorageOptions): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of (await storage.get(key, options)).body) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function keysOf(storage: ObjectStorage, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of storage.list(prefix)) keys.push(key)
  return keys
}

async function refusal(work: Promise<unknown>): Promise<ServingError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof ServingError) return error
  throw new Error(`no refusal: ${String(error)}`, { cause: error })
}

let moto: Moto
let folder: string
let count = 0
const hasMoto = needs('python environment moto')

beforeAll(async () => {
  if (hasMoto) moto = await startMoto()
}, 60_000)

afterAll(async () => {
  if (hasMoto) await moto.end()
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-objects-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret-canary' }

/** A storage in a place of its own. */
function s3(endpoint = moto.endpoint, options: S3Options = {}): Promise<ObjectStorage> {
  const url = `s3://${moto.bucket}/test/${count++}?endpoint=${endpoint}`
  return createS3Storage(url, { credentials, blockBytes: BLOCK_BYTES, ...options })
}

const kinds = [
  { kind: 'a folder', isThere: true, open: async () => createLocalStorage(join(folder, 'objects')) },
  { kind: 'S3', isThere: hasMoto, open: () => s3() },
]

describe.each(kinds)('$kind', ({ isThere, open }) => {
  let storage: ObjectStorage

  beforeEach(async () => {
    if (isThere) storage = await open()
  })

  afterEach(async () => {
    if (isThere) await storage.close()
  })

  const check = test.skipIf(!isThere)

  check('gives what was put there, and tells of it', async () => {
    const stored = await storage.put('bundles/ab/slipway.json', bytes('hello'))
    expect(stored).toEqual({ key: 'bundles/ab/slipway.json', sizeBytes: 5, sha256: sha256(bytes('hello')) })
    expect(await storage.head(stored.key)).toEqual(stored)
    expect(await storage.get(stored.key)).toMatchObject(stored)
    expect(String(await readAll(storage, stored.key))).toBe('hello')
  })

  check('takes what comes in pieces, an empty object among them', async () => {
    expect(await storage.put('a', inPieces(bytes('hello'), 2))).toMatchObject({ sizeBytes: 5 })
    expect(String(await readAll(storage, 'a'))).toBe('hello')
    expect(await storage.put('b', inPieces(bytes('')))).toMatchObject({ sizeBytes: 0, sha256: sha256(bytes('')) })
    expect((await readAll(storage, 'b')).length).toBe(0)
  })

  check('replaces an object by another under its key', async () => {
    for (const text of ['one', 'two', 'two', 'three']) {
      await storage.put('a', bytes(text))
      expect(String(await readAll(storage, 'a'))).toBe(text)
    }
    expect(await keysOf(storage, '')).toEqual(['a'])
  })

  check('takes large objects, of a known digest and of none', async () => {
    expect(await storage.put('large', inPieces(LARGE), { sha256: sha256(LARGE) })).toMatchObject({
      sizeBytes: LARGE.length,
      sha256: sha256(LARGE),
    })
    expect(sha256(await readAll(storage, 'large'))).toBe(sha256(LARGE))
    expect(await storage.put('unknown', inPieces(LARGE))).toMatchObject({ sha256: sha256(LARGE) })
    expect(sha256(await readAll(storage, 'unknown'))).toBe(sha256(LARGE))
    expect(await keysOf(storage, '')).toEqual(['large', 'unknown'])
  })

  check('refuses other bytes than were announced, and shows nothing of them', async () => {
    for (const body of [bytes('hello'), LARGE]) {
      const error = await refusal(storage.put('a', inPieces(body), { sha256: sha256(bytes('other')) }))
      expect(error).toMatchObject({ code: 'refused', details: { reason: 'corrupt' } })
      expect(await storage.head('a')).toBeUndefined()
      expect(await keysOf(storage, '')).toEqual([])
    }
  })

  check('shows nothing of a body that breaks off', async () => {
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield LARGE
      throw new ServingError('cancelled', 'broke off')
    }
    expect(await refusal(storage.put('a', breaking()))).toMatchObject({ code: 'cancelled' })
    expect(await keysOf(storage, '')).toEqual([])
  })

  check('lists by prefix, in the order of characters', async () => {
    for (const key of ['b/2', 'a/1', 'a-b', 'a/10', 'a/2', 'B/1']) await storage.put(key, bytes(key))
    expect(await keysOf(storage, '')).toEqual(['B/1', 'a-b', 'a/1', 'a/10', 'a/2', 'b/2'])
    expect(await keysOf(storage, 'a/')).toEqual(['a/1', 'a/10', 'a/2'])
    expect(await keysOf(storage, 'a/1')).toEqual(['a/1', 'a/10'])
    expect(await keysOf(storage, 'none/')).toEqual([])
  })

  check('removes, and bears that there is nothing to remove', async () => {
    await storage.put('a/b', bytes('x'))
    await storage.remove('a/b')
    await storage.remove('a/b')
    await storage.remove('never/there')
    expect(await storage.head('a/b')).toBeUndefined()
    expect(await refusal(storage.get('a/b'))).toMatchObject({ code: 'not_found' })
    expect(await keysOf(storage, '')).toEqual([])
  })

  check('refuses what is no key', async () => {
    const keys = [
      '',
      '/',
      'a/',
      '/a',
      'a//b',
      '../a',
      'a/../b',
      '.a',
      'a/.digests',
      'a b',
      'a\0',
      'a\\b',
      'ä',
      'a.tmp',
      'a.',
      'x'.repeat(801),
    ]
    for (const key of keys)
      for (const work of [storage.put(key, bytes('x')), storage.get(key), storage.head(key), storage.remove(key)])
        expect(await refusal(work), key).toMatchObject({ code: 'invalid_argument' })
  })

  check('ends when it is called off', async () => {
    await storage.put('a', bytes('x'))
    const signal = AbortSignal.abort()
    expect(await refusal(storage.put('b', bytes('x'), { signal }))).toMatchObject({ code: 'cancelled' })
    expect(await refusal(readAll(storage, 'a', { signal }))).toMatchObject({ code: 'cancelled' })
    const later = new AbortController()
    async function* callingOff(): AsyncGenerator<Uint8Array> {
      yield LARGE
      later.abort()
      yield LARGE
    }
    expect(await refusal(storage.put('b', callingOff(), { signal: later.signal }))).toMatchObject({ code: 'cancelled' })
    expect(await keysOf(storage, '')).toEqual(['a'])
  })

  check('bears many at once, of one key too', async () => {
    const texts = Array.from({ length: 12 }, (_, i) => `text ${i}`)
    await Promise.all(texts.map((text, i) => storage.put(i % 2 === 0 ? 'same' : `own/${i}`, bytes(text))))
    expect(texts).toContain(String(await readAll(storage, 'same')))
    expect(await keysOf(storage, 'own/')).toHaveLength(6)
  })
})

describe('a folder', () => {
  test('finds out what was changed on disk', async () => {
    const storage = createLocalStorage(folder)
    for (const harm of [
      (path: string) => writeFile(path, 'hellO'),
      (path: string) => truncate(path, 3),
      (path: string) => writeFile(path, 'hello!'),
    ]) {
      await storage.put('a/b', bytes('hello'))
      await harm(join(folder, 'a/b'))
      expect(await refusal(readAll(storage, 'a/b'))).toMatchObject({ code: 'refused', details: { reason: 'corrupt' } })
    }
    await writeFile(join(folder, 'strange'), 'x')
    expect(await refusal(storage.head('strange'))).toMatchObject({ code: 'refused' })
  })

  test('holds plain files, and nothing else once it is done', async () => {
    const storage = createLocalStorage(folder)
    await storage.put('a/b', bytes('hello'))
    expect(await readFile(join(folder, 'a/b'), 'utf8')).toBe('hello')
    const names = await readdir(folder, { recursive: true })
    expect(names.toSorted()).toEqual(['.digests', '.digests/a', '.digests/a/b', 'a', 'a/b'])
  })

  test('has an old object or a new one when it is killed between', async () => {
    const storage = createLocalStorage(folder)
    await storage.put('a', bytes('new'))
    const fresh = await readFile(join(folder, '.digests/a'), 'utf8')
    await storage.put('a', bytes('old'))
    const old = await readFile(join(folder, '.digests/a'), 'utf8')
    // both digests are written before the bytes are replaced
    await writeFile(join(folder, '.digests/a'), fresh + old)
    expect(await storage.head('a')).toMatchObject({ sha256: sha256(bytes('old')) })
    expect(String(await readAll(storage, 'a'))).toBe('old')
    await writeFile(join(folder, 'a'), 'new')
    expect(String(await readAll(storage, 'a'))).toBe('new')
    await writeFile(join(folder, 'a'), 'bad')
    expect(await refusal(readAll(storage, 'a'))).toMatchObject({ code: 'refused' })
  })

  test('refuses a key that is the folder of others', async () => {
    const storage = createLocalStorage(folder)
    await storage.put('a/b', bytes('x'))
    expect(await refusal(storage.put('a', bytes('x')))).toMatchObject({ code: 'invalid_argument' })
    expect(await refusal(storage.put('a/b/c', bytes('x')))).toMatchObject({ code: 'invalid_argument' })
    expect(await storage.head('a')).toBeUndefined()
    expect(await keysOf(storage, '')).toEqual(['a/b'])
  })
})

describe.skipIf(!hasMoto)('S3, when it does harm,', () => {
  let proxy: FaultyProxy
  let storage: ObjectStorage

  beforeEach(async () => {
    proxy = await startFaultyProxy(moto.endpoint)
    storage = await s3(proxy.endpoint, { idleMs: 2000, maxAttempts: 3 })
  })

  afterEach(async () => {
    proxy.end()
    await storage.close()
  })

  /** The first of so many requests of a kind. */
  const first = (most: number, method: string) => {
    let left = most
    return (request: { method?: string | undefined }) => request.method === method && left-- > 0
  }

  test('is asked again after a 503, as often as it may be', async () => {
    const isFirst = first(2, 'PUT')
    proxy.fault = (request) => (isFirst(request) ? { status: 503 } : undefined)
    await storage.put('a', bytes('hello'))
    expect(String(await readAll(storage, 'a'))).toBe('hello')
    proxy.fault = (request) => (request.method === 'PUT' ? { status: 503 } : undefined)
    const before = proxy.requests.length
    const error = await refusal(storage.put('b', bytes('hello')))
    expect(error).toMatchObject({ code: 'unavailable', details: { reason: 'storage' } })
    expect(proxy.requests.length - before).toBe(3)
  })

  test('is not believed when it gives other bytes', async () => {
    await storage.put('a', bytes('hello'))
    proxy.fault = ({ method }) => (method === 'GET' ? { flipAt: 3 } : undefined)
    expect(await refusal(readAll(storage, 'a'))).toMatchObject({ code: 'refused', details: { reason: 'corrupt' } })
  })

  test('is read on where it broke off, or stopped', async () => {
    await storage.put('a', LARGE)
    for (const breaks of [true, false]) {
      const isFirst = first(breaks ? 2 : 1, 'GET')
      proxy.fault = (request) => (isFirst(request) ? { stopAfter: 2 ** 20, breaks } : undefined)
      expect(sha256(await readAll(storage, 'a'))).toBe(sha256(LARGE))
    }
    expect(proxy.requests.some(({ headers }) => headers.range !== undefined)).toBe(true)
  })

  test('is given up when nothing more comes', async () => {
    await storage.put('a', bytes('hello'))
    await storage.close()
    const place = storage.name.slice(`s3://${moto.bucket}/`.length)
    storage = await createS3Storage(`s3://${moto.bucket}/${place}?endpoint=${proxy.endpoint}`, {
      credentials,
      idleMs: 300,
      maxAttempts: 2,
    })
    proxy.fault = ({ method }) => (method === 'GET' ? { stopAfter: 0, breaks: false } : undefined)
    expect(await refusal(readAll(storage, 'a'))).toMatchObject({ code: 'unavailable', details: { reason: 'storage' } })
    proxy.fault = () => 'silent'
    expect(await refusal(storage.head('a'))).toMatchObject({ code: 'unavailable', details: { reason: 'storage' } })
  })

  test('says who may not, and what is not there, without credentials', async () => {
    for (const [status, code] of [
      [403, 'permission_denied'],
      [507, 'unavailable'],
    ] as const) {
      proxy.fault = () => ({ status })
      const error = await refusal(storage.put('a', bytes('x')))
      expect(error.code).toBe(code)
      expect(`${JSON.stringify(error)} ${error.stack}`).not.toContain('canary')
    }
    const nowhere = await createS3Storage(`s3://no-such-bucket?endpoint=${moto.endpoint}`, { credentials })
    expect(await refusal(nowhere.put('a', bytes('x')))).toMatchObject({
      code: 'not_found',
      details: { reason: 'bucket' },
    })
    await nowhere.close()
  })

  test('is left no blocks of what was not finished', async () => {
    proxy.fault = ({ url }) => (url?.includes('partNumber=2') === true ? { status: 400 } : undefined)
    await refusal(storage.put('a', inPieces(LARGE), { sha256: sha256(LARGE) }))
    const open = await (await fetch(`${moto.endpoint}/${moto.bucket}?uploads`)).text()
    expect(open).not.toContain('<Upload>')
  })
})

test.each([
  ['s3://bucket', { bucket: 'bucket', prefix: '' }],
  ['s3://bucket/', { bucket: 'bucket', prefix: '' }],
  ['s3://bucket/a/b', { bucket: 'bucket', prefix: 'a/b/' }],
  [
    's3://bucket/a/?endpoint=http://127.0.0.1:9000&region=eu-west-1',
    { bucket: 'bucket', prefix: 'a/', endpoint: 'http://127.0.0.1:9000', region: 'eu-west-1' },
  ],
])('%s is a place', (text, place) => {
  expect(parseS3Url(text)).toEqual(place)
})

test.each([
  's3://',
  's3://B',
  's3://bucket/../x',
  's3://bucket/.x',
  's3://key:secret@bucket',
  's3://bucket?endpoint=ftp://x',
  's3://bucket?endpoint=http://user:secret@host',
  's3://bucket?secret=1',
  's3://bucket?region=a%20b',
  'http://bucket',
])('%s is none, and is not repeated', (text) => {
  expect(() => parseS3Url(text)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  expect(() => parseS3Url(text)).not.toThrow('secret@')
})
