import { spawn, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { ServingError, type ErrorCode } from '../core/errors.ts'
import { endWithParent } from '../engines/processes/end-with-parent.ts'
import { shareOfMemoryMiB } from './machine.ts'
import { argumentsOf, type ProcessKind } from './spawn.ts'

/** What a process that reads untrusted bytes may use. */
export interface ProcessLimits {
  /** Most memory that it may hold (MiB). */
  readonly memoryMiB: number
  /** Longest that it may take (ms). */
  readonly timeoutMs: number
}

/** Never all that this machine or its container has: a file that asks for too much must not end who serves beside it. */
export const DEFAULT_PROCESS_LIMITS: ProcessLimits = {
  memoryMiB: Math.min(8192, shareOfMemoryMiB(0.75)),
  timeoutMs: 300_000,
}

/** From such a process to its parent. */
type FromProcess<Result> =
  | { readonly type: 'progress'; readonly text: string; readonly phase?: string | undefined }
  | { readonly type: 'done'; readonly result: Result }
  | {
      readonly type: 'failed'
      readonly code: string
      readonly message: string
      readonly details: Readonly<Record<string, unknown>>
      readonly cause: string | undefined
    }

const WATCH_INTERVAL_MS = 50

/**
 * All that such a process finds in its environment: glibc then gives memory of freed arrays back at once, where it would keep
 * up to 32 MiB of each size for the next. A forest of 120 MB takes 480 MiB so, and 1 GiB otherwise.
 */
const GIVING_BACK = { MALLOC_MMAP_THRESHOLD_: '1048576' }

/**
 * Has a job done in a process of its own, which has neither our environment nor more memory and time than it is given:
 * a hostile file costs that process and nothing else.
 * @throws {ServingError} what the process refused; `refused` when it exceeded its limits or crashed
 */
export async function runLimited<Result>(
  kind: ProcessKind,
  job: object,
  options: {
    readonly limits: ProcessLimits
    readonly signal: AbortSignal
    /** Told of what it does, and of the phase that begins with it. */
    readonly onProgress?: ((text: string, phase?: string) => void) | undefined
    /** Told of what it writes to its standard error output, piece by piece. */
    readonly onWords?: ((text: string) => void) | undefined
  },
): Promise<Result> {
  options.signal.throwIfAborted()
  const child = spawn(process.execPath, argumentsOf(kind, [`--max-old-space-size=${options.limits.memoryMiB}`]), {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    env: GIVING_BACK,
  })
  const watch = watchLimits(child, options.limits, options.signal)
  try {
    return await converse<Result>(child, job, options, watch)
  } finally {
    watch.stop()
    child.kill('SIGKILL')
  }
}

/** What such a process does. */
export type LimitedWork<Job, Result> = (job: Job, report: Report) => Promise<Result>

/** Tells who waits for it what it does. @param phase the phase that begins with it, where one does */
export type Report = (text: string, phase?: string) => void

/** The other side: waits for its one job, does it, answers and ends. */
export function serveOneJob<Job, Result>(work: LimitedWork<Job, Result>): void {
  const tell = (message: FromProcess<Result>, then: () => void = () => {}) => process.send?.(message, then)
  const end = () => process.disconnect?.()
  process.on('disconnect', () => process.exit(1)) // nobody waits for the answer any more
  endWithParent()
  process.once('message', (job: Job) => {
    work(job, (text, phase) => tell({ type: 'progress', text, phase })).then(
      (result) => tell({ type: 'done', result }, end),
      (thrown: unknown) => {
        const { code, message, details, cause } = ServingError.from(thrown)
        const stack = cause instanceof Error ? cause.stack : undefined
        tell({ type: 'failed', code, message, details, cause: code === 'internal' ? stack : undefined }, end)
      },
    )
  })
}

interface LimitWatch {
  /** Why the process was ended, if it was. */
  readonly breach: () => ServingError | undefined
  stop(): void
}

function watchLimits(child: ChildProcess, { memoryMiB, timeoutMs }: ProcessLimits, signal: AbortSignal): LimitWatch {
  let breach: ServingError | undefined
  const end = (error: ServingError) => {
    breach ??= error
    child.kill('SIGKILL')
  }
  const timer = setTimeout(() => {
    end(
      new ServingError(
        'refused',
        `the file took over ${timeoutMs / 1000} s to be read and run for the first time; if you trust it, give it a faster machine, or a smaller model`,
        {
          details: { reason: 'time' },
        },
      ),
    )
  }, timeoutMs)
  const poll = setInterval(() => {
    void residentMiB(child.pid).then((resident) => {
      if (resident <= memoryMiB) return
      end(
        new ServingError(
          'refused',
          `the file needs over ${memoryMiB} MiB of memory to be read and run, the most that it gets here; if you trust it, give it a machine with more`,
          {
            details: { reason: 'memory' },
          },
        ),
      )
    })
  }, WATCH_INTERVAL_MS)
  const abort = () => end(new ServingError('cancelled', 'interrupted'))
  signal.addEventListener('abort', abort, { once: true })
  return {
    breach: () => breach,
    stop: () => {
      clearTimeout(timer)
      clearInterval(poll)
      signal.removeEventListener('abort', abort)
    },
  }
}

/** Memory that a process holds (MiB), where the system tells. */
export async function residentMiB(pid: number | undefined): Promise<number> {
  try {
    const pages = Number((await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')[1])
    return (pages * 4096) / 2 ** 20
  } catch {
    return 0 // gone, or a system without /proc: V8's own limit still holds
  }
}

function converse<Result>(
  child: ChildProcess,
  job: object,
  { onProgress, onWords }: Pick<Parameters<typeof runLimited>[2], 'onProgress' | 'onWords'>,
  watch: LimitWatch,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    let words = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-4096)
      onWords?.(text)
    })
    child.on('error', reject)
    child.on('message', (message: FromProcess<Result>) => {
      if (message.type === 'progress') onProgress?.(message.text, message.phase)
      else if (message.type === 'done') resolve(message.result)
      else {
        const cause = message.cause === undefined ? undefined : new Error(message.cause)
        reject(new ServingError(message.code as ErrorCode, message.message, { details: message.details, cause }))
      }
    })
    child.on('exit', (code, signal) => {
      const how = signal ?? `exit code ${code}`
      const crash = new ServingError('refused', `the file ended the process that read it (${how})`, {
        cause: new Error(words),
        details: { reason: 'crash' },
      })
      reject(watch.breach() ?? crash)
    })
    child.send(job, () => {}) // a process that dies at once is seen by its exit
  })
}
