import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive } from '../../test/support/command.ts'
import { disturb, judge } from './disturb.ts'
import { heldConnections } from './held-connections.ts'
import type { Habit, Outcome } from './load.ts'
import type { Found, Proof, ProofOptions } from './proof.ts'
import { slowestReturn } from './recovery.ts'
import { serveLinear, type Served } from './served.ts'

const PAUSE_MS = 1000

/** One kill, and what was seen around it. */
interface Kill {
  /** When it was looked up which connections are whose. */
  readonly lookedMs: number
  readonly killedMs: number
  /** When it was seen to be dead. */
  readonly goneMs: number
  /** Connections of runners that were not killed. */
  readonly others: ReadonlySet<number>
}

/** Kills one of two runners after the other. */
export const runner: Proof = {
  name: 'runner',
  claim: 'a runner that is killed takes only its own connections with it',
  plant: 'the other runner dies too',
  seconds: 30,
  async run(options) {
    return killRunners(options, await serveLinear(options.folder, 'runner', ['--workers', '2']))
  },
}

const HABITS: readonly Habit[] = [{ clients: 10 }, { clients: 4, isFresh: true, pauseMs: 4 }]

/**
 * Kills one of two runners after the other under load; only what was on its own connections is excused.
 * A planted fault takes the other one as well.
 */
export async function killRunners(options: ProofOptions, served: Served, habits = HABITS): Promise<Found> {
  const kills: Kill[] = []
  const seen = await disturb(options, served, {
    habits,
    async act() {
      const [oldest = 0, ...rest] = await served.server.processes('runner')
      const lookedMs = performance.now()
      const ports = [served.port, served.grpcPort ?? 0]
      const held = await Promise.all(rest.flatMap((pid) => ports.map((port) => heldConnections(pid, port))))
      const from = served.logEnd()
      const killedMs = performance.now()
      process.kill(oldest, 'SIGKILL')
      if (options.isPlanted === true) for (const pid of rest) process.kill(pid, 'SIGKILL')
      while (await isAlive(oldest)) await sleep(1)
      const goneMs = performance.now()
      kills.push({ lookedMs, killedMs, goneMs, others: new Set(held.flatMap((each) => [...each])) })
      await served.says(/"message":"runner restarted"/, from)
      await sleep(PAUSE_MS, undefined, { signal: options.signal })
    },
  })
  const isExcused = (outcome: Outcome) => isOfKilled(outcome, kills)
  return judge(seen, {
    isExcused,
    times: kills.length,
    recoverySeconds: slowestReturn(seen.log, 'runner'),
    remark: `kill -9 of one of two runners; ${seen.outcomes.filter(isExcused).length} requests went with its connections`,
    faults: [],
  })
}

/** Whether a request ended with a connection that a killed runner had accepted: of those of others and of later ones, none may. */
function isOfKilled({ kind, connectedMs, endedMs, port }: Outcome, kills: readonly Kill[]): boolean {
  if (kind !== 'cut') return false
  return kills.some(
    ({ lookedMs, killedMs, goneMs, others }) =>
      endedMs >= killedMs && connectedMs < goneMs && !(connectedMs < lookedMs && others.has(port)),
  )
}
