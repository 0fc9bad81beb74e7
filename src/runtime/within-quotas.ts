import type { Principal } from '../auth/authorizer.ts'
import { isLimited, type Quotas } from '../auth/quotas.ts'
import type { Tensors } from '../tensor/tensor.ts'
import type { DataPlane } from './plane.ts'

/**
 * A plane as a caller sees it whose key has quotas: each prediction is taken from them before anything is asked of a model.
 * For planes that requests come to first; one that answers for another process would count them twice.
 * @returns the plane itself for who has none
 */
export function withinQuotas(plane: DataPlane, principal: Principal | undefined, quotas: Quotas): DataPlane {
  if (principal?.quotas === undefined || !isLimited(principal.quotas)) return plane
  return {
    isReady: () => plane.isReady(),
    models: () => plane.models(),
    model: (name, version) => plane.model(name, version),
    async predict(model, inputs, context) {
      const release = quotas.take(principal, rowsOf(inputs))
      try {
        return await plane.predict(model, inputs, context)
      } finally {
        release()
      }
    },
  }
}

/** Rows that a request says it brings; the model has not looked at it yet. */
function rowsOf(inputs: Tensors): number {
  for (const { shape } of inputs.values()) return shape[0] ?? 1
  return 1
}
