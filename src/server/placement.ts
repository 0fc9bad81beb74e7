import { keyOf, type Models } from './desired-state.ts'
import type { DesiredModel } from './settings.ts'

/**
 * Which runner holds which heavy model: one whose runs leave the event loop free needs no copy in every runner, since one
 * process can keep all cores busy with it. The others send it their requests.
 */
export interface Placement {
  /** The state as one runner is told it. @param runner counted from 0 */
  modelsFor(runner: number, models: Models): DesiredModel[]
}

/** @param sockets of the runners, on which they serve each other; with fewer than two, everybody holds everything */
export function createPlacement(sockets: readonly string[]): Placement {
  /** Stays as it is while a version is served: moving a model would load it twice. */
  const holders = new Map<string, number>()
  let turn = 0

  function holderOf(model: DesiredModel): number | undefined {
    if (sockets.length < 2 || model.replicas !== undefined || model.choices?.plan.value !== 'off-loop') return undefined
    const key = keyOf(model)
    let holder = holders.get(key)
    if (holder === undefined) {
      holder = turn++ % sockets.length
      holders.set(key, holder)
    }
    return holder
  }

  return {
    modelsFor: (runner, models) =>
      models.map((model) => {
        const holder = holderOf(model)
        const socket = holder === undefined || holder === runner ? undefined : sockets[holder]
        return socket === undefined ? model : { ...model, holder: { socket } }
      }),
  }
}
