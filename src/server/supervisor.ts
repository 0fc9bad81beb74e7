import { spawn, type ChildProcess } from 'node:child_process'
import { BoundSocket } from 'node:net'
import { ServingError, type ErrorCode } from '../core/errors.ts'
import { log } from './log.ts'
import { ALIVE_INTERVAL_MS, type FromRunner, type ReadyModel, type RunnerSettings, type ToRunner } from './settings.ts'
import { argumentsOf } from './spawn.ts'

export interface SupervisorOptions {
  /** A numeric address. */
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  /** Engines that the models will use: a runner loads them while it waits for its settings. */
  readonly engines: readonly string[]
  /** Finds or makes the models, once the address is ours and while the first runner starts. */
  readonly locate: () => Promise<RunnerSettings>
  /** How long requests under way may take to finish after SIGTERM (ms). */
  readonly drainTimeoutMs: number
  /** Called when the first runner answers. */
  readonly onReady: (url: string, models: readonly ReadyModel[]) => void
  /** Ends the server: drain, then return. */
  readonly signal: AbortSignal
}

/** A crashed runner is started again after this long, doubling with each crash in a row (ms). */
const FIRST_BACKOFF_MS = 50
const LONGEST_BACKOFF_MS = 10_000

/** A runner that lived this long has started well: the next crash counts as a first one (ms). */
const HEALTHY_AFTER_MS = 10_000

/**
 * Owns the listening socket and keeps a runner alive behind it. The socket is bound here and listened on there, so while
 * a crashed runner is replaced, new connections wait in the kernel's queue instead of being refused.
 * @returns once drained
 * @throws {ServingError} when the address cannot be had, no models are located, or the first runner cannot start
 */
export async function supervise(options: SupervisorOptions): Promise<void> {
  const socket = bind(options.host, options.port)
  const { signal } = options
  let backoffMs = FIRST_BACKOFF_MS
  let hasBeenReady = false
  let isHeld = true
  const release = () => {
    if (isHeld) socket.close()
    isHeld = false
  }
  // a draining runner closes its own: from then on new connections are refused, not left waiting
  signal.addEventListener('abort', release, { once: true })
  const settings = options.locate()
  try {
    while (!signal.aborted) {
      const startedAt = performance.now()
      const end = await runOnce(socket, options, settings, (models) => {
        if (!hasBeenReady) options.onReady(urlOf(socket), models)
        else log('info', 'runner restarted', {})
        hasBeenReady = true
      })
      await settings // a runner that was started for nothing has ended: this says why
      if (signal.aborted) return
      if (!hasBeenReady)
        throw end.error ?? new ServingError('unavailable', `the runner ended at its start (${end.how})`)
      if (performance.now() - startedAt > HEALTHY_AFTER_MS) backoffMs = FIRST_BACKOFF_MS
      log('error', 'runner died, starting another', {
        how: end.how,
        waitMs: backoffMs,
        ...(end.error && { error: end.error }),
      })
      await wait(backoffMs, signal)
      backoffMs = Math.min(backoffMs * 2, LONGEST_BACKOFF_MS)
    }
  } finally {
    signal.removeEventListener('abort', release)
    release()
  }
}

/** A runner that is silent this much longer than a request may take is hung, and is ended (ms). */
const HANG_GRACE_MS = 5_000

interface RunnerEnd {
  readonly how: string
  readonly error: ServingError | undefined
}

/** One runner from its start to its end. When the signal comes it is asked to drain, and killed when it takes too long. */
function runOnce(
  socket: BoundSocket,
  options: SupervisorOptions,
  settings: Promise<RunnerSettings>,
  onReady: (models: readonly ReadyModel[]) => void,
): Promise<RunnerEnd> {
  const child = spawn(process.execPath, argumentsOf('runner'), {
    // 3 is the channel, 4 the listening socket
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', socket.fd()],
    serialization: 'advanced',
  })
  let error: ServingError | undefined
  const watchdog = watch(() => {
    error = new ServingError('unavailable', 'the runner hung: a model ran for longer than a request may take')
    child.kill('SIGKILL')
  })
  child.on('message', (message: FromRunner) => {
    watchdog.reset()
    if (message.type === 'alive') return
    if (message.type === 'ready') onReady(message.models)
    else error = new ServingError(message.code as ErrorCode, message.message, { details: message.details })
  })
  send(child, { type: 'prepare', engines: options.engines })
  settings.then(
    (located) => {
      send(child, { type: 'start', settings: located })
      watchdog.start(located.timeoutMs + HANG_GRACE_MS)
    },
    () => child.kill('SIGKILL'), // nothing to serve
  )
  const stop = () => {
    send(child, { type: 'drain' })
    setTimeout(() => child.kill('SIGKILL'), options.drainTimeoutMs).unref()
  }
  options.signal.addEventListener('abort', stop, { once: true })
  if (options.signal.aborted) stop()
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, killedBy) => {
      watchdog.stop()
      options.signal.removeEventListener('abort', stop)
      resolve({ how: killedBy ?? `exit code ${code}`, error })
    })
  })
}

interface Watchdog {
  /** Begins to watch. */
  start(silenceMs: number): void
  /** A sign of life. */
  reset(): void
  stop(): void
}

/** Calls `bite` after a silence. It counts its own ticks, so that a machine that slept finds nobody guilty. */
function watch(bite: () => void): Watchdog {
  let silentMs = 0
  let timer: NodeJS.Timeout | undefined
  return {
    start(silenceMs) {
      timer = setInterval(() => {
        silentMs += ALIVE_INTERVAL_MS
        if (silentMs > silenceMs) bite()
      }, ALIVE_INTERVAL_MS)
    },
    reset: () => (silentMs = 0),
    stop: () => clearInterval(timer),
  }
}

function send(child: ChildProcess, message: ToRunner): void {
  if (child.connected) child.send(message, () => {}) // a runner that dies meanwhile is seen by its exit
}

function bind(host: string, port: number): BoundSocket {
  try {
    return new BoundSocket({ host, port })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      throw new ServingError('unavailable', `port ${port} on ${host} is in use: choose another with --port`, {
        cause: error,
      })
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL')
      throw new ServingError('unavailable', `cannot listen on ${host}, port ${port} (${code})`, { cause: error })
    throw new ServingError(
      'invalid_argument',
      `--host takes a numeric address such as 127.0.0.1 or ::1, found ${host}`,
      { cause: error },
    )
  }
}

function urlOf(socket: BoundSocket): string {
  const { address, family, port } = socket.address()
  // an address that means all of them is no address to call
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })
}
