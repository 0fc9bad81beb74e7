import type { DataPlane } from '../../runtime/plane.ts'
import type { Protocol, WireResponse } from '../protocol.ts'
import { json } from '../protocol.ts'
import { mlflowFailure } from './failure.ts'

const TEXT = { 'content-type': 'text/plain; charset=utf-8' }

/**
 * What MLflow's clients ask besides `/ping` and `/invocations`: health and version of a scoring server, and the endpoints
 * of a deployment server, one for each model.
 * @param serverVersion what `/version` answers
 * @see MLflow, "Local Inference Server Specification"; `mlflow.deployments.get_deploy_client`
 */
export function createMlflow(serverVersion: string): Protocol {
  return {
    name: 'mlflow',
    routes: [
      { method: 'GET', path: '/health', access: 'open', handle: (_request, plane) => health(plane) },
      {
        method: 'GET',
        path: '/version',
        access: 'open',
        handle: () => ({ status: 200, headers: TEXT, body: serverVersion }),
      },
      { method: 'GET', path: '/api/2.0/endpoints/', handle: (_request, plane) => list(plane) },
      {
        method: 'GET',
        path: '/api/2.0/endpoints/{model}',
        handle: (_request, plane, _call, { model }) => json(200, endpointOf(plane.model(model).name)),
      },
    ],
    failure: mlflowFailure,
  }
}

function health(plane: DataPlane): WireResponse {
  return { status: plane.isReady() ? 200 : 503, headers: TEXT, body: '\n' }
}

function list(plane: DataPlane): WireResponse {
  const names = [...new Set(plane.models().map(({ name }) => name))]
  return json(200, { endpoints: names.map(endpointOf), next_page_token: null })
}

function endpointOf(name: string) {
  return {
    name,
    endpoint_type: 'mlflow/pyfunc',
    model: { name, provider: 'slipway' },
    endpoint_url: `/endpoints/${name}/invocations`,
    limit: null,
  }
}
