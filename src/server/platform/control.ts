import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { DEFAULT_PROJECT } from '../../api/resources.ts'
import type { ServerInfo } from '../../api/api-types.ts'
import type { Environment } from '../../control/environment.ts'
import { watchChanges } from '../../control/reconcile/changes.ts'
import { createReconciler } from '../../control/reconcile/reconciler.ts'
import { createApi } from '../../control/rest/create-api.ts'
import { openStore } from '../../control/store/open-store.ts'
import { ServingError } from '../../core/errors.ts'
import type { ObjectStorage } from '../../storage/object-storage.ts'
import { ALIVE_INTERVAL_MS } from '../settings.ts'
import { listenOn } from '../listening.ts'
import { log, setLogLevel } from '../log.ts'
import { VERSION } from '../version.ts'
import { ensureBeginnings } from './admin-key.ts'
import { createCrashPoint } from './crash-point.ts'
import { readCredentials, readMasterKey } from './data-folder.ts'
import { createMaker } from './intake/maker.ts'
import { createUploads } from './intake/uploads.ts'
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
    await started?.then((parts) => parts.end()).catch(complain)
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
  setLogLevel(settings.logLevel)
  setInterval(() => tell({ type: 'alive', rssMiB: process.memoryUsage.rss() / 2 ** 20 }), ALIVE_INTERVAL_MS).unref()
  const { dataFolder, dataPlane } = settings
  const environment = createEnvironment()
  const masterKey = await readMasterKey(join(dataFolder, MASTER_KEY_FILE))
  const credentials = await readCredentials(join(dataFolder, CREDENTIALS_FILE))
  const onDurable = createCrashPoint(process.env.SLIPWAY_CRASH_AT)
  const opened = await openStore({ url: settings.databaseUrl, dataFolder, environment, onDurable })
  const { store, changes } = watchChanges(opened)
  await ensureBeginnings(store, credentials, masterKey)
  let monitor: ControlMonitor | undefined
  const fleet = createLocalFleet({
    files: createRouteFiles(join(dataFolder, ROUTES_FOLDER), onDurable),
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
  const api = createApi({
    store,
    environment,
    uploads,
    masterKey,
    poke: () => reconciler.poke(),
    version: VERSION,
    server: describeServer,
    ...monitor.api,
    openCa: () => readFile(join(dataFolder, 'tls', 'ca.pem'), 'utf8').catch(() => undefined),
  })
  await api.ready()
  const server =
    settings.tls === undefined ? createServer(API_LIMITS) : createTlsServer({ ...API_LIMITS, ...settings.tls })
  server.on('request', (request, response) => api.routing(request, response))
  await listenOn(server, API_LISTENING_FD, settings.address)
  return {
    renewTls: (tls) => (server as TlsServer).setSecureContext(tls),
    async end() {
      ending.abort()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      await Promise.race([Promise.all([closed, reconciling]), wait(DRAIN_MS)])
      server.closeAllConnections()
      await reconciling
      await api.close()
      await fleet.close()
      await monitor.close()
      await store.close()
    },
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
