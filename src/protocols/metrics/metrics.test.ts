import { describe, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import { createRouter } from '../router.ts'
import { createMetricsProtocol } from './metrics.ts'

const request = { method: 'GET', path: '/metrics', query: '', headers: {}, body: new Uint8Array() }

function ask(collect: () => Promise<string>) {
  const handle = createRouter({ protocols: [createMetricsProtocol(collect)] })
  return handle(request, {} as DataPlane, { aborted: false })
}

describe('the metrics protocol', () => {
  test('answers with what was collected, as the text format of Prometheus', async () => {
    const answer = await ask(() => Promise.resolve('up 1\n'))
    expect(answer).toMatchObject({ status: 200, body: 'up 1\n' })
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  })

  test('is for operators', () => {
    expect(createMetricsProtocol(() => Promise.resolve('')).routes.map((route) => route.access)).toEqual(['operations'])
  })

  test('answers a failure in plain text', async () => {
    const answer = await ask(() => Promise.reject(new ServingError('unavailable', 'no runner answered in time')))
    expect(answer).toMatchObject({ status: 503, body: 'unavailable: no runner answered in time\n' })
  })
})
