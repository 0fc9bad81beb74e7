import { ALL_PROJECTS } from '../../auth/permissions.ts'
import { ServingError } from '../../core/errors.ts'
import type { Reader } from '../store/store.ts'
import type { Call, Handlers } from './call.ts'
import type { ApiOptions } from './doors.ts'
import { endpointOf, projectOf } from './records.ts'

type Names = 'listEvents' | 'listAudit' | 'listLogs'

/** How often a call that waits looks whether something came (ms). */
const LOOK_EVERY_MS = 200
/** Calls that may wait at once. */
const MAX_WAITING = 500

export function createEventHandlers({ store, environment, logs }: ApiOptions): Pick<Handlers, Names> {
  let waiting = 0

  /** Looks until something came, the time is up, the caller went, or the key is no good any more. */
  async function follow<T>(
    { query, signal, isStillGood }: Pick<Call<'listLogs'>, 'query' | 'signal' | 'isStillGood'>,
    look: () => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const endAtMs = environment.now() + (query.wait ?? 0) * 1000
    let items = await look()
    if (items.length > 0 || endAtMs <= environment.now()) return items
    if (waiting >= MAX_WAITING)
      throw new ServingError('overloaded', `${waiting} calls wait already: ask without wait`, {
        details: { retryAfterMs: 5000 },
      })
    waiting++
    try {
      while (items.length === 0 && environment.now() < endAtMs && !signal.aborted) {
        await environment.sleep(Math.min(LOOK_EVERY_MS, endAtMs - environment.now()), signal)
        if (!isStillGood()) throw new ServingError('unauthenticated', 'the key is not valid any more')
        if (!signal.aborted) items = await look()
      }
      return items
    } finally {
      waiting--
    }
  }

  return {
    listEvents: {
      async read(call) {
        const { params, query } = call
        const { kind, name, limit } = query
        const project = params.project === ALL_PROJECTS ? undefined : params.project
        if (project !== undefined) await store.read((tx) => projectOf(tx, project))
        const filter = { project, kind, name }
        let { after = 0 } = query
        if (after < 0) after = await store.read((tx) => lastEvent(tx, filter))
        const items = await follow(call, () => store.read((tx) => tx.events({ ...filter, after, limit })))
        return {
          body: { items, after: items.at(-1)?.seq ?? after },
        }
      },
    },
    listAudit: {
      async read({ params, query }) {
        const { principal, before, limit = 100 } = query
        const project = params.project === ALL_PROJECTS ? undefined : params.project
        const items = await store.read(async (tx) => {
          if (project !== undefined) await projectOf(tx, project)
          return tx.audit({ project, principal, before, limit })
        })
        const last = items.at(-1)
        return { body: last === undefined || items.length < limit ? { items } : { items, before: last.seq } }
      },
    },
    listLogs: {
      async read(call) {
        const { project, endpoint } = call.params
        const { limit = 100 } = call.query
        await store.read(async (tx) => {
          await projectOf(tx, project)
          await endpointOf(tx, project, endpoint)
        })
        let { after = 0 } = call.query
        if (after < 0) after = (await logs?.last(project, endpoint)) ?? 0
        const items = await follow(call, async () => (await logs?.read({ project, endpoint, after, limit })) ?? [])
        return { body: { items, after: items.at(-1)?.seq ?? after } }
      },
    },
  }
}

/** The newest `seq`, by halves: whether there is one after a number is cheap to ask. */
async function lastEvent(
  tx: Reader,
  filter: {
    readonly project?: string | undefined
    readonly kind?: string | undefined
    readonly name?: string | undefined
  },
): Promise<number> {
  const isAfter = async (after: number) => (await tx.events({ ...filter, after, limit: 1 })).length > 0
  if (!(await isAfter(0))) return 0
  let low = 0
  let high = 1
  while (await isAfter(high)) high *= 2
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (await isAfter(middle)) low = middle
    else high = middle
  }
  return high
}
