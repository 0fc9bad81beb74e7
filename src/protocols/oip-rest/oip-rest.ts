import { decodeV2Request, encodeV2Response } from '../../codecs/v2-json.ts'
import { ServingError, type ErrorCode } from '../../core/errors.ts'
import { versionName, type Call, type DataPlane, type ServedModel } from '../../runtime/plane.ts'
import { HTTP_STATUS } from '../http-status.ts'
import {
  json,
  retryHeaders,
  type PathParameters,
  type Protocol,
  type WireRequest,
  type WireResponse,
} from '../protocol.ts'

const SERVER = { name: 'slipway', extensions: ['parameters'] }

/**
 * The Open Inference Protocol, version 2, over REST. Bodies are JSON, whatever their content type says: stock clients
 * send none, or `application/octet-stream`.
 * @see Open Inference Protocol v2, "HTTP/REST"
 */
export function createOipRest(serverVersion: string): Protocol {
  return {
    name: 'oip-rest',
    failure: (error) => json(STATUS[error.code], { error: error.message, code: error.code }, retryHeaders(error)),
    routes: [
      { method: 'GET', path: '/v2', access: 'open', handle: () => json(200, { ...SERVER, version: serverVersion }) },
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
        { method: 'POST' as const, path: `${base}/infer`, handle: infer },
      ]),
    ],
  }
}

function health(plane: DataPlane): WireResponse {
  const ready = plane.isReady()
  return json(ready ? 200 : 503, { ready, live: true }, ready ? {} : { 'retry-after': '1' })
}

function metadata(_request: WireRequest, plane: DataPlane, _call: Call, parameters: PathParameters): WireResponse {
  const model = plane.model(parameters.model, parameters.version)
  return json(200, {
    name: model.name,
    versions: plane
      .models()
      .filter(({ name }) => name === model.name)
      .map(versionName),
    platform: `slipway_${model.engines.join('_')}`,
    inputs: model.signature.inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    outputs: model.signature.outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    properties: propertiesOf(model),
  })
}

function propertiesOf(model: ServedModel): Record<string, string> {
  const { plan, maxBatchRows } = model.choices
  const properties: Record<string, string> = {
    digest: model.version,
    plan: `${plan.value}: ${plan.reason}`,
    max_batch_rows: `${maxBatchRows.value}: ${maxBatchRows.reason}`,
  }
  if (model.labels.length > 0) properties['labels'] = JSON.stringify(model.labels)
  for (const { name, columns } of model.signature.inputs)
    if (columns !== undefined) properties[`columns.${name}`] = JSON.stringify(columns)
  return properties
}

function modelReady(_request: WireRequest, plane: DataPlane, _call: Call, parameters: PathParameters): WireResponse {
  const model = plane.model(parameters.model, parameters.version)
  if (model.state !== 'ready') throw new ServingError('unavailable', `model ${model.name} is ${model.state}`)
  return json(200, { name: model.name, ready: true })
}

async function infer(
  request: WireRequest,
  plane: DataPlane,
  call: Call,
  parameters: PathParameters,
): Promise<WireResponse> {
  const model = plane.model(parameters.model, parameters.version)
  // perf_analyzer sends the header where the whole body is JSON, too
  const jsonLength = request.headers['inference-header-content-length']
  if (jsonLength !== undefined && jsonLength !== String(request.body.byteLength))
    throw new ServingError('unsupported', 'the binary tensor extension is not spoken here: send the tensors as JSON')
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity')
    throw new ServingError('unsupported', 'compressed bodies are not read here: send the body as it is')
  const { id, inputs, outputs, timeoutUs, priority } = decodeV2Request(request.body)
  const prediction = await plane.predict(model, inputs, {
    outputs,
    call,
    ...(timeoutUs === undefined ? {} : { timeoutMs: timeoutUs / 1000 }),
    ...(priority === undefined ? {} : { priority }),
  })
  const head = { modelName: model.name, modelVersion: versionName(prediction.model), id }
  return { status: 200, headers: JSON_HEADERS, body: encodeV2Response(head, prediction.outputs) }
}

const JSON_HEADERS = { 'content-type': 'application/json' }

/** HTTP status of each code. @see Open Inference Protocol v2, "Inference Response JSON Error Object" */
const STATUS: Record<ErrorCode, number> = { ...HTTP_STATUS, unsupported: 501 }
