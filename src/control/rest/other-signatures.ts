import type { EndpointPlan, OfEndpoint } from '../../api/api-types.ts'
import type { EndpointSpec } from '../../api/resources.ts'
import { breaksOf } from '../policies/signature-change.ts'
import type { Reader, Stored } from '../store/store.ts'

/**
 * Variants of a spec that take or give something else than what answers now, so that callers of today fail. Shadows and
 * variants that only who names them gets are not compared, nor is a version that is still being made.
 * @param stored the endpoint as it is; without one that answers there is nothing to compare with
 * @param resolved what the variants of `spec` stand for
 */
export async function otherSignatures(
  tx: Reader,
  { project, endpoint }: OfEndpoint,
  stored: Stored<'endpoint'> | undefined,
  { spec, resolved }: { readonly spec: EndpointSpec; readonly resolved: EndpointPlan['resolved'] },
): Promise<EndpointPlan['otherSignatures']> {
  const served = stored?.document.servedRevision
  if (served === undefined) return []
  const revision = await tx.get('revision', project, `${endpoint}/${served}`)
  if (revision === undefined) return []
  const signatureOf = async ({ model, version }: EndpointPlan['resolved'][string] | Answering) =>
    (await tx.get('version', project, `${model}/${version}`))?.document.bundle?.signature
  const answering: Answering[] = liveOf(revision.document.spec).flatMap(
    ({ name }) => revision.document.resolved[name] ?? [],
  )
  const found = []
  for (const { name } of liveOf(spec)) {
    const fresh = resolved[name]
    if (fresh === undefined || answering.some((old) => isSame(old, fresh))) continue
    const signature = await signatureOf(fresh)
    for (const old of answering) {
      const differences = breaksOf(await signatureOf(old), signature)
      if (differences.length === 0) continue
      found.push({
        variant: name,
        version: `${fresh.model}/${fresh.version}`,
        than: `${old.model}/${old.version}`,
        differences: differences.slice(0, MOST_DIFFERENCES),
      })
      break
    }
  }
  return found
}

/** Differences that are told of a variant at most. */
const MOST_DIFFERENCES = 100

interface Answering {
  readonly model: string
  readonly version: number
}

function isSame(one: Answering, other: Answering): boolean {
  return one.model === other.model && one.version === other.version
}

/** Those that take traffic. */
function liveOf({ variants }: EndpointSpec): EndpointSpec['variants'] {
  return variants.filter(({ weight, shadow }) => shadow === undefined && weight > 0)
}
