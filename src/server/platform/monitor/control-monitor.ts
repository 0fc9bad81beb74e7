import { join } from 'node:path'
import type { RouteTable } from '../../../api/route-table.ts'
import { DEFAULT_RETENTION_MIB } from '../../../api/resources.ts'
import type { EndpointRollout } from '../../../api/runner-status.ts'
import type { Environment } from '../../../control/environment.ts'
import type { Fleet } from '../../../control/fleet.ts'
import type { ApiOptions } from '../../../control/rest/doors.ts'
import type { Store } from '../../../control/store/store.ts'
import type { ObjectStorage } from '../../../storage/object-storage.ts'
import { CAPTURES_FOLDER } from './capture-names.ts'
import { createCaptureStore } from './capture-store.ts'
import { createEndpointLogs } from './endpoint-logs.ts'
import { createLastRollouts } from './last-rollouts.ts'
import type { EndpointLogMessage } from './log-messages.ts'
import { createTrafficWindow } from './traffic-window.ts'

export interface ControlMonitorOptions {
  readonly dataFolder: string
  readonly store: Store
  readonly fleet: Fleet
  readonly storage: ObjectStorage | undefined
  readonly environment: Environment
  /** Tells the runners of a project how its rollouts stand. */
  readonly tellRollouts: (project: string, rollouts: readonly EndpointRollout[]) => void
  /** How often files are looked after (ms). Default 30,000. */
  readonly tidyEveryMs?: number | undefined
}

/** What control knows of the traffic through endpoints, what these said, and what was captured of them. */
export interface ControlMonitor {
  /** For `createApi`. */
  readonly api: { readonly [Door in 'traffic' | 'logs' | 'captures']: NonNullable<ApiOptions[Door]> }
  /** A line from a runner. */
  readonly onLog: (message: EndpointLogMessage) => void
  close(): Promise<void>
}

const TIDY_EVERY_MS = 30_000
const ROLLOUTS_EVERY_MS = 3000
/** A table is read anew after so long (ms). */
const TABLE_FOR_MS = 1000
/** Captures of an endpoint that captures nothing any more, or is gone, stay so long (days). */
const DEFAULT_RETENTION_DAYS = 30
/** Levels of events, as logs have them. */
const LEVELS = { info: 'info', warning: 'warn', error: 'error' } as const

export function createControlMonitor(options: ControlMonitorOptions): ControlMonitor {
  const { dataFolder, store, fleet, storage, environment } = options
  const window = createTrafficWindow({ now: environment.now, wallNow: environment.wallMs })
  const logs = createEndpointLogs({ folder: join(dataFolder, 'logs') })
  const captures = createCaptureStore({
    folder: join(dataFolder, CAPTURES_FOLDER),
    storage,
    wallNow: environment.wallMs,
  })
  const tables = new Map<string, { readonly readAtMs: number; readonly table: Promise<RouteTable | undefined> }>()
  const rollouts = createLastRollouts(store)
  let tidying: Promise<void> | undefined
  let complained = 0

  const unlisten = fleet.listen((message) => {
    if (message.type === 'status') return window.take(message.status)
    if (message.type !== 'event') return
    const { project, endpoint, level, event, details } = message
    const { runner: source = 'runner', ...fields } = details
    const line = { atMs: environment.wallMs(), level: LEVELS[level], source: String(source), message: message.message }
    logs.append(project, endpoint, { ...line, fields: { event, ...fields } })
  })

  function tableOf(project: string): Promise<RouteTable | undefined> {
    const known = tables.get(project)
    const now = environment.now()
    if (known !== undefined && now - known.readAtMs < TABLE_FOR_MS) return known.table
    for (const [name, { readAtMs }] of tables) if (now - readAtMs >= TABLE_FOR_MS) tables.delete(name)
    const table = fleet.published(project)
    tables.set(project, { readAtMs: now, table })
    table.catch(() => tables.delete(project))
    return table
  }

  /** Since when there is an endpoint of this name: what came before was of another one. */
  async function madeAtMs(project: string, endpoint: string): Promise<number> {
    const stored = await store.read((tx) => tx.get('endpoint', project, endpoint))
    return stored?.createdAtMs ?? Infinity
  }

  async function tidy(): Promise<void> {
    const logged = await logs.known() // before: whoever is made meanwhile keeps what it says
    const endpoints = await store.read((tx) => tx.all('endpoint'))
    const known = new Map(endpoints.map(({ project, name, document }) => [`${project} ${name}`, document.spec.capture]))
    for (const { project, endpoint } of logged)
      if (!known.has(`${project} ${endpoint}`)) await logs.remove(project, endpoint)
    await captures.tidy((project, endpoint) => {
      const capture = known.get(`${project} ${endpoint}`)
      return {
        days: capture?.retentionDays ?? DEFAULT_RETENTION_DAYS,
        maxBytes: (capture?.retentionMiB ?? DEFAULT_RETENTION_MIB) * 2 ** 20,
      }
    })
    if (logs.dropped > complained)
      environment.log('warn', 'lines for the logs of endpoints were lost', { lines: logs.dropped - complained })
    complained = logs.dropped
  }

  async function tellRollouts(): Promise<void> {
    await rollouts.look()
    for (const project of await fleet.projects()) options.tellRollouts(project, rollouts.of(project))
  }

  const tidyTimer = setInterval(() => {
    tidying ??= tidy()
      .catch((error: unknown) => environment.log('warn', 'logs and captures could not be looked after', { error }))
      .finally(() => {
        tidying = undefined
      })
  }, options.tidyEveryMs ?? TIDY_EVERY_MS).unref()
  let isTelling = false
  const rolloutTimer = setInterval(() => {
    if (isTelling) return
    isTelling = true
    tellRollouts()
      .catch(() => {}) // told again in a moment
      .finally(() => {
        isTelling = false
      })
  }, ROLLOUTS_EVERY_MS).unref()

  return {
    api: {
      async traffic(project) {
        const atMs = environment.wallMs()
        const table = await tableOf(project)
        if (table === undefined) return { atMs, windowMs: 0, variants: [] }
        const runners = fleet.runners(project).filter(({ isConnected }) => isConnected)
        return window.summary(
          table,
          runners.map(({ status }) => status),
          atMs,
        )
      },
      logs: {
        last: (project, endpoint) => logs.last(project, endpoint),
        async read(query) {
          const lines = await logs.read(query)
          if (lines.length === 0) return lines
          const since = await madeAtMs(query.project, query.endpoint)
          const own = lines.filter(({ atMs }) => atMs >= since)
          // a whole page of another one's lines must not end the list
          const last = lines.at(-1)
          if (own.length > 0 || lines.length < query.limit || last === undefined) return own
          return this.read({ ...query, after: last.seq })
        },
      },
      captures: {
        async list(query) {
          const since = await madeAtMs(query.project, query.endpoint)
          const page = await captures.list(query)
          const items = page.items.filter(({ atMs }) => atMs >= since)
          return items.length < page.items.length ? { items } : page
        },
        async get(project, endpoint, id) {
          const record = await captures.get(project, endpoint, id)
          return record !== undefined && record.atMs >= (await madeAtMs(project, endpoint)) ? record : undefined
        },
      },
    },
    onLog({ project, endpoint, level, variant, source, message, fields }) {
      logs.append(project, endpoint, { atMs: environment.wallMs(), level, variant, source, message, fields })
    },
    async close() {
      unlisten()
      clearInterval(tidyTimer)
      clearInterval(rolloutTimer)
      await tidying
      await logs.close()
    },
  }
}
