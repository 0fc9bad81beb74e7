import { setTimeout as sleep } from 'node:timers/promises'
import { diceFrom } from '../soak/models.ts'
import { createCaller, type Heard } from './caller.ts'
import { createGrpcCaller } from './grpc-caller.ts'
import { askLinear } from './question.ts'

/** How one kind of client behaves. */
export interface Habit {
  readonly clients: number
  /** A connection of its own for each request. */
  readonly isFresh?: boolean
  /** Pauses at random between requests, up to this (ms), so that connections are idle at times. */
  readonly pauseMs?: number
  /** Sends requests in two halves, with so long between (ms). */
  readonly splitMs?: number
  /** By gRPC, in place of REST. */
  readonly isGrpc?: boolean
}

export interface LoadOptions {
  readonly port: number
  /** Where gRPC is spoken, for those who speak it. */
  readonly grpcPort?: number | undefined
  /** For `Authorization`. */
  readonly key?: string | undefined
  readonly model: string
  readonly habits: readonly Habit[]
  readonly seed: number
  /** Whether clients leave for good once nobody listens. */
  readonly leaves?: boolean
}

/** What became of one request. */
export interface Outcome extends Omit<Heard, 'head' | 'body' | 'kind'> {
  /** `failed`: any status but 200. */
  readonly kind: 'right' | 'wrong' | 'failed' | 'refused' | 'cut'
  /** Factor of the version that answered; 0 when none did. */
  readonly version: number
  /** Version of the answer before, on the same connection; 0 when there is none. */
  readonly versionBefore: number
  readonly isFresh: boolean
}

export interface Load {
  /** In the order in which they ended. */
  readonly outcomes: readonly Outcome[]
  /** Waits until so many more have been answered rightly. */
  more(count: number): Promise<void>
  /** Lets what is under way end. */
  stop(): Promise<readonly Outcome[]>
  /** Fulfilled once every client has left. */
  readonly done: Promise<unknown>
}

/** How long a client waits that got no right answer, before it tries again (ms). */
const AGAIN_MS = 5

/** Clients that ask again and again, each its own questions, until they are stopped or have left. */
export function startLoad(options: LoadOptions): Load {
  const { port, model, key, habits, seed, leaves = false } = options
  const outcomes: Outcome[] = []
  const state = { rights: 0, isStopped: false }

  async function client(habit: Habit, ownSeed: number): Promise<void> {
    const { isFresh = false, pauseMs = 0, splitMs } = habit
    const dice = diceFrom(ownSeed)
    const byGrpc = habit.isGrpc === true ? createGrpcCaller(options.grpcPort ?? 0, model, key) : undefined
    const byRest = createCaller(port)
    const caller = byGrpc ?? byRest
    const ask = async (): Promise<{ readonly heard: Heard; readonly version: number | undefined }> => {
      if (byGrpc !== undefined) return byGrpc.ask(dice)
      const asked = askLinear(port, model, dice, key)
      const heard = await byRest.ask(asked.request, splitMs)
      return { heard, version: heard.status === 200 ? asked.versionOf(heard.body) : undefined }
    }
    let last = { port: 0, version: 0 }
    while (!state.isStopped) {
      const {
        heard: { head: _, body, ...heard },
        version = 0,
      } = await ask()
      const kind =
        heard.kind !== 'answer' ? heard.kind : heard.status !== 200 ? 'failed' : version > 0 ? 'right' : 'wrong'
      const versionBefore = heard.port === last.port ? last.version : 0
      const reason = kind === 'failed' || kind === 'wrong' ? `${heard.status} ${body.slice(0, 200)}` : heard.reason
      outcomes.push({ ...heard, kind, reason, version, versionBefore, isFresh })
      last = { port: heard.port, version }
      if (kind === 'right') state.rights++
      if (leaves && heard.kind === 'refused') break
      if (kind !== 'right') await sleep(AGAIN_MS)
      if (isFresh) caller.hangUp()
      if (pauseMs > 0) await sleep(dice(pauseMs))
    }
    caller.hangUp()
  }

  const clients = habits.flatMap((habit) => Array.from({ length: habit.clients }, () => habit))
  const done = Promise.all(clients.map((habit, i) => client(habit, seed * 1000 + i)))
  return {
    outcomes,
    done,
    async more(count) {
      const wanted = state.rights + count
      while (state.rights < wanted && !state.isStopped) await sleep(5)
    },
    async stop() {
      state.isStopped = true
      await done
      return outcomes
    },
  }
}
