import { ServingError } from '../../core/errors.ts'
import type { LoadedProgram, Place, Urgency } from '../../engines/program.ts'
import type { Tensors } from '../../tensor/tensor.ts'
import { createDeadlines, Deadline } from '../deadlines.ts'
import { keepConnection, type Connection, type Outcome } from './connection.ts'
import { DEFAULT_MAX_FRAME_BYTES } from '../../tensor/frames/frame.ts'
import { createPoisons } from './poison.ts'
import { createRoster, type Member, type Rest } from './roster.ts'
import type { Trials } from './trials.ts'

export interface ReplicaOptions {
  /** Paths of the Unix sockets of the replicas; nobody needs to listen there yet. */
  readonly sockets: readonly string[]
  /** Names of the engines that run the steps there. */
  readonly engines: readonly string[]
  /** Longest that a run may take, its waiting for a replica included (ms). */
  readonly maxRunMs: number
  /** Milliseconds, never going back. */
  readonly now: () => number
  /**
   * Called with the socket of a replica that did not answer a run in time, or that said what is no answer: its process
   * should be killed. A silent one gets no run until it has answered, or is another process.
   */
  readonly onSuspect?: (socket: string, why: 'silent' | 'damaged') => void
  /** The model that is asked for. */
  readonly model: { readonly name: string; readonly version: string }
  readonly canRunOffLoop: true
  /** Most bytes of a run's inputs, and of its outputs. Default: 1 GiB. */
  readonly maxFrameBytes?: number
  /** How long a replica gets no run that failed several in a row, while another is well. Default: 1 s. */
  readonly rest?: Rest
}

/** A program that runs in other processes. */
export interface Replicas extends LoadedProgram {
  /** @param trials where the same request was run before: it goes to another replica if there is one, and is not run too often */
  run(inputs: Tensors, wanted: readonly string[], place?: Place, urgency?: Urgency, trials?: Trials): Promise<Tensors>
  /** Replicas that can take a run now. */
  readonly available: number
}

/** A run from its call to its answer; late at its deadline. */
class Run extends Deadline {
  readonly inputs: Tensors
  readonly wanted: readonly string[]
  /** Told to the replica, which need not run what nobody waits for. It is no sign of a hang when that time is over. */
  readonly urgency: Urgency | undefined
  readonly trials: Trials | undefined
  /** It is refused once this many processes died that had it under way. */
  readonly mostDeaths: number
  readonly answered = Promise.withResolvers<Tensors>()
  deaths = 0
  /** Replicas that answered that they cannot. */
  refusedBy: Set<Replica> | undefined = undefined
  /** Where it is under way. */
  replica: Replica | undefined = undefined
  readonly #onLate: (run: Run) => void

  constructor(
    inputs: Tensors,
    wanted: readonly string[],
    urgency: Urgency | undefined,
    trials: Trials | undefined,
    limits: { readonly deadlineMs: number; readonly mostDeaths: number; readonly onLate: (run: Run) => void },
  ) {
    super(limits.deadlineMs)
    this.inputs = inputs
    this.wanted = wanted
    this.urgency = urgency
    this.trials = trials
    this.mostDeaths = limits.mostDeaths
    this.#onLate = limits.onLate
  }

  override expire(): void {
    this.#onLate(this)
  }
}

/** Something to do at a time. */
class Alarm extends Deadline {
  readonly expire: () => void

  constructor(deadlineMs: number, ring: () => void) {
    super(deadlineMs)
    this.expire = ring
  }
}

interface Replica extends Member<Run> {
  readonly connection: Connection<Run>
  /** From when on its silence may be told of again. */
  toldAgainMs: number
}

const MOST_DEATHS = 2

/** How long a replica may take to say that a late run only waited for its turn, before it is held to be hung (ms). */
const SILENCE_MS = 250

/** How often a replica that stays silent is told of (ms). */
const TELL_AGAIN_MS = 1000

/** When to ask again after no replica could be had (ms). */
const RETRY_AFTER_MS = 1000

/**
 * Runs a program on replicas in other processes: each run on the one with the fewest under way, in turn among equals.
 * A run whose replica dies is tried once more, alone on another one or on the next that comes up: inference may be
 * repeated. Runs reject with what the replica answered; with `unavailable` when none came up in time; with
 * `deadline_exceeded` when one did not answer in time; with `internal`, details.reason `killed_worker`, when they were
 * under way at two deaths, or at one after `trials` say that they were run already.
 */
export function connectReplicas(options: ReplicaOptions): Replicas {
  const { now, maxRunMs, maxFrameBytes = DEFAULT_MAX_FRAME_BYTES } = options
  const { name: model, version } = options.model
  const deadlines = createDeadlines(now)
  const poisons = createPoisons(now)
  const replicas = options.sockets.map(createReplica)
  const roster = createRoster(replicas, now, options.rest)
  /** Runs that somebody waits for. */
  const open = new Set<Run>()
  /** Those that wait for a replica. */
  let waiting: Run[] = []
  let isReleased = false

  function createReplica(socket: string): Replica {
    const connection: Connection<Run> = keepConnection<Run>({
      socket,
      maxFrameBytes,
      isAnswerTo: (run, outputs) => areNamed(outputs, run.wanted),
      onOpen: () => placeWaiting(),
      onLeaving: () => {
        moveGuest(replica)
        placeWaiting()
      },
      onOutcome: (run, outcome) => settle(replica, run, outcome),
      onLost: (runs, damage) => lose(replica, runs, damage !== undefined),
    })
    const replica: Replica = {
      socket,
      connection,
      guest: undefined,
      overdue: new Set(),
      failures: 0,
      restingUntilMs: 0,
      rests: 0,
      toldAgainMs: 0,
    }
    return replica
  }

  function run(
    inputs: Tensors,
    wanted: readonly string[],
    _place?: Place,
    urgency?: Urgency,
    trials?: Trials,
  ): Promise<Tensors> {
    if (isReleased) return Promise.reject(releasedError())
    const verdict = poisons.judge(inputs)
    if (verdict === 'refuse') return Promise.reject(killedError())
    const made = new Run(inputs, wanted, urgency, trials, {
      deadlineMs: now() + maxRunMs,
      mostDeaths: verdict === 'run-once' ? 1 : MOST_DEATHS,
      onLate: giveUp,
    })
    open.add(made)
    deadlines.watch(made)
    if (waiting.length > 0 || !place(made)) waiting.push(made)
    return made.answered.promise
  }

  /** Gives a run to a replica. @returns whether there is one for it */
  function place(made: Run): boolean {
    const replica = roster.choose(made.refusedBy, made.trials?.failedAt)
    if (replica === undefined) return false
    if (made.deaths > 0) replica.guest = made
    if (made.deaths === 0 || replica.connection.size === 0) send(replica, made)
    return true
  }

  function placeWaiting(): void {
    while (waiting[0] !== undefined && place(waiting[0])) waiting.shift()
  }

  function send(replica: Replica, made: Run): void {
    if (made.trials?.mayRun === false) {
      // while it waited it was run elsewhere
      if (replica.guest === made) replica.guest = undefined
      return fail(made, lostError())
    }
    const timeoutMs = Math.max(Math.min(made.deadlineMs, made.urgency?.deadlineMs ?? Infinity) - now(), 0)
    const { inputs, wanted: outputs, urgency } = made
    const { priority, key } = urgency ?? {}
    try {
      replica.connection.send({ model, version, inputs, outputs, timeoutMs, priority, key }, made)
      made.replica = replica
      if (made.trials !== undefined) made.trials.runs++
    } catch (error) {
      if (replica.guest === made) replica.guest = undefined
      fail(made, error)
    }
  }

  function settle(replica: Replica, made: Run, outcome: Outcome): void {
    leave(replica, made)
    if ('outputs' in outcome) {
      roster.note(replica, false)
      if (close(made)) made.answered.resolve(outcome.outputs)
    } else {
      const { error } = outcome
      if (error.code === 'internal') {
        roster.note(replica, true)
        made.trials?.failed(replica.socket)
      } else if (error.code === 'unavailable' && made.trials !== undefined) made.trials.runs--
      if (error.code !== 'unavailable' || !tryElsewhere(replica, made)) fail(made, error)
    }
    const { guest, connection } = replica
    if (guest !== undefined && guest.replica === undefined && connection.size === 0) send(replica, guest)
    placeWaiting()
  }

  /** What a replica did not run, another one may. @returns whether there is hope */
  function tryElsewhere(replica: Replica, made: Run): boolean {
    if (!open.has(made)) return false
    if (!replica.connection.isOpen) {
      made.refusedBy = undefined // those that wait take whoever comes
      waiting.unshift(made)
      return true
    }
    made.refusedBy ??= new Set()
    made.refusedBy.add(replica)
    return place(made)
  }

  /** A process died, or said what is no answer, with runs under way. */
  function lose(replica: Replica, runs: readonly Run[], isDamaged: boolean): void {
    const again: Run[] = []
    for (const made of runs) {
      leave(replica, made)
      if (!open.has(made)) continue
      made.deaths++
      made.refusedBy = undefined
      if (made.deaths >= made.mostDeaths) {
        poisons.add(made.inputs)
        fail(made, killedError())
      } else if (made.trials?.mayRun === false) fail(made, lostError())
      else again.push(made)
    }
    waiting.unshift(...again)
    moveGuest(replica)
    replica.failures = 0 // nothing is held against the next process
    replica.restingUntilMs = 0
    replica.rests = 0
    if (isDamaged) options.onSuspect?.(replica.socket, 'damaged')
    placeWaiting()
  }

  /** A run is no longer under way at a replica. */
  function leave(replica: Replica, made: Run): void {
    made.replica = undefined
    replica.overdue.delete(made)
    if (replica.overdue.size === 0) replica.toldAgainMs = 0
    if (replica.guest === made) replica.guest = undefined
  }

  /** One that waits to be alone at a replica that is of no use any more waits for another. */
  function moveGuest(replica: Replica): void {
    const { guest } = replica
    if (guest === undefined || guest.replica !== undefined) return
    replica.guest = undefined
    waiting.unshift(guest)
  }

  function giveUp(made: Run): void {
    if (isReleased) return
    const { replica } = made
    if (replica === undefined) {
      waiting = waiting.filter((other) => other !== made)
      for (const host of replicas) if (host.guest === made) host.guest = undefined
      fail(made, nobodyError(replicas.length))
      placeWaiting()
      return
    }
    fail(made, lateError(maxRunMs))
    replica.overdue.add(made)
    replica.connection.cancel(made)
    deadlines.watch(new Alarm(now() + SILENCE_MS, () => suspect(replica, made)))
  }

  /** Tells of a silent replica, again and again: a process that was young when it was told of is left alone at first. */
  function suspect(replica: Replica, made: Run): void {
    if (isReleased || !replica.overdue.has(made)) return
    const time = now()
    if (time >= replica.toldAgainMs) {
      replica.toldAgainMs = time + TELL_AGAIN_MS
      options.onSuspect?.(replica.socket, 'silent')
    }
    deadlines.watch(new Alarm(time + TELL_AGAIN_MS, () => suspect(replica, made)))
  }

  function fail(made: Run, error: unknown): void {
    if (close(made)) made.answered.reject(error)
  }

  /** @returns whether somebody still waited for it */
  function close(made: Run): boolean {
    deadlines.unwatch(made)
    return open.delete(made)
  }

  function release(): void {
    isReleased = true
    for (const { connection } of replicas) connection.close()
    deadlines.close()
    waiting = []
    for (const made of open) fail(made, releasedError())
  }

  return {
    engines: options.engines,
    canRunOffLoop: options.canRunOffLoop,
    run,
    release,
    get available() {
      return roster.usable
    },
  }
}

/** Whether outputs are those that were asked for, in that order. */
function areNamed(outputs: Tensors, wanted: readonly string[]): boolean {
  if (outputs.size !== wanted.length) return false
  let i = 0
  for (const name of outputs.keys()) if (name !== wanted[i++]) return false
  return true
}

function killedError(): ServingError {
  return new ServingError(
    'internal',
    'the model ended the processes that ran it on these inputs: it is not tried again',
    {
      details: { reason: 'killed_worker' },
    },
  )
}

function lostError(): ServingError {
  return new ServingError(
    'internal',
    'the run has failed, or the process that had it has ended, twice: it is not tried again',
    { details: { reason: 'killed_worker' } },
  )
}

function nobodyError(count: number): ServingError {
  return new ServingError(
    'unavailable',
    `none of the model's ${count} processes could be had in time: try again later`,
    {
      details: { retryAfterMs: RETRY_AFTER_MS },
    },
  )
}

function lateError(maxRunMs: number): ServingError {
  return new ServingError('deadline_exceeded', `the model did not answer within ${maxRunMs} ms`, {
    details: { reason: 'run_too_long', maxRunMs },
  })
}

function releasedError(): ServingError {
  return new ServingError('unavailable', 'the model was taken out meanwhile: try again')
}
