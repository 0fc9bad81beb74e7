import { spawn, type ChildProcess } from 'node:child_process'
import type { BoundSocket } from 'node:net'
import { createGatherer } from './collect.ts'
import { keyOf, type Models } from './desired-state.ts'
import type { KeptProcess, ProcessEnd } from './kept-process.ts'
import { log } from './log.ts'
import { createMarksFile, type MarksFile } from './marks-file.ts'
import type { BoundAddress } from './listening.ts'
import type { Observing, Operation, OperationAnswer } from './operation-messages.ts'
import { createPlacement } from './placement.ts'
import { createProcessSlot, type ProcessSlot } from './process-slot.ts'
import type { Credentials } from './credentials.ts'
import {
  LISTENING_FD,
  type FromRunner,
  type ModelOutcome,
  type ReadyModel,
  type RunnerSettings,
  type ToRunner,
} from './settings.ts'
import { createRunnerCounts } from './runner-counts.ts'
import type { CrewWish } from './platform/crews.ts'
import type { PlatformRunner } from './platform/settings.ts'
import { createEndJudge, createRunDeaths, isQuarantined, type RunDeath } from './run-deaths.ts'
import { argumentsOf, threadPoolSize } from './spawn.ts'

export interface FleetOptions {
  /** Name of its runners, with a number behind: `runner`. */
  readonly name?: string | undefined
  /** Bound, not listened on: every runner does that. Absent for runners that others hand requests to. */
  readonly socket: BoundSocket | undefined
  /** The same for gRPC, where that is spoken. */
  readonly grpcSocket: BoundSocket | undefined
  readonly runners: number
  readonly settings: RunnerSettings
  /** Engines to load while the models are still looked for. */
  readonly prepare: readonly string[]
  readonly credentials: Credentials
  /** Folder for the sockets on which runners serve each other. */
  readonly folder: string
  /** How long a runner may be silent (ms). */
  readonly silenceMs: number
  /** Memory at which a runner is replaced (MiB). */
  readonly maxMemoryMiB: number | undefined
  readonly workerRestarts: () => number
  readonly onSuspect: (socket: string, why: 'silent' | 'damaged') => void
  /** Does what an operator asked of a runner. It never rejects. */
  readonly operate: (operation: Operation) => Promise<OperationAnswer>
  /** Told what a runner of the platform asks for its isolated models. */
  readonly onCrew?: ((runner: KeptProcess, wish: CrewWish) => void) | undefined
  /** What else a runner of the platform is told, by its place: those read from files what they serve, and nothing is applied. */
  readonly platform?: ((index: number) => Omit<PlatformRunner, 'quarantined' | 'deaths'>) | undefined
  /** Told when a restarted runner has to do without a model. */
  readonly onMissing: (failed: readonly ModelOutcome[]) => void
}

/** What became of one thing that every runner was told to serve. */
export interface Applied {
  readonly failed: readonly ModelOutcome[]
  /** Whether a runner ended before it had done so. */
  readonly hasDied: boolean
}

/** The runners, all behind one listening socket and all told the same. */
export interface Fleet {
  /** Starts them; they wait for their models. @throws {ServingError} when one does not become ready */
  start(): Promise<void>
  /**
   * Tells every runner, those that are started later too, what to serve.
   * @param leaving models that runners without them are to let go of, while those who hold them keep them
   * @returns once all have done so, or ended
   */
  apply(models: Models, leaving?: Models): Promise<Applied>
  /** Replaces one after the other; what is held against versions is forgotten. @throws {ServingError} when a fresh one does not become ready */
  restart(): Promise<void>
  renew(credentials: Credentials): void
  /** Tells every runner, those that are started later too, what to log and to trace. */
  observe(observing: Observing): void
  /** Names of models that are known and not served, for what is applied next. */
  setUnloaded(names: readonly string[]): void
  /** @param isAtOnce without answering what is under way */
  stop(isAtOnce?: boolean): Promise<void>
  /** What the first runner serves. */
  models(): readonly ReadyModel[]
}

/** Deaths that are told control once a runner is there again, at most. */
const MAX_UNTOLD = 100
/** How often a runner of the platform is started at first: after two deaths the model that brought them about is set apart. */
const MOST_STARTS = 3

export function createFleet(options: FleetOptions): Fleet {
  const { settings, runners } = options
  const sockets = runners > 1 ? Array.from({ length: runners }, (_, i) => `${options.folder}/r${i}`) : []
  const addresses = {
    http: options.socket && addressOf(options.socket, '--port'),
    grpc: options.grpcSocket && addressOf(options.grpcSocket, '--grpc-port'),
  }
  const placement = createPlacement(sockets)
  const gatherer = createGatherer()
  const counts = createRunnerCounts()
  let { credentials } = options
  let told: { readonly revision: number; readonly models: Models; readonly leaving: Models } | undefined
  let served: readonly ReadyModel[] = []
  let unloaded: readonly string[] = []
  let observing: Observing | undefined
  let isStarted = false
  const judge = createEndJudge()
  const deaths = createRunDeaths(() => performance.now())
  /** Of these, what no runner has told control. */
  let untold: readonly RunDeath[] = []
  /** Where the process that was started last leaves its marks. */
  let marks: MarksFile | undefined
  /** Who waits for what a runner has applied. */
  const waiting = new Map<KeptProcess, (message: AppliedMessage) => void>()

  const slots = Array.from({ length: runners }, (_, i): ProcessSlot => {
    return createProcessSlot({
      what: 'runner',
      fields: { ...(options.name !== undefined && { group: options.name }), ...(runners > 1 && { runner: i + 1 }) },
      spawn: () => {
        marks = createMarksFile()
        const inherited = [options.socket?.fd(), options.grpcSocket?.fd(), marks?.fd]
        return spawnRunner(inherited.filter((fd) => fd !== undefined))
      },
      onStart: (process, isAlone) => {
        const own = marks
        void process.ended.then((end) => onEnded(end, own))
        if (options.prepare.length > 0) tell(process, { type: 'prepare', engines: options.prepare })
        const mustLoadAll = !isAlone || !isStarted
        const socket = sockets[i]
        tell(process, {
          type: 'start',
          start: {
            name: `${options.name ?? 'runner'}-${i + 1}`,
            settings,
            addresses,
            ...credentials,
            socket,
            mustLoadAll,
            platform: platformOf(i),
            marksFd:
              marks && LISTENING_FD + Number(options.socket !== undefined) + Number(options.grpcSocket !== undefined),
          },
        })
        if (observing !== undefined) tell(process, { type: 'observe', observing })
        if (told !== undefined) tell(process, messageFor(i, told))
      },
      onMessage: receive,
      drainMessage: (hasSuccessor) => ({ type: 'drain', hasSuccessor }) satisfies ToRunner,
      drainTimeoutMs: settings.drainTimeoutMs,
      silenceMs: options.silenceMs,
      memory: options.maxMemoryMiB === undefined ? undefined : { mostMiB: options.maxMemoryMiB, policy: 'replace' },
    })
  })

  function platformOf(i: number): PlatformRunner | undefined {
    const platform = options.platform?.(i)
    if (platform === undefined) return undefined
    const told = untold
    untold = []
    return { ...platform, quarantined: deaths.quarantined, deaths: told }
  }

  /** What a runner ran when it died is known by its marks: a version at which several died does not run beside others any more. */
  function onEnded(end: ProcessEnd, file: MarksFile | undefined): void {
    const ran = judge.isOfRun(end) ? deaths.note(file?.read() ?? [], end.how) : []
    file?.close()
    untold = [...untold, ...ran].slice(-MAX_UNTOLD)
    for (const { name, digest, how, deaths: count } of ran)
      log('error', 'a runner died while it ran a model', {
        model: name,
        version: digest.slice(0, 12),
        how,
        deaths: count,
      })
    const versions = ran.filter(isQuarantined)
    if (versions.length === 0 || options.platform === undefined) return
    for (const slot of slots) for (const process of slot.living) tell(process, { type: 'quarantine', versions })
  }

  /** On the platform a model that ends the first runner of all is as little reason to have none as one that ends a later one. */
  async function startSlot(slot: ProcessSlot): Promise<void> {
    for (let tries = 1; ; tries++) {
      const before = untold.length
      try {
        return await slot.start()
      } catch (error) {
        if (options.platform === undefined || untold.length === before || tries === MOST_STARTS) throw error
      }
    }
  }

  function messageFor(runner: number, { revision, models, leaving }: NonNullable<typeof told>): ToRunner {
    const placed = placement.modelsFor(runner, models)
    const going = new Set(leaving.map(keyOf))
    const held = placed.filter((model) => !(model.holder && going.has(keyOf(model))))
    return { type: 'apply', revision, models: held, unloaded }
  }

  function receive(process: KeptProcess, message: FromRunner): void {
    if (message.type === 'suspect') options.onSuspect(message.socket, message.why)
    else if (message.type === 'snapshot') {
      counts.put(process, message.snapshot)
      gatherer.receive(message.id)
    } else if (message.type === 'collect') void collect(process, message.id)
    else if (message.type === 'crew' || message.type === 'uncrew') options.onCrew?.(process, message)
    else if (message.type === 'operate') void operate(process, message)
    else if (message.type === 'applied') {
      if (process === slots[0]?.living[0]) served = message.models
      const failed = message.outcomes.filter(({ failure }) => failure !== undefined)
      const waiter = waiting.get(process)
      if (waiter !== undefined) waiter(message)
      else if (failed.length > 0 && isStarted) options.onMissing(failed)
    }
  }

  async function collect(asker: KeptProcess, id: number): Promise<void> {
    const ready = slots.flatMap((slot) => slot.serving ?? [])
    await gatherer.gather(ready.map((process) => (question) => tell(process, { type: 'snapshot', id: question })))
    const runnerRestarts = slots.reduce((sum, slot) => sum + slot.restarts, 0)
    const counters = { runnerRestarts, workerRestarts: options.workerRestarts(), runDeaths: deaths.counts() }
    tell(asker, { type: 'collected', id, collected: { snapshots: counts.all(), counters } })
  }

  async function operate(asker: KeptProcess, { id, operation }: Extract<FromRunner, { type: 'operate' }>) {
    tell(asker, { type: 'operated', id, answer: await options.operate(operation) })
  }

  /** Waits for one runner's word on a revision. */
  async function hear(process: KeptProcess, revision: number): Promise<AppliedMessage | undefined> {
    const applied = new Promise<AppliedMessage>((resolve) =>
      waiting.set(process, (message) => {
        if (message.revision >= revision) resolve(message)
      }),
    )
    const message = await process.patiently(Promise.race([applied, process.ended.then(() => undefined)]))
    waiting.delete(process)
    return message
  }

  return {
    async start() {
      await Promise.all(slots.map(startSlot))
      isStarted = true
    },
    async apply(models, leaving = []) {
      const now = { revision: (told?.revision ?? 0) + 1, models, leaving }
      told = now
      const heard = await Promise.all(
        slots.flatMap((slot, i) =>
          slot.living.map((process) => {
            const word = hear(process, now.revision)
            tell(process, messageFor(i, now))
            return word
          }),
        ),
      )
      const failed = heard.flatMap((message) => message?.outcomes ?? []).filter(({ failure }) => failure !== undefined)
      return { failed, hasDied: heard.includes(undefined) }
    },
    async restart() {
      deaths.forgive()
      for (const slot of slots) await slot.replace()
    },
    renew(fresh) {
      const { tls, keys } = fresh
      credentials = fresh
      for (const slot of slots)
        for (const process of slot.living) {
          if (tls !== undefined) tell(process, { type: 'tls', tls })
          if (keys !== undefined) tell(process, { type: 'keys', keys })
        }
    },
    observe(settings) {
      observing = settings
      for (const slot of slots)
        for (const process of slot.living) tell(process, { type: 'observe', observing: settings })
    },
    setUnloaded(names) {
      unloaded = names
    },
    stop: async (isAtOnce = false) => void (await Promise.all(slots.map((slot) => slot.stop(isAtOnce)))),
    models: () => served,
  }
}

type AppliedMessage = Extract<FromRunner, { type: 'applied' }>

function addressOf(socket: BoundSocket, flag: string): BoundAddress {
  const { address: host, port } = socket.address()
  return { host, port, flag }
}

/** @param inherited the listening socket, that of gRPC, the file for marks: those that there are */
function spawnRunner(inherited: readonly number[]): ChildProcess {
  return spawn(process.execPath, argumentsOf('runner', ['--expose-gc']), {
    // 3 is the channel
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...inherited],
    serialization: 'advanced',
    env: { ...process.env, UV_THREADPOOL_SIZE: threadPoolSize() },
  })
}

function tell(process: KeptProcess, message: ToRunner): void {
  process.send(message)
}
