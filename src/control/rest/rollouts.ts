import type { Rollout } from '../../api/resources.ts'
import { sees, type PlatformPrincipal } from '../../auth/permissions.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Reader, Stored } from '../store/store.ts'
import { checkConditions, nothing, type Call, type CommitOf, type Handlers } from './call.ts'
import type { ApiOptions } from './doors.ts'
import { RUNNING } from './in-use.ts'
import { badCursor, cursorOf, readCursor } from './pages.ts'
import { projectOf } from './records.ts'
import { shown } from './shown.ts'

type Names = 'listRollouts' | 'getRollout' | 'promoteRollout' | 'rollbackRollout' | 'cancelRollout'

const SAID: Readonly<Record<NonNullable<Rollout['wish']>, string>> = {
  promote: 'it was asked to promote the new variants',
  'roll-back': 'it was asked to roll back',
  cancel: 'it was asked to stop',
}

export function createRolloutHandlers({ store }: ApiOptions): Pick<Handlers, Names> {
  return {
    listRollouts: {
      async read({ params: { project }, query: { endpoint, state, limit = 100, cursor }, principal }) {
        const states = state?.split(',')
        const all = await store.read(async (tx) => {
          await projectOf(tx, project)
          return tx.all('rollout', { project, states })
        })
        // names are ids, in no order: the newest first is by when they began
        const sorted = all
          .filter(({ document }) => endpoint === undefined || document.endpoint === endpoint)
          .filter(({ document }) => sees(principal, { project, endpoint: document.endpoint }))
          .toSorted((a, b) => b.createdAtMs - a.createdAtMs || (a.name < b.name ? 1 : -1))
        const list = ['rollout', project, endpoint, state]
        let from = 0
        if (cursor !== undefined) {
          const [createdAtMs = NaN, name = ''] = JSON.parse(String(readCursor(list, cursor))) as [number?, string?]
          if (Number.isNaN(createdAtMs)) throw badCursor()
          const isAfter = (item: Stored<'rollout'>) =>
            item.createdAtMs < createdAtMs || (item.createdAtMs === createdAtMs && item.name < name)
          from = sorted.findIndex(isAfter)
          if (from < 0) from = sorted.length
        }
        const page = sorted.slice(from, from + limit)
        const last = page.at(-1)
        const isMore = last !== undefined && from + limit < sorted.length
        const next = isMore ? { cursor: cursorOf(list, JSON.stringify([last.createdAtMs, last.name])) } : {}
        return { body: { items: page.map(shown), ...next } }
      },
    },
    getRollout: {
      async read({ params: { project, rollout }, principal }) {
        const stored = await store.read(async (tx) => {
          await projectOf(tx, project)
          return rolloutOf(tx, project, { rollout, principal })
        })
        return { body: shown(stored) }
      },
    },
    promoteRollout: { change: async (call) => wish(call, 'promote') },
    rollbackRollout: { change: async (call) => wish(call, 'roll-back') },
    cancelRollout: { change: async (call) => wish(call, 'cancel') },
  }
}

/** Writes down what is asked of a rollout; whoever reconciles does it. */
async function wish(
  {
    params: { project, rollout },
    principal,
    conditions,
  }: Pick<Call<'promoteRollout'>, 'params' | 'principal' | 'conditions'>,
  wanted: NonNullable<Rollout['wish']>,
): Promise<CommitOf<Rollout>> {
  return async (tx) => {
    const stored = await rolloutOf(tx, project, { rollout, principal })
    checkConditions(conditions, stored)
    const { document } = stored
    const audit = { details: { endpoint: document.endpoint, wish: wanted } }
    if (document.wish === wanted) return { body: shown(stored), isUnchanged: true }
    if (!(RUNNING as readonly string[]).includes(document.state) || document.state === 'rolling-back')
      throw new ServingError(
        'conflict',
        `the rollout ${quote(rollout)} is ${document.state}: nothing can be asked of it`,
        {
          details: { reason: 'ended', state: document.state },
        },
      )
    const now = await tx.update('rollout', project, rollout, stored.etag, { ...document, wish: wanted })
    await tx.addEvent({
      project,
      kind: 'rollout',
      name: rollout,
      type: 'rollout-wish',
      level: 'info',
      message: SAID[wanted],
      details: { endpoint: document.endpoint, wish: wanted },
    })
    return { body: shown(now), audit }
  }
}

/** @throws {ServingError} `not_found`, also for that of an endpoint that the caller may not see */
async function rolloutOf(
  tx: Reader,
  project: string,
  { rollout, principal }: { readonly rollout: string; readonly principal: PlatformPrincipal },
): Promise<Stored<'rollout'>> {
  const stored = await tx.get('rollout', project, rollout)
  if (stored === undefined || !sees(principal, { project, endpoint: stored.document.endpoint }))
    throw nothing(`rollout ${quote(rollout)} in the project ${quote(project)}`)
  return stored
}
