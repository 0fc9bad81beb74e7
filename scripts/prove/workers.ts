import { setTimeout as sleep } from 'node:timers/promises'
import { busyLinearModel } from './busy-model.ts'
import { startLoad } from './load.ts'
import { faultsOf, measureLoad, type Proof } from './proof.ts'
import { slowestReturn } from './recovery.ts'
import { endServer, FIRST_FACTOR, MODEL, serveLinear } from './served.ts'

const EVERY_MS = 1000

/** Kills one of two isolated processes of a model after the other, whether or not the one before is back. */
export const workers: Proof = {
  name: 'workers',
  claim: 'an isolated process that is killed costs no request',
  seconds: 30,
  async run({ seconds, seed, folder, signal }) {
    const args = ['--isolation', 'process', '--replicas', '2', '--workers', '1']
    const served = await serveLinear(folder, 'workers', args, busyLinearModel(FIRST_FACTOR))
    const { server, port } = served
    const habits = [{ clients: 8 }, { clients: 2, pauseMs: 20 }]
    const load = startLoad({ port, model: MODEL, seed, habits })
    await load.more(100)
    await sleep(Math.min(3000, seconds * 200), undefined, { signal })
    const logStart = served.logEnd()
    const disturbedMs = performance.now()
    let kills = 0
    while (performance.now() - disturbedMs < seconds * 800) {
      const [oldest] = await server.processes('worker')
      if (oldest !== undefined) {
        process.kill(oldest, 'SIGKILL')
        kills++
      }
      await sleep(EVERY_MS, undefined, { signal })
    }
    await load.more(10)
    const outcomes = await load.stop()
    await endServer(served)
    const wrong = outcomes.filter(({ kind }) => kind === 'wrong')
    const failed = outcomes.filter(({ kind }) => kind !== 'right' && kind !== 'wrong')
    return {
      ...measureLoad(outcomes, disturbedMs),
      failed: failed.length,
      wrong: wrong.length,
      times: kills,
      recoverySeconds: slowestReturn(server.stderr().slice(logStart), 'worker'),
      remark: 'kill -9 of one of two processes, each second',
      faults: [
        ...faultsOf('requests failed', failed),
        ...faultsOf('answers were wrong', wrong),
        ...(kills === 0 ? ['no process was killed'] : []),
      ],
    }
  },
}
