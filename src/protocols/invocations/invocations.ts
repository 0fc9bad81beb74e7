import { ServingError } from '../../core/errors.ts'
import type { Call, DataPlane } from '../../runtime/plane.ts'
import { mlflowFailure } from '../mlflow/failure.ts'
import { score } from '../mlflow/score.ts'
import { empty, type PathParameters, type Protocol, type WireRequest, type WireResponse } from '../protocol.ts'
import { isRaw } from '../raw-model.ts'
import { containerFailure } from '../sagemaker/failure.ts'
import { invoke } from '../sagemaker/invoke.ts'
import { requestForm } from '../sagemaker/media-types.ts'
import { readTarget, type Target } from '../sagemaker/request-headers.ts'
import { modelFailure, runtimeFailure } from '../sagemaker/runtime-failure.ts'
import { bodyDialect, dialectOf, type Dialect } from './dialect.ts'

/**
 * What SageMaker's containers and MLflow's scoring servers answer at the same paths, each in its own words: `/ping`,
 * `/invocations` and `/endpoints/{model}/invocations`. Which words those are, `dialectOf` says.
 * @see AWS SageMaker, "Use your own inference code with hosting services"; MLflow, "Local Inference Server Specification"
 */
export const invocations: Protocol = {
  name: 'invocations',
  routes: [
    { method: 'GET', path: '/ping', access: 'open', handle: (_request, plane) => empty(plane.isReady() ? 200 : 503) },
    {
      method: 'POST',
      path: '/invocations',
      handle: (request, plane, call) => answer(request, plane, call, targetOf(request, plane)),
    },
    { method: 'POST', path: '/endpoints/{model}/invocations', handle: invokeEndpoint },
  ],
  failure(error, request) {
    const dialect = request === undefined ? 'sagemaker' : dialectOf(request)
    return FAILURE[dialect](error)
  },
}

const FAILURE: Record<Dialect, (error: ServingError) => WireResponse> = {
  mlflow: mlflowFailure,
  sagemaker: containerFailure,
  'sagemaker-runtime': runtimeFailure,
}

/** Which model a request is for. What comes in a form that no model takes is told that first: it is wrong for each. */
function targetOf(request: WireRequest, plane: DataPlane): Target {
  try {
    return readTarget(request, plane)
  } catch (error) {
    if (bodyDialect(request) === 'sagemaker') requestForm(request.headers['content-type'])
    throw error
  }
}

const MLFLOW_FORMS = ['dataframe_split', 'dataframe_records', 'inputs'] as const

/** What a container answers, by the form of the body. */
async function answer(request: WireRequest, plane: DataPlane, call: Call, target: Target): Promise<WireResponse> {
  if (isRaw(target.model)) return await invoke(request, plane, call, target)
  if (bodyDialect(request) === 'sagemaker') return await invoke(request, plane, call, target, MLFLOW_FORMS)
  return withHeaders(await score(request, plane, call, target.model), target.echo)
}

async function invokeEndpoint(
  request: WireRequest,
  plane: DataPlane,
  call: Call,
  { model }: PathParameters,
): Promise<WireResponse> {
  if (dialectOf(request) === 'mlflow') return await score(request, plane, call, plane.model(model))
  // of an endpoint with several models the header names the model, and the path names only the endpoint
  const hasTarget = request.headers['x-amzn-sagemaker-target-model'] !== undefined
  const target = readTarget(request, plane, hasTarget ? undefined : model)
  try {
    const answered = await answer(request, plane, call, target)
    return withHeaders(answered, { 'x-amzn-invoked-production-variant': target.variant })
  } catch (thrown) {
    const error = ServingError.from(thrown)
    // the container's own refusals: what else fails is told as the service's failure
    if (error.code === 'invalid_argument' || error.code === 'too_large' || error.code === 'unsupported')
      return modelFailure(error)
    throw error
  }
}

function withHeaders(response: WireResponse, headers: Readonly<Record<string, string>>): WireResponse {
  return { ...response, headers: { ...response.headers, ...headers } }
}
