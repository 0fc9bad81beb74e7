import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { ServingError } from '../core/errors.ts'
import type { PythonSettings } from '../engines/python/settings.ts'
import type { TypeScriptSettings } from '../engines/typescript/settings.ts'
import { keyOf, type Models } from './desired-state.ts'
import { residentMiB } from './limited-process.ts'
import { createProcessSlot, type ProcessSlot } from './process-slot.ts'
import type { DesiredModel } from './settings.ts'
import { argumentsOf, threadPoolSize } from './spawn.ts'
import type { FromWorker, ToWorker } from './worker-messages.ts'

export interface WorkerPoolOptions {
  /** Processes of each version. */
  readonly replicas: number
  /** Memory at which a process is ended and replaced (MiB). */
  readonly memoryMiB: number
  /** Folder for the sockets, ours alone. */
  readonly folder: string
  readonly engines: readonly string[]
  /** How code in Python is run; none is where this is absent. */
  readonly python?: PythonSettings | undefined
  /** How code in TypeScript is run; it is refused when absent. */
  readonly typescript?: TypeScriptSettings | undefined
  readonly timeoutMs: number
  readonly drainTimeoutMs: number
  /** How long a process may be silent (ms). */
  readonly silenceMs: number
  /** Command that starts a process without a network: its program and first arguments. Empty where there is none. */
  readonly isolate: readonly string[]
}

/** Isolated processes: several for each version of a model, on sockets that stay the same whatever becomes of them. */
export interface WorkerPool {
  /**
   * Starts what is missing.
   * @returns the models with the sockets of their processes, and by name why others have none
   */
  provide(models: Models): Promise<{ models: DesiredModel[]; failures: ReadonlyMap<string, ServingError> }>
  /** Ends the processes of all other models. */
  retain(models: Models): void
  /** Ends the process behind a socket, because a run there does not end. */
  suspect(socket: string, why: 'silent' | 'damaged'): void
  /** @param isAtOnce without answering what is under way */
  stop(isAtOnce?: boolean): Promise<void>
  readonly restarts: number
}

interface Member {
  readonly socket: string
  readonly slot: ProcessSlot
}

interface Crew {
  readonly members: readonly Member[]
  engines: readonly string[]
}

/** How often the memory of a process is looked at (ms). Its own word would come too late when it does not get to say it. */
const WEIGH_INTERVAL_MS = 250

export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const crews = new Map<string, Crew>()
  const leaving = new Set<Promise<void>>()
  let numbers = 0
  let restartsBefore = 0

  const scale = setInterval(() => {
    for (const { slot } of everyone())
      for (const process of slot.living)
        void residentMiB(process.pid).then((resident) => {
          if (resident > options.memoryMiB) process.kill(tooHeavy(resident))
        })
  }, WEIGH_INTERVAL_MS)
  scale.unref()

  function everyone(): Member[] {
    return [...crews.values()].flatMap(({ members }) => members)
  }

  function tooHeavy(resident: number): ServingError {
    const text = `a model's process held ${Math.round(resident)} MiB, the most is ${options.memoryMiB} MiB`
    return new ServingError('unavailable', text, { details: { reason: 'memory' } })
  }

  function createCrew(model: DesiredModel): Crew {
    const { folder, digest, name, choices } = model
    const { timeoutMs } = options
    const engines = choices?.engines.value ?? options.engines
    const crew: Crew = {
      engines,
      members: Array.from({ length: options.replicas }, (_, replica) => {
        const socket = join(options.folder, `w${numbers++}`)
        const start = {
          folder,
          digest,
          name,
          engines,
          socket,
          choices,
          timeoutMs,
          python: options.python,
          typescript: options.typescript,
        }
        const slot = createProcessSlot({
          what: 'worker',
          fields: { model: name, version: digest.slice(0, 12), replica: replica + 1 },
          spawn: spawnWorker,
          onStart: (process) => process.send({ type: 'start', settings: start } satisfies ToWorker),
          onMessage: (_process, message) => {
            const told = message as FromWorker
            if (told.type === 'ready') crew.engines = told.engines
          },
          drainMessage: () => ({ type: 'stop' }) satisfies ToWorker,
          drainTimeoutMs: options.drainTimeoutMs,
          silenceMs: options.silenceMs,
          memory: { mostMiB: options.memoryMiB, policy: 'kill' },
        })
        return { socket, slot }
      }),
    }
    return crew
  }

  /** Without our environment, and where the system allows it without a network. */
  function spawnWorker(): ChildProcess {
    const heap = `--max-old-space-size=${options.memoryMiB}`
    const command: string[] = [...options.isolate, process.execPath, ...argumentsOf('worker', [heap])]
    const [program = process.execPath, ...rest] = command
    return spawn(program, rest, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
      env: { UV_THREADPOOL_SIZE: threadPoolSize() },
    })
  }

  function dismiss(key: string, isAtOnce = false): void {
    const crew = crews.get(key)
    crews.delete(key)
    for (const { slot } of crew?.members ?? []) {
      const left = slot.stop(isAtOnce).then(() => {
        restartsBefore += slot.restarts
        leaving.delete(left)
      })
      leaving.add(left)
    }
  }

  return {
    async provide(models) {
      const failures = new Map<string, ServingError>()
      await Promise.all(
        models.map(async (model) => {
          const key = keyOf(model)
          if (crews.has(key)) return
          const crew = createCrew(model)
          crews.set(key, crew)
          try {
            await Promise.all(crew.members.map(({ slot }) => slot.start()))
          } catch (thrown) {
            failures.set(model.name, ServingError.from(thrown))
            dismiss(key)
          }
        }),
      )
      const provided = models.flatMap((model) => {
        const crew = crews.get(keyOf(model))
        if (crew === undefined) return []
        return [{ ...model, replicas: { sockets: crew.members.map(({ socket }) => socket), engines: crew.engines } }]
      })
      return { models: provided, failures }
    },
    retain(models) {
      const kept = new Set(models.map(keyOf))
      for (const key of crews.keys()) if (!kept.has(key)) dismiss(key)
    },
    suspect(socket, why) {
      const slot = everyone().find((member) => member.socket === socket)?.slot
      const readyAtMs = slot?.serving?.readyAtMs
      if (slot === undefined || readyAtMs === undefined) return
      // every runner says so: the process that came after the one they mean has not been there for so long
      if (why === 'silent' && performance.now() - readyAtMs < options.timeoutMs) return
      slot.kill(
        new ServingError(
          'unavailable',
          why === 'silent'
            ? 'the worker hung: a model ran for longer than a request may take'
            : 'the worker answered what cannot be read',
        ),
      )
    },
    async stop(isAtOnce) {
      clearInterval(scale)
      for (const key of crews.keys()) dismiss(key, isAtOnce)
      await Promise.all(leaving)
    },
    get restarts() {
      return restartsBefore + everyone().reduce((sum, { slot }) => sum + slot.restarts, 0)
    },
  }
}
