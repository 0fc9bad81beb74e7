import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive } from '../../test/support/command.ts'
import { heldConnections } from './held-connections.ts'
import { startLoad, type Outcome } from './load.ts'
import { faultsOf, measureLoad, type Proof } from './proof.ts'
import { slowestReturn } from './recovery.ts'
import { endServer, MODEL, serveLinear } from './served.ts'

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
  seconds: 30,
  async run({ seconds, seed, folder, signal }) {
    const served = await serveLinear(folder, 'runner', ['--workers', '2'])
    const { server, port } = served
    const habits = [{ clients: 10 }, { clients: 4, isFresh: true, pauseMs: 4 }]
    const load = startLoad({ port, model: MODEL, seed, habits })
    await load.more(100)
    await sleep(Math.min(3000, seconds * 200), undefined, { signal })
    const logStart = served.logEnd()
    const disturbedMs = performance.now()
    const kills: Kill[] = []
    while (performance.now() - disturbedMs < seconds * 800) {
      const [oldest = 0, ...rest] = await server.processes('runner')
      const lookedMs = performance.now()
      const held = await Promise.all(rest.map((pid) => heldConnections(pid, port)))
      const from = served.logEnd()
      const killedMs = performance.now()
      process.kill(oldest, 'SIGKILL')
      while (await isAlive(oldest)) await sleep(1)
      const goneMs = performance.now()
      kills.push({ lookedMs, killedMs, goneMs, others: new Set(held.flatMap((ports) => [...ports])) })
      await served.says(/"message":"runner restarted"/, from)
      await sleep(PAUSE_MS, undefined, { signal })
    }
    const outcomes = await load.stop()
    await endServer(served)
    const wrong = outcomes.filter(({ kind }) => kind === 'wrong')
    const lost = outcomes.filter((outcome) => isOfKilled(outcome, kills))
    const failed = outcomes.filter(({ kind }) => kind !== 'right' && kind !== 'wrong').filter((o) => !lost.includes(o))
    return {
      ...measureLoad(outcomes, disturbedMs),
      failed: failed.length,
      wrong: wrong.length,
      times: kills.length,
      recoverySeconds: slowestReturn(server.stderr().slice(logStart), 'runner'),
      remark: `kill -9 of one of two runners; ${lost.length} requests went with its connections`,
      faults: [
        ...faultsOf('requests failed that were not of the killed runner', failed),
        ...faultsOf('answers were wrong', wrong),
        ...(kills.length === 0 ? ['no runner was killed'] : []),
      ],
    }
  },
}

/** Whether a request ended with a connection that a killed runner had accepted: of those of others and of later ones, none may. */
function isOfKilled({ kind, connectedMs, endedMs, port }: Outcome, kills: readonly Kill[]): boolean {
  if (kind !== 'cut') return false
  return kills.some(
    ({ lookedMs, killedMs, goneMs, others }) =>
      endedMs >= killedMs && connectedMs < goneMs && !(connectedMs < lookedMs && others.has(port)),
  )
}
