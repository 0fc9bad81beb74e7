import { describe, expect, test } from 'vitest'
import type { ServingError } from '../core/errors.ts'
import { createKey, digestOf } from './api-key.ts'
import type { Asked } from './key-check.ts'
import { MAX_FAILURES, WINDOW_MS } from './failure-limit.ts'
import type { KeyRecord } from './key-record.ts'
import { createAccessKeyPair, createMasterKey, parseMasterKey, seal } from './master-key.ts'
import { ACTIONS, type Role } from './permissions.ts'
import {
  createPlatformAuthorizer,
  type PlatformAuthorizer,
  type PlatformAuthorizerOptions,
} from './platform-authorizer.ts'
import { signatureOf, signingKey } from './sigv4/canonical.ts'

const BEGIN = Date.UTC(2027, 0, 1)
const END = Date.UTC(2027, 0, 31)
const MASTER_KEY = parseMasterKey(createMasterKey())

const SECRETS = {
  caller: createKey(),
  viewer: createKey(),
  root: createKey(),
  guest: createKey(),
  stranger: createKey(),
  bound: createKey(),
}
const PAIR = createAccessKeyPair()

function record(name: keyof typeof SECRETS, role: Role, rest: Partial<KeyRecord> = {}): KeyRecord {
  return { uid: `uid-${name}`, name, project: 'red', role, sha256: digestOf(SECRETS[name]), quotas: {}, ...rest }
}

const KEYS: readonly KeyRecord[] = [
  record('caller', 'invoker', {
    quotas: { concurrent: 3 },
    accessKeyId: PAIR.accessKeyId,
    encryptedSecret: seal(PAIR.secretAccessKey, MASTER_KEY, PAIR.accessKeyId),
  }),
  record('viewer', 'viewer'),
  record('root', 'admin', { project: '*' }),
  record('guest', 'editor', { notBeforeMs: BEGIN, expiresAtMs: END }),
  record('stranger', 'admin', { project: 'blue' }),
  record('bound', 'editor', { endpoints: ['fraud'], actions: ['endpoints:invoke', 'endpoints:read', 'metrics:read'] }),
]

interface World {
  readonly auth: PlatformAuthorizer
  nowMs: number
  calendarMs: number
}

function world(rest: Partial<PlatformAuthorizerOptions> = { project: 'red' }): World {
  const made: World = {
    nowMs: 0,
    calendarMs: BEGIN,
    auth: createPlatformAuthorizer({
      keys: KEYS,
      masterKey: MASTER_KEY,
      now: () => made.nowMs,
      calendarNow: () => made.calendarMs,
      ...rest,
    }),
  }
  return made
}

function asked(headers: Record<string, string | undefined>, rest: Partial<Asked> = {}): Asked {
  return { headers, query: '', peer: '192.0.2.1', ...rest }
}

function refusal(work: () => unknown): ServingError {
  try {
    work()
  } catch (error) {
    return error as ServingError
  }
  throw new Error('it was let in')
}

function signed(atMs: number, secret = PAIR.secretAccessKey, accessKeyId = PAIR.accessKeyId): Asked {
  const time = new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, '')
  const scope = { date: time.slice(0, 8), region: 'eu-central-1', service: 'sagemaker' }
  const headers = { host: 'localhost', 'x-amz-date': time }
  const claim = { ...scope, form: 'header' as const, signedHeaders: ['host', 'x-amz-date'], time }
  const request = { method: 'POST', path: '/endpoints/fraud/invocations', query: '' }
  const payload = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  const signature = signatureOf({ ...request, headers, payload }, claim, signingKey(secret, scope))
  const credential = `${accessKeyId}/${scope.date}/${scope.region}/${scope.service}/aws4_request`
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date, Signature=${signature}`
  return { ...request, headers: { ...headers, authorization }, peer: '192.0.2.1' }
}

describe('a key of the platform', () => {
  test.each<[string, Record<string, string>]>([
    ['as a bearer', { authorization: `Bearer ${SECRETS.caller}` }],
    ['as a bearer in any case', { authorization: `bEARER  ${SECRETS.caller}` }],
    ['in its own header', { 'x-api-key': SECRETS.caller }],
    ['in both, the same', { authorization: `Bearer ${SECRETS.caller}`, 'x-api-key': SECRETS.caller }],
  ])('is taken %s, the first time and the next, and is always the same principal', (_how, headers) => {
    const { auth } = world()
    const first = auth.authenticate(asked(headers))
    expect(first).toEqual({
      uid: 'uid-caller',
      name: 'caller',
      project: 'red',
      role: 'invoker',
      actions: new Set(['endpoints:read', 'endpoints:invoke']),
      endpoints: undefined,
      quotas: { concurrent: 3 },
    })
    for (let i = 0; i < 3; i++) expect(auth.authorize(asked(headers), 'inference')).toBe(first)
  })

  test('by signature is the same principal too', () => {
    const { auth } = world()
    const first = auth.authenticate(asked({ 'x-api-key': SECRETS.caller }))
    expect(auth.authorize(signed(BEGIN), 'inference')).toBe(first)
    const { accessKeyId } = createAccessKeyPair()
    expect(refusal(() => auth.authenticate(signed(BEGIN, 'wrong'))).details).toEqual({
      reason: 'SignatureDoesNotMatch',
    })
    expect(refusal(() => auth.authenticate(signed(BEGIN, undefined, accessKeyId))).details).toEqual({
      reason: 'InvalidClientTokenId',
    })
  })

  test.each<[keyof typeof SECRETS, string]>([
    ['caller', 'metadata inference'],
    ['viewer', 'metadata operations'],
    ['root', 'metadata inference operations'],
    ['guest', 'metadata inference operations'],
    ['bound', 'metadata inference'],
  ])('(%s) is good for %s', (name, expected) => {
    const { auth } = world()
    for (const access of ['metadata', 'inference', 'operations'] as const) {
      const work = () => auth.authorize(asked({ 'x-api-key': SECRETS[name] }), access)
      if (expected.includes(access)) expect(work()).toMatchObject({ name })
      else expect(refusal(work).code).toBe('permission_denied')
    }
  })

  test('is asked for an action by its name as well', () => {
    const { auth } = world({})
    for (const action of ACTIONS) {
      expect(auth.authorize(asked({ 'x-api-key': SECRETS.root }), action)).toMatchObject({ name: 'root' })
      const mayDo = auth.authenticate(asked({ 'x-api-key': SECRETS.viewer })).actions.has(action)
      const work = () => auth.authorize(asked({ 'x-api-key': SECRETS.viewer }), action)
      if (mayDo) expect(work()).toMatchObject({ name: 'viewer' })
      else expect(refusal(work)).toMatchObject({ code: 'permission_denied', details: { action } })
    }
  })

  test('is not asked for where anybody may come', () => {
    expect(world().auth.authorize(asked({ 'x-api-key': 'wrong' }), 'open')).toBeUndefined()
  })

  test('of another project is not known to a runner, and is to the API', () => {
    const request = asked({ 'x-api-key': SECRETS.stranger })
    expect(refusal(() => world().auth.authenticate(request)).message).toBe(
      refusal(() => world().auth.authenticate(asked({}))).message,
    )
    expect(world({}).auth.authenticate(request)).toMatchObject({ project: 'blue' })
    expect(world({ project: 'blue' }).auth.authenticate(request)).toMatchObject({ project: 'blue' })
  })

  test('is in force from its beginning to its end, also one that is remembered', () => {
    const made = world()
    const request = asked({ 'x-api-key': SECRETS.guest })
    for (const [calendarMs, isInForce] of [
      [BEGIN - 1, false],
      [BEGIN, true],
      [END - 1, true],
      [END, false],
      [BEGIN, true],
    ] as const) {
      made.calendarMs = calendarMs
      if (isInForce) expect(made.auth.authenticate(request)).toMatchObject({ name: 'guest' })
      else
        expect(JSON.stringify(refusal(() => made.auth.authenticate(request)))).toBe(
          JSON.stringify(refusal(() => made.auth.authenticate(asked({})))),
        )
    }
  })

  test('that is taken away is no good from then on, by whatever way it comes, and a new one is', () => {
    const { auth } = world()
    const ways = [
      asked({ 'x-api-key': SECRETS.caller }),
      asked({ authorization: `Bearer ${SECRETS.caller}` }),
      signed(BEGIN),
    ]
    for (const way of ways) expect(auth.authenticate(way)).toMatchObject({ name: 'caller' })
    auth.replaceKeys(KEYS.slice(1))
    for (const way of ways) expect(refusal(() => auth.authenticate(way)).code).toBe('unauthenticated')
    expect(auth.authenticate(asked({ 'x-api-key': SECRETS.viewer }))).toMatchObject({ name: 'viewer' })
  })

  test('that is changed is what it is now', () => {
    const { auth } = world()
    const request = asked({ 'x-api-key': SECRETS.caller })
    auth.authorize(request, 'inference')
    auth.replaceKeys([record('caller', 'viewer')])
    expect(refusal(() => auth.authorize(request, 'inference')).code).toBe('permission_denied')
  })

  test('with the secret of another time is not taken by signature', () => {
    const { auth } = world()
    auth.authenticate(signed(BEGIN))
    const newer = createAccessKeyPair().secretAccessKey
    const encryptedSecret = seal(newer, MASTER_KEY, PAIR.accessKeyId)
    auth.replaceKeys([record('caller', 'invoker', { accessKeyId: PAIR.accessKeyId, encryptedSecret })])
    expect(refusal(() => auth.authenticate(signed(BEGIN))).details['reason']).toBe('SignatureDoesNotMatch')
    expect(auth.authenticate(signed(BEGIN, newer))).toMatchObject({ name: 'caller' })
  })
})

describe('what is no key', () => {
  const good = SECRETS.caller
  test.each<[string, Record<string, string | undefined>]>([
    ['nothing', {}],
    ['an empty header', { authorization: '' }],
    ['the scheme alone', { authorization: 'Bearer' }],
    ['an empty bearer', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: `Basic ${good}` }],
    ['no scheme', { authorization: good }],
    ['something behind the key', { authorization: `Bearer ${good} x` }],
    ['two headers', { authorization: `Bearer ${good}, Bearer ${good}` }],
    ['two keys', { authorization: `Bearer ${good}`, 'x-api-key': SECRETS.root }],
    ['a key and a wrong one', { authorization: `Bearer ${good}`, 'x-api-key': createKey() }],
    ['a wrong one and a key', { authorization: `Bearer ${createKey()}`, 'x-api-key': good }],
    ['a key that is not known', { 'x-api-key': createKey() }],
    ['a key cut short', { 'x-api-key': good.slice(0, -1) }],
    ['a key made longer', { 'x-api-key': `${good}A` }],
    ['the hash of a key', { 'x-api-key': digestOf(good) }],
    ['a pattern', { 'x-api-key': `slw_${'%'.repeat(43)}` }],
    ['a key of underscores', { 'x-api-key': `slw_${'_'.repeat(43)}` }],
    ['a secret access key', { 'x-api-key': PAIR.secretAccessKey }],
    ['an access key id', { 'x-api-key': PAIR.accessKeyId }],
    ['a megabyte', { authorization: `Bearer ${'a'.repeat(1024 * 1024)}` }],
    ['a name of objects', { 'x-api-key': '__proto__' }],
  ])('%s is refused, in the same words', (_what, headers) => {
    const { auth } = world()
    for (let i = 0; i < 2; i++) {
      const error = refusal(() => auth.authenticate(asked(headers)))
      expect(JSON.stringify(error)).toBe(JSON.stringify(refusal(() => world().auth.authenticate(asked({})))))
      expect(error.code).toBe('unauthenticated')
    }
  })

  test('is every key with one character changed', () => {
    const { auth } = world()
    for (let at = 0; at < good.length; at++) {
      const changed = `${good.slice(0, at)}${good[at] === 'A' ? 'B' : 'A'}${good.slice(at + 1)}`
      expect(() => auth.authenticate(asked({ 'x-api-key': changed }))).toThrow()
    }
    expect(auth.authenticate(asked({ 'x-api-key': good }))).toMatchObject({ name: 'caller' })
  })

  test('is a key in the URL, although a good one stands in a header', () => {
    const words = /^keys do not belong in URLs/
    const { auth } = world()
    expect(refusal(() => auth.authenticate(asked({}, { query: 'api_key=abc' }))).message).toMatch(words)
    for (const secret of [good, PAIR.secretAccessKey])
      expect(refusal(() => auth.authenticate(asked({ 'x-api-key': good }, { query: `k=${secret}` }))).message).toMatch(
        words,
      )
  })

  test('is never told back', () => {
    const { auth } = world()
    const canary = createKey()
    const broken = signed(BEGIN)
    const requests = [
      asked({ authorization: `Bearer ${canary}` }),
      asked({ authorization: `AWS4-HMAC-SHA256 Credential=${canary}, SignedHeaders=${canary}, Signature=${canary}` }),
      asked({ authorization: broken.headers['authorization'], 'x-amz-date': canary }),
      asked({}, { query: `X-Amz-Signature=${canary}` }),
    ]
    for (const request of requests) {
      const error = refusal(() => auth.authenticate(request))
      expect(JSON.stringify(error) + error.stack).not.toContain(canary.slice(4, 14))
    }
  })
})

describe('who fails again and again', () => {
  const wrong = (peer = '192.0.2.1') => asked({ 'x-api-key': `slw_${'x'.repeat(43)}` }, { peer })

  test('is told to wait, while a good key from there still works, and others notice nothing', () => {
    const made = world()
    const attempt = (request: Asked) => refusal(() => made.auth.authenticate(request))
    for (let i = 0; i < MAX_FAILURES; i++)
      expect(attempt(i % 2 ? wrong() : signed(BEGIN, 'x')).code).toBe('unauthenticated')
    made.nowMs = 10_000
    for (const request of [wrong(), signed(BEGIN, 'wrong')])
      expect(attempt(request)).toMatchObject({ code: 'overloaded', details: { retryAfterMs: WINDOW_MS - 10_000 } })
    expect(made.auth.authenticate(asked({ 'x-api-key': SECRETS.caller }))).toMatchObject({ name: 'caller' })
    expect(made.auth.authenticate(signed(BEGIN))).toMatchObject({ name: 'caller' })
    expect(attempt(wrong('192.0.2.9')).code).toBe('unauthenticated')
    made.nowMs = WINDOW_MS
    expect(attempt(wrong()).code).toBe('unauthenticated')
  })
})

test('what is remembered of headers does not grow without bound, and still is right', () => {
  const { auth } = world()
  for (let i = 0; i < 64; i++)
    for (let spaces = 1; spaces <= 60; spaces++)
      for (const name of ['caller', 'viewer', 'root'] as const) {
        const scheme = Array.from('bearer', (letter, at) => ((i >> at) & 1 ? letter.toUpperCase() : letter)).join('')
        const authorization = scheme + ' '.repeat(spaces) + SECRETS[name]
        expect(auth.authenticate(asked({ authorization })).name).toBe(name)
      }
})
