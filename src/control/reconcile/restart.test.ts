import { expect, test } from 'vitest'
import { DEFAULT_ROLLOUT, DEFAULT_SCALING, type EndpointSpec } from '../../api/resources.ts'
import type { RouteTable } from '../../api/route-table.ts'
import type { RunnerStatus, ToControl } from '../../api/runner-status.ts'
import type { Environment } from '../environment.ts'
import type { Fleet } from '../fleet.ts'
import { MemoryStore } from '../simulation/memory-store.ts'
import { watchChanges } from './changes.ts'
import { createReconciler } from './reconciler.ts'

const ENDPOINTS = 200
const DIGEST = 'd'.repeat(64)

/** A world of one runner that at once does what it is told, and a clock that goes on by hand. */
function createWorld() {
  let nowMs = 0
  const wallMs = () => 1_800_000_000_000 + nowMs
  const environment: Environment = {
    wallMs,
    now: () => nowMs,
    random: () => 0.5,
    newId: () => String(++ids).padStart(16, '0'),
    sleep: async () => undefined,
    log: () => undefined,
  }
  let ids = 0
  let kept: string | undefined
  let published = 0
  const base = new MemoryStore(wallMs)
  const { store, changes } = watchChanges(base)
  const status = (): RunnerStatus => {
    const table = tableOf()
    const held = (table?.endpoints ?? []).flatMap(({ name, variants }) =>
      variants.filter(({ replicas }) => replicas > 0).map(({ digest }) => ({ endpoint: name, digest })),
    )
    return {
      runner: 'default-0',
      project: 'default',
      index: 0,
      count: 1,
      life: '1',
      revision: table?.revision ?? 0,
      memoryBytes: 1,
      replicas: held.map((each) => ({ ...each, state: 'ready', lastUsedMs: wallMs(), memoryBytes: 1 })),
      traffic: [],
    }
  }
  const tableOf = () => (kept === undefined ? undefined : (JSON.parse(kept) as RouteTable))
  function start() {
    const listeners = new Set<(message: ToControl) => void>()
    const fleet: Fleet = {
      async publish(table) {
        published++
        kept = JSON.stringify(table)
      },
      published: async () => tableOf(),
      projects: async () => ['default'],
      retract: async () => undefined,
      runners: () => [{ status: status(), heardAtMs: nowMs, isConnected: true }],
      sizeOf: () => 1,
      listen: (listener) => (listeners.add(listener), () => undefined),
    }
    const maker = {
      make: () => new Promise<never>(() => undefined),
      ensure: async () => ({ folder: '/bundles', isOurs: true }),
      sweep: async () => 0,
    }
    const reconciler = createReconciler({ store, changes, fleet, maker, environment })
    return async (passes: number) => {
      for (let i = 0; i < passes; i++) {
        nowMs += 300
        for (const listener of listeners) listener({ type: 'status', status: status() })
        await reconciler.pass()
      }
    }
  }
  return { store: base, changing: store, start, tableOf, published: () => published }
}

async function fill(store: MemoryStore): Promise<void> {
  const scaling = { ...DEFAULT_SCALING, minReplicas: 1 }
  const variant = { name: 'blue', model: 'm', version: 1, weight: 1, scaling, isolation: 'runner' } as const
  const spec: EndpointSpec = { description: '', variants: [variant], rollout: DEFAULT_ROLLOUT, isPaused: false }
  const project = 'default'
  const bundle = {
    digest: DIGEST,
    sizeBytes: 1,
    signature: {},
    engines: [],
    memoryBytes: 1,
    loadMs: 1,
    targetInFlight: { value: 1, reason: '' },
    plan: { value: '', reason: '' },
  }
  await store.transact(async (tx) => {
    await tx.insert('project', '', project, { name: project, description: '' })
    await tx.insert('model', project, 'm', {
      project,
      name: 'm',
      description: '',
      labels: { stable: 1 },
      lastNumber: 1,
    })
    await tx.insert('version', project, 'm/1', {
      project,
      model: 'm',
      number: 1,
      state: 'ready',
      source: { type: 'upload', upload: 'u' },
      fileName: 'f',
      description: '',
      how: { allowUntested: false },
      warnings: [],
      isCancelled: false,
      attempts: 1,
      bundle,
      folder: '/bundles',
      isOurs: true,
    })
    for (let i = 0; i < ENDPOINTS; i++) {
      const name = `e${i}`
      const resolved = { blue: { model: 'm', version: 1, digest: DIGEST } }
      const revision = { project, endpoint: name, revision: 1, spec, by: '', reason: '', resolved }
      await tx.insert('revision', project, `${name}/1`, revision)
      await tx.insert('endpoint', project, name, {
        project,
        name,
        spec,
        revision: 1,
        state: 'creating',
        reason: '',
        variants: [],
      })
    }
  })
}

test('control that starts again where nothing has changed writes no table and no record', async () => {
  const { store, start, tableOf, published } = createWorld()
  await fill(store)
  const state = async () => ({
    endpoints: await store.read((tx) => tx.all('endpoint')),
    events: (await store.read((tx) => tx.events({ kind: 'endpoint', limit: 1000 }))).length,
  })
  await start()(60)
  const before = await state()
  expect(before.endpoints.filter(({ document }) => document.state === 'ready')).toHaveLength(ENDPOINTS)
  const table = tableOf()
  const count = published()
  await start()(60)
  expect(await state()).toEqual(before)
  expect(tableOf()).toEqual(table)
  expect(published()).toBe(count)
})

test('what is written through the store is found without reading all of it', async () => {
  const { store, changing, start, tableOf } = createWorld()
  await fill(store)
  const goOn = start()
  await goOn(20)
  let read = 0
  const all = store.read.bind(store)
  store.read = (work) => all((tx) => work({ ...tx, all: (kind, query) => (read++, tx.all(kind, query)) }))
  await changing.transact(async (tx) => {
    const model = await tx.get('model', 'default', 'm')
    if (model !== undefined)
      await tx.update('model', 'default', 'm', model.etag, { ...model.document, labels: { stable: 1, best: 1 } })
  })
  await goOn(2)
  expect(tableOf()?.endpoints.every(({ variants }) => variants[0]?.labels.join() === 'best,stable')).toBe(true)
  expect(read).toBe(0)
})
