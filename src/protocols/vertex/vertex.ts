import { missingIn } from '../../codecs/missing-values.ts'
import { printPredictions } from '../../codecs/table-answer.ts'
import type { TableForm, TableOptions } from '../../codecs/table-request.ts'
import { ServingError } from '../../core/errors.ts'
import { versionName, type Call, type DataPlane, type ServedModel } from '../../runtime/plane.ts'
import { predictTable } from '../predict-table.ts'
import {
  empty,
  type PathParameters,
  type Protocol,
  type Route,
  type WireRequest,
  type WireResponse,
} from '../protocol.ts'
import { answerRaw, isRaw } from '../raw-model.ts'
import { rowLayoutOf } from '../row-layouts.ts'
import { vertexFailure } from './failure.ts'
import { createRawPredict } from './raw-predict.ts'

export interface VertexOptions {
  /** The path at which the platform asks for predictions (`AIP_PREDICT_ROUTE`), besides its own default. */
  readonly predictRoute?: string | undefined
  /** The path at which it asks whether the container is well (`AIP_HEALTH_ROUTE`), besides its own default. */
  readonly healthRoute?: string | undefined
  /** Answers a body of any media type: what `:rawPredict` passes on; that is not spoken where this is absent. */
  readonly invocations?: Route | undefined
}

/** Where the platform asks a container that names no routes. */
const DEPLOYED = '/v1/endpoints/{endpoint}/deployedModels/{deployedModel}'

/** Versions of the platform's own API, which differ in nothing here. */
const API_VERSIONS = ['v1', 'v1beta1']

/**
 * Vertex AI, seen from both sides: the contract of a container (health, and `{"instances": […], "parameters": …}` to
 * `{"predictions": […]}` by the default model), and the calls of its clients for predictions, in which the endpoint is
 * the name of a model. Of what `parameters` says, `outputs` names outputs; all else is ignored.
 * A route that another protocol answers already stays with that one: it says what is sent there.
 * @see Vertex AI, "Custom container requirements for inference"; `projects.locations.endpoints.predict`
 */
export function createVertex({ predictRoute, healthRoute, invocations }: VertexOptions = {}): Protocol {
  const named: Route[] = []
  if (predictRoute !== undefined)
    named.push({ method: 'POST', path: predictRoute, yields: true, handle: predictAsContainer })
  if (healthRoute !== undefined)
    named.push({ method: 'GET', path: healthRoute, access: 'open', yields: true, handle: health })
  return {
    name: 'vertex',
    failure: vertexFailure,
    routes: [
      { method: 'GET', path: DEPLOYED, access: 'open', handle: health },
      { method: 'POST', path: `${DEPLOYED}:predict`, handle: predictAsContainer },
      ...named,
      ...API_VERSIONS.flatMap((version): readonly Route[] => {
        const endpoint = `/${version}/projects/{project}/locations/{location}/endpoints/{endpoint}`
        return [
          { method: 'POST', path: `${endpoint}:predict`, handle: predict },
          { method: 'POST', path: `${endpoint}:explain`, handle: explain },
          ...(invocations === undefined
            ? []
            : [{ method: 'POST' as const, path: `${endpoint}:rawPredict`, handle: createRawPredict(invocations) }]),
        ]
      }),
    ],
  }
}

function health(_request: WireRequest, plane: DataPlane): WireResponse {
  return empty(plane.isReady() ? 200 : 503)
}

async function predictAsContainer(request: WireRequest, plane: DataPlane, call: Call): Promise<WireResponse> {
  const model = plane.model()
  if (isRaw(model)) return await answerRaw(request, plane, call, model)
  const predictions = await predictInstances(request, plane, model, call)
  return answer(`{"predictions":${predictions}}`)
}

/** As the platform answers its clients: with the names of what answered behind the predictions. */
async function predict(
  request: WireRequest,
  plane: DataPlane,
  call: Call,
  { project, location, endpoint }: PathParameters,
): Promise<WireResponse> {
  const model = plane.model(endpoint)
  const predictions = await predictInstances(request, plane, model, call)
  const version = versionName(model)
  const names = JSON.stringify({
    deployedModelId: version,
    model: `projects/${project}/locations/${location}/models/${model.name}`,
    modelDisplayName: model.name,
    modelVersionId: model.labels[0] ?? version,
  })
  return answer(`{"predictions":${predictions},${names.slice(1)}`)
}

const FORMS: readonly TableForm[] = ['instances']
const OPTIONS: TableOptions = { otherKeys: 'ignored' }

/** @returns the predictions as the text of a JSON array */
async function predictInstances(
  request: WireRequest,
  plane: DataPlane,
  model: ServedModel,
  call: Call,
): Promise<string> {
  const { table, prediction } = await predictTable({ plane, model, call }, request, FORMS, OPTIONS)
  const tellMissing = missingIn(rowLayoutOf(model.signature), table.inputs)
  return printPredictions(prediction.outputs, model.signature.outputs, table.rows, 'values', {
    bytes: 'b64',
    tellMissing,
  })
}

const JSON_HEADERS = { 'content-type': 'application/json' }

function answer(body: string): WireResponse {
  return { status: 200, headers: JSON_HEADERS, body }
}

function explain(_request: WireRequest, plane: DataPlane, _call: Call, { endpoint }: PathParameters): WireResponse {
  plane.model(endpoint)
  throw new ServingError('unsupported', 'explanations are not given here; send the instances to ":predict"')
}
