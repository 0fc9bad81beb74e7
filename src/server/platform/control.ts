import { randomBytes } from 'node:crypto'
import { createServer, type RequestListener, type Server as HttpServer } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { DEFAULT_PROJECT } from '../../api/resources.ts'
import type { ServerInfo } from '../../api/api-types.ts'
import type { Environment } from '../../control/environment.ts'
import { watchChanges } from '../../control/reconcile/changes.ts'
import { createReconciler } from '../../control/reconcile/reconciler.ts'
import { createApi } from '../../control/rest/create-api.ts'
import { failureHeaders, statusOf } from '../../control/rest/failures.ts'
import { openStore } from '../../control/store/open-store.ts'
import type { Store } from '../../control/store/store.ts'
import { ServingError } from '../../core/errors.ts'
import type { ObjectStorage } from '../../storage/object-storage.ts'
import { ALIVE_INTERVAL_MS } from '../settings.ts'
import { sweepDataFolder } from '../sweep.ts'
import { listenOn } from '../listening.ts'
import { log, setLogLevel } from '../log.ts'
import { VERSION } from '../version.ts'
import { ensureBeginnings, refuseLostState } from './admin-key.ts'
import { createCrashPoint } from './crash-point.ts'
import { readCredentials, readMasterKey } from './data-folder.ts'
import { createMaker } from './intake/maker.ts'
import { createUploads } from './intake/uploads.ts'
import { holdLease } from './lease.ts'
import { createLocalFleet } from './local-fleet.ts'
import { createControlMonitor, type ControlMonitor } from './monitor/control-monitor.ts'
import { createRouteFiles } from './route-files.ts'
import {
  API_LISTENING_FD,
  CREDENTIALS_FILE,
  MASTER_KEY_FILE,
  ROUTES_FOLDER,
  type ControlSettings,
  type FromControlProcess,
  type ToControlProcess,
} from './settings.ts'

/** Whether the store is away, so that there is nothing yet that could be ended. */
let isWaiting = false

/** What stands once control has started. */
interface Started {
  renewTls(tls: NonNullable<ControlSettings['tls']>): void
  /** Answers what is under way, finishes the step that it is at, closes the store. */
  end(): Promise<void>
}

/** Of connections to the API: parts of uploads may come over slow lines. */
const API_LIMITS = { headersTimeout: 10_000, requestTimeout: 600_000, keepAliveTimeout: 72_000, maxHeaderSize: 32_768 }

/** How long requests of the API may take to finish at the end (ms): those that wait for events are cut. */
const DRAIN_MS = 3000
/** How often a store that is away is tried (ms); each try has its own patience. */
const STORE_RETRY_MS = 1000

/**
 * The control process: the store, the API, and what brings about what was asked for. Its death stops nothing that is served;
 * restarted, it reads the store and the tables that it published, and goes on.
 */
export function runControl(): void {
  let started: Promise<Started> | undefined
  let isEnding = false
  process.on('message', (message: ToControlProcess) => {
    if (message.type === 'start') {
      started = start(message.settings)
      started.then(() => tell({ type: 'ready' }), fail)
    } else if (message.type === 'tls') void started?.then((parts) => parts.renewTls(message.tls)).catch(complain)
    else void end()
  })
  process.on('disconnect', () => void end())
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => {})
  process.on('SIGTERM', () => void end())

  async function end(): Promise<void> {
    if (isEnding) return
    isEnding = true
    if (!isWaiting) await started?.then((parts) => parts.end()).catch(complain)
    process.exit()
  }
}

function complain(error: unknown): void {
  log('error', 'control', { error })
}

function fail(thrown: unknown): void {
  const error = ServingError.from(thrown)
  if (error.code === 'internal') log('error', 'control could not start', { error })
  const { code, message, details } = error
  tell({ type: 'failed', code, message, details })
  process.exitCode = 1
  process.disconnect?.()
}

async function start(settings: ControlSettings): Promise<Started> {
  let { logLevels } = settings
  setLogLevel(logLevels.control)
  setInterval(() => tell({ type: 'alive', rssMiB: process.memoryUsage.rss() / 2 ** 20 }), ALIVE_INTERVAL_MS).unref()
  const { dataFolder, dataPlane } = settings
  const environment = createEnvironment()
  const masterKey = await readMasterKey(join(dataFolder, MASTER_KEY_FILE))
  const credentials = await readCredentials(join(dataFolder, CREDENTIALS_FILE))
  const onDurable = createCrashPoint(process.env.SLIPWAY_CRASH_AT)
  const api = new ApiSocket(settings)
  const opened = await openPatiently(
    () => openStore({ url: settings.databaseUrl, dataFolder, environment, onDurable }),
    settings,
    api,
  )
  // of one that was killed
  void sweepDataFolder(dataFolder, environment.wallMs()).then((paths) => {
    if (paths.length > 0) log('info', 'what was half written in the data folder was removed', { event: 'swept', paths })
  }, complain)
  const { store, changes } = watchChanges(opened)
  const routes = createRouteFiles(join(dataFolder, ROUTES_FOLDER), onDurable)
  await refuseLostState(store, routes).catch(async (error: unknown) => {
    await store.close() // whole, so that another can be put in its place
    throw error
  })
  // a file in the data folder is ours as that is
  const release =
    settings.databaseUrl === undefined
      ? undefined
      : await holdLease({
          store,
          holder: `${hostname()}, data folder ${resolve(dataFolder)}`,
          wallMs: environment.wallMs,
          onLost(error) {
            log('error', 'control ends', { error })
            process.exit(1) // it is started again, and waits for its turn
          },
        })
  await ensureBeginnings(store, credentials, masterKey)
  let monitor: ControlMonitor | undefined
  const fleet = createLocalFleet({
    files: routes,
    socket: settings.controlSocket,
    sizeOf: (project) => (project === DEFAULT_PROJECT ? settings.runners : 1),
    now: environment.now,
    onProjects: (projects) => tell({ type: 'projects', projects }),
    onLog: (message) => monitor?.onLog(message),
  })
  const storage = settings.storageUrl === undefined ? undefined : await openStorage(settings.storageUrl)
  monitor = createControlMonitor({ dataFolder, store, fleet, storage, environment, tellRollouts: fleet.tellRollouts })
  await fleet.listening()
  const uploads = createUploads({ folder: join(dataFolder, 'uploads'), now: environment.wallMs })
  const maker = createMaker({
    dataFolder,
    uploads,
    masterKey,
    plane: { ...settings.code, engines: settings.engines, timeoutMs: settings.timeoutMs },
    runners: settings.runners,
    fetchFrom: settings.fetchFrom,
    storage,
    now: environment.wallMs,
  })
  const reconciler = createReconciler({ store, changes, fleet, maker, environment })
  const ending = new AbortController()
  const reconciling = reconciler.run(ending.signal)
  const scheme = settings.tls === undefined ? 'http' : 'https'
  const describeServer = async (): Promise<ServerInfo> => ({
    version: VERSION,
    url: dataPlane.url,
    grpcAddress: dataPlane.grpcAddress,
    apiUrl: `${scheme}://${settings.address.host}:${settings.address.port}`,
    database: settings.databaseUrl?.startsWith('postgres') === true ? 'postgresql' : 'sqlite',
    storage: settings.storageUrl === undefined ? 'local' : 's3',
    runners: (await fleet.projects()).flatMap((project) =>
      fleet.runners(project).map(({ status, isConnected }) => ({
        runner: status.runner,
        project,
        isConnected,
        revision: status.revision,
        memoryBytes: status.memoryBytes,
        replicas: status.replicas.filter(({ state }) => state === 'ready').length,
      })),
    ),
  })
  const app = createApi({
    store,
    environment,
    uploads,
    masterKey,
    poke: () => reconciler.poke(),
    version: VERSION,
    server: describeServer,
    ...monitor.api,
    logLevels: {
      read: () => logLevels,
      set(levels) {
        logLevels = levels
        setLogLevel(levels.control)
        tell({ type: 'levels', levels })
      },
    },
    openCa: () => readFile(join(dataFolder, 'tls', 'ca.pem'), 'utf8').catch(() => undefined),
  })
  await app.ready()
  await api.answer((request, response) => app.routing(request, response))
  const { server } = api
  return {
    renewTls: (tls) => (server as TlsServer).setSecureContext(tls),
    async end() {
      ending.abort()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      await Promise.race([Promise.all([closed, reconciling]), wait(DRAIN_MS)])
      server.closeAllConnections()
      await reconciling
      await app.close()
      await fleet.close()
      await monitor.close()
      await release?.()
      await store.close()
    },
  }
}

/** The API's listening socket, which is taken over once somebody can answer there. */
class ApiSocket {
  readonly server: HttpServer
  readonly #address: ControlSettings['address']
  #handler: RequestListener | undefined

  constructor({ tls, address }: ControlSettings) {
    this.#address = address
    this.server = tls === undefined ? createServer(API_LIMITS) : createTlsServer({ ...API_LIMITS, ...tls })
    this.server.on('request', (request, response) => this.#handler?.(request, response))
  }

  /** From now on requests are answered so. Those that came before wait in the kernel's queue. */
  async answer(handler: RequestListener): Promise<void> {
    const isFirst = this.#handler === undefined
    this.#handler = handler
    if (isFirst) await listenOn(this.server, API_LISTENING_FD, this.#address)
  }
}

/**
 * Opens the store. One that is away is waited for where endpoints are served already: callers of the API are told why
 * meanwhile, rather than left to wait.
 */
async function openPatiently(open: () => Promise<Store>, settings: ControlSettings, api: ApiSocket): Promise<Store> {
  for (let isFirst = true; ; isFirst = false) {
    try {
      const store = await open()
      isWaiting = false
      return store
    } catch (thrown) {
      const problem = ServingError.from(thrown)
      if (!settings.hasTables || problem.code !== 'unavailable') throw thrown
      const { code, message } = problem
      isWaiting = true
      if (isFirst) {
        log('error', 'the store is away: control waits for it, endpoints answer meanwhile', { error: problem })
        await api.answer((_request, response) => {
          response.writeHead(statusOf(problem), { 'content-type': 'application/json', ...failureHeaders(problem) })
          response.end(JSON.stringify({ error: { code, message, details: problem.details } }))
        })
        tell({ type: 'waiting', problem: { code, message, details: {} } })
        tell({ type: 'ready' })
      }
      await wait(STORE_RETRY_MS)
    }
  }
}

async function openStorage(url: string): Promise<ObjectStorage> {
  const { createS3Storage } = await import('../../storage/s3.ts')
  return createS3Storage(url)
}

/** Time and chance of this process. */
function createEnvironment(): Environment {
  return {
    wallMs: () => Date.now(),
    now: () => performance.now(),
    random: Math.random,
    newId: () => idOf(randomBytes(16)),
    sleep: async (ms, signal) => {
      await wait(ms, undefined, signal && { signal }).catch(() => {})
    },
    log,
  }
}

const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz'

/** 16 characters, each nearly evenly drawn: 82 bits. */
function idOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => LETTERS[byte % 36] ?? '').join('')
}

type Told =
  | FromControlProcess
  | { readonly type: 'ready' }
  | { readonly type: 'alive'; readonly rssMiB: number }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly details: object }

function tell(message: Told): void {
  if (process.connected) process.send?.(message)
}
