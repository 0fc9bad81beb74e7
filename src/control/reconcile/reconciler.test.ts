import { expect, test } from 'vitest'
import { DEFAULT_ROLLOUT, DEFAULT_SCALING, type EndpointSpec } from '../../api/resources.ts'
import type { RouteTable } from '../../api/route-table.ts'
import type { Environment } from '../environment.ts'
import type { Fleet } from '../fleet.ts'
import { MemoryStore } from '../simulation/memory-store.ts'
import type { Kinds, Store } from '../store/store.ts'
import type { ReconcilerOptions } from './options.ts'
import { createReconciler } from './reconciler.ts'

const NOW_MS = 1_800_000_000_000

function setUp(options: Partial<ReconcilerOptions> = {}) {
  const clock = { nowMs: 0 }
  const logged: string[] = []
  const environment: Environment = {
    wallMs: () => NOW_MS + clock.nowMs,
    now: () => clock.nowMs,
    random: () => 0.5,
    newId: () => `id${Math.round(clock.nowMs)}`,
    sleep: async () => undefined,
    log: (_level, message) => void logged.push(message),
  }
  const tables = new Map<string, RouteTable>()
  const fleet: Fleet = {
    publish: async (table) => void tables.set(table.project, table),
    published: async (project) => tables.get(project),
    projects: async () => [...tables.keys()],
    retract: async (project) => void tables.delete(project),
    runners: () => [],
    sizeOf: () => 1,
    listen: () => () => undefined,
  }
  const store = new MemoryStore(environment.wallMs)
  const swept: { digests: ReadonlySet<string>; uploads: ReadonlySet<string> }[] = []
  const brought = Promise.withResolvers<void>()
  const maker = {
    make: () => new Promise<never>(() => undefined),
    ensure: async () => {
      await brought.promise
      return { folder: '/bundles', isOurs: false }
    },
    sweep: async (used: (typeof swept)[number]) => swept.push(used),
  }
  const reconciler = createReconciler({ store, fleet, maker, environment, options })
  return { store, fleet, tables, reconciler, clock, logged, swept, brought }
}

async function insertProject(store: Store, name: string): Promise<void> {
  await store.transact((tx) => tx.insert('project', '', name, { name, description: '' }))
}

function version(change: Partial<Kinds['version']>): Kinds['version'] {
  return {
    project: 'default',
    model: 'm',
    number: 1,
    state: 'pending',
    source: { type: 'upload', upload: 'needed' },
    fileName: 'f',
    description: '',
    how: { allowUntested: false },
    warnings: [],
    isCancelled: false,
    attempts: 0,
    ...change,
  }
}

test('a project has a table from its first moment to its last', async () => {
  const { store, tables, reconciler } = setUp()
  await insertProject(store, 'default')
  await insertProject(store, 'other')
  await reconciler.pass()
  expect([...tables.keys()]).toEqual(['default', 'other'])
  await store.transact((tx) => tx.remove('project', '', 'other'))
  reconciler.poke()
  await reconciler.pass()
  expect([...tables.keys()]).toEqual(['default'])
})

test('an empty store takes no routes away: it is one that was lost', async () => {
  const { tables, reconciler } = setUp()
  tables.set('default', { formatVersion: 1, project: 'default', revision: 7, endpoints: [], keys: [] })
  await reconciler.pass()
  expect(tables.get('default')?.revision).toBe(7)
})

test('a project whose table cannot be written leaves the others alone, and is tried again', async () => {
  const { store, fleet, tables, reconciler, clock, logged } = setUp()
  await insertProject(store, 'default')
  await insertProject(store, 'other')
  const publish = fleet.publish.bind(fleet)
  fleet.publish = async (table) => {
    if (table.project === 'default') throw new Error('no room')
    return publish(table)
  }
  await reconciler.pass()
  expect([...tables.keys()]).toEqual(['other'])
  expect(logged).toContain('a step failed and is tried again')
  fleet.publish = publish
  await reconciler.pass()
  expect(tables.has('default')).toBe(false)
  clock.nowMs += 1000
  await reconciler.pass()
  expect(tables.has('default')).toBe(true)
})

test('a version that ends the process each time it is made is given up, and it says so', async () => {
  const { store, reconciler } = setUp({ makeAttempts: 5 })
  await insertProject(store, 'default')
  await store.transact((tx) => tx.insert('version', 'default', 'm/1', version({ state: 'making', attempts: 5 })))
  await reconciler.pass()
  const stored = await store.read((tx) => tx.get('version', 'default', 'm/1'))
  expect(stored?.document).toMatchObject({ state: 'failed', problem: { code: 'internal', details: { attempts: 5 } } })
  const events = await store.read((tx) => tx.events({ kind: 'version' }))
  expect(events.map(({ type }) => type)).toEqual(['version-failed'])
})

test('an endpoint whose bundle is not on this machine is told of at once, and where it lies once it was brought', async () => {
  const { store, tables, reconciler, brought } = setUp()
  await insertProject(store, 'default')
  const digest = 'ab'.repeat(32)
  const summary = { digest, sizeBytes: 1, signature: {}, engines: [], memoryBytes: 1, loadMs: 1 }
  const bundle = { ...summary, targetInFlight: { value: 1, reason: '' }, plan: { value: 'in-tick', reason: '' } }
  const variant = {
    name: 'v1',
    model: 'm',
    version: 1,
    weight: 1,
    scaling: DEFAULT_SCALING,
    isolation: 'runner' as const,
  }
  const spec: EndpointSpec = { description: '', variants: [variant], rollout: DEFAULT_ROLLOUT, isPaused: false }
  const resolved = { v1: { model: 'm', version: 1, digest } }
  await store.transact(async (tx) => {
    const place = { project: 'default', name: 'm' }
    await tx.insert('model', 'default', 'm', { ...place, description: '', labels: {}, lastNumber: 1 })
    const made = version({ state: 'ready', bundle, folder: '/of/another/machine', isOurs: true })
    await tx.insert('version', 'default', 'm/1', made)
    const revision = { project: 'default', endpoint: 'e', revision: 1, spec, by: '', reason: '', resolved }
    await tx.insert('revision', 'default', 'e/1', revision)
    const served = { revision: 1, servedRevision: 1, settledRevision: 1, state: 'ready' as const, reason: '' }
    await tx.insert('endpoint', 'default', 'e', { project: 'default', name: 'e', spec, ...served, variants: [] })
  })
  await reconciler.pass()
  expect(tables.get('default')?.endpoints[0]?.variants).toMatchObject([
    { digest, folder: '', isComing: true, weight: 1 },
  ])
  brought.resolve()
  await reconciler.pass()
  const [endpoint] = tables.get('default')?.endpoints ?? []
  expect(endpoint?.variants).toMatchObject([{ digest, folder: '/bundles', isOurs: false, weight: 1 }])
  expect(endpoint?.variants[0]).not.toHaveProperty('isComing')
})

test('uploads go when they expire, unless a version waits for them', async () => {
  const { store, reconciler, clock, swept } = setUp({ upkeepEveryMs: 1000 })
  await insertProject(store, 'default')
  await store.transact(async (tx) => {
    for (const name of ['needed', 'late', 'young'])
      await tx.insert('upload', 'default', name, {
        project: 'default',
        name,
        fileName: 'f',
        sizeBytes: 1,
        partBytes: 1,
        parts: [],
        state: 'open',
        expiresAtMs: NOW_MS + (name === 'young' ? 10_000 : 500),
      })
    await tx.insert('version', 'default', 'm/1', version({}))
  })
  clock.nowMs = 1000
  await reconciler.pass()
  const uploads = await store.read((tx) => tx.all('upload'))
  expect(uploads.map(({ name }) => name)).toEqual(['needed', 'young'])
  expect(swept).toEqual([{ digests: new Set(), uploads: new Set(['needed', 'young']) }])
})

test('passes that are asked for while one is under way share the next', async () => {
  const { store, reconciler } = setUp()
  let reads = 0
  const read = store.read.bind(store)
  store.read = (work) => {
    reads++
    return read(work)
  }
  const first = reconciler.pass()
  reconciler.poke()
  await Promise.all([first, reconciler.pass(), reconciler.pass()])
  expect(reads).toBe(2)
})
