import type { EndpointSpecInput } from '../../api/api-types.ts'
import type { Endpoint, EndpointSpec } from '../../api/resources.ts'
import type { Client } from '../../client/client.ts'
import { ServingError } from '../../core/errors.ts'

/** How often a change is planned anew because the endpoint's state, not its spec, has moved on. */
const MOST_TRIES = 20

/**
 * Changes what an endpoint is told to be, on the grounds of what it was told: a change of somebody else's in between is
 * never written over.
 * @param plan what it shall be, of what it is told now; undefined where there is no such endpoint
 * @param at `revision` that the change is meant for; the current one when absent
 * @throws {ServingError} `conflict` when somebody else changed it meanwhile
 */
export async function changeSpec(
  client: Client,
  at: {
    readonly project: string
    readonly endpoint: string
    readonly revision?: number | undefined
    readonly signal: AbortSignal
  },
  plan: (current: EndpointSpec | undefined) => EndpointSpecInput,
  reason: string,
): Promise<Endpoint> {
  const { project, endpoint, signal } = at
  const params = { project, endpoint }
  let meant = at.revision
  for (let attempt = 1; ; attempt++) {
    const current = await client.call('getEndpoint', { params, signal }).catch((error: unknown) => {
      if (error instanceof ServingError && error.code === 'not_found') return undefined
      throw error
    })
    const revision = current?.revision ?? 0
    meant ??= revision
    if (revision !== meant)
      throw new ServingError(
        'conflict',
        `endpoint ${endpoint} was changed by somebody else meanwhile, to revision ${revision}: look at it, then try again`,
        { details: { endpoint, revision } },
      )
    try {
      const body = { spec: plan(current?.spec), reason }
      return await client.call('putEndpoint', { params, body, ifMatch: current?.meta, signal })
    } catch (error) {
      // its record also changes as replicas come and go
      const isMoved = error instanceof ServingError && error.code === 'conflict' && error.details.reason === 'etag'
      if (!isMoved || attempt >= MOST_TRIES) throw error
    }
  }
}
