import type { DataPlane } from '../plane.ts'
import type { LocalPlane } from '../local-plane.ts'
import { EndpointModel } from './endpoint.ts'
import type { Replica } from './replica.ts'
import { notHere } from './waking.ts'

/**
 * The plane as other runners of the group see it: versions by endpoint and digest, loaded here if this is the runner for
 * that; nothing is sent on, so that no request goes in circles.
 */
export function createPeerPlane(
  plane: LocalPlane,
  now: () => number,
  find: (endpoint: string, digest: string) => Replica | undefined,
): DataPlane {
  return {
    isReady: () => plane.isReady(),
    models: () => plane.models(),

    model(name = '', version = '') {
      const replica = find(name, version)
      if (replica === undefined) throw notHere(name)
      return new EndpointModel(replica, replica.labels)
    },

    async predict(model, inputs, context) {
      const replica = model instanceof EndpointModel ? model.replica : find(model.name, model.version)
      if (replica === undefined || (replica.local === undefined && !replica.mayLoad && !replica.isLoading))
        throw notHere(model.name)
      const begunMs = now()
      replica.lastUsedMs = begunMs
      if (replica.local === undefined) return await replica.away.take(model, inputs, context, begunMs, true)
      replica.inFlight++
      try {
        return await plane.predict(model, inputs, context)
      } finally {
        replica.inFlight--
      }
    },
  }
}
