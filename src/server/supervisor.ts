import { rm } from 'node:fs/promises'
import type { BoundSocket } from 'node:net'
import { readTraceSettings } from '../telemetry/trace-settings.ts'
import { createChores } from './chores.ts'
import { openCredentials, type CredentialFiles } from './credentials.ts'
import { describeChange, type Models } from './desired-state.ts'
import { createFleet } from './fleet.ts'
import { addressOf, bind } from './listening.ts'
import type { Located } from './locate-models.ts'
import { log, logSettings, setLogSettings } from './log.ts'
import { createModelControl } from './model-control.ts'
import { createObservingSettings } from './observing.ts'
import { createOperator } from './operator.ts'
import { createPerform } from './perform.ts'
import { createRollout } from './rollout.ts'
import type { ReadyModel, RunnerSettings } from './settings.ts'
import { listenToOperators } from './signals.ts'
import { makeSocketFolder } from './socket-folder.ts'
import { tidyUp } from './tidy.ts'
import { fingerprint, watch } from './watch-paths.ts'
import { findNetworkIsolation } from './without-network.ts'
import { createWorkerPool } from './worker-pool.ts'

export interface SupervisorOptions {
  /** A numeric address. */
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  /** Where gRPC is spoken; 0 for any free port. Absent for nowhere. */
  readonly grpcPort: number | undefined
  /** Processes that answer requests. */
  readonly runners: number
  readonly settings: RunnerSettings
  readonly credentials: CredentialFiles
  /** Engines that the models will use, where that is known: a runner loads them while it waits for its models. */
  readonly prepare: readonly string[]
  /**
   * Finds or makes the models, once the address is ours and while the runners start; and again for each reload.
   * @param served what is served then, or was before it was unloaded; absent at the start
   * @param only the name of the only model that is looked for
   */
  readonly locate: (served?: Models, only?: string) => Promise<Located>
  /** Paths to look at again and again. */
  readonly watch: { readonly paths: readonly string[]; readonly intervalMs: number } | undefined
  /** Whether models run in processes of their own: so many each, with so much memory. */
  readonly isolation: { readonly replicas: number; readonly memoryMiB: number } | undefined
  /** Memory at which a runner is replaced (MiB). */
  readonly maxRunnerMemoryMiB: number | undefined
  /** Called when every runner answers. */
  readonly onReady: (url: string, models: readonly ReadyModel[], grpcAddress: string | undefined) => Promise<void>
  /** Ends the server: drain, then return. */
  readonly signal: AbortSignal
}

/** A process that is silent this much longer than a request may take is hung, and is ended (ms). */
const HANG_GRACE_MS = 5_000

/**
 * Owns the listening socket and keeps runners alive behind it. The socket is bound here and listened on there, so while a
 * crashed runner is replaced, new connections wait in the kernel's queue instead of being refused. SIGHUP has the models
 * looked for again, SIGUSR2 has every runner replaced by a fresh one; neither costs a request.
 * @returns once drained
 * @throws {ServingError} when the address cannot be had, no models are located, or the first processes cannot start
 */
export async function supervise(options: SupervisorOptions): Promise<void> {
  const cleanups: (() => unknown)[] = []
  const sockets = bindAll(options)
  const release = once(() => {
    sockets.socket.close()
    sockets.grpcSocket?.close()
  })
  cleanups.push(release)
  try {
    await superviseOn(sockets, release, options, cleanups)
  } finally {
    for (const cleanup of cleanups.toReversed()) await cleanup()
  }
}

/** What is listened on: bound here, so that it is ours before anything else is done. */
interface Sockets {
  readonly socket: BoundSocket
  readonly grpcSocket: BoundSocket | undefined
}

/** @param release closes the sockets here @param cleanups what is to be done at the end, the last first */
async function superviseOn(
  { socket, grpcSocket }: Sockets,
  release: () => void,
  options: SupervisorOptions,
  cleanups: (() => unknown)[],
): Promise<void> {
  const { settings, isolation } = options
  const hangup = new AbortController()
  const signal = AbortSignal.any([options.signal, hangup.signal])
  const chores = createChores((chore: 'reload' | 'restart' | (() => Promise<void>)) =>
    typeof chore === 'function' ? chore() : chore === 'reload' ? reload() : restart(),
  )
  const ended = aborted(signal)
  cleanups.push(
    listenToOperators({
      onReload: () => chores.add('reload'),
      onRestart: () => chores.add('restart'),
      onHangup: () => hangup.abort(),
    }),
  )
  const folder = options.runners > 1 || isolation !== undefined ? await makeSocketFolder() : ''
  if (folder !== '') cleanups.push(() => rm(folder, { recursive: true, force: true }))
  const { engines, timeoutMs, drainTimeoutMs } = settings
  const silenceMs = timeoutMs + HANG_GRACE_MS
  const workers =
    isolation &&
    createWorkerPool({
      ...isolation,
      folder,
      engines,
      python: settings.python,
      typescript: settings.typescript,
      timeoutMs,
      drainTimeoutMs,
      silenceMs,
      isolate: await findNetworkIsolation(),
    })
  const credentials = await openCredentials(options.credentials, (fresh) => fleet.renew(fresh))
  cleanups.push(() => credentials.stop())
  const fleet = createFleet({
    socket,
    grpcSocket,
    runners: options.runners,
    settings,
    prepare: options.prepare,
    credentials: credentials.current,
    folder,
    silenceMs,
    maxMemoryMiB: options.maxRunnerMemoryMiB,
    workerRestarts: () => workers?.restarts ?? 0,
    onSuspect: (path, why) => workers?.suspect(path, why),
    operate: (operation) => operate(operation),
    onMissing: (failed) => {
      log('error', 'a restarted runner could not load models, they are looked for again', { failed })
      chores.add('reload')
    },
  })
  const rollout = createRollout(fleet, workers)
  const control = createModelControl({
    rollout,
    locate: options.locate,
    onUnloaded: (names) => fleet.setUnloaded(names),
    perform: createPerform((work) => chores.add(work), signal),
  })
  const traces = readTraceSettings(process.env).settings
  const observing = createObservingSettings({
    log: logSettings(),
    traces: traces && { isOn: true, ratio: traces.ratio },
    onChange: (now) => {
      setLogSettings(now.log)
      fleet.observe(now)
    },
  })
  const operate = createOperator(control, observing)

  async function reload(): Promise<void> {
    try {
      const before = rollout.current
      fleet.renew(await credentials.renew())
      const located = await options.locate(control.known)
      for (const error of located.failures) log('error', 'a model could not be read, it stays what it was', { error })
      const unloadable = await control.renew(located)
      for (const [model, error] of unloadable)
        log('error', 'a model could not be loaded, it stays what it was', { model, error })
      const change = describeChange(before, rollout.current)
      const failures = located.failures.length + unloadable.size
      if (failures === 0) log('info', 'reloaded', change)
      else log('warn', 'reloaded', { ...change, failures })
      tidyUp(true) // no request waits for this process
    } catch (error) {
      if (!signal.aborted) log('error', 'nothing was reloaded, all stays what it was', { error })
    }
  }

  async function restart(): Promise<void> {
    try {
      await fleet.restart()
      log('info', 'every runner was replaced')
    } catch (error) {
      if (!signal.aborted) log('error', 'a fresh runner did not start, the others are not replaced', { error })
    }
  }

  const stop = async (isAtOnce: boolean) => {
    await Promise.all([chores.stop(), fleet.stop(isAtOnce)])
    await workers?.stop(isAtOnce) // runners need them to the last answer
  }
  const drain = async () => {
    const begun = performance.now()
    log('info', 'the server ends: what is under way is answered', { event: 'drain_begun' })
    await stop(false)
    log('info', 'the server has ended', { event: 'drain_ended', tookMs: Math.round(performance.now() - begun) })
  }
  try {
    const started = fleet.start()
    started.catch(() => {}) // what is said of the models comes first
    const first = options.watch && fingerprint(options.watch.paths)
    const located = await options.locate()
    for (const error of located.failures) log('error', 'a model could not be read, it is not served', { error })
    await Promise.race([Promise.all([rollout.begin(control.wanted(located)), started]), ended])
    if (signal.aborted) {
      // one runner may be ready, and have requests under way, while others are not
      release()
      return await drain()
    }
    // a draining runner closes its own: from then on new connections are refused, not left waiting
    signal.addEventListener('abort', release, { once: true })
    await options.onReady(
      urlOf(socket, credentials.current.tls !== undefined),
      fleet.models(),
      grpcSocket && addressOf(grpcSocket),
    )
    tidyUp(true)
    if (options.watch !== undefined && first !== undefined) {
      const { paths, intervalMs } = options.watch
      const look = () => fingerprint(paths)
      const watcher = watch(await first, { intervalMs, look, onChange: () => chores.add('reload') })
      cleanups.push(() => watcher.stop())
    }
    chores.begin()
    await ended
    await drain()
  } catch (error) {
    await stop(true)
    throw error
  }
}

function bindAll({ host, port, grpcPort }: SupervisorOptions): Sockets {
  const socket = bind({ host, port, flag: '--port' })
  try {
    const grpcSocket = grpcPort === undefined ? undefined : bind({ host, port: grpcPort, flag: '--grpc-port' })
    return { socket, grpcSocket }
  } catch (error) {
    socket.close()
    throw error
  }
}

function urlOf(socket: BoundSocket, isSecure: boolean): string {
  return `${isSecure ? 'https' : 'http'}://${addressOf(socket)}`
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function once(work: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) work()
    isDone = true
  }
}
