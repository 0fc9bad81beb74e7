import type { Endpoint } from '../../api/resources.ts'
import { ServingError } from '../../core/errors.ts'
import type { Followed } from './follow-deployment.ts'
import { unlessMissing } from './planned.ts'

/** How often an endpoint is looked at until it is gone: each look waits for something to happen, a second at most. */
const MOST_LOOKS = 10

/**
 * Deletes an endpoint that a command made for a version which then failed: it never answered, and would stand there for
 * ever. One that is somebody's meanwhile, or whose version may yet come, stays.
 * @param made as it was made
 * @returns whether it is gone, or going
 */
export async function takeBack(
  { client, watch, signal }: Followed,
  made: Endpoint,
  version: { readonly model: string; readonly version: number },
): Promise<boolean> {
  if (made.revision !== 1) return false
  const { project } = made
  const params = { project, endpoint: made.name }
  const { state } = await client.call('getVersion', { params: { project, ...version }, signal })
  if (state !== 'failed' && state !== 'cancelled') return false
  let isAsked = false
  for (let look = 0; look < MOST_LOOKS; look++) {
    const now = await unlessMissing(client.call('getEndpoint', { params, signal }))
    if (now === undefined || now.meta.uid !== made.meta.uid) return isAsked
    if (now.revision !== 1 || now.servedRevision !== undefined) return false
    if (!isAsked) {
      isAsked = await client.call('deleteEndpoint', { params, ifMatch: now.meta, signal }).then(
        () => true,
        (error: unknown) => {
          // it is written to while its rollout ends
          if (error instanceof ServingError && error.code === 'conflict') return false
          throw error
        },
      )
      continue
    }
    await watch.next()
  }
  return isAsked
}
