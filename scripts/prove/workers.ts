import { setTimeout as sleep } from 'node:timers/promises'
import { busyLinearModel } from './busy-model.ts'
import { disturb, judge } from './disturb.ts'
import type { Found, Proof, ProofOptions } from './proof.ts'
import { slowestReturn } from './recovery.ts'
import { FIRST_FACTOR, serveLinear, type Served } from './served.ts'

const EVERY_MS = 1000

/** Kills one of two isolated processes of a model after the other, whether or not the one before is back. */
export const workers: Proof = {
  name: 'workers',
  claim: 'an isolated process that is killed costs no request',
  plant: 'a runner dies with it',
  seconds: 30,
  async run(options) {
    const args = ['--isolation', 'process', '--replicas', '2', '--workers', '1']
    return killWorkers(options, await serveLinear(options.folder, 'workers', args, busyLinearModel(FIRST_FACTOR)))
  },
}

/** Kills the older one of two processes each second. With a planted fault a runner dies with it. */
export async function killWorkers(options: ProofOptions, served: Served): Promise<Found> {
  let kills = 0
  const seen = await disturb(options, served, {
    habits: [{ clients: 8 }, { clients: 2, pauseMs: 20 }],
    async act() {
      const [oldest] = await served.server.processes('worker')
      if (oldest !== undefined) {
        process.kill(oldest, 'SIGKILL')
        kills++
      }
      const [runner] = options.isPlanted === true ? await served.server.processes('runner') : []
      if (runner !== undefined) process.kill(runner, 'SIGKILL')
      await sleep(EVERY_MS, undefined, { signal: options.signal })
    },
  })
  return judge(seen, {
    times: kills,
    recoverySeconds: slowestReturn(seen.log, 'worker'),
    remark: 'kill -9 of one of two processes, each second',
    faults: [],
  })
}
