import { expect, test } from 'vitest'
import { HTTP_STATUS } from '../../core/http-status.ts'
import type { Handle, WireRequest } from '../../protocols/protocol.ts'
import type { Call, DataPlane, ServedModel } from '../../runtime/plane.ts'
import { tellingRefusals } from './refusals.ts'

const MODEL = { name: 'm', version: 'v' } as ServedModel

async function told(status: number, model: ServedModel | undefined): Promise<readonly string[]> {
  const seen: string[] = []
  const own: Handle = (_request, _plane, call) => {
    call.model = model
    return Promise.resolve({ status, headers: {}, body: '' })
  }
  const call: Call = { aborted: false }
  const answer = await tellingRefusals(own, (_call, code) => seen.push(code))({} as WireRequest, {} as DataPlane, call)
  expect(answer.status).toBe(status)
  return seen
}

test('what is refused for its content is told of, with why', async () => {
  expect(await told(400, MODEL)).toEqual(['invalid_argument'])
  expect(await told(413, MODEL)).toEqual(['too_large'])
  expect(await told(415, MODEL)).toEqual(['unsupported'])
})

test('who may not ask, asks too often or for what is not there is no fault of a version', async () => {
  for (const code of ['unauthenticated', 'permission_denied', 'not_found', 'overloaded', 'internal'] as const)
    expect(await told(HTTP_STATUS[code], MODEL)).toEqual([])
  expect(await told(200, MODEL)).toEqual([])
})

test('a request that was found no version is told of nobody', async () => {
  expect(await told(400, undefined)).toEqual([])
})
