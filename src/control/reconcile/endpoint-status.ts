import type { VariantStatus } from '../../api/resources.ts'
import type { RouteEndpoint } from '../../api/route-table.ts'
import type { Kinds } from '../store/store.ts'
import { restingState } from './apply-step.ts'
import { noteOf, readinessOf, type FleetView } from './fleet-view.ts'

/** What an endpoint's record shall say of it now, as far as that can be seen. */
export function endpointStatus(
  document: Kinds['endpoint'],
  rollout: Kinds['rollout'] | undefined,
  published: RouteEndpoint | undefined,
  view: FleetView,
): Pick<Kinds['endpoint'], 'state' | 'variants'> {
  return { state: stateOf(document, rollout), variants: variantsOf(published, view) }
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
    const { ready, problem, anywhere } = readinessOf(view, wanted, 0)
    const note = noteOf(view, published.name, variant.digest)
    const isIdle = variant.replicas === 0 && anywhere === 0 && variant.isComing !== true
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
