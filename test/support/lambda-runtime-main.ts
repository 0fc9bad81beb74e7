/**
 * A Lambda function as a process of its own: runs the loop against `AWS_LAMBDA_RUNTIME_API` with a handler that says
 * what it was asked, until SIGTERM. `/bytes` gives the body back, `/fail` throws.
 */
import { ServingError } from '../../src/core/errors.ts'
import { runLambda } from '../../src/hosts/lambda/runtime-api.ts'
import { json, type Handle } from '../../src/protocols/protocol.ts'
import type { DataPlane } from '../../src/runtime/plane.ts'

function noModels(): never {
  throw new ServingError('not_found', 'no models here')
}

const plane: DataPlane = {
  isReady: () => true,
  models: () => [],
  model: noModels,
  predict: async () => noModels(),
}

const handle: Handle = async ({ body, ...request }) => {
  if (request.path === '/fail') throw new ServingError('overloaded', 'told to fail')
  if (request.path === '/bytes') return { status: 201, headers: { 'content-type': 'application/octet-stream' }, body }
  return json(200, { ...request, body: Buffer.from(body).toString('base64') }, { 'x-from': 'handler' })
}

const controller = new AbortController()
process.once('SIGTERM', () => controller.abort())

await runLambda({
  api: process.env.AWS_LAMBDA_RUNTIME_API ?? '',
  handle,
  plane,
  signal: controller.signal,
  now: Date.now,
  log: (message, error) => console.error(message, error),
})
