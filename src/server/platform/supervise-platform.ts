import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { BoundSocket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ServingError, type ErrorCode } from '../../core/errors.ts'
import { writeAtomically } from '../../storage/local.ts'
import { readTraceSettings } from '../../telemetry/trace-settings.ts'
import { createBackoff } from '../backoff.ts'
import { createChores } from '../chores.ts'
import { openCredentials, type CredentialFiles } from '../credentials.ts'
import { createFleet, type Fleet } from '../fleet.ts'
import type { FromKept, KeptProcess } from '../kept-process.ts'
import { addressOf, bind } from '../listening.ts'
import { log, logSettings, setLogSettings, settingsFrom } from '../log.ts'
import { createObservingSettings } from '../observing.ts'
import { createOperator } from '../operator.ts'
import { createProcessSlot, type ProcessSlot } from '../process-slot.ts'
import type { RunnerSettings } from '../settings.ts'
import { listenToOperators } from '../signals.ts'
import { makeSocketFolder } from '../socket-folder.ts'
import { argumentsOf, threadPoolSize } from '../spawn.ts'
import { tidyUp } from '../tidy.ts'
import { findNetworkIsolation } from '../without-network.ts'
import { createWorkerPool } from '../worker-pool.ts'
import { createCrews } from './crews.ts'
import { DEFAULT_PROJECT, type LogLevels } from '../../api/resources.ts'
import { NO_PROJECTS, readDirectory } from './directory.ts'
import { ensureMasterKey, lockDataFolder } from './data-folder.ts'
import { createRouteFiles } from './route-files.ts'
import {
  ROUTES_FOLDER,
  SERVER_FILE,
  type ControlSettings,
  type FromControlProcess,
  type PlatformRunner,
  type ToControlProcess,
} from './settings.ts'

export interface PlatformOptions {
  /** A numeric address: of the data plane. */
  readonly host: string
  readonly port: number
  /** Absent for no gRPC. */
  readonly grpcPort: number | undefined
  /** A numeric address: of the API. */
  readonly apiHost: string
  readonly apiPort: number
  readonly dataFolder: string
  readonly runners: number
  readonly settings: RunnerSettings
  /** Most memory that loaded models may take in all runners together (MiB). */
  readonly memoryBudgetMiB: number
  /** Memory at which a process of an isolated model is ended and replaced (MiB). */
  readonly workerMemoryMiB: number
  readonly tls: Pick<CredentialFiles, 'tlsCert' | 'tlsKey'> & {
    /** Looks once a day whether the files should be made anew. @returns whether they were */
    readonly renew?: (() => Promise<boolean>) | undefined
  }
  readonly control: Pick<ControlSettings, 'databaseUrl' | 'storageUrl' | 'fetchFrom'>
  readonly maxRunnerMemoryMiB: number | undefined
  /**
   * Called when the data plane and the API answer.
   * @param problem why the API does not yet, where endpoints answer without it by the tables of before
   */
  readonly onReady: (at: PlatformAddresses, problem?: ServingError) => Promise<void>
  readonly signal: AbortSignal
}

/** Where a platform answers; as `run/server.json` in its data folder has it. */
export interface PlatformAddresses {
  readonly url: string
  readonly grpcAddress: string | undefined
  readonly apiUrl: string
  readonly pid: number
}

/** A process that is silent this much longer than a request may take is hung, and is ended (ms). */
const HANG_GRACE_MS = 5_000
/** When a project's runner that did not start is tried again (ms). */
const TRY_AGAIN_MS = 5000
const DAY_MS = 86_400_000
/** Control may compile and answer for so long before it says that it lives (ms). */
const CONTROL_SILENCE_MS = 30_000

/**
 * The platform's supervisor: owns the listening sockets of data plane and API, and keeps runners and control alive behind them.
 * It knows no model and no endpoint: runners read what they serve from the files that control publishes, and need nobody.
 * @returns once drained
 * @throws {ServingError} when an address cannot be had, another platform has the data folder, or the first processes cannot start
 */
export async function supervisePlatform(options: PlatformOptions): Promise<void> {
  const cleanups: (() => unknown)[] = []
  const { host, port, grpcPort, apiHost, apiPort } = options
  const bound: BoundSocket[] = []
  const release = () => {
    for (const socket of bound.splice(0)) socket.close()
  }
  cleanups.push(release)
  const bindTo = (at: Parameters<typeof bind>[0]) => {
    const socket = bind(at)
    bound.push(socket)
    return socket
  }
  try {
    cleanups.push(await lockDataFolder(options.dataFolder))
    await superviseOn(
      {
        socket: bindTo({ host, port, flag: '--port' }),
        grpcSocket: grpcPort === undefined ? undefined : bindTo({ host, port: grpcPort, flag: '--grpc-port' }),
        apiSocket: bindTo({ host: apiHost, port: apiPort, flag: '--api-port' }),
        release,
      },
      options,
      cleanups,
    )
  } finally {
    for (const cleanup of cleanups.toReversed()) await cleanup()
  }
}

interface Sockets {
  readonly socket: BoundSocket
  readonly grpcSocket: BoundSocket | undefined
  readonly apiSocket: BoundSocket
  /** Closes them here. */
  readonly release: () => void
}

async function superviseOn(sockets: Sockets, options: PlatformOptions, cleanups: (() => unknown)[]): Promise<void> {
  const { socket, grpcSocket, apiSocket } = sockets
  const { dataFolder, settings, runners } = options
  const hangup = new AbortController()
  const signal = AbortSignal.any([options.signal, hangup.signal])
  const chores = createChores((chore: 'reload' | 'restart') => (chore === 'reload' ? reload() : restart()))
  cleanups.push(
    listenToOperators({
      onReload: () => chores.add('reload'),
      onRestart: () => chores.add('restart'),
      onHangup: () => hangup.abort(),
    }),
  )
  const folder = await makeSocketFolder()
  cleanups.push(() => rm(folder, { recursive: true, force: true }))
  const controlSocket = join(folder, 'control')
  const routesFolder = join(dataFolder, ROUTES_FOLDER)
  const masterKeyFile = await ensureMasterKey(dataFolder)
  const credentials = await openCredentials({ ...options.tls, apiKeyFile: undefined }, () => {})
  cleanups.push(() => credentials.stop())
  const isolate = await findNetworkIsolation()
  const { tls } = credentials.current
  const scheme = tls === undefined ? 'http' : 'https'
  const addresses: PlatformAddresses = {
    url: `${scheme}://${addressOf(socket)}`,
    grpcAddress: grpcSocket && addressOf(grpcSocket),
    apiUrl: `${scheme}://${addressOf(apiSocket)}`,
    pid: process.pid,
  }
  let logLevels: LogLevels = { control: settings.logLevel, runners: settings.logLevel }
  const hasTables = (await createRouteFiles(routesFolder).projects()).length > 0
  /** What control misses at its start. */
  let waitsFor: ServingError | undefined
  const control = createControlSlot(
    apiSocket,
    (message) => {
      if (message.type === 'projects') return keepGroups(message.projects)
      if (message.type === 'waiting') {
        waitsFor = new ServingError(message.problem.code as ErrorCode, message.problem.message)
        return
      }
      logLevels = message.levels // for the control that comes after this one
      observing.logSettings(settingsFrom(message.levels.runners))
    },
    () => ({
      ...options.control,
      hasTables,
      dataFolder,
      controlSocket,
      address: { ...hostAndPort(apiSocket), flag: '--api-port' },
      runners,
      code: { python: settings.python, typescript: settings.typescript },
      engines: settings.engines,
      timeoutMs: settings.timeoutMs,
      tls: credentials.current.tls,
      logLevels,
      dataPlane: { url: addresses.url, grpcAddress: addresses.grpcAddress },
    }),
  )
  const traces = readTraceSettings(process.env).settings
  const observing = createObservingSettings({
    log: logSettings(),
    traces: traces && { isOn: true, ratio: traces.ratio },
    onChange: (now) => {
      setLogSettings(now.log)
      for (const each of [fleet, ...groups.values()]) each.observe(now)
    },
  })
  const operate = createOperator(BY_CONTROL_ALONE, observing)
  /** Runners of one project: those of the default one take connections, the others what these hand over. */
  const createGroup = (project: string, count: number): Fleet => {
    const isFront = project === DEFAULT_PROJECT
    const ownFolder = isFront ? folder : join(folder, `g${++groupNumbers}`)
    if (!isFront) mkdirSync(ownFolder, { mode: 0o700 })
    const peerSockets = count > 1 ? Array.from({ length: count }, (_, i) => `${ownFolder}/r${i}`) : []
    const pool = createWorkerPool({
      replicas: 1,
      memoryMiB: options.workerMemoryMiB,
      folder: ownFolder,
      engines: settings.engines,
      python: settings.python,
      typescript: settings.typescript,
      timeoutMs: settings.timeoutMs,
      drainTimeoutMs: settings.drainTimeoutMs,
      silenceMs: settings.timeoutMs + HANG_GRACE_MS,
      isolate,
      onPrinted: (model, replica, output) => crews.printed(model, replica, output),
    })
    const crews = createCrews(pool)
    const fleet = createFleet({
      name: isFront ? undefined : project,
      socket: isFront ? socket : undefined,
      grpcSocket: isFront ? grpcSocket : undefined,
      runners: count,
      settings,
      prepare: [],
      credentials: { tls: isFront ? credentials.current.tls : undefined, keys: undefined },
      folder: ownFolder,
      silenceMs: settings.timeoutMs + HANG_GRACE_MS,
      maxMemoryMiB: options.maxRunnerMemoryMiB,
      workerRestarts: () => pool.restarts,
      onSuspect: (path, why) => pool.suspect(path, why),
      onCrew: (runner, wish) => crews.take(runner, wish),
      operate,
      onMissing: () => {},
      platform: (index): Omit<PlatformRunner, 'quarantined' | 'deaths'> => ({
        project,
        index,
        count,
        routesFolder,
        controlSocket,
        masterKeyFile,
        peerSockets,
        memoryBudgetBytes: (options.memoryBudgetMiB * 2 ** 20) / runners,
        dataFolder,
        gateFolder: folder,
        isFront,
      }),
    })
    if (observing !== undefined) fleet.observe(observing.current)
    return {
      ...fleet,
      async stop(isAtOnce) {
        await fleet.stop(isAtOnce)
        await pool.stop(isAtOnce) // runners need them to the last answer
      },
    }
  }
  let groupNumbers = 0
  const fleet = createGroup(DEFAULT_PROJECT, runners)
  const groups = new Map<string, Fleet>()
  const leaving = new Set<Promise<void>>()
  let wanted: readonly string[] = []

  /** Each project that has endpoints gets a runner of its own; those of projects that have none any more end. */
  function keepGroups(projects: readonly string[]): void {
    wanted = projects
    if (signal.aborted) return
    for (const [project, group] of groups)
      if (!projects.includes(project)) {
        groups.delete(project)
        const gone = group.stop().finally(() => leaving.delete(gone))
        leaving.add(gone)
      }
    for (const project of projects) {
      if (groups.has(project)) continue
      const group = createGroup(project, 1)
      groups.set(project, group)
      group.start().catch((error: unknown) => {
        log('error', 'the runner of a project did not start', { project, error })
        if (groups.get(project) === group) groups.delete(project)
        setTimeout(() => keepGroups(wanted), TRY_AGAIN_MS).unref()
      })
    }
  }

  async function reload(): Promise<void> {
    const fresh = await credentials.renew()
    fleet.renew({ tls: fresh.tls, keys: undefined })
    if (fresh.tls !== undefined)
      for (const process of control.living) process.send({ type: 'tls', tls: fresh.tls } satisfies ToControlProcess)
    log('info', 'reloaded')
  }

  async function restart(): Promise<void> {
    try {
      for (const each of [fleet, ...groups.values()]) await each.restart()
      await control.replace()
      log('info', 'every runner and control was replaced')
    } catch (error) {
      if (!signal.aborted) log('error', 'a fresh process did not start, the others are not replaced', { error })
    }
  }

  const stop = async (isAtOnce: boolean) => {
    await chores.stop()
    await Promise.all([fleet.stop(isAtOnce), control.stop(isAtOnce)])
    await Promise.all([...groups.values()].map((group) => group.stop(isAtOnce))) // the front needs them to the last answer
    await Promise.all(leaving)
  }
  const { renew } = options.tls
  const daily =
    renew &&
    setInterval(() => {
      renew().then(
        (isNew) => isNew && chores.add('reload'),
        (error: unknown) => log('error', 'the certificate was not renewed', { error }),
      )
    }, DAY_MS).unref()
  cleanups.push(() => clearInterval(daily))
  const ended = aborted(signal)
  try {
    // control makes a damaged one anew, and says then which projects there are
    keepGroups((await readDirectory(routesFolder).catch(() => NO_PROJECTS)).projects)
    const starting = Promise.all([startControl(control, hasTables, signal), fleet.start()])
    const [problem] = (await Promise.race([starting, ended])) ?? []
    if (!signal.aborted) {
      const serverFile = join(dataFolder, SERVER_FILE)
      await writeAtomically(serverFile, Buffer.from(`${JSON.stringify(addresses)}\n`), 0o600)
      cleanups.push(() => rm(serverFile, { force: true }))
      await options.onReady(addresses, problem ?? waitsFor)
      tidyUp(true)
      chores.begin()
      await ended
    }
    const begun = performance.now()
    log('info', 'the platform ends: what is under way is answered', { event: 'drain_begun' })
    // a draining runner closes its own: from then on new connections are refused, not left waiting
    sockets.release()
    await stop(false)
    log('info', 'the platform has ended', { event: 'drain_ended', tookMs: Math.round(performance.now() - begun) })
  } catch (error) {
    await stop(true)
    throw error
  }
}

/** What V2's clients may not do here: which models there are is said by control alone. */
const BY_CONTROL_ALONE: Parameters<typeof createOperator>[0] = {
  known: [],
  wanted: () => [],
  renew: () => Promise.reject(new Error('the platform has no models of its own; this is a bug')),
  index: () => [],
  load: () => Promise.reject(notHere()),
  unload: () => Promise.reject(notHere()),
}

function notHere(): ServingError {
  return new ServingError(
    'unsupported',
    "models are deployed and taken away by the platform's API: see `slipway deploy`",
  )
}

/**
 * Starts control. Where there are tables that it published once, endpoints do not wait for it: a store that is away or
 * damaged when the machine starts again costs them nothing, and control is tried until it stands.
 * @returns why it does not stand yet
 * @throws {ServingError} where it is the first start, or what was said to it is wrong
 */
async function startControl(
  control: ProcessSlot,
  hasTables: boolean,
  signal: AbortSignal,
): Promise<ServingError | undefined> {
  try {
    await control.start()
    return undefined
  } catch (thrown) {
    const problem = ServingError.from(thrown)
    if (signal.aborted || !hasTables || problem.code === 'invalid_argument') throw thrown
    log('error', 'control could not start: endpoints answer by the tables that it published last', { error: problem })
    void keepTrying(control, signal)
    return problem
  }
}

async function keepTrying(control: ProcessSlot, signal: AbortSignal): Promise<void> {
  const backoff = createBackoff()
  for (let isUp = false; !isUp && !signal.aborted;) {
    await wait(backoff.next(0), undefined, { ref: false, signal }).catch(() => {})
    if (signal.aborted) return
    isUp = await control.start().then(
      () => true,
      () => false,
    )
  }
  log('info', 'control has started: what was asked for is followed again')
}

function createControlSlot(
  socket: BoundSocket,
  onTold: (message: FromControlProcess) => void,
  settings: () => ControlSettings,
): ProcessSlot {
  return createProcessSlot({
    what: 'control',
    fields: {},
    spawn: (): ChildProcess =>
      spawn(process.execPath, argumentsOf('control'), {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc', socket.fd()],
        serialization: 'advanced',
        env: { ...process.env, UV_THREADPOOL_SIZE: threadPoolSize() },
      }),
    onStart: (process: KeptProcess) => process.send({ type: 'start', settings: settings() } satisfies ToControlProcess),
    onMessage: (_process: KeptProcess, message: FromKept | FromControlProcess) => {
      if (message.type === 'projects' || message.type === 'levels' || message.type === 'waiting') onTold(message)
    },
    drainMessage: () => ({ type: 'drain' }) satisfies ToControlProcess,
    drainTimeoutMs: 10_000,
    silenceMs: CONTROL_SILENCE_MS,
  })
}

function hostAndPort(socket: BoundSocket): { host: string; port: number } {
  const { address, port } = socket.address()
  return { host: address, port }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
