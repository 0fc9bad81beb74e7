import type { EndpointRollout } from '../../../api/runner-status.ts'
import type { Store } from '../../../control/store/store.ts'

/** How the last rollout of each endpoint stands. */
export interface LastRollouts {
  /** Reads what has happened since it looked last. */
  look(): Promise<void>
  of(project: string): readonly EndpointRollout[]
}

const PAGE = 1000
/** Endpoints whose rollouts are remembered; those of whom nothing was heard for longest are forgotten first. */
const MOST_ENDPOINTS = 20_000

/** Follows the events of rollouts: each change of a rollout is one. */
export function createLastRollouts(store: Pick<Store, 'read'>): LastRollouts {
  const last = new Map<string, EndpointRollout & { readonly project: string }>()
  let after = 0

  async function page(): Promise<boolean> {
    const events = await store.read((tx) => tx.events({ kind: 'rollout', after, limit: PAGE }))
    const changed = new Map<string, { readonly project: string; readonly endpoint: string; readonly rollout: string }>()
    for (const { project, details } of events) {
      const { endpoint, rollout } = details
      if (typeof endpoint === 'string' && typeof rollout === 'string')
        changed.set(`${project} ${endpoint}`, { project, endpoint, rollout })
    }
    await store.read(async (tx) => {
      for (const [key, { project, endpoint, rollout }] of changed) {
        const stored = await tx.get('rollout', project, rollout)
        last.delete(key)
        if (stored !== undefined) last.set(key, { project, endpoint, state: stored.document.state })
        const [oldest] = last.keys()
        if (last.size > MOST_ENDPOINTS && oldest !== undefined) last.delete(oldest)
      }
    })
    after = events.at(-1)?.seq ?? after
    return events.length === PAGE
  }

  return {
    async look() {
      while (await page());
    },
    of: (project) =>
      [...last.values()].filter((each) => each.project === project).map(({ endpoint, state }) => ({ endpoint, state })),
  }
}
