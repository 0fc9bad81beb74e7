import type { VariantStatus } from '../../api/resources.ts'
import type { RouteEndpoint } from '../../api/route-table.ts'
import type { Kinds } from '../store/store.ts'
import { restingState } from './apply-step.ts'
import { noteOf, readinessOf, type FleetView, type Wanted } from './fleet-view.ts'

/** What an endpoint's record shall say of it now, as far as that can be seen. */
export function endpointStatus(
  document: Kinds['endpoint'],
  rollout: Kinds['rollout'] | undefined,
  published: RouteEndpoint | undefined,
  view: FleetView,
): Pick<Kinds['endpoint'], 'state' | 'reason' | 'variants'> {
  const variants = variantsOf(published, view)
  const state = stateOf(document, rollout)
  const { reason } = document
  if (state !== 'ready') return { state, reason, variants }
  const trouble = troubleOf(variants)
  if (trouble !== undefined) return { state: 'failed', reason: trouble, variants }
  if (document.state !== 'failed') return { state, reason, variants }
  // between two tries there is no problem to be seen; it is over once everything answers
  const isOver = variants.every((variant) => !takesTraffic(variant) || canAnswer(variant))
  return isOver ? { state, reason: '', variants } : { state: 'failed', reason, variants }
}

function takesTraffic({ share }: VariantStatus): boolean {
  return share > 0
}

function canAnswer({ state, replicas }: VariantStatus): boolean {
  return replicas.ready > 0 || state === 'idle'
}

/** Why some of the traffic cannot be answered by anybody. */
function troubleOf(variants: readonly VariantStatus[]): string | undefined {
  const lost = variants.find((variant) => takesTraffic(variant) && !canAnswer(variant) && variant.problem !== undefined)
  if (lost?.problem === undefined) return undefined
  const { name, model, version, share, problem } = lost
  const isGone = problem.details['reason'] === 'bundle_missing'
  const what = `variant ${name} (${model}/${version}), with ${Math.round(share * 100)} % of the traffic, cannot be loaded`
  return `${what}: ${problem.message}${isGone ? '; deploy its file again' : ''}`
}

function stateOf(document: Kinds['endpoint'], rollout: Kinds['rollout'] | undefined): Kinds['endpoint']['state'] {
  if (document.state === 'deleting') return 'deleting'
  if (rollout?.state === 'rolling-back') return 'rolling-back'
  if (rollout !== undefined) return document.servedRevision === undefined ? 'creating' : 'updating'
  return restingState(document, document.servedRevision, document.settledRevision === document.revision)
}

function variantsOf(published: RouteEndpoint | undefined, view: FleetView): VariantStatus[] {
  if (published === undefined) return []
  const sum = published.variants.reduce((total, variant) => total + variant.weight, 0)
  return published.variants.map((variant): VariantStatus => {
    const wanted = { endpoint: published.name, digest: variant.digest, replicas: variant.replicas }
    const { ready, problem: wantedProblem, anywhere } = readinessOf(view, wanted, 0)
    // one that is not wanted loaded was asked for, and the load failed
    const problem = variant.replicas === 0 && anywhere === 0 ? wakeProblem(view, wanted) : wantedProblem
    const note = noteOf(view, published.name, variant.digest)
    const isIdle = variant.replicas === 0 && anywhere === 0 && variant.isComing !== true && problem === undefined
    const state = isIdle
      ? 'idle'
      : problem !== undefined
        ? 'failing'
        : ready < variant.replicas || variant.isComing === true
          ? 'loading'
          : 'ready'
    return {
      name: variant.name,
      model: variant.model,
      version: variant.number,
      digest: variant.digest,
      share: sum === 0 ? 0 : Math.round((variant.weight / sum) * 1e6) / 1e6,
      replicas: { desired: variant.replicas, ready: Math.max(ready, variant.replicas === 0 ? anywhere : 0) },
      state,
      ...(problem === undefined ? {} : { problem }),
      ...(note === undefined ? {} : { note }),
    }
  })
}

/** Why the runner that loads a sleeping version on demand could not; want of room is no fault of the version. */
function wakeProblem(view: FleetView, wanted: Wanted): VariantStatus['problem'] {
  const { problem } = readinessOf(view, { ...wanted, replicas: 1 }, 0)
  return problem?.details['reason'] === 'bundle_missing' ? problem : undefined
}
