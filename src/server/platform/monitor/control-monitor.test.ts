import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RouteTable } from '../../../api/route-table.ts'
import type { ToControl } from '../../../api/runner-status.ts'
import type { Environment } from '../../../control/environment.ts'
import { openSqliteStore } from '../../../control/store/open-store.ts'
import type { Kinds, Store } from '../../../control/store/store.ts'
import { createControlMonitor, type ControlMonitor } from './control-monitor.ts'
import { createEndpointLogs } from './endpoint-logs.ts'
import { createLastRollouts } from './last-rollouts.ts'

const START = Date.UTC(2026, 10, 23)
let timeMs = START
let folder = ''
let store: Store
let monitor: ControlMonitor
let say: (message: ToControl) => void = () => {}

const environment: Environment = {
  wallMs: () => timeMs,
  now: () => timeMs,
  random: Math.random,
  newId: () => `i${Math.random().toString(36).slice(2, 10)}`,
  sleep: (ms, signal) => setTimeout(ms, undefined, { signal, ref: false }).catch(() => {}),
  log: () => {},
}

beforeEach(async () => {
  timeMs = START
  folder = await mkdtemp(join(tmpdir(), 'slipway-monitor-'))
  store = await openSqliteStore({ path: ':memory:', environment })
  monitor = open()
})

afterEach(async () => {
  await monitor.close()
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

function open(tidyEveryMs?: number): ControlMonitor {
  const table: RouteTable = { formatVersion: 1, project: 'default', revision: 1, endpoints: [], keys: [] }
  return createControlMonitor({
    dataFolder: folder,
    store,
    storage: undefined,
    environment,
    tellRollouts: () => {},
    tidyEveryMs,
    fleet: {
      publish: async () => {},
      published: async (project) => (project === 'default' ? table : undefined),
      projects: async () => ['default'],
      retract: async () => {},
      runners: () => [],
      sizeOf: () => 1,
      listen(listener) {
        say = listener
        return () => {}
      },
    },
  })
}

function makeEndpoint(): Promise<unknown> {
  const document = {
    project: 'default',
    name: 'fraud',
    spec: {},
    revision: 1,
    state: 'ready',
    reason: '',
    variants: [],
  }
  return store.transact((tx) => tx.insert('endpoint', 'default', 'fraud', document as unknown as Kinds['endpoint']))
}

function event(message: string): ToControl {
  const details = { runner: 'default-1', digest: 'd' }
  return {
    type: 'event',
    project: 'default',
    endpoint: 'fraud',
    event: 'replica-ready',
    level: 'info',
    message,
    details,
  }
}

const query = { project: 'default', endpoint: 'fraud', after: 0, limit: 3 }
const written = () => setTimeout(150)

test('what runners tell of an endpoint stands in its log, with where it comes from', async () => {
  await makeEndpoint()
  say(event('loaded in 5 ms'))
  const at = { type: 'log', project: 'default', endpoint: 'fraud' } as const
  monitor.onLog({ ...at, level: 'warn', variant: 'v1', source: 'default-2', message: 'failed' })
  await written()
  expect(await monitor.api.logs.read(query)).toEqual([
    {
      seq: 1,
      atMs: START,
      level: 'info',
      source: 'default-1',
      message: 'loaded in 5 ms',
      fields: { event: 'replica-ready', digest: 'd' },
    },
    { seq: 2, atMs: START, level: 'warn', variant: 'v1', source: 'default-2', message: 'failed' },
  ])
})

test('an endpoint sees nothing that another one of its name has said before', async () => {
  for (let i = 0; i < 8; i++) say(event(`old ${i}`))
  await written()
  timeMs += 1000
  await makeEndpoint()
  expect(await monitor.api.logs.read(query)).toEqual([])
  say(event('new'))
  await written()
  expect((await monitor.api.logs.read(query)).map(({ message }) => message)).toEqual(['new'])
})

test('the log of an endpoint that is gone goes too', async () => {
  await makeEndpoint()
  say(event('loaded'))
  await written()
  await monitor.close()
  const logs = createEndpointLogs({ folder: join(folder, 'logs') })
  monitor = open(20)
  await setTimeout(100)
  expect(await logs.known()).toHaveLength(1)
  await store.transact((tx) => tx.remove('endpoint', 'default', 'fraud'))
  await expect.poll(() => logs.known()).toEqual([])
})

test('of a project without a table there is no traffic', async () => {
  expect(await monitor.api.traffic('default')).toMatchObject({ variants: [] })
  expect(await monitor.api.traffic('none')).toEqual({ atMs: START, windowMs: 0, variants: [] })
})

test('the last rollout of each endpoint is followed by its events', async () => {
  const last = createLastRollouts(store)
  const roll = (name: string, endpoint: string, state: string, isNew: boolean) =>
    store.transact(async (tx) => {
      const document = { project: 'default', name, endpoint, state } as unknown as Kinds['rollout']
      if (isNew) await tx.insert('rollout', 'default', name, document)
      else await tx.update('rollout', 'default', name, (await tx.get('rollout', 'default', name))?.etag ?? 0, document)
      const details = { endpoint, rollout: name }
      await tx.addEvent({
        project: 'default',
        kind: 'rollout',
        name: endpoint,
        type: 'x',
        level: 'info',
        message: '',
        details,
      })
    })
  const states = async () => {
    await last.look()
    return Object.fromEntries(last.of('default').map(({ endpoint, state }) => [endpoint, state]))
  }
  expect(await states()).toEqual({})
  await roll('r1', 'fraud', 'promoted', true)
  await roll('r2', 'fraud', 'pending', true)
  await roll('r3', 'other', 'baking', true)
  expect(await states()).toEqual({ fraud: 'pending', other: 'baking' })
  await roll('r2', 'fraud', 'rolled-back', false)
  expect(await states()).toEqual({ fraud: 'rolled-back', other: 'baking' })
  expect(last.of('team')).toEqual([])
})
