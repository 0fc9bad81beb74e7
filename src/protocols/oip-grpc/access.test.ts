import { describe, expect, test } from 'vitest'
import { createKey, digestOf, type Scope } from '../../auth/api-key.ts'
import { createAuthorizer } from '../../auth/authorizer.ts'
import { encodeMessage } from '../../codecs/protobuf/messages.ts'
import { HealthCheckRequest } from '../../codecs/protobuf/health-file.ts'
import { ServingError } from '../../core/errors.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import { fakeOperations } from '../oip/operations.fixture.ts'
import { createGrpcAdmit, createGrpcHandle, type GrpcHandleOptions } from './dispatch.ts'
import { createOipGrpc } from './oip-grpc.ts'

const inference = createKey()
const operations = createKey()
const keys = (
  [
    ['inference', inference],
    ['operations', operations],
  ] as const
).map(([name, key]) => ({ name, scopes: [name] as Scope[], sha256: digestOf(key) }))
const { routes } = createOipGrpc({ serverVersion: '1.0.0', operations: fakeOperations().operations })
const { authorize } = createAuthorizer(keys, { now: () => 0, calendarNow: () => 0 })
const handle = createGrpcHandle({ routes, authorize })
const admit = createGrpcAdmit({ routes, authorize })

const noModel = (): never => {
  throw new ServingError('not_found', 'there is no such model')
}
const PLANE: DataPlane = { isReady: () => true, models: () => [], model: noModel, predict: noModel }

const UNAUTHENTICATED = '16'
const PERMISSION_DENIED = '7'

async function statusFor(path: string, key: string | undefined, body: Uint8Array = new Uint8Array()): Promise<string> {
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const answer = await handle({ method: 'POST', path, query: '', headers, body }, PLANE, { aborted: false })
  return answer.headers['grpc-status'] ?? ''
}

/** What is said of a call before its messages have come. */
function codeAtHead(path: string, key: string | undefined): string {
  const headers: Record<string, string> = key === undefined ? {} : { 'x-api-key': key }
  try {
    admit({ method: 'POST', path, query: '', headers, body: new Uint8Array() })
    return 'ok'
  } catch (thrown) {
    return ServingError.from(thrown).code
  }
}

/** Methods that anybody may call. Whoever makes another one open adds it here, and thinks twice. */
const OPEN = [
  '/inference.GRPCInferenceService/ServerLive',
  '/inference.GRPCInferenceService/ServerReady',
  '/inference.GRPCInferenceService/ServerMetadata',
  '/grpc.health.v1.Health/Check',
  '/grpc.health.v1.Health/Watch',
]

/** Methods that a key for inference is not enough for. */
const OPERATIONS = [
  'ModelStatistics',
  'RepositoryIndex',
  'RepositoryModelLoad',
  'RepositoryModelUnload',
  'LogSettings',
  'TraceSetting',
]

describe('where calls need a key', () => {
  test.each(routes.map(({ path }) => path))('%s is open, or wants one', async (path) => {
    const without = await statusFor(path, undefined)
    const wrong = await statusFor(path, createKey())
    const isForOperators = routes.find((route) => route.path === path)?.access === 'operations'
    expect(isForOperators).toBe(OPERATIONS.includes(path.slice(path.lastIndexOf('/') + 1)))
    const withKey = await statusFor(path, isForOperators ? operations : inference)
    if (OPEN.includes(path)) expect([without, wrong, withKey]).toEqual(['0', '0', '0'])
    else {
      expect([without, wrong]).toEqual([UNAUTHENTICATED, UNAUTHENTICATED])
      expect(withKey).not.toBe(UNAUTHENTICATED)
      expect(withKey).not.toBe(PERMISSION_DENIED)
      expect(await statusFor(path, isForOperators ? inference : operations)).toBe(PERMISSION_DENIED)
    }
  })

  test.each(routes.map(({ path }) => path))('%s says at the head of a call whether it wants one', (path) => {
    const isForOperators = OPERATIONS.includes(path.slice(path.lastIndexOf('/') + 1))
    const without = OPEN.includes(path) ? 'ok' : 'unauthenticated'
    expect([codeAtHead(path, undefined), codeAtHead(path, createKey())]).toEqual([without, without])
    expect(codeAtHead(path, isForOperators ? operations : inference)).toBe('ok')
    if (!OPEN.includes(path))
      expect(codeAtHead(path, isForOperators ? inference : operations)).toBe('permission_denied')
  })

  test('which models there are, only holders of a key learn from health', async () => {
    const ofModel = encodeMessage(HealthCheckRequest, { service: 'secret-model' })
    expect(await statusFor('/grpc.health.v1.Health/Check', undefined, ofModel)).toBe(UNAUTHENTICATED)
    expect(await statusFor('/grpc.health.v1.Health/Watch', operations, ofModel)).toBe(PERMISSION_DENIED)
    expect(await statusFor('/grpc.health.v1.Health/Check', inference, ofModel)).toBe('5')
  })

  test('and that there is no such method', async () => {
    expect(await statusFor('/no.Service/Method', undefined)).toBe(UNAUTHENTICATED)
    expect(await statusFor('/no.Service/Method', operations)).toBe('12')
    expect(codeAtHead('/no.Service/Method', undefined)).toBe('unauthenticated')
    expect(codeAtHead('/no.Service/Method', operations)).toBe('unsupported')
  })
})

test('each message sees the plane that its own key and metadata stand for', async () => {
  const seen: unknown[] = []
  const planeFor: NonNullable<GrpcHandleOptions['planeFor']> = (plane, request, call) => {
    seen.push([plane, request.headers['x-slipway-variant'], call.principal?.name])
    return { ...plane, isReady: () => false }
  }
  const routed = createGrpcHandle({ routes, authorize, planeFor })
  const headers = { authorization: `Bearer ${inference}`, 'x-slipway-variant': 'canary' }
  const request = { method: 'POST', query: '', headers, body: new Uint8Array() }
  const path = '/inference.GRPCInferenceService/ModelReady'
  expect((await routed({ ...request, path }, PLANE, { aborted: false })).status).toBe(200)
  const strange = { ...request, path, headers: {} }
  expect((await routed(strange, PLANE, { aborted: false })).headers['grpc-status']).toBe(UNAUTHENTICATED)
  expect(seen).toEqual([[PLANE, 'canary', 'inference']])
})
