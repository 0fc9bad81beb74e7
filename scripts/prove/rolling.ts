import { setTimeout as sleep } from 'node:timers/promises'
import { startLoad } from './load.ts'
import { faultsOf, measureLoad, type Proof } from './proof.ts'
import { endServer, MODEL, serveLinear } from './served.ts'

const PAUSE_MS = 200

/** Has all runners replaced by fresh ones, again and again. */
export const rolling: Proof = {
  name: 'rolling',
  claim: 'replacing all runners costs no request',
  seconds: 30,
  async run({ seconds, seed, folder, signal }) {
    const served = await serveLinear(folder, 'rolling', ['--workers', '2'])
    const { server, port } = served
    const habits = [{ clients: 6 }, { clients: 4, pauseMs: 40 }, { clients: 2, isFresh: true, pauseMs: 4 }]
    const load = startLoad({ port, model: MODEL, seed, habits })
    await load.more(100)
    await sleep(Math.min(3000, seconds * 200), undefined, { signal })
    const first = new Set(await server.processes('runner'))
    const disturbedMs = performance.now()
    let restarts = 0
    let slowestMs = 0
    while (restarts === 0 || performance.now() - disturbedMs < seconds * 800) {
      const from = served.logEnd()
      const begunMs = performance.now()
      server.child.kill('SIGUSR2')
      await served.says(/"message":"every runner was replaced"/, from)
      slowestMs = Math.max(slowestMs, performance.now() - begunMs)
      restarts++
      await sleep(PAUSE_MS, undefined, { signal })
    }
    const left = (await server.processes('runner')).filter((pid) => first.has(pid))
    const outcomes = await load.stop()
    await endServer(served)
    const wrong = outcomes.filter(({ kind }) => kind === 'wrong')
    const failed = outcomes.filter(({ kind }) => kind !== 'right' && kind !== 'wrong')
    return {
      ...measureLoad(outcomes, disturbedMs),
      failed: failed.length,
      wrong: wrong.length,
      times: restarts,
      recoverySeconds: slowestMs / 1000,
      remark: 'SIGUSR2 with two runners',
      faults: [
        ...faultsOf('requests failed', failed),
        ...faultsOf('answers were wrong', wrong),
        ...(left.length > 0 ? [`${left.length} runners were not replaced`] : []),
      ],
    }
  },
}
