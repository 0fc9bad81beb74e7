import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { ServingError } from '../core/errors.ts'
import type { PythonSettings } from '../engines/python/settings.ts'
import type { TypeScriptSettings } from '../engines/typescript/settings.ts'
import { keyOf, type Models } from './desired-state.ts'
import { residentMiB } from './limited-process.ts'
import { log } from './log.ts'
import { createProcessSlot, type ProcessSlot } from './process-slot.ts'
import type { DesiredModel } from './settings.ts'
import { argumentsOf, threadPoolSize } from './spawn.ts'
import type { FromWorker, ToWorker, WorkerOutput } from './worker-messages.ts'

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
  /** Told what code prints; it goes to the log when absent. @param replica which of the version's processes, counted from 1 */
  readonly onPrinted?: ((model: DesiredModel, replica: number, output: WorkerOutput) => void) | undefined
}

/** Isolated processes: several for each version of a model, on sockets that stay the same whatever becomes of them. */
export interface WorkerPool {
  /**
   * Starts what is missing.
   * @returns the models with the sockets of their processes, and by name why others have none
   */
  provide(models: Models): Promise<{ models: DesiredModel[]; failures: ReadonlyMap<string, ServingError> }>
  /**
   * The processes of one version, as many as are wanted now: started or ended where there were others.
   * @param sizes how many now, and how many there may ever be: so many sockets it has for good
   * @throws {ServingError} when the first of them does not become ready
   */
  keep(model: DesiredModel, sizes: CrewSizes): Promise<NonNullable<DesiredModel['replicas']>>
  /** Ends the processes of one version. */
  dismiss(model: Pick<DesiredModel, 'name' | 'digest'>): void
  /** Ends the processes of all other models. */
  retain(models: Models): void
  /** Ends the process behind a socket, because a run there does not end. */
  suspect(socket: string, why: 'silent' | 'damaged'): void
  /** @param isAtOnce without answering what is under way */
  stop(isAtOnce?: boolean): Promise<void>
  readonly restarts: number
}

/** Processes of one version. */
export interface CrewSizes {
  readonly now: number
  readonly most: number
}

interface Member {
  readonly socket: string
  readonly slot: ProcessSlot
}

interface Crew {
  readonly model: DesiredModel
  /** One for each process that there may ever be. */
  readonly sockets: readonly string[]
  readonly members: Member[]
  engines: readonly string[]
  /** Its first processes are ready. */
  started: Promise<unknown>
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

  function createCrew(model: DesiredModel, { now, most }: CrewSizes): Crew {
    const sockets = Array.from({ length: Math.max(now, most) }, () => join(options.folder, `w${numbers++}`))
    const engines = model.choices?.engines.value ?? options.engines
    const crew: Crew = { model, sockets, members: [], engines, started: Promise.resolve() }
    crew.started = resize(crew, Math.max(1, now))
    crew.started.catch(() => {}) // whoever waits for it hears it
    return crew
  }

  /** @returns once the processes that were added are ready */
  async function resize(crew: Crew, size: number): Promise<void> {
    while (crew.members.length > Math.max(1, size)) leave(crew.members.pop())
    const fresh: Member[] = []
    for (const socket of crew.sockets.slice(crew.members.length, size)) {
      const member = createMember(crew, socket, crew.members.length + 1)
      crew.members.push(member)
      fresh.push(member)
    }
    await Promise.all(fresh.map(({ slot }) => slot.start()))
  }

  function createMember(crew: Crew, socket: string, replica: number): Member {
    const { folder, digest, name, choices } = crew.model
    const { timeoutMs, python, typescript, onPrinted } = options
    const start = { folder, digest, name, engines: crew.engines, socket, choices, timeoutMs, python, typescript }
    const tellsOutput = onPrinted !== undefined
    const slot = createProcessSlot({
      what: 'worker',
      fields: { model: name, version: digest.slice(0, 12), replica },
      spawn: spawnWorker,
      onStart: (process) => process.send({ type: 'start', settings: { ...start, tellsOutput } } satisfies ToWorker),
      onMessage: (_process, message) => {
        const told = message as FromWorker
        if (told.type === 'ready') crew.engines = told.engines
        else if (told.type === 'printed')
          onPrinted?.(crew.model, replica, { file: told.file, text: told.text, from: told.from })
      },
      drainMessage: () => ({ type: 'stop' }) satisfies ToWorker,
      drainTimeoutMs: options.drainTimeoutMs,
      silenceMs: options.silenceMs,
      memory: { mostMiB: options.memoryMiB, policy: 'kill' },
    })
    return { socket, slot }
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

  function leave(member: Member | undefined, isAtOnce = false): void {
    if (member === undefined) return
    const { slot } = member
    const left = slot.stop(isAtOnce).then(() => {
      restartsBefore += slot.restarts
      leaving.delete(left)
    })
    leaving.add(left)
  }

  function dismiss(key: string, isAtOnce = false): void {
    const crew = crews.get(key)
    crews.delete(key)
    for (const member of crew?.members ?? []) leave(member, isAtOnce)
  }

  return {
    async provide(models) {
      const failures = new Map<string, ServingError>()
      await Promise.all(
        models.map(async (model) => {
          const key = keyOf(model)
          if (crews.has(key)) return
          const crew = createCrew(model, { now: options.replicas, most: options.replicas })
          crews.set(key, crew)
          try {
            await crew.started
          } catch (thrown) {
            failures.set(model.name, ServingError.from(thrown))
            dismiss(key)
          }
        }),
      )
      const provided = models.flatMap((model) => {
        const crew = crews.get(keyOf(model))
        if (crew === undefined) return []
        return [{ ...model, replicas: { sockets: crew.sockets, engines: crew.engines } }]
      })
      return { models: provided, failures }
    },
    async keep(model, sizes) {
      const key = keyOf(model)
      let crew = crews.get(key)
      if (crew === undefined) crews.set(key, (crew = createCrew(model, sizes)))
      else if (crew.members.length !== Math.max(1, sizes.now))
        // one more that does not come up is no failure of those that are there
        void resize(crew, sizes.now).catch((error: unknown) => log('error', 'a worker more did not start', { error }))
      try {
        await crew.started
      } catch (error) {
        if (crews.get(key) === crew) dismiss(key)
        throw error
      }
      return { sockets: crew.sockets, engines: crew.engines }
    },
    dismiss: (model) => dismiss(keyOf(model)),
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
