import { expect, test } from 'vitest'
import type { Call } from '../runtime/plane.ts'
import { allProtocols } from './index.ts'
import { createRouter } from './router.ts'
import { HOUSES, sumsPlane } from './sums-plane.fixture.ts'

const handle = createRouter({ protocols: allProtocols('1.0.0') })
const plane = sumsPlane({ signature: HOUSES, names: ['houses'] })

const JSON_TYPE = 'application/json'

test.each([
  ['/v2/models/houses/infer', JSON_TYPE],
  ['/v2/models/houses/generate', JSON_TYPE],
  ['/v1/models/houses:predict', JSON_TYPE],
  ['/invocations', JSON_TYPE],
  ['/invocations', 'text/csv'],
  ['/invocations', 'application/x-npy'],
  ['/invocations', 'application/x-recordio-protobuf'],
  ['/models/houses/invoke', JSON_TYPE],
  ['/endpoints/houses/invocations', JSON_TYPE],
  ['/endpoints/houses/invocations', 'text/csv'],
  ['/score', JSON_TYPE],
  ['/score', 'text/csv'],
  ['/', 'image/png'],
  ['/v1/endpoints/1/deployedModels/2:predict', JSON_TYPE],
  ['/v1/projects/p/locations/l/endpoints/houses:predict', JSON_TYPE],
  ['/v1/projects/p/locations/l/endpoints/houses:rawPredict', 'text/csv'],
])('what POST %s refuses of %s counts as a failure of the model that was asked', async (path, type) => {
  const call: Call = { aborted: false }
  const headers = { 'content-type': type }
  const request = { method: 'POST', path, query: '', headers, body: Buffer.from('{"no') }
  expect((await handle(request, plane, call)).status).toBeGreaterThanOrEqual(400)
  expect(call.model?.name).toBe('houses')
})
