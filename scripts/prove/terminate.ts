import { setTimeout as sleep } from 'node:timers/promises'
import { startLoad, type Outcome } from './load.ts'
import { faultsOf, measureLoad, type Proof } from './proof.ts'
import { endServer, MODEL, serveLinear } from './served.ts'

const DRAIN_TIMEOUT_MS = 10_000

/** How long one server is under load before it is told to end (ms). */
const LOADED_MS = 1000

/** Ends one server under load after the other. */
export const terminate: Proof = {
  name: 'terminate',
  claim: 'a server that is told to end answers every request that it has accepted',
  seconds: 30,
  async run({ seconds, seed, folder, signal }) {
    const all: Outcome[] = []
    const failed: Outcome[] = []
    const faults: string[] = []
    let figures = measureLoad([], 0)
    let rounds = 0
    let refusals = 0
    let resets = 0
    let underWay = 0
    let slowest = 0
    const begunMs = performance.now()
    while (rounds === 0 || performance.now() - begunMs < seconds * 800) {
      const runners = rounds % 2 === 0 ? '2' : '1'
      const args = ['--workers', runners, '--drain-timeout-ms', `${DRAIN_TIMEOUT_MS}`]
      const served = await serveLinear(folder, 'terminate', args)
      const habits = [
        { clients: 6 },
        { clients: 4, splitMs: 100 },
        { clients: 4, pauseMs: 40 },
        { clients: 3, isFresh: true, pauseMs: 4 },
      ]
      const load = startLoad({ port: served.port, model: MODEL, seed: seed + rounds, habits, leaves: true })
      await load.more(50)
      await sleep(Math.min(LOADED_MS, seconds * 200), undefined, { signal })
      const killedMs = performance.now()
      const end = await endServer(served)
      await load.done
      const { outcomes } = load
      rounds++
      slowest = Math.max(slowest, end.seconds)
      figures = measureLoad(outcomes, killedMs)
      // what connects from then on may be refused, or reset while it waits in the system's queue, before anyone accepts it
      const isTurnedAway = ({ kind, connectedMs }: Outcome) =>
        (kind === 'refused' || kind === 'cut') && connectedMs >= killedMs
      refusals += outcomes.filter((outcome) => isTurnedAway(outcome) && outcome.kind === 'refused').length
      resets += outcomes.filter((outcome) => isTurnedAway(outcome) && outcome.kind === 'cut').length
      underWay += outcomes.filter(({ sentMs, endedMs }) => sentMs < killedMs && endedMs >= killedMs).length
      failed.push(...outcomes.filter((outcome) => outcome.kind !== 'right' && !isTurnedAway(outcome)))
      all.push(...outcomes)
      if (end.code !== 0) faults.push(`the server ended with ${end.code}, not with 0`)
      if (end.seconds * 1000 > DRAIN_TIMEOUT_MS) faults.push(`the server took ${end.seconds.toFixed(1)} s to end`)
    }
    const wrong = failed.filter(({ kind }) => kind === 'wrong')
    const lost = failed.filter(({ kind }) => kind !== 'wrong')
    if (underWay === 0) faults.push('no request was under way when the server was told to end')
    return {
      ...figures,
      requests: all.length,
      failed: lost.length,
      wrong: wrong.length,
      times: rounds,
      recoverySeconds: slowest,
      remark: `SIGTERM; ${underWay} requests were under way, later ${refusals} connections refused, ${resets} reset unaccepted`,
      faults: [...faults, ...faultsOf('requests failed', lost), ...faultsOf('answers were wrong', wrong)],
    }
  },
}
