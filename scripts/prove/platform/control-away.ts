import { setTimeout as sleep } from 'node:timers/promises'
import { disturb, judge } from '../disturb.ts'
import type { Proof } from '../proof.ts'
import { MODEL } from '../served.ts'
import { servePlatform } from './served-platform.ts'

/** How soon whatever takes control's place is killed too (ms). */
const LOOK_EVERY_MS = 20
/** Who is refused more often is told to slow down instead (ms). */
const REFUSED_EVERY_MS = 1000

const BODY = '{"inputs":[{"name":"X","datatype":"FP32","shape":[1,2],"data":[1,1]}]}'

/** Kills control, and each that takes its place, all the time; runners are replaced meanwhile, and a key expires. */
export const controlAway: Proof = {
  name: 'control-away',
  claim: 'without control every endpoint goes on, and keys expire all the same',
  plant: 'its death takes a runner with it',
  seconds: 45,
  async run(options) {
    const { folder, seconds, isPlanted = false } = options
    const served = await servePlatform(folder, 'control-away')
    const { platform } = served
    const { client } = platform
    const expiresAtMs = Math.round(Date.now() + seconds * 500)
    const made = await client.call('createKey', {
      params: { project: 'default' },
      body: { name: 'passing', role: 'invoker', expiresAtMs },
    })
    const ask = async () =>
      (await platform.infer(MODEL, BODY, { authorization: `Bearer ${made.bearer}` }).catch(() => undefined))?.status
    while ((await ask()) !== 200) await sleep(20)
    const faults: string[] = []
    let kills = 0
    let refusals = 0
    let answers = 0
    let askedMs = 0
    const seen = await disturb(options, served, {
      habits: [{ clients: 6 }, { clients: 2, isGrpc: true }, { clients: 2, isFresh: true, pauseMs: 4 }],
      isEnough: () => refusals > 0,
      async act() {
        for (const pid of await platform.processes('control')) {
          process.kill(pid, 'SIGKILL')
          kills++
          const [runner] = isPlanted ? await platform.processes('runner') : []
          if (runner !== undefined) process.kill(runner, 'SIGKILL')
        }
        const beforeMs = Date.now()
        await sleep(LOOK_EVERY_MS)
        if (refusals > 0 && beforeMs - askedMs < REFUSED_EVERY_MS) return
        askedMs = beforeMs
        const status = await ask()
        if (status === 401 && Date.now() >= expiresAtMs) refusals++
        else if (status === 200 && beforeMs < expiresAtMs) answers++
        else faults.push(`a key that expires at ${expiresAtMs} was answered ${status} at ${beforeMs}`)
      },
    })
    return judge(seen, {
      times: kills,
      recoverySeconds: NaN,
      remark: `kill -9 of control as soon as it is there; a key was good ${answers} times, and refused ${refusals} times once it had expired`,
      faults: [...faults.slice(0, 1), ...(/control restarted/.test(seen.log) ? ['control was there for a while'] : [])],
    })
  },
}
