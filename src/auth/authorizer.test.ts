import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ServingError } from '../core/errors.ts'
import { createKey, digestOf, type ApiKey, type Scope } from './api-key.ts'
import { createAuthorizer, type Authorizer } from './authorizer.ts'
import type { Asked } from './key-check.ts'
import { MAX_FAILURES, WINDOW_MS } from './failure-limit.ts'

const GOOD = createKey()
const OPERATOR = createKey()
const ENDING = createKey()
const END = Date.UTC(2027, 0, 31)

function apiKey(name: string, key: string, scopes: Scope[], expiresAtMs?: number): ApiKey {
  return { name, scopes, sha256: digestOf(key), ...(expiresAtMs === undefined ? {} : { expiresAtMs }) }
}

const KEYS = [
  apiKey('web', GOOD, ['inference']),
  apiKey('ops', OPERATOR, ['operations']),
  apiKey('guest', ENDING, ['inference', 'operations'], END),
]

interface World {
  readonly auth: Authorizer
  nowMs: number
  calendarMs: number
}

function world(keys: readonly ApiKey[] = KEYS): World {
  const made: World = {
    nowMs: 0,
    calendarMs: END - 1,
    auth: createAuthorizer(keys, { now: () => made.nowMs, calendarNow: () => made.calendarMs }),
  }
  return made
}

function asked(headers: Record<string, string | undefined>, rest: Partial<Asked> = {}): Asked {
  return { headers, query: '', peer: '192.0.2.1', ...rest }
}

function refusal(auth: Authorizer, request: Asked, access: Scope = 'inference'): ServingError {
  try {
    auth.authorize(request, access)
  } catch (error) {
    return error as ServingError
  }
  throw new Error('it was let in')
}

/** The last bit of a character of base64url flipped. */
function flipped(key: string, at: number): string {
  return `${key.slice(0, at)}${key[at] === 'A' ? 'B' : 'A'}${key.slice(at + 1)}`
}

describe('a key', () => {
  test.each<[string, Record<string, string>]>([
    ['as a bearer', { authorization: `Bearer ${GOOD}` }],
    ['as a bearer in any case', { authorization: `bEARER  ${GOOD}` }],
    ['in its own header', { 'x-api-key': GOOD }],
    ['in both, the same', { authorization: `Bearer ${GOOD}`, 'x-api-key': GOOD }],
  ])('is taken %s, the first time and the next', (_how, headers) => {
    const { auth } = world()
    for (let i = 0; i < 3; i++) expect(auth.authorize(asked(headers), 'inference')).toEqual({ name: 'web' })
  })

  test('is good for its scopes, and no others', () => {
    const { auth } = world()
    expect(auth.authorize(asked({ 'x-api-key': OPERATOR }), 'operations')).toEqual({ name: 'ops' })
    expect(auth.authorize(asked({ 'x-api-key': ENDING }), 'operations')).toEqual({ name: 'guest' })
    expect(refusal(auth, asked({ 'x-api-key': GOOD }), 'operations').code).toBe('permission_denied')
    expect(refusal(auth, asked({ 'x-api-key': OPERATOR })).code).toBe('permission_denied')
  })

  test('ends when it is said to, also one that is remembered', () => {
    const made = world()
    const request = asked({ 'x-api-key': ENDING })
    expect(made.auth.authorize(request, 'inference')).toEqual({ name: 'guest' })
    made.calendarMs = END
    expect(refusal(made.auth, request).code).toBe('unauthenticated')
    made.calendarMs = END - 1
    expect(made.auth.authorize(request, 'inference')).toEqual({ name: 'guest' })
  })

  test('that is taken away is no good from then on, and a new one is', () => {
    const { auth } = world()
    const request = asked({ authorization: `Bearer ${GOOD}` })
    const newer = createKey()
    auth.authorize(request, 'inference')
    auth.replaceKeys([apiKey('newer', newer, ['inference'])])
    expect(refusal(auth, request).code).toBe('unauthenticated')
    expect(auth.authorize(asked({ 'x-api-key': newer }), 'inference')).toEqual({ name: 'newer' })
  })

  test('is not asked for where anybody may come', () => {
    const { auth } = world()
    expect(auth.authorize(asked({ 'x-api-key': 'wrong' }), 'open')).toBeUndefined()
  })
})

describe('what is no key', () => {
  const digest = digestOf(GOOD)
  test.each<[string, Record<string, string | undefined>]>([
    ['nothing', {}],
    ['an empty header', { authorization: '' }],
    ['the scheme alone', { authorization: 'Bearer' }],
    ['an empty bearer', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: `Basic ${GOOD}` }],
    ['no scheme', { authorization: GOOD }],
    ['a scheme run into the key', { authorization: `Bearer${GOOD}` }],
    ['something behind the key', { authorization: `Bearer ${GOOD} x` }],
    ['two headers', { authorization: `Bearer ${GOOD}, Bearer ${GOOD}` }],
    ['two headers of ours', { 'x-api-key': `${GOOD}, ${GOOD}` }],
    ['two keys', { authorization: `Bearer ${GOOD}`, 'x-api-key': OPERATOR }],
    ['a key and an empty one', { authorization: `Bearer ${GOOD}`, 'x-api-key': '' }],
    ['a key and a wrong one', { authorization: `Bearer ${GOOD}`, 'x-api-key': createKey() }],
    ['a wrong one and a key', { authorization: `Bearer ${createKey()}`, 'x-api-key': GOOD }],
    ['a key that is not known', { 'x-api-key': createKey() }],
    ['a key with another prefix', { 'x-api-key': GOOD.replace('slw_', 'slx_') }],
    ['a key in capitals', { 'x-api-key': GOOD.toUpperCase() }],
    ['a key cut short', { 'x-api-key': GOOD.slice(0, -1) }],
    ['a key made longer', { 'x-api-key': `${GOOD}A` }],
    ['the hash of a key', { 'x-api-key': digest }],
    ['the hash as it is kept', { 'x-api-key': `sha256:${digest}` }],
    ['a pattern', { 'x-api-key': `slw_${'%'.repeat(43)}` }],
    ['a key of underscores', { 'x-api-key': `slw_${'_'.repeat(43)}` }],
    ['a megabyte', { authorization: `Bearer ${'a'.repeat(1024 * 1024)}` }],
    ['a name of objects', { 'x-api-key': '__proto__' }],
  ])('%s is refused, in the same words', (_what, headers) => {
    const { auth } = world()
    for (let i = 0; i < 2; i++)
      expect(JSON.stringify(refusal(auth, asked(headers)))).toBe(JSON.stringify(refusal(world().auth, asked({}))))
    expect(refusal(auth, asked(headers)).code).toBe('unauthenticated')
  })

  test('is every key with one character changed', () => {
    const { auth } = world()
    for (let at = 4; at < GOOD.length; at++)
      expect(() => auth.authorize(asked({ 'x-api-key': flipped(GOOD, at) }), 'inference')).toThrow()
    expect(auth.authorize(asked({ 'x-api-key': GOOD }), 'inference')).toEqual({ name: 'web' })
  })

  test('is a text that anybody could guess, although its hash is known', () => {
    const { auth } = world([apiKey('weak', 'password', ['inference'])])
    expect(refusal(auth, asked({ 'x-api-key': 'password' })).code).toBe('unauthenticated')
  })

  test('is whatever else stands in a header', () => {
    const { auth } = world()
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('authorization', 'x-api-key'), (text, header) => {
        expect(() => auth.authorize(asked({ [header]: text }), 'inference')).toThrow()
      }),
    )
  })

  test.each(['', 'Bearer '])('is never told back (%j)', (scheme) => {
    const { auth } = world()
    const canary = createKey()
    for (const request of [
      asked({ authorization: `${scheme}${canary}` }),
      asked({ 'x-api-key': canary }),
      asked({}, { query: `api_key=${canary}` }),
    ])
      expect(JSON.stringify(refusal(auth, request)) + refusal(auth, request).stack).not.toContain(canary.slice(4, 14))
  })
})

describe('a key in the URL', () => {
  test.each([`key=${GOOD}`, `a=1&x=${GOOD}`, `api_key=abc`, 'a=1&access_token=abc', 'Token=x', 'apikey='])(
    '(%s) is refused for its own reason',
    (query) => {
      const error = refusal(world().auth, asked({}, { query }))
      expect([error.code, error.message]).toEqual([
        'unauthenticated',
        expect.stringMatching(/^keys do not belong in URLs/),
      ])
    },
  )

  test('is refused although a good one stands in a header', () => {
    const request = asked({ 'x-api-key': GOOD }, { query: `k=${GOOD}` })
    expect(refusal(world().auth, request).message).toMatch(/^keys do not belong in URLs/)
  })

  test('is not suspected in another query of a key holder', () => {
    const request = asked({ 'x-api-key': GOOD }, { query: 'token=3&monkey=1' })
    expect(world().auth.authorize(request, 'inference')).toEqual({ name: 'web' })
  })
})

describe('who fails again and again', () => {
  const wrong = (peer = '192.0.2.1') => asked({ 'x-api-key': `slw_${'x'.repeat(43)}` }, { peer })

  test('is told to wait, while a good key from there still works, and others notice nothing', () => {
    const made = world()
    for (let i = 0; i < MAX_FAILURES; i++) expect(refusal(made.auth, wrong()).code).toBe('unauthenticated')
    made.nowMs = 10_000
    const error = refusal(made.auth, wrong())
    expect([error.code, error.details]).toEqual(['overloaded', { retryAfterMs: WINDOW_MS - 10_000 }])
    expect(made.auth.authorize(asked({ 'x-api-key': GOOD }), 'inference')).toEqual({ name: 'web' })
    expect(refusal(made.auth, wrong('192.0.2.9')).code).toBe('unauthenticated')
    made.nowMs = WINDOW_MS
    expect(refusal(made.auth, wrong()).code).toBe('unauthenticated')
  })

  test('is not who sends no key, or one without the scope', () => {
    const { auth } = world()
    for (let i = 0; i < 2 * MAX_FAILURES; i++) {
      expect(refusal(auth, asked({})).code).toBe('unauthenticated')
      expect(refusal(auth, asked({ 'x-api-key': GOOD }), 'operations').code).toBe('permission_denied')
    }
    expect(refusal(auth, wrong()).code).toBe('unauthenticated')
  })
})

test('what is remembered of headers does not grow without bound, and still is right', () => {
  const { auth } = world()
  for (let i = 0; i < 64; i++)
    for (let spaces = 1; spaces <= 60; spaces++) {
      const scheme = Array.from('bearer', (letter, at) => ((i >> at) & 1 ? letter.toUpperCase() : letter)).join('')
      expect(auth.authorize(asked({ authorization: scheme + ' '.repeat(spaces) + GOOD }), 'inference')).toEqual({
        name: 'web',
      })
    }
  expect(auth.authorize(asked({ authorization: `Bearer ${GOOD}` }), 'inference')).toEqual({ name: 'web' })
})
