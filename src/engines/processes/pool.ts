import { readFile } from 'node:fs/promises'
import { ServingError } from '../../core/errors.ts'
import type { Tensors } from '../../tensor/tensor.ts'
import type { CodeEvents } from './events.ts'
import type { CodeProcess } from './process.ts'

export interface PoolOptions {
  /** The language of the code, for people. */
  readonly language: string
  /** Processes. */
  readonly size: number
  /** Starts one; `onEnd` is told of its end. */
  readonly start: (onEnd: (process: CodeProcess) => void) => CodeProcess
  /** Has one load the model. @throws {ServingError} why it cannot */
  readonly load: (process: CodeProcess) => Promise<void>
  /** Memory at which one is ended (MiB). */
  readonly memoryMiB: number
  /** Longest that a run may take, and that it may wait for a process (ms). */
  readonly runTimeoutMs: number
  readonly onEvent?: CodeEvents['onEvent']
}

/** Processes that run one model, each one run at a time. One that dies is replaced, after longer and longer waits. */
export interface CodePool {
  /**
   * Runs once, on the first process that is free.
   * @throws {ServingError} what the process answered; `internal` when it died, `deadline_exceeded` when it took too long,
   *   `unavailable` when none could be had in time
   */
  run(inputs: Tensors, wanted: readonly string[]): Promise<Tensors>
  /** Memory that all of them hold (MiB). */
  heldMiB(): Promise<number>
  /** Ends all of it; what waits is refused. */
  release(): void
}

interface Slot {
  process: CodeProcess | undefined
  state: 'starting' | 'ready' | 'running' | 'resting'
  /** The one that will take its place, being started. */
  successor: CodeProcess | undefined
  /** What it held once its model was loaded (MiB). */
  loadedMiB: number
  readySinceMs: number
  backoffMs: number
  /** When the next one is started, while it is resting. */
  startsAtMs: number
  timer: NodeJS.Timeout | undefined
}

interface Waiting {
  readonly inputs: Tensors
  readonly wanted: readonly string[]
  readonly answered: PromiseWithResolvers<Tensors>
  readonly timer: NodeJS.Timeout
}

const FIRST_BACKOFF_MS = 100
const LONGEST_BACKOFF_MS = 30_000
/** One that was ready for so long has not died of its start (ms). */
const STABLE_MS = 60_000
/** What one that did not load had to say is waited for so long (ms). */
const LAST_WORDS_MS = 1000
/** Who would wait longer for a process to be started is told at once to come again (ms). */
const SHORT_WAIT_MS = 1000
const WEIGH_INTERVAL_MS = 100
/** One that holds this part of what it may is replaced between two runs … */
const FULL = 0.85
/** … unless the model alone takes nearly as much: then it would be replaced again and again. */
const GROWN = 1.1

/** @throws {ServingError} when a first process does not load the model; none is left then */
export async function startPool(options: PoolOptions): Promise<CodePool> {
  const slots: Slot[] = []
  let waiting: Waiting[] = []
  let isReleased = false
  /** Whether all have loaded their model once. */
  let isOpen = false

  const scale = setInterval(() => {
    for (const slot of slots) for (const each of [slot.process, slot.successor]) if (each) void weigh(slot, each)
  }, WEIGH_INTERVAL_MS)
  scale.unref()

  /** Starts a process and has it load the model. @throws {ServingError} */
  async function begin(note: (process: CodeProcess) => void): Promise<CodeProcess> {
    const started = options.start(bury)
    note(started)
    try {
      await options.load(started)
    } catch (error) {
      started.kill(ServingError.from(error))
      await Promise.race([started.ended, pause(LAST_WORDS_MS)])
      throw error
    }
    return started
  }

  async function fill(slot: Slot): Promise<void> {
    slot.state = 'starting'
    slot.process = await begin((process) => (slot.process = process))
    await settle(slot, slot.process)
  }

  /** The process of a slot has loaded its model. */
  async function settle(slot: Slot, process: CodeProcess): Promise<void> {
    slot.loadedMiB = await residentMiB(process.pid)
    if (process.end !== undefined) throw process.end
    slot.readySinceMs = performance.now()
    slot.state = 'ready'
    next(slot)
  }

  function next(slot: Slot): void {
    if (isReleased || slot.state !== 'ready' || slot.process?.isOpen !== true) return
    const first = waiting.shift()
    if (first === undefined) return
    clearTimeout(first.timer)
    start(slot, first.inputs, first.wanted).then(first.answered.resolve, first.answered.reject)
  }

  async function start(slot: Slot, inputs: Tensors, wanted: readonly string[]): Promise<Tensors> {
    const { process } = slot
    if (process === undefined) throw new Error('a run was given to a process that is not there; this is a bug')
    slot.state = 'running'
    try {
      const outputs = await process.ask('run', inputs, wanted, options.runTimeoutMs)
      slot.backoffMs = FIRST_BACKOFF_MS // what has answered does not die of its start
      return outputs
    } finally {
      if (slot.process === process && process.end === undefined) {
        slot.state = 'ready'
        // the next one waits for its turn: who was answered goes first
        queueMicrotask(() => next(slot))
      }
    }
  }

  /** A process has ended: another takes its place, a little later each time. */
  function bury(ended: CodeProcess): void {
    const slot = slots.find((each) => each.process === ended)
    if (slot === undefined || isReleased || !isOpen) return
    slot.process = undefined
    if (slot.state === 'starting') return // whoever starts it hears of it
    restart(slot, ended.end)
  }

  function restart(slot: Slot, why: ServingError | undefined): void {
    slot.state = 'resting'
    if (performance.now() - slot.readySinceMs > STABLE_MS) slot.backoffMs = FIRST_BACKOFF_MS
    const waitMs = slot.backoffMs
    slot.backoffMs = Math.min(2 * waitMs, LONGEST_BACKOFF_MS)
    slot.startsAtMs = performance.now() + waitMs
    options.onEvent?.('error', `a process in ${options.language} ended, starting another`, {
      waitMs,
      reason: why?.message,
    })
    slot.timer = setTimeout(() => {
      fill(slot).catch((error: unknown) => {
        slot.process = undefined
        if (!isReleased) restart(slot, ServingError.from(error))
      })
    }, waitMs)
  }

  async function weigh(slot: Slot, process: CodeProcess): Promise<void> {
    const held = await residentMiB(process.pid)
    if (isReleased || process.end !== undefined) return
    if (held > options.memoryMiB) {
      process.kill(tooHeavy(held, options))
      return
    }
    const isFull = held > FULL * options.memoryMiB && held > GROWN * slot.loadedMiB
    if (isFull && process === slot.process && slot.state === 'ready' && slot.successor === undefined)
      await replace(slot, held)
  }

  /** Puts another process in the place of one that goes on until that is ready. */
  async function replace(slot: Slot, held: number): Promise<void> {
    const old = slot.process
    const fields = { heldMiB: Math.round(held), mostMiB: options.memoryMiB }
    options.onEvent?.(
      'warn',
      `a process in ${options.language} is replaced: it holds nearly all the memory that it may`,
      fields,
    )
    try {
      const fresh = await begin((process) => (slot.successor = process))
      if (isReleased) return fresh.dismiss()
      while (slot.process === old && slot.state === 'running') await pause(5)
      if (slot.state !== 'ready' || slot.process !== old) return fresh.dismiss() // it died meanwhile, and was replaced
      slot.process = fresh
      old?.dismiss()
      slot.loadedMiB = await residentMiB(fresh.pid)
    } catch (error) {
      options.onEvent?.('warn', `a fresh process in ${options.language} did not start, the one before goes on`, {
        reason: ServingError.from(error).message,
      })
      await pause(slot.backoffMs)
      slot.backoffMs = Math.min(2 * slot.backoffMs, LONGEST_BACKOFF_MS)
    } finally {
      slot.successor = undefined
    }
  }

  /** How long it takes until the next process is started, where none is there (ms). */
  function comesBackIn(): number {
    if (slots.some(({ state }) => state !== 'resting')) return 0
    return Math.min(...slots.map(({ startsAtMs }) => startsAtMs)) - performance.now()
  }

  function release(): void {
    isReleased = true
    clearInterval(scale)
    for (const slot of slots) {
      clearTimeout(slot.timer)
      for (const each of [slot.process, slot.successor]) each?.dismiss()
    }
    for (const { answered, timer } of waiting) {
      clearTimeout(timer)
      answered.reject(new ServingError('unavailable', 'the model was taken out meanwhile: try again'))
    }
    waiting = []
  }

  for (let i = 0; i < options.size; i++)
    slots.push({
      process: undefined,
      state: 'starting',
      successor: undefined,
      loadedMiB: 0,
      readySinceMs: 0,
      backoffMs: FIRST_BACKOFF_MS,
      startsAtMs: 0,
      timer: undefined,
    })
  try {
    const outcomes = await Promise.allSettled(slots.map(fill))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  } catch (error) {
    release()
    throw error
  }
  isOpen = true
  for (const slot of slots) if (slot.process?.end !== undefined) bury(slot.process)

  return {
    run(inputs, wanted) {
      if (isReleased)
        return Promise.reject(new ServingError('unavailable', 'the model was taken out meanwhile: try again'))
      const free = slots.find(({ state, process }) => state === 'ready' && process?.isOpen === true)
      if (free !== undefined && waiting.length === 0) return start(free, inputs, wanted)
      const retryAfterMs = comesBackIn()
      if (retryAfterMs > SHORT_WAIT_MS) return Promise.reject(resting(retryAfterMs, options))
      const answered = Promise.withResolvers<Tensors>()
      const timer = setTimeout(() => {
        waiting = waiting.filter((each) => each.answered !== answered)
        answered.reject(nobody(options))
      }, options.runTimeoutMs)
      waiting.push({ inputs, wanted, answered, timer })
      return answered.promise
    },
    async heldMiB() {
      const held = await Promise.all(slots.map(({ process }) => residentMiB(process?.pid)))
      return held.reduce((sum, each) => sum + each, 0)
    },
    release,
  }
}

/** Memory that a process holds (MiB); 0 where the system does not tell. */
async function residentMiB(pid: number | undefined): Promise<number> {
  try {
    const pages = Number((await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')[1])
    return (pages * 4096) / 2 ** 20
  } catch {
    return 0
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}

function tooHeavy(held: number, { language, memoryMiB }: PoolOptions): ServingError {
  return new ServingError(
    'internal',
    `the process that ran the code in ${language} held ${Math.round(held)} MiB, the most is ${memoryMiB} MiB: it was ended`,
    { details: { reason: 'killed_worker', limit: 'memory' } },
  )
}

function resting(retryAfterMs: number, { language }: PoolOptions): ServingError {
  const seconds = Math.ceil(retryAfterMs / 1000)
  return new ServingError(
    'unavailable',
    `the processes that run the code in ${language} died again and again; the next is started in ${seconds} s: try again then`,
    { details: { retryAfterMs: Math.ceil(retryAfterMs) } },
  )
}

function nobody({ language, size, runTimeoutMs }: PoolOptions): ServingError {
  return new ServingError(
    'unavailable',
    `none of the model's ${size} processes in ${language} could be had within ${runTimeoutMs} ms: try again later`,
    { details: { retryAfterMs: 1000 } },
  )
}
