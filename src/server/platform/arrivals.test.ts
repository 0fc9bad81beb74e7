import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import type { Handle, WireRequest } from '../../protocols/protocol.ts'
import type { Call, DataPlane, ServedModel } from '../../runtime/plane.ts'
import { createArrivals, type Arrivals } from './arrivals.ts'

const MODEL = { name: 'm', version: 'v' } as ServedModel

let isComing: boolean
let arrivals: Arrivals
let asked: number

/** A protocol: looks for its model, and says 503 where that cannot be described. */
const own: Handle = (_request, plane, call) => {
  asked++
  const model = arrivals.watch(plane, call).model('m')
  return Promise.resolve({ status: isComing ? 503 : 200, headers: {}, body: model.name })
}
const PLANE = { model: () => MODEL } as unknown as DataPlane

function ask(call: { aborted: boolean } = { aborted: false }, method: WireRequest['method'] = 'POST') {
  const request = { method, path: '/', query: '', headers: {}, body: new Uint8Array(10) } as unknown as WireRequest
  let status: number | undefined
  void arrivals
    .holding(own)(request, PLANE, call as Call)
    .then((answer) => (status = answer.status))
  return { status: () => status }
}

beforeEach(() => {
  vi.useFakeTimers()
  isComing = true
  asked = 0
  arrivals = createArrivals({
    isComing: () => isComing,
    timeoutMs: 1000,
    now: () => performance.now(),
    maxRequests: 3,
    maxBytes: 25,
  })
})

afterEach(() => {
  arrivals.close()
  vi.useRealTimers()
})

test('a request for a version whose bundle is on its way is held, and asked again once it is there', async () => {
  const held = ask()
  await vi.advanceTimersByTimeAsync(600)
  expect([held.status(), asked]).toEqual([undefined, 1])
  isComing = false
  arrivals.look()
  await vi.advanceTimersByTimeAsync(0)
  expect([held.status(), asked]).toEqual([200, 2])
})

test('past the time that a request has it gets what it was answered at first', async () => {
  const held = ask()
  await vi.advanceTimersByTimeAsync(900)
  expect(held.status()).toBeUndefined()
  await vi.advanceTimersByTimeAsync(300)
  expect([held.status(), asked]).toEqual([503, 1])
  expect(vi.getTimerCount()).toBe(0)
})

test('more requests, or more bytes, than may wait are answered at once, and so is whoever has gone', async () => {
  const gone = { aborted: false }
  const first = [ask(), ask(gone)]
  const third = ask()
  await vi.advanceTimersByTimeAsync(0)
  expect([...first, third].map(({ status }) => status())).toEqual([undefined, undefined, 503])
  gone.aborted = true
  await vi.advanceTimersByTimeAsync(250)
  expect(first.map(({ status }) => status())).toEqual([undefined, 503])
  const next = ask()
  await vi.advanceTimersByTimeAsync(0)
  expect(next.status()).toBeUndefined()
})

test('who only asks about the version is not held, nor who fails for another reason', async () => {
  const reader = ask({ aborted: false }, 'GET')
  await vi.advanceTimersByTimeAsync(0)
  expect(reader.status()).toBe(503)
  const refusing = arrivals.holding((_request, plane, call) => {
    arrivals.watch(plane, call).model('m')
    return Promise.resolve({ status: 403, headers: {}, body: new ServingError('permission_denied', '').message })
  })
  const request = { method: 'POST', body: new Uint8Array() } as unknown as WireRequest
  expect(await refusing(request, PLANE, { aborted: false })).toMatchObject({ status: 403 })
})
