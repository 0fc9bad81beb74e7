import type { ChildProcess } from 'node:child_process'
import { ServingError, type ErrorCode } from '../core/errors.ts'
import { createFrostWatch, lookAtProcess, type LookAtProcess } from './process-look.ts'
import type { Failure } from './settings.ts'

/** What every kept process tells of itself, among other things. */
export type FromKept =
  | { readonly type: 'ready' }
  | ({ readonly type: 'failed' } & Failure)
  | { readonly type: 'alive'; readonly rssMiB: number; readonly longestRunMs?: number }

export interface KeptProcessOptions {
  /** What it is, for messages: `runner`. */
  readonly what: string
  /** Started with a channel to us. */
  readonly child: ChildProcess
  /** How long it may take to finish what is under way (ms). */
  readonly drainTimeoutMs: number
  /** A ready process that says nothing for so long, or has a run under way for longer, is hung, and is ended (ms). */
  readonly silenceMs: number
  /** Told of every message, after `isReady` has been brought up to date. */
  readonly onMessage: (message: FromKept) => void
  /** What the system says of a process; asked of one that is silent. */
  readonly look?: LookAtProcess | undefined
}

/** One process of ours from its start to its end. */
export interface KeptProcess {
  readonly pid: number | undefined
  /** When it became ready, on the monotonic clock (ms); undefined before. */
  readonly readyAtMs: number | undefined
  readonly isDraining: boolean
  /** Fulfilled once it is ready or has ended. */
  readonly settled: Promise<void>
  readonly ended: Promise<ProcessEnd>
  send(message: object): void
  /** While the work lasts, silence is no sign of a hang: it loads models, which may hold its event loop. */
  patiently<T>(work: Promise<T>): Promise<T>
  /** Asks it to finish and to end, and ends it when that takes too long: a second where it was not ready yet. */
  drain(message: object): void
  /** Ends it at once. */
  kill(reason: ServingError): void
}

export interface ProcessEnd {
  readonly how: string
  /** Whose doing it was: its own or of somebody we do not know, ours because it hung in a run, ours for another reason. */
  readonly cause: 'unknown' | 'hung' | 'ended'
  /** The signal that ended it, if one did. */
  readonly signal: string | undefined
  /** Why, where that is known: what it said itself, or why it was killed. */
  readonly error: ServingError | undefined
  /** How long it had been ready (ms); 0 when it never was. */
  readonly readyForMs: number
}

/** A process that loads models may be silent for so long (ms). */
const LOADING_SILENCE_MS = 300_000

/** … and is looked at, whether it is frozen, so much later than others (ms). */
const LOADING_PATIENCE_MS = 10_000

/** A process that is asked to end before it was ready has so long to do it (ms). */
const STARTING_DRAIN_MS = 1000

const TICK_MS = 500

/** Watches a process that was just started. */
export function keepProcess(options: KeptProcessOptions): KeptProcess {
  const { what, child } = options
  let error: ServingError | undefined
  let cause: ProcessEnd['cause'] = 'unknown'
  let readyAtMs: number | undefined
  let isDraining = false
  let loading = 1 // its start
  let silentMs = 0
  const settled = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<ProcessEnd>()

  const frost = createFrostWatch(options.look ?? lookAtProcess)
  // it counts its own ticks, so that a machine that slept finds nobody guilty
  const watch = setInterval(() => {
    silentMs += TICK_MS
    if (silentMs > (loading > 0 ? LOADING_SILENCE_MS : options.silenceMs)) return killHung()
    const frozen = frost.look(child.pid, silentMs - (loading > 0 ? LOADING_PATIENCE_MS : 0))
    if (frozen !== undefined) kill(new ServingError('unavailable', `the ${what} was frozen: ${frozen}`))
  }, TICK_MS)
  watch.unref()

  child.on('message', (message: FromKept) => {
    silentMs = 0
    if (message.type === 'failed')
      error ??= new ServingError(message.code as ErrorCode, message.message, { details: message.details })
    if (message.type === 'ready' && readyAtMs === undefined) {
      readyAtMs = performance.now()
      loading--
    }
    // a run beside the event loop does not keep the process from saying that it lives
    if (message.type === 'alive' && (message.longestRunMs ?? 0) > options.silenceMs) killHung()
    options.onMessage(message)
    if (message.type === 'ready') settled.resolve()
  })
  child.on('error', (cause) => {
    // it was never there, and so has no exit
    if (child.pid === undefined) end(`it could not be started: ${cause.message}`)
  })
  child.on('exit', (code, killedBy) => end(killedBy ?? `exit code ${code}`, killedBy ?? undefined))

  function end(how: string, signal?: string): void {
    clearInterval(watch)
    const readyForMs = readyAtMs === undefined ? 0 : performance.now() - readyAtMs
    ended.resolve({ how, cause, signal, error, readyForMs })
    settled.resolve()
  }

  function send(message: object): void {
    if (child.connected) child.send(message, () => {}) // a process that dies meanwhile is seen by its exit
  }

  function killHung(): void {
    cause = 'hung'
    kill(new ServingError('unavailable', `the ${what} hung: a model ran for longer than a request may take`))
  }

  function kill(reason: ServingError): void {
    error ??= reason
    cut()
  }

  function cut(): void {
    if (cause === 'unknown') cause = 'ended'
    child.kill('SIGKILL')
  }

  return {
    pid: child.pid,
    get readyAtMs() {
      return readyAtMs
    },
    get isDraining() {
      return isDraining
    },
    settled: settled.promise,
    ended: ended.promise,
    send,
    async patiently(work) {
      loading++
      try {
        return await work
      } finally {
        loading--
        silentMs = 0
      }
    },
    drain(message) {
      if (isDraining) return
      isDraining = true
      send(message)
      const late = setTimeout(cut, options.drainTimeoutMs)
      // nothing is under way in one that has not begun; it may be one that cannot listen, for loading holds it
      const early = setTimeout(() => readyAtMs === undefined && cut(), STARTING_DRAIN_MS)
      void ended.promise.then(() => [late, early].forEach(clearTimeout))
    },
    kill,
  }
}
