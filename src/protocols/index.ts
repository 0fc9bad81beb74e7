import type { Operations } from '../runtime/operations.ts'
import { azureml } from './azureml/azureml.ts'
import { answeringProbes } from './azureml/liveness.ts'
import { docsPage } from './docs-page/docs-page.ts'
import { invocations } from './invocations/invocations.ts'
import { createMlflow } from './mlflow/mlflow.ts'
import { createOipRest, type OipRestOptions } from './oip-rest/oip-rest.ts'
import { createOpenApi } from './openapi/openapi.ts'
import type { Protocol, Route } from './protocol.ts'
import { createSagemaker } from './sagemaker/sagemaker.ts'
import { v1 } from './v1/v1.ts'
import { createVertex, type VertexOptions } from './vertex/vertex.ts'

/** Paths at which the platform that runs the server asks it. */
export type PlatformRoutes = Pick<VertexOptions, 'predictRoute' | 'healthRoute'>

/**
 * Every wire protocol that the server speaks.
 * @param serverVersion what the protocols report as the server's version
 * @param operations what an operator may ask of the server; absent where it cannot be asked for anything
 * @param needsKeys whether requests need a key, for what describes them
 * @param oip what V2 says of the server
 */
export function allProtocols(
  serverVersion: string,
  platformRoutes: PlatformRoutes = {},
  operations?: Operations,
  needsKeys = false,
  oip: OipRestOptions = {},
): readonly Protocol[] {
  const protocols = [
    createOipRest(serverVersion, { ...oip, operations }),
    v1,
    invocations,
    createSagemaker(operations),
    createMlflow(serverVersion),
    azureml,
    answeringProbes(docsPage),
    createOpenApi({ serverVersion, needsKeys, hasStatistics: operations !== undefined }),
  ]
  return [...protocols, createVertex({ ...platformRoutes, invocations: invocationsOf(protocols) })]
}

/** What answers bodies of any media type. */
function invocationsOf(protocols: readonly Protocol[]): Route | undefined {
  const routes = protocols.flatMap((protocol) => protocol.routes)
  return routes.find(({ method, path }) => method === 'POST' && path === '/invocations')
}
