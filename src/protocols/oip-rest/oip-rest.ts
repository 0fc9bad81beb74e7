import { ServingError } from '../../core/errors.ts'
import type { Call, DataPlane } from '../../runtime/plane.ts'
import { HTTP_STATUS } from '../../core/http-status.ts'
import { httpStatusOf } from '../http-status.ts'
import { modelConfig, type ConfigLimits } from '../oip/model-config.ts'
import { modelMetadata } from '../oip/model-metadata.ts'
import { serverMetadata, type ServerIdentity } from '../oip/server-metadata.ts'
import {
  json,
  retryHeaders,
  type PathParameters,
  type Protocol,
  type WireRequest,
  type WireResponse,
} from '../protocol.ts'
import { generate, generateStream } from './generate.ts'
import { infer } from './infer.ts'
import { operationRoutes } from './operations.ts'
import { sharedMemoryRoutes } from './shared-memory.ts'

export type OipRestOptions = Omit<ServerIdentity, 'serverVersion'> & ConfigLimits

/**
 * The Open Inference Protocol, version 2, over REST. What a body is, its content type does not say: stock clients send
 * none, or `application/octet-stream`, for JSON too.
 * @see Open Inference Protocol v2, "HTTP/REST"
 */
export function createOipRest(serverVersion: string, options: OipRestOptions = {}): Protocol {
  const { operations } = options
  const server = serverMetadata({ ...options, serverVersion })
  return {
    name: 'oip-rest',
    failure: (error) => json(statusOf(error), { error: error.message, code: error.code }, retryHeaders(error)),
    routes: [
      { method: 'GET', path: '/v2', access: 'open', handle: () => json(200, server) },
      { method: 'GET', path: '/v2/health/live', access: 'open', handle: () => json(200, { live: true }) },
      { method: 'GET', path: '/v2/health/ready', access: 'open', handle: (_request, plane) => health(plane) },
      {
        method: 'GET',
        path: '/v2/models',
        handle: (_request, plane) => json(200, { models: [...new Set(plane.models().map((model) => model.name))] }),
      },
      ...['/v2/models/{model}', '/v2/models/{model}/versions/{version}'].flatMap((base) => [
        { method: 'GET' as const, path: base, handle: metadata },
        { method: 'GET' as const, path: `${base}/ready`, handle: modelReady },
        { method: 'GET' as const, path: `${base}/config`, handle: config },
        { method: 'POST' as const, path: `${base}/infer`, handle: infer },
        { method: 'POST' as const, path: `${base}/generate`, handle: generate },
        { method: 'POST' as const, path: `${base}/generate_stream`, handle: generateStream },
      ]),
      ...sharedMemoryRoutes,
      ...(operations === undefined ? [] : operationRoutes(operations)),
    ],
  }

  function config(_request: WireRequest, plane: DataPlane, _call: Call, parameters: PathParameters): WireResponse {
    return json(200, modelConfig(plane.model(parameters.model, parameters.version), options))
  }
}

function health(plane: DataPlane): WireResponse {
  const ready = plane.isReady()
  return json(ready ? 200 : 503, { ready, live: true }, ready ? {} : { 'retry-after': '1' })
}

function metadata(_request: WireRequest, plane: DataPlane, _call: Call, parameters: PathParameters): WireResponse {
  return json(200, modelMetadata(plane.model(parameters.model, parameters.version), plane))
}

function modelReady(_request: WireRequest, plane: DataPlane, _call: Call, parameters: PathParameters): WireResponse {
  const model = plane.model(parameters.model, parameters.version)
  if (model.state !== 'ready')
    throw model.trouble ?? new ServingError('unavailable', `model ${model.name} is ${model.state}`)
  return json(200, { name: model.name, ready: true })
}

/** As everywhere, but what is not spoken is 501. @see Open Inference Protocol v2, "Inference Response JSON Error Object" */
function statusOf(error: ServingError): number {
  const status = httpStatusOf(error)
  return status === HTTP_STATUS.unsupported ? 501 : status
}
