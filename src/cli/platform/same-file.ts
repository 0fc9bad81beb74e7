import type { Endpoint, Version } from '../../api/resources.ts'
import type { Client } from '../../client/client.ts'
import type { WantedVersion } from './documents.ts'
import type { Named } from './model-source.ts'
import { sha256Of } from './model-source.ts'
import { isMadeOf } from './plan-model.ts'

export interface SameFileOptions {
  /** Model that a version would be made of; the endpoint's when absent. */
  readonly model: string | undefined
  readonly how: Pick<WantedVersion, 'allowUntested' | 'runtime' | 'steps'>
  readonly signal: AbortSignal
}

/**
 * The version that an endpoint answers all requests with, where it was made of this very file in this very way: another one
 * would be the same bundle again. What is behind an address may have changed, so that it is never the same.
 * @returns undefined where there is something to deploy
 */
export async function sameFileAs(
  client: Client,
  { project, spec, revision, state, servedRevision, rollout, variants }: Endpoint,
  named: Named,
  { model, how, signal }: SameFileOptions,
): Promise<Version | undefined> {
  const [answering, ...others] = spec.variants.filter(({ shadow }) => shadow === undefined)
  const seen = variants.find(({ name }) => name === answering?.name)
  if (named.type === 'url' || answering === undefined || others.length > 0 || seen === undefined) return undefined
  if (
    servedRevision !== revision ||
    rollout !== undefined ||
    spec.isPaused ||
    state === 'failed' ||
    seen.state === 'failing'
  )
    return undefined
  if (model !== undefined && model !== seen.model) return undefined
  const params = { project, model: seen.model, version: seen.version }
  const version = await client.call('getVersion', { params, signal })
  return isMadeOf(version, named, await sha256Of(named, signal), how) ? version : undefined
}
