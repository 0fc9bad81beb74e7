import { setTimeout as sleep } from 'node:timers/promises'
import { linearModel } from '../../test/support/models.ts'
import { diceFrom } from '../soak/models.ts'
import { disturb, judge } from './disturb.ts'
import type { Outcome } from './load.ts'
import type { Proof } from './proof.ts'
import { FIRST_FACTOR, putModel, serveLinear } from './served.ts'

/** A version, by its factor, from when its file was there, and from when the server said that it had taken it over. */
interface Version {
  readonly factor: number
  readonly putMs: number
  readonly settledMs: number
}

const PAUSE_MS = 200

/** Changes the model's file and sends SIGHUP, again and again; some files are damaged, some are of a version before. */
export const reload: Proof = {
  name: 'reload',
  claim: 'a reload costs no request, and after it only the new version answers',
  seconds: 30,
  async run(options) {
    const served = await serveLinear(options.folder, 'reload', ['--workers', '2'])
    const { server, modelPath } = served
    const dice = diceFrom(options.seed)
    const versions: Version[] = [{ factor: FIRST_FACTOR, putMs: 0, settledMs: 0 }]
    const counts = { reloads: 0, damaged: 0 }
    const faults: string[] = []
    let slowestMs = 0
    let newest = FIRST_FACTOR
    const seen = await disturb(options, served, {
      habits: [{ clients: 6 }, { clients: 2, isFresh: true, pauseMs: 4 }],
      isEnough: () => counts.damaged > 0,
      async act(load) {
        const from = served.logEnd()
        const putMs = performance.now()
        const turn = counts.reloads++
        if (turn === 1 || dice(5) === 0) {
          counts.damaged++
          await putModel(modelPath, linearModel({}, 999).subarray(0, 20 + dice(60)))
          server.child.kill('SIGHUP')
          await served.says(/"message":"reloaded"/, from)
          const log = server.stderr().slice(from)
          if (!log.includes('a model could not be read, it stays what it was'))
            faults.push('a damaged file was not told of')
        } else {
          const before = versions.at(-2)?.factor
          const factor = before !== undefined && dice(4) === 0 ? before : ++newest
          await putModel(modelPath, linearModel({}, factor))
          server.child.kill('SIGHUP')
          await served.says(/"message":"reloaded"/, from)
          versions.push({ factor, putMs, settledMs: performance.now() })
          slowestMs = Math.max(slowestMs, performance.now() - putMs)
        }
        await load.more(20)
        await sleep(PAUSE_MS, undefined, { signal: options.signal })
      },
    })
    const unheard = versions.filter(({ factor }) => !seen.outcomes.some(({ version }) => version === factor))
    return judge(seen, {
      isWrong: (outcome) => isStranger(outcome, versions),
      times: counts.reloads,
      recoverySeconds: slowestMs / 1000,
      remark: `SIGHUP, ${counts.damaged} times with a damaged file; ${versions.length} versions answered`,
      faults: [...faults, ...unheard.map(({ factor }) => `the version with the factor ${factor} never answered`)],
    })
  },
}

/** Whether an answer came from a version that had been replaced before the request was sent, or that was not there yet. */
function isStranger({ kind, version, sentMs, endedMs }: Outcome, versions: readonly Version[]): boolean {
  if (kind !== 'right') return false
  const settled = versions.findLastIndex(({ settledMs }) => settledMs <= sentMs)
  return !versions.slice(settled).some(({ factor, putMs }) => factor === version && putMs <= endedMs)
}
