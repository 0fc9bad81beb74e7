import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ServingError } from '../../core/errors.ts'
import type { Asked } from '../key-check.ts'
import { createMasterKey, parseMasterKey, seal } from '../master-key.ts'
import { signatureOf, signingKey } from './canonical.ts'
import {
  createSignatureCheck,
  isSigned,
  type SignatureCheck,
  type SignatureCheckOptions,
  type SignedKey,
} from './check.ts'
import {
  HEADER_VECTORS,
  QUERY_VECTORS,
  S3,
  S3_HEADER_VECTORS,
  S3_QUERY_VECTOR,
  SUITE,
  type Vector,
  type VectorSet,
} from './vectors.fixture.ts'

const MASTER_KEY = parseMasterKey(createMasterKey())

interface TestKey extends SignedKey {
  readonly name: string
}

function checkOf(set: VectorSet, nowMs = set.atMs, options: SignatureCheckOptions = {}): SignatureCheck<TestKey> {
  const { accessKeyId, secretAccessKey } = set
  const key = { name: 'web', accessKeyId, encryptedSecret: seal(secretAccessKey, MASTER_KEY, accessKeyId) }
  const sources = {
    keyOf: (id: string) => (id === accessKeyId ? key : undefined),
    masterKey: MASTER_KEY,
    calendarNow: () => nowMs,
  }
  return createSignatureCheck(sources, { services: ['service', 's3', 'sagemaker'], ...options })
}

function scopeOf({ accessKeyId, time, region, service }: VectorSet): string {
  return `${accessKeyId}/${time.slice(0, 8)}/${region}/${service}/aws4_request`
}

function split(target: string): { path: string; query: string } {
  const at = target.indexOf('?')
  return at < 0 ? { path: target, query: '' } : { path: target.slice(0, at), query: target.slice(at + 1) }
}

function byHeader(set: VectorSet, { method, target, headers, body, signedHeaders, signature }: Vector): Asked {
  return {
    method,
    ...split(target),
    headers: {
      host: set.host,
      'x-amz-date': set.time,
      ...headers,
      authorization: `AWS4-HMAC-SHA256 Credential=${scopeOf(set)}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    },
    ...(body !== undefined && { body: Buffer.from(body) }),
  }
}

function byQuery(set: VectorSet, vector: Vector, expires: string | number = 3600): Asked {
  const { method, target, headers, body, signedHeaders, signature } = vector
  const { path, query } = split(target)
  const parameters = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encodeURIComponent(scopeOf(set))}`,
    `X-Amz-Date=${set.time}`,
    `X-Amz-Expires=${expires}`,
    `X-Amz-SignedHeaders=${encodeURIComponent(signedHeaders)}`,
    `X-Amz-Signature=${signature}`,
  ]
  return {
    method,
    path,
    query: query + parameters.join('&'),
    headers: { host: set.host, ...headers },
    ...(body !== undefined && { body: Buffer.from(body) }),
  }
}

/** A request with a signature that is right for it. */
function signed(changes: Partial<Vector> & { time?: string; service?: string } = {}, set: VectorSet = SUITE): Asked {
  const time = changes.time ?? set.time
  const used = { ...set, time, service: changes.service ?? set.service }
  const vector = {
    name: '',
    method: 'POST',
    target: '/endpoints/fraud/invocations?a=1',
    headers: { 'content-type': 'text/csv' },
    body: '1,2,3',
    signedHeaders: 'content-type;host;x-amz-date',
    signature: '',
    ...changes,
  }
  const claim = {
    date: time.slice(0, 8),
    region: used.region,
    service: used.service,
    form: 'header' as const,
    signedHeaders: vector.signedHeaders.split(';'),
    time,
  }
  const asked = byHeader(used, vector)
  const said = asked.headers['x-amz-content-sha256']
  const payload = said ?? createHash('sha256').update(vector.body).digest('hex')
  const { path = '', query, headers } = asked
  const request = { method: vector.method, path, query, headers, payload }
  return byHeader(used, { ...vector, signature: signatureOf(request, claim, signingKey(set.secretAccessKey, claim)) })
}

/** A presigned request. */
function presigned(expires: string | number, change = (query: string) => query): Asked {
  const vector = { name: '', method: 'GET', target: '/v2?', headers: {}, signedHeaders: 'host', signature: '' }
  const { path = '', query, headers } = byQuery(SUITE, vector, expires)
  const claim = {
    date: SUITE.time.slice(0, 8),
    region: SUITE.region,
    service: SUITE.service,
    form: 'query' as const,
    signedHeaders: ['host'],
    time: SUITE.time,
  }
  const payload = createHash('sha256').digest('hex')
  const changed = change(query)
  const request = { method: 'GET', path, query: changed, headers, payload }
  const signature = signatureOf(request, claim, signingKey(SUITE.secretAccessKey, claim))
  return { method: 'GET', path, headers, query: changed + signature }
}

function refusal(check: SignatureCheck<TestKey>, asked: Asked): ServingError {
  try {
    check.verify(asked)
  } catch (error) {
    return error as ServingError
  }
  throw new Error('it was let in')
}

function reasonOf(check: SignatureCheck<TestKey>, asked: Asked): unknown {
  const { code, details } = refusal(check, asked)
  expect(code).toBe('unauthenticated')
  return details['reason']
}

describe("AWS's published signatures are right", () => {
  test.each(HEADER_VECTORS)('$name, in the header', (vector) => {
    expect(checkOf(SUITE).verify(byHeader(SUITE, vector)).name).toBe('web')
  })

  test.each(QUERY_VECTORS)('$name, in the query', (vector) => {
    expect(checkOf(SUITE).verify(byQuery(SUITE, vector)).name).toBe('web')
  })

  test.each(S3_HEADER_VECTORS)('$name, of S3', (vector) => {
    expect(checkOf(S3).verify(byHeader(S3, vector)).name).toBe('web')
  })

  test('get object, presigned, of S3', () => {
    expect(checkOf(S3).verify(byQuery(S3, S3_QUERY_VECTOR, 86_400)).name).toBe('web')
  })

  test.each(HEADER_VECTORS)('$name is wrong with one digit changed, and for other requests', (vector) => {
    const flipped = vector.signature.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))
    const check = checkOf(SUITE)
    expect(reasonOf(check, byHeader(SUITE, { ...vector, signature: flipped }))).toBe('SignatureDoesNotMatch')
    const method = { ...byHeader(SUITE, vector), method: 'DELETE' }
    const path = { ...byHeader(SUITE, vector), path: '/other' }
    const query = { ...byHeader(SUITE, vector), query: 'other=1' }
    for (const asked of [method, path, query]) expect(reasonOf(check, asked)).toBe('SignatureDoesNotMatch')
  })
})

describe('a signed request', () => {
  test('is taken, again and again while it is fresh', () => {
    const check = checkOf(SUITE)
    for (let i = 0; i < 3; i++) expect(check.verify(signed()).name).toBe('web')
    check.forget()
    expect(check.verify(signed()).name).toBe('web')
  })

  const fresh = signed()
  const headers = fresh.headers
  const authorization = headers['authorization'] ?? ''
  const change = (from: RegExp | string, to: string): Asked => {
    const changed = authorization.replace(from, to)
    expect(changed).not.toBe(authorization)
    return { ...fresh, headers: { ...headers, authorization: changed } }
  }
  const signature = /Signature=\w+/.exec(authorization)?.[0] ?? ''

  test.each<[string, string, Asked]>([
    ['another body', 'SignatureDoesNotMatch', { ...fresh, body: Buffer.from('1,2,4') }],
    ['no body', 'SignatureDoesNotMatch', { ...fresh, body: undefined }],
    ['another method', 'SignatureDoesNotMatch', { ...fresh, method: 'PUT' }],
    ['another path', 'SignatureDoesNotMatch', { ...fresh, path: '/endpoints/other/invocations' }],
    ['an encoded slash', 'SignatureDoesNotMatch', { ...fresh, path: '/endpoints/fraud%2Finvocations' }],
    ['another case in the path', 'SignatureDoesNotMatch', { ...fresh, path: '/endpoints/Fraud/invocations' }],
    ['one parameter more', 'SignatureDoesNotMatch', { ...fresh, query: 'a=1&b=2' }],
    ['a parameter twice', 'SignatureDoesNotMatch', { ...fresh, query: 'a=1&a=1' }],
    ['no query', 'SignatureDoesNotMatch', { ...fresh, query: '' }],
    ['another host', 'SignatureDoesNotMatch', { ...fresh, headers: { ...headers, host: 'evil.example' } }],
    ['no host', 'SignatureDoesNotMatch', { ...fresh, headers: { ...headers, host: undefined } }],
    ['another type', 'SignatureDoesNotMatch', { ...fresh, headers: { ...headers, 'content-type': 'text/html' } }],
    ['a type taken away', 'SignatureDoesNotMatch', { ...fresh, headers: { ...headers, 'content-type': undefined } }],
    ['an unsigned X-Amz header', 'IncompleteSignature', { ...fresh, headers: { ...headers, 'x-amz-target': 'x' } }],
    ['a key beside it', 'IncompleteSignature', { ...fresh, headers: { ...headers, 'x-api-key': 'x' } }],
    ['another presigned query', 'IncompleteSignature', { ...fresh, query: `a=1&X-Amz-${signature}` }],
    ['a token', 'InvalidClientTokenId', { ...fresh, headers: { ...headers, 'x-amz-security-token': 'x' } }],
    ['another time', 'SignatureDoesNotMatch', { ...fresh, headers: { ...headers, 'x-amz-date': '20150830T123601Z' } }],
    ['no time', 'IncompleteSignature', { ...fresh, headers: { ...headers, 'x-amz-date': undefined } }],
    ['a time as text', 'IncompleteSignature', { ...fresh, headers: { ...headers, 'x-amz-date': '2015-08-30' } }],
    [
      'a day that is none',
      'IncompleteSignature',
      { ...fresh, headers: { ...headers, 'x-amz-date': '20150231T000000Z' } },
    ],
    ['another region', 'SignatureDoesNotMatch', change('us-east-1', 'eu-west-1')],
    ['another service', 'SignatureDoesNotMatch', change('/service/', '/sagemaker/')],
    ['a service that is not spoken', 'SignatureDoesNotMatch', change('/service/', '/ec2/')],
    ['another day', 'SignatureDoesNotMatch', change('20150830', '20150829')],
    ['another last word', 'IncompleteSignature', change('aws4_request', 'aws4')],
    ['another key', 'InvalidClientTokenId', change('AKIDEXAMPLE', 'AKIDEXAMPLF')],
    ['a key of objects', 'InvalidClientTokenId', change('AKIDEXAMPLE', '__proto__')],
    ['no key', 'IncompleteSignature', change('AKIDEXAMPLE', '')],
    ['another algorithm', 'IncompleteSignature', change('HMAC', 'ECDSA')],
    ['version 2', 'IncompleteSignature', change(/^.*$/, 'AWS AKIDEXAMPLE:c2lnbmF0dXJl')],
    ['the algorithm alone', 'IncompleteSignature', change(/ .*$/, '')],
    ['no signature', 'IncompleteSignature', change(/, Signature=.*$/, '')],
    ['two signatures', 'IncompleteSignature', change(/$/, `, ${signature}`)],
    ['two headers joined', 'IncompleteSignature', change(/$/, `, ${authorization}`)],
    ['a signature in capitals', 'IncompleteSignature', change(/[0-9a-f]{64}$/, authorization.slice(-64).toUpperCase())],
    ['a signature cut short', 'IncompleteSignature', change(/.$/, '')],
    ['a signature of others than digits', 'IncompleteSignature', change(/.$/, 'g')],
    ['host not signed', 'IncompleteSignature', change('content-type;host;', 'content-type;')],
    ['type not signed', 'IncompleteSignature', change('content-type;host;', 'host;')],
    ['time not signed', 'IncompleteSignature', change(';x-amz-date', '')],
    ['names out of order', 'IncompleteSignature', change('content-type;host', 'host;content-type')],
    ['a name twice', 'IncompleteSignature', change('host;', 'host;host;')],
    ['a name in capitals', 'IncompleteSignature', change('host;', 'Host;')],
    ['an empty name', 'IncompleteSignature', change('host;', 'host;;')],
    ['a name of objects', 'SignatureDoesNotMatch', change('content-type;host', '__proto__;content-type;host')],
    ['names that are not there', 'SignatureDoesNotMatch', change('host;', 'host;range;')],
    ['ten thousand names', 'IncompleteSignature', change('host;', `${'a;'.repeat(10_000)}host;`)],
    ['no method, over gRPC', 'IncompleteSignature', { ...fresh, method: undefined, path: undefined }],
  ])('with %s is refused: %s', (_what, reason, asked) => {
    expect(reasonOf(checkOf(SUITE), asked)).toBe(reason)
  })

  test.each([
    [-300_001, 'RequestTimeTooSkewed'],
    [-300_000, undefined],
    [300_000, undefined],
    [300_001, 'RequestTimeTooSkewed'],
    [86_400_000, 'RequestTimeTooSkewed'],
  ])('that is %d ms old: %s', (ageMs, reason) => {
    const check = checkOf(SUITE, SUITE.atMs + ageMs)
    if (reason === undefined) expect(check.verify(signed()).name).toBe('web')
    else expect(reasonOf(check, signed())).toBe(reason)
  })

  test('may be older where the operator says so', () => {
    expect(checkOf(SUITE, SUITE.atMs + 900_000, { maxSkewMs: 900_000 }).verify(signed()).name).toBe('web')
  })

  test('may say its time by Date alone', () => {
    const asked = signed({
      headers: { date: 'Sun, 30 Aug 2015 12:36:00 GMT' },
      signedHeaders: 'date;host',
    })
    const { 'x-amz-date': _none, ...without } = asked.headers
    expect(checkOf(SUITE).verify({ ...asked, headers: without }).name).toBe('web')
  })

  test('is refused as the others are when no secret can be opened, and tells that it is no fault of the caller', () => {
    const other = parseMasterKey(createMasterKey())
    const key = { name: 'web', accessKeyId: 'AKIDEXAMPLE', encryptedSecret: seal('x', other, 'AKIDEXAMPLE') }
    const sources = { keyOf: () => key, masterKey: MASTER_KEY, calendarNow: () => SUITE.atMs }
    expect(refusal(createSignatureCheck(sources, { services: ['service'] }), signed()).code).toBe('internal')
    const locked = createSignatureCheck({ ...sources, masterKey: undefined }, { services: ['service'] })
    expect(reasonOf(locked, signed())).toBe('InvalidClientTokenId')
  })

  test('takes no other services than it is told', () => {
    expect(reasonOf(checkOf(SUITE, SUITE.atMs, { services: ['sagemaker'] }), signed())).toBe('SignatureDoesNotMatch')
    expect(checkOf(SUITE).verify(signed({ service: 'sagemaker' })).name).toBe('web')
  })

  test('with a header changed somewhere is refused, whatever it is', () => {
    const check = checkOf(SUITE)
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => check.verify({ ...fresh, headers: { ...headers, authorization: `AWS4-${text}` } })).toThrow(
          expect.objectContaining({ code: 'unauthenticated' }),
        )
      }),
    )
  })
})

describe('the digest of the body', () => {
  const sha256 = (body: string) => createHash('sha256').update(body).digest('hex')
  const withDigest = (digest: string, body = '1,2,3'): Asked =>
    signed({
      headers: { 'x-amz-content-sha256': digest, 'content-type': 'text/csv' },
      signedHeaders: 'content-type;host;x-amz-content-sha256;x-amz-date',
      body,
    })

  test('is compared with the body', () => {
    const check = checkOf(SUITE)
    expect(check.verify(withDigest(sha256('1,2,3'))).name).toBe('web')
    expect(reasonOf(check, withDigest(sha256('1,2,4')))).toBe('XAmzContentSHA256Mismatch')
    expect(reasonOf(check, withDigest(sha256('1,2,3').toUpperCase()))).toBe('IncompleteSignature')
    expect(reasonOf(check, withDigest('STREAMING-AWS4-HMAC-SHA256-PAYLOAD'))).toBe('IncompleteSignature')
  })

  test('is left out only where that is allowed, or there is no body', () => {
    const check = checkOf(SUITE)
    const asked = withDigest('UNSIGNED-PAYLOAD')
    expect(reasonOf(check, asked)).toBe('IncompleteSignature')
    expect(check.verify({ ...asked, mayLeaveBodyUnsigned: true }).name).toBe('web')
    expect(check.verify(withDigest('UNSIGNED-PAYLOAD', '')).name).toBe('web')
  })

  test('is taken at its word only where the body is looked at later', () => {
    const check = checkOf(SUITE)
    const asked = { ...withDigest(sha256('1,2,3')), body: undefined }
    expect(reasonOf(check, asked)).toBe('XAmzContentSHA256Mismatch')
    expect(check.verify({ ...asked, mayLeaveBodyUnsigned: true }).name).toBe('web')
  })
})

describe('a presigned request', () => {
  test.each<[string, number | string, string | undefined]>([
    ['a second', 1, undefined],
    ['seven days', 604_800, undefined],
    ['longer', 604_801, 'IncompleteSignature'],
    ['ever', 99_999_999, 'IncompleteSignature'],
    ['nothing', 0, 'IncompleteSignature'],
    ['less', -1, 'IncompleteSignature'],
    ['a part of a second', '1.5', 'IncompleteSignature'],
    ['no time', '', 'IncompleteSignature'],
    ['an exponent', '1e3', 'IncompleteSignature'],
  ])('may be good for %s (%s): %s', (_what, expires, reason) => {
    if (reason === undefined) expect(checkOf(SUITE).verify(presigned(expires)).name).toBe('web')
    else expect(reasonOf(checkOf(SUITE), presigned(expires))).toBe(reason)
  })

  test('ends when it says', () => {
    expect(checkOf(SUITE, SUITE.atMs + 3_599_999).verify(presigned(3600)).name).toBe('web')
    expect(reasonOf(checkOf(SUITE, SUITE.atMs + 3_600_000), presigned(3600))).toBe('ExpiredToken')
    expect(reasonOf(checkOf(SUITE, SUITE.atMs - 300_001), presigned(3600))).toBe('RequestTimeTooSkewed')
  })

  test('cannot be made to last longer', () => {
    const asked = presigned(3600)
    const longer = { ...asked, query: asked.query.replace('X-Amz-Expires=3600', 'X-Amz-Expires=7200') }
    expect(reasonOf(checkOf(SUITE), longer)).toBe('SignatureDoesNotMatch')
  })

  test.each<[string, string]>([
    ['X-Amz-Expires=60', 'IncompleteSignature'],
    ['x-amz-date=20150830T123600Z', 'IncompleteSignature'],
    ['X%2DAmz-Date=20150830T123600Z', 'IncompleteSignature'],
    ['X-Amz-Security-Token=x', 'InvalidClientTokenId'],
    ['X-Amz-%ZZ=1', 'IncompleteSignature'],
    ['a=1', 'SignatureDoesNotMatch'],
  ])('with %s added is refused: %s', (added, reason) => {
    const asked = presigned(3600)
    expect(reasonOf(checkOf(SUITE), { ...asked, query: `${asked.query}&${added}` })).toBe(reason)
    expect(reasonOf(checkOf(SUITE), { ...asked, query: `${added}&${asked.query}` })).toBe(reason)
  })

  test('may be signed with other parameters, in any order and encoding', () => {
    const asked = presigned(3600, (query) => `b=%7e&b=!&a=%2b&${query}`)
    expect(checkOf(SUITE).verify(asked).name).toBe('web')
    const same = asked.query.replace('b=%7e&b=!&a=%2b&', 'a=%2B&b=%21&b=~&')
    expect(checkOf(SUITE).verify({ ...asked, query: same }).name).toBe('web')
  })

  test('may have headers of its holder, but no unsigned ones of Amazon', () => {
    const asked = presigned(3600)
    const check = checkOf(SUITE)
    expect(check.verify({ ...asked, headers: { ...asked.headers, 'content-type': 'text/csv' } }).name).toBe('web')
    expect(reasonOf(check, { ...asked, headers: { ...asked.headers, 'x-amz-target': 'x' } })).toBe(
      'IncompleteSignature',
    )
  })

  test('without a body digest takes no body, but of S3', () => {
    const asked = { ...presigned(3600), body: Buffer.from('x') }
    expect(reasonOf(checkOf(SUITE), asked)).toBe('SignatureDoesNotMatch')
    const s3 = { ...byQuery(S3, S3_QUERY_VECTOR, 86_400), body: Buffer.from('x') }
    expect(reasonOf(checkOf(S3), s3)).toBe('IncompleteSignature')
    expect(checkOf(S3).verify({ ...s3, mayLeaveBodyUnsigned: true }).name).toBe('web')
  })
})

describe('a signature whose body is still to come', () => {
  const head = (asked: Asked): Asked => ({ ...asked, body: undefined, isBodyToCome: true })

  test('over a digest in the head is checked whole', () => {
    for (const vector of S3_HEADER_VECTORS) {
      const asked = head(byHeader(S3, vector))
      expect(checkOf(S3).verify(asked).name).toBe('web')
      const { authorization = '' } = asked.headers
      const forged = {
        ...asked.headers,
        authorization: authorization.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
      }
      expect(reasonOf(checkOf(S3), { ...asked, headers: forged })).toBe('SignatureDoesNotMatch')
    }
  })

  test('over a body that nobody knows yet is looked at for its key and its time', () => {
    for (const vector of HEADER_VECTORS) {
      const asked = head(byHeader(SUITE, vector))
      expect(checkOf(SUITE).verify(asked).name).toBe('web')
      expect(reasonOf(checkOf(SUITE, SUITE.atMs + 600_000), asked)).toBe('RequestTimeTooSkewed')
      expect(reasonOf(checkOf({ ...SUITE, accessKeyId: 'AKIDOTHER' }), asked)).toBe('InvalidClientTokenId')
    }
  })
})

test.each<[string | undefined, string, boolean]>([
  [undefined, '', false],
  ['Bearer x', '', false],
  ['AWS4-HMAC-SHA256 x', '', true],
  ['AWS4-ECDSA-P256-SHA256 x', '', true],
  ['AWS x:y', '', true],
  [undefined, 'X-Amz-Signature=x', true],
  [undefined, 'a=1&X-Amz-Credential=x', true],
  [undefined, 'a=X-Amz-Signature=x', false],
  [undefined, 'x-amz-signature=x', false],
])('whether %j with ?%s is signed: %s', (authorization, query, expected) => {
  expect(isSigned(authorization, query)).toBe(expected)
})
