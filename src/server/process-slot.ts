import type { ChildProcess } from 'node:child_process'
import { ServingError } from '../core/errors.ts'
import { createBackoff } from './backoff.ts'
import { keepProcess, type FromKept, type KeptProcess, type ProcessEnd } from './kept-process.ts'
import { log } from './log.ts'
import type { LookAtProcess } from './process-look.ts'

export interface SlotOptions {
  /** What stands in it, for messages and the log: `runner`. */
  readonly what: string
  /** Which of them it is, for the log. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly spawn: () => ChildProcess
  /** Tells a process that was just started what it needs. @param isAlone whether no other of this slot serves meanwhile */
  readonly onStart: (process: KeptProcess, isAlone: boolean) => void
  readonly onMessage: (process: KeptProcess, message: FromKept) => void
  /** Asks a process to end. @param hasSuccessor whether another has taken its place */
  readonly drainMessage: (hasSuccessor: boolean) => object
  readonly drainTimeoutMs: number
  readonly silenceMs: number
  readonly look?: LookAtProcess | undefined
  /** What happens to a process that holds more memory than it may; none is watched when absent. */
  readonly memory?: { readonly mostMiB: number; readonly policy: 'replace' | 'kill' } | undefined
}

/**
 * A place that always has one process in it. One that dies is started again, after longer and longer waits when that
 * happens in a row; one that is to be replaced goes on until the next is ready, and then finishes what it has begun.
 */
export interface ProcessSlot {
  /** @throws {ServingError} when the first process does not become ready; it is not tried again */
  start(): Promise<void>
  /**
   * Puts a fresh process in the place of the one that serves, which then drains.
   * @returns once that has ended
   * @throws {ServingError} when the fresh one does not become ready; then the old one goes on
   */
  replace(): Promise<void>
  /** Drains what is there, or ends it at once; nothing is started any more. */
  stop(isAtOnce?: boolean): Promise<void>
  /** Ends the process that serves, if it is ready; the next is started. */
  kill(reason: ServingError): void
  /** The process that serves; absent while the next is waited for. */
  readonly serving: KeptProcess | undefined
  /** Those that serve or are about to. */
  readonly living: readonly KeptProcess[]
  /** How often a process died or was replaced because of its memory. */
  readonly restarts: number
}

export function createProcessSlot(options: SlotOptions): ProcessSlot {
  const { what, fields } = options
  const backoff = createBackoff()
  /** All that have not ended. */
  const all = new Set<KeptProcess>()
  let serving: KeptProcess | undefined
  let starting: { readonly process: KeptProcess; readonly outcome: Promise<void> } | undefined
  let hasBeenReady = false
  let isStopping = false
  let pause: NodeJS.Timeout | undefined
  let restarts = 0

  function start(): Promise<void> {
    const process = keepProcess({ ...options, child: options.spawn(), onMessage: receive })
    all.add(process)
    const outcome = becomeReady(process)
    starting = { process, outcome }
    options.onStart(process, serving === undefined)
    outcome.catch(() => {}) // whoever waits for it hears it
    if (isStopping) process.drain(options.drainMessage(false))
    return outcome

    function receive(message: FromKept): void {
      options.onMessage(process, message)
      if (message.type === 'alive') weigh(process, message.rssMiB)
    }
  }

  async function becomeReady(process: KeptProcess): Promise<void> {
    void process.ended.then((end) => bury(process, end))
    await process.settled
    starting = undefined
    if (process.readyAtMs === undefined) throw failureOf(await process.ended)
    clearTimeout(pause) // one that should follow a process which ended meanwhile is not needed any more
    pause = undefined
    if (hasBeenReady && serving === undefined) log('info', `${what} restarted`, fields)
    hasBeenReady = true
    const old = serving
    serving = process
    old?.drain(options.drainMessage(true))
  }

  function bury(process: KeptProcess, end: ProcessEnd): void {
    all.delete(process)
    const wasServing = serving === process
    if (wasServing) serving = undefined
    if (isStopping || process.isDraining || !hasBeenReady) return
    const { how, error } = end
    if (!wasServing && serving !== undefined) {
      log('error', `a fresh ${what} did not start, the one before goes on`, { how, ...fields, ...(error && { error }) })
      return
    }
    restarts++
    const waitMs = backoff.next(end.readyForMs)
    // whoever is told to end ends so: nothing is wrong with it
    const hasEnded = how === 'exit code 0' && error === undefined
    log(hasEnded ? 'warn' : 'error', `${what} ${hasEnded ? 'ended' : 'died'}, starting another`, {
      how,
      waitMs,
      ...fields,
      ...(error && { error }),
    })
    startIn(waitMs)
  }

  /** Starts the next one, unless one is on its way. */
  function startIn(waitMs: number): void {
    clearTimeout(pause)
    pause = setTimeout(() => {
      pause = undefined
      if (starting === undefined && !isStopping) restart()
    }, waitMs)
  }

  function restart(): void {
    try {
      void start().catch(() => {}) // its end is seen, and has it started again
    } catch (error) {
      // the system has no room for a process at the moment (ENOMEM): nothing was started that could end
      const waitMs = backoff.next(0)
      log('error', `a ${what} could not be started, trying again`, { waitMs, ...fields, error })
      startIn(waitMs)
    }
  }

  function weigh(process: KeptProcess, rssMiB: number): void {
    const { memory } = options
    if (memory === undefined || rssMiB <= memory.mostMiB || process !== serving || isStopping) return
    const text = `the ${what} held ${Math.round(rssMiB)} MiB, the most is ${memory.mostMiB} MiB`
    if (memory.policy === 'kill') return process.kill(new ServingError('unavailable', text))
    if (starting !== undefined || pause !== undefined) return // it is being replaced
    restarts++
    const waitMs = backoff.next(performance.now() - (process.readyAtMs ?? 0))
    log('warn', `${what} is replaced: it holds more memory than it may`, {
      rssMiB: Math.round(rssMiB),
      mostMiB: memory.mostMiB,
      waitMs,
      ...fields,
    })
    startIn(waitMs)
  }

  function failureOf({ how, error }: ProcessEnd): ServingError {
    return error ?? new ServingError('unavailable', `the ${what} ended at its start (${how})`)
  }

  return {
    start,
    async replace() {
      if (isStopping) throw new ServingError('cancelled', 'the server is ending')
      clearTimeout(pause)
      pause = undefined
      const old = serving
      await (starting?.outcome ?? start())
      await old?.ended
    },
    async stop(isAtOnce = false) {
      isStopping = true
      clearTimeout(pause)
      for (const process of all)
        if (isAtOnce) process.kill(new ServingError('cancelled', 'nothing is to be served'))
        else process.drain(options.drainMessage(false))
      await Promise.all([...all].map((process) => process.ended))
    },
    kill: (reason) => serving?.kill(reason),
    get serving() {
      return serving
    },
    get living() {
      return [...all].filter((process) => !process.isDraining)
    },
    get restarts() {
      return restarts
    },
  }
}
