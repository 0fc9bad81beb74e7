import type { EndpointPlan } from '../../api/api-types.ts'
import type { EndpointRevision, EndpointSpec, VariantSpec } from '../../api/resources.ts'
import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { Reader, Stored } from '../store/store.ts'
import { nothing } from './call.ts'
import { modelText } from './in-use.ts'
import { modelOf, versionOf } from './records.ts'

type Resolved = EndpointRevision['resolved']

/**
 * What versions the variants of a spec stand for: in `resolved` those that are ready, in `known` all of them. A version
 * that is still being made is waited for by whoever rolls the revision out.
 * @param before what an older revision stood for: its labels stay where they pointed then
 * @throws {ServingError} `not_found` for a model, version or label that is not there; `conflict` (details.reason
 * `version_failed`) for a version that will never be ready, with why
 */
export async function resolveSpec(
  tx: Reader,
  project: string,
  spec: EndpointSpec,
  before: Resolved = {},
): Promise<{ readonly resolved: Resolved; readonly known: EndpointPlan['resolved'] }> {
  const resolved: Record<string, Resolved[string]> = {}
  const known: Record<string, EndpointPlan['resolved'][string]> = {}
  for (const variant of spec.variants) {
    const { document } = await versionFor(tx, project, variant, before[variant.name])
    const { model, number: version, state, bundle } = document
    if (state === 'failed' || state === 'cancelled') throw neverReady(variant, document)
    known[variant.name] = { model, version, state }
    if (state === 'ready' && bundle !== undefined) resolved[variant.name] = { model, version, digest: bundle.digest }
  }
  return { resolved, known }
}

async function versionFor(
  tx: Reader,
  project: string,
  { model, version }: VariantSpec,
  before: Resolved[string] | undefined,
): Promise<Stored<'version'>> {
  if (typeof version === 'number') return versionOf(tx, { project, model, version })
  if (before?.model === model) return versionOf(tx, { project, model, version: before.version })
  const { labels } = (await modelOf(tx, project, model)).document
  const number = Object.hasOwn(labels, version) ? labels[version] : undefined
  if (number === undefined)
    throw nothing(`label ${quote(version)} on ${modelText(model)}: it has ${quoteList(Object.keys(labels))}`)
  return versionOf(tx, { project, model, version: number })
}

function neverReady(variant: VariantSpec, version: Stored<'version'>['document']): ServingError {
  const { model, number, state, problem } = version
  const why = problem === undefined ? '' : `: ${problem.message}`
  return new ServingError(
    'conflict',
    `the variant ${quote(variant.name)} names ${modelText(model, number)}, which ${state === 'failed' ? 'failed' : 'was cancelled'}${why}`,
    {
      details: {
        reason: 'version_failed',
        model,
        version: number,
        state,
        ...(problem === undefined ? {} : { problem }),
      },
    },
  )
}
