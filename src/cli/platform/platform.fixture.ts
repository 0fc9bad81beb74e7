import { createServer } from 'node:http'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CaptureRecord, TrafficSummary } from '../../api/api-types.ts'
import type { BundleSummary, LogLevels } from '../../api/resources.ts'
import type { RouteTable } from '../../api/route-table.ts'
import type { RunnerStatus } from '../../api/runner-status.ts'
import type { Fleet, HeardRunner } from '../../control/fleet.ts'
import type { Maker } from '../../control/maker.ts'
import { createReconciler } from '../../control/reconcile/reconciler.ts'
import { createApi } from '../../control/rest/create-api.ts'
import { testEnvironment } from '../../control/store/environment.fixture.ts'
import { openStore } from '../../control/store/open-store.ts'
import { ServingError } from '../../core/errors.ts'
import { ensureBeginnings } from '../../server/platform/admin-key.ts'
import { ensureCredentials, ensureMasterKey, readMasterKey } from '../../server/platform/data-folder.ts'
import { createUploads } from '../../server/platform/intake/uploads.ts'
import { SERVER_FILE } from '../../server/platform/settings.ts'
import { VERSION } from '../../server/version.ts'

/** The control plane as it is, over runners and a maker that only pretend. */
export interface TestPlatform {
  readonly data: string
  readonly apiUrl: string
  readonly adminKey: string
  /** Makes of files whose name holds this word do what it says. */
  readonly making: { held: Promise<void> | undefined }
  /** What `top` is told. */
  traffic: TrafficSummary
  /** What was kept of requests, the oldest first. */
  readonly captured: CaptureRecord[]
  close(): Promise<void>
}

function signatureOf(input: string) {
  return {
    inputs: [{ name: input, datatype: 'FP32', shape: [-1, 1] }],
    outputs: [{ name: 'score', datatype: 'FP32', shape: [-1] }],
  }
}

const BUNDLE: Omit<BundleSummary, 'digest'> = {
  sizeBytes: 35_500,
  signature: signatureOf('amount'),
  engines: ['host-kernels'],
  memoryBytes: 4_000_000,
  loadMs: 12,
  targetInFlight: { value: 4, reason: 'one row takes 30 us' },
  plan: { value: 'in-tick', reason: 'one row takes 30 us' },
  exampleBody: '{"inputs":[{"name":"amount","shape":[1,1],"datatype":"FP32","data":[12.5]}]}',
}

/** Starts it in a data folder of its own, as `slipway up` leaves one. */
export async function startTestPlatform(): Promise<TestPlatform> {
  const data = await mkdtemp(join(tmpdir(), 'slipway-platform-'))
  const environment = testEnvironment()
  const masterKey = await readMasterKey(await ensureMasterKey(data))
  const { credentials } = await ensureCredentials(data)
  const store = await openStore({ dataFolder: data, environment })
  await ensureBeginnings(store, credentials, masterKey)
  const uploads = createUploads({ folder: join(data, 'uploads'), now: environment.wallMs })
  const making: TestPlatform['making'] = { held: undefined }
  const fleet = createTestFleet()
  const reconciler = createReconciler({
    store,
    fleet,
    maker: createTestMaker(making),
    environment,
    options: { passEveryMs: 20 },
  })
  const over = new AbortController()
  const reconciling = reconciler.run(over.signal)
  const captured: CaptureRecord[] = []
  const platform = {
    traffic: { atMs: 0, windowMs: 10_000, variants: [] } as TrafficSummary,
    levels: { control: 'info', runners: 'info' } as LogLevels,
    url: 'http://127.0.0.1:1',
  }
  const api = createApi({
    store,
    environment,
    uploads,
    masterKey,
    poke: () => reconciler.poke(),
    version: VERSION,
    server: () => ({ version: VERSION, url: platform.url, database: 'sqlite', storage: 'local', runners: [] }),
    traffic: () => platform.traffic,
    captures: {
      list: async ({ variant, limit }) => ({
        items: captured
          .filter((each) => variant === undefined || each.variant === variant)
          .toReversed()
          .slice(0, limit)
          .map(({ record: _record, ...others }) => others),
      }),
      get: async (_project, _endpoint, id) => captured.find((each) => each.id === id),
    },
    logLevels: { read: () => platform.levels, set: (levels) => void (platform.levels = levels) },
  })
  await api.ready()
  const server = createServer((request, response) => api.routing(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await mkdir(join(data, 'run'), { recursive: true })
  await writeFile(join(data, SERVER_FILE), JSON.stringify({ apiUrl, url: platform.url, pid: process.pid }))
  return {
    data,
    apiUrl,
    adminKey: credentials.adminKey,
    making,
    captured,
    get traffic() {
      return platform.traffic
    },
    set traffic(traffic) {
      platform.traffic = traffic
    },
    async close() {
      over.abort()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      await reconciling
      await api.close()
      await store.close()
      await rm(data, { recursive: true, force: true })
    },
  }
}

/**
 * A version of a file called `bad…` is refused; all others wait for as long as they are held, and are made. One of
 * `other…` takes other inputs than they.
 */
function createTestMaker(making: TestPlatform['making']): Maker {
  return {
    async make(version, signal, onPhase) {
      onPhase('reading')
      onPhase('compiling', 0.5)
      if (making.held !== undefined) {
        const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
        await Promise.race([making.held, ended])
        signal.throwIfAborted()
      }
      if (version.fileName.startsWith('bad'))
        throw new ServingError('refused', 'the pickle calls os.system: train the model anew', {
          details: { logTail: ['reading bad.pkl', 'opcode 7: GLOBAL os system'] },
        })
      onPhase('probation')
      onPhase('storing')
      const digest = `${version.number}`.padStart(64, 'a')
      const signature = signatureOf(version.fileName.startsWith('other') ? 'speed' : 'amount')
      return { bundle: { ...BUNDLE, signature, digest }, folder: `/nowhere/${digest}`, isOurs: true, warnings: [] }
    },
    ensure: async (digest) => ({ folder: `/nowhere/${digest}`, isOurs: true }),
    sweep: async () => 0,
  }
}

/** One runner for each project, which has loaded whatever its table says. */
function createTestFleet(): Fleet {
  const tables = new Map<string, RouteTable>()
  const statusOf = (project: string): RunnerStatus => ({
    runner: `${project}-1`,
    project,
    index: 0,
    count: 1,
    life: 'a',
    revision: tables.get(project)?.revision ?? 0,
    memoryBytes: 1,
    traffic: [],
    replicas: (tables.get(project)?.endpoints ?? []).flatMap(({ name, variants }) =>
      variants
        .filter(({ replicas }) => replicas > 0)
        .map(({ digest }) => ({
          endpoint: name,
          digest,
          state: 'ready' as const,
          lastUsedMs: Date.now(),
          memoryBytes: 1,
        })),
    ),
  })
  return {
    publish: async (table) => void tables.set(table.project, table),
    published: async (project) => tables.get(project),
    projects: async () => [...tables.keys()],
    retract: async (project) => void tables.delete(project),
    runners: (project): HeardRunner[] => [
      { status: statusOf(project), heardAtMs: performance.now(), isConnected: true },
    ],
    sizeOf: () => 1,
    listen(listener) {
      const timer = setInterval(() => {
        for (const project of tables.keys()) listener({ type: 'status', status: statusOf(project) })
      }, 50)
      return () => clearInterval(timer)
    },
  }
}
