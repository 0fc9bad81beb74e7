import type { ErrorCode } from '../core/errors.ts'
import type { PrintedBy } from '../engines/processes/events.ts'
import type { PythonSettings } from '../engines/python/settings.ts'
import type { TypeScriptSettings } from '../engines/typescript/settings.ts'
import type { Choices } from '../runtime/choices.ts'

/**
 * What an isolated worker and its supervisor tell each other.
 *
 * A worker is a process of kind `worker` (`argumentsOf('worker', …)`; `main` calls `runWorker()` of worker.ts), spawned
 * with an IPC channel and `serialization: 'advanced'`. It is told `start` once, says `ready` when its socket listens,
 * then `alive` every `WORKER_ALIVE_INTERVAL_MS`. It ends with exit code 1 after `failed`, with 0 after `stop` (once its
 * runs are answered) or when the channel closes. A second `start` is ignored.
 *
 * The socket's path is made by the supervisor, one for each slot, in a folder of mode 0700 and at most
 * `MAX_SOCKET_PATH_BYTES` long. A worker listens beside it and moves its socket there once it is ready, so the same path
 * serves for every process of the slot, also while one takes over from another; nobody but the supervisor removes it. A
 * run that takes too long is seen by its clients (`onSuspect` of `connectReplicas`), and ended by SIGKILL.
 */
export interface WorkerSettings {
  /** The bundle's folder, and its digest, which is checked again. */
  readonly folder: string
  readonly digest: string
  /** The model's name in the server. */
  readonly name: string
  /** Engines in order of preference. */
  readonly engines: readonly string[]
  /** How code in Python is run; none is where this is absent. */
  readonly python?: PythonSettings | undefined
  /** How code in TypeScript is run; it is refused when absent. */
  readonly typescript?: TypeScriptSettings | undefined
  /** Path of the Unix socket to serve frames on; made with mode 0600. */
  readonly socket: string
  /** How to run it; one run at a time in the calling tick when absent. */
  readonly choices?: Choices | undefined
  /** Longest that a run may take, and that a request may wait for its turn (ms). */
  readonly timeoutMs: number
  /** Whether it tells what code prints; else that goes to its log. */
  readonly tellsOutput?: boolean | undefined
}

/** From the supervisor to a worker. */
export type ToWorker =
  | { readonly type: 'start'; readonly settings: WorkerSettings }
  /** Take no more connections, answer what runs, end. */
  | { readonly type: 'stop' }

/** A line that code in a worker printed. */
export interface WorkerOutput {
  readonly file: string
  readonly text: string
  readonly from: PrintedBy
}

/** From a worker to its supervisor. */
export type FromWorker =
  /** The socket listens, the model is loaded and has answered its golden rows. */
  | { readonly type: 'ready'; readonly engines: readonly string[] }
  | {
      readonly type: 'failed'
      readonly code: ErrorCode
      readonly message: string
      readonly details: Readonly<Record<string, unknown>>
    }
  /** Its code printed a line. */
  | ({ readonly type: 'printed' } & WorkerOutput)
  /** Once in `WORKER_ALIVE_INTERVAL_MS`, as long as the event loop turns; a run in the tick holds it up. */
  | { readonly type: 'alive'; readonly rssMiB: number }

/** How often a worker says that its event loop turns (ms). */
export const WORKER_ALIVE_INTERVAL_MS = 1000

/** Longest path of a worker's socket: systems take 104 bytes with the end's NUL (macOS), and the worker adds its process id. */
export const MAX_SOCKET_PATH_BYTES = 90
