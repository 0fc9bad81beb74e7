import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createKey, digestOf } from '../auth/api-key.ts'
import { createAuthorizer } from '../auth/authorizer.ts'
import { createBodyMemory, EVERYBODY, NOBODY } from '../runtime/body-memory.ts'
import type { DataPlane } from '../runtime/plane.ts'
import { allProtocols } from './index.ts'
import { json, type Protocol, type WireRequest } from './protocol.ts'
import { createFrontDesk } from './router.ts'

const KEY = createKey()
const OPERATOR = createKey()
const PLANE = {} as DataPlane

const { authorize } = createAuthorizer(
  [
    { name: 'web', scopes: ['inference'], sha256: digestOf(KEY) },
    { name: 'ops', scopes: ['operations'], sha256: digestOf(OPERATOR) },
  ],
  { now: () => 0, calendarNow: () => 0 },
)
const protocols = allProtocols('1.0.0')
const { door } = createFrontDesk({ protocols, authorize })

function head(path: string, key?: string, headers: Record<string, string> = {}): WireRequest {
  const credential = key === undefined ? {} : { authorization: `Bearer ${key}` }
  return { method: 'POST', path, query: '', headers: { ...credential, ...headers }, body: new Uint8Array() }
}

const INFER = '/v2/models/fraud/infer'

describe('the door', () => {
  test('lets in who has a key, as that key', () => {
    expect(door.admit(head(INFER, KEY))).toEqual({ name: 'web', isOneOfMany: true })
  })

  test('lets everybody in where nobody is asked for a key', () => {
    expect(createFrontDesk({ protocols }).door.admit(head(INFER))).toEqual(EVERYBODY)
  })

  test('keeps out who has none, or one for something else, in the words of the protocol', () => {
    expect(() => door.admit(head(INFER))).toThrow(expect.objectContaining({ code: 'unauthenticated' }))
    expect(() => door.admit(head(INFER, OPERATOR))).toThrow(expect.objectContaining({ code: 'permission_denied' }))
  })

  test.each(['/nothing/there', '/v2/health/live'])('tells strangers nothing of %s', (path) => {
    expect(() => door.admit(head(path))).toThrow(expect.objectContaining({ code: 'unauthenticated' }))
    expect(door.admit(head(path, OPERATOR))).toEqual(NOBODY)
  })

  test.each([INFER, '/nothing/there', '/endpoints/fraud/invocations', '/v1/models/fraud:predict'])(
    'answers at %s as the router would',
    async (path) => {
      const { handle, door: same } = createFrontDesk({ protocols, authorize })
      const request = head(path, 'slw_wrong')
      const answer = await handle(request, PLANE, { aborted: false })
      let refused: unknown
      try {
        same.admit(request)
      } catch (error) {
        refused = same.refusal(request, error as never)
      }
      expect(refused).toEqual(answer)
    },
  )

  test('says that the body is to come, and keeps apart who has proved nothing yet', () => {
    const seen: unknown[] = []
    const { door: signed } = createFrontDesk({
      protocols,
      authorizeHead: ({ isBodyToCome }) => {
        seen.push(isBodyToCome)
        return { name: 'web', uid: 'k1' }
      },
    })
    const signature = { authorization: 'AWS4-HMAC-SHA256 Credential=…' }
    expect(signed.admit(head(INFER, undefined, signature)).name).toBe('k1 unproved')
    expect(signed.admit(head(INFER, undefined, { ...signature, 'x-amz-content-sha256': 'a' })).name).toBe('k1')
    expect(seen).toEqual([true, true])
  })
})

describe('a compressed body', () => {
  test('takes the room of what comes out of it, until it is answered', async () => {
    const memory = createBodyMemory(100_000_000, () => 0)
    let during = 0
    const protocol: Protocol = {
      name: 'test',
      routes: [
        {
          method: 'POST',
          path: '/mirror',
          handle: ({ body }) => {
            during = memory.bytes
            return json(200, body.length)
          },
        },
      ],
      failure: (error) => json(500, error.message),
    }
    const { handle } = createFrontDesk({ protocols: [protocol], memory })
    const body = gzipSync(Buffer.alloc(1_000_000))
    const request = { ...head('/mirror', undefined, { 'content-encoding': 'gzip' }), body }
    expect(await handle(request, PLANE, { aborted: false })).toMatchObject({ body: '1000000' })
    expect(during).toBe(1_000_000)
    const broken = { ...request, body: body.subarray(0, 100) }
    expect(await handle(broken, PLANE, { aborted: false })).toMatchObject({ status: 500 })
    expect(memory.bytes).toBe(0)
  })
})
