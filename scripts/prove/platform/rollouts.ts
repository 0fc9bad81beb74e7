import { setTimeout as sleep } from 'node:timers/promises'
import type { RolloutSpec } from '../../../src/api/resources.ts'
import { linearModel } from '../../../test/support/models.ts'
import { disturb, judge } from '../disturb.ts'
import type { Outcome } from '../load.ts'
import type { Proof } from '../proof.ts'
import { FIRST_FACTOR, MODEL } from '../served.ts'
import { addVersion, putVersion, servePlatform } from './served-platform.ts'

/** When a version, told by its factor, may answer. */
interface Turn {
  readonly factor: number
  readonly fromMs: number
  untilMs: number
}

const STRATEGIES: readonly Partial<RolloutSpec>[] = [
  { strategy: 'all-at-once' },
  { strategy: 'canary', step: 0.3 },
  { strategy: 'blue-green' },
  { strategy: 'linear', step: 0.5 },
]

/** Gives an endpoint new version after new version, by each strategy in turn, with more and fewer replicas. */
export const rollouts: Proof = {
  name: 'rollouts',
  claim: 'an endpoint gets new version after new version at the cost of no request',
  plant: 'the endpoint is deleted and made anew instead',
  seconds: 90,
  async run(options) {
    const { folder, seconds, signal } = options
    const served = await servePlatform(folder, 'rollouts')
    const { client } = served.platform
    const turns: Turn[] = [{ factor: FIRST_FACTOR, fromMs: 0, untilMs: Infinity }]
    const faults: string[] = []
    let newest = FIRST_FACTOR
    let slowestMs = 0
    const seen = await disturb(options, served, {
      habits: [
        { clients: 4 },
        { clients: 2, isGrpc: true },
        { clients: 2, pauseMs: 40 },
        { clients: 2, isFresh: true, pauseMs: 4 },
      ],
      isEnough: () => turns.length > Math.min(STRATEGIES.length, seconds / 2),
      async act(load) {
        const turn = turns.length - 1
        const { number } = await addVersion(served, linearModel({}, ++newest))
        const fromMs = performance.now()
        if (options.isPlanted === true) {
          await client.call('deleteEndpoint', { params: { project: 'default', endpoint: MODEL } })
          const isGone = () =>
            client.call('getEndpoint', { params: { project: 'default', endpoint: MODEL } }).then(
              () => false,
              () => true,
            )
          while (!(await isGone())) await sleep(20)
        }
        const fresh: Turn = { factor: newest, fromMs, untilMs: Infinity }
        const before = turns.filter(({ untilMs }) => untilMs === Infinity)
        turns.push(fresh)
        const settled = await putVersion(served, number, {
          rollout: STRATEGIES[turn % STRATEGIES.length],
          variant: { scaling: { minReplicas: 1 + (turn % 2), maxReplicas: 2 } },
        })
        const settledMs = performance.now()
        slowestMs = Math.max(slowestMs, settledMs - fromMs)
        if (settled.servedRevision === settled.revision) for (const each of before) each.untilMs = settledMs
        else {
          fresh.untilMs = settledMs
          faults.push(`a good version was rolled back: ${settled.reason}`)
        }
        await load.more(20)
        await sleep(50, undefined, { signal })
      },
    })
    const unheard = turns.filter(({ factor }) => !seen.outcomes.some(({ version }) => version === factor))
    return judge(seen, {
      isWrong: (outcome) => isStranger(outcome, turns),
      times: turns.length - 1,
      recoverySeconds: slowestMs / 1000,
      remark: `${STRATEGIES.map(({ strategy }) => strategy).join(', ')} in turn, REST and gRPC`,
      faults: [...faults, ...unheard.map(({ factor }) => `the version with the factor ${factor} never answered`)],
    })
  },
}

/** Whether an answer came from a version that might not answer at any time while the request was under way. */
function isStranger({ kind, version, sentMs, endedMs }: Outcome, turns: readonly Turn[]): boolean {
  if (kind !== 'right') return false
  return !turns.some(({ factor, fromMs, untilMs }) => factor === version && fromMs <= endedMs && untilMs >= sentMs)
}
