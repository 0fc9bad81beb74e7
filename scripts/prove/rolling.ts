import { setTimeout as sleep } from 'node:timers/promises'
import { disturb, judge } from './disturb.ts'
import type { Proof } from './proof.ts'
import { serveLinear } from './served.ts'

const PAUSE_MS = 200

/** Has all runners replaced by fresh ones, again and again. */
export const rolling: Proof = {
  name: 'rolling',
  claim: 'replacing all runners costs no request',
  seconds: 30,
  async run(options) {
    const served = await serveLinear(options.folder, 'rolling', ['--workers', '2'])
    const { server } = served
    let runners = new Set(await server.processes('runner'))
    let restarts = 0
    let slowestMs = 0
    let kept = 0
    const seen = await disturb(options, served, {
      habits: [{ clients: 6 }, { clients: 4, pauseMs: 40 }, { clients: 2, isFresh: true, pauseMs: 4 }],
      async act() {
        const from = served.logEnd()
        const begunMs = performance.now()
        server.child.kill('SIGUSR2')
        await served.says(/"message":"every runner was replaced"/, from)
        slowestMs = Math.max(slowestMs, performance.now() - begunMs)
        restarts++
        const fresh = await server.processes('runner')
        kept += fresh.filter((pid) => runners.has(pid)).length
        runners = new Set(fresh)
        await sleep(PAUSE_MS, undefined, { signal: options.signal })
      },
    })
    return judge(seen, {
      times: restarts,
      recoverySeconds: slowestMs / 1000,
      remark: 'SIGUSR2 with two runners',
      faults: kept > 0 ? [`${kept} runners were not replaced`] : [],
    })
  },
}
