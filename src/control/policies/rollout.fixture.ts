import { DEFAULT_ROLLOUT, type RolloutSpec } from '../../api/resources.ts'
import { LATENCY_BOUNDS_MS } from '../../api/runner-status.ts'
import { Dice } from '../../core/dice.fixture.ts'
import { easedShare, isWorthAChange } from './ease-in.ts'
import {
  addBaseline,
  beginJudging,
  judge,
  planSteps,
  type Judgement,
  type JudgeState,
  type SideFigures,
} from './rollout.ts'

/** How a version answers: share of errors, and latencies with a long tail. */
export interface Behaviour {
  readonly errors: number
  /** Share of its requests that are turned down for what is in them; none when absent. */
  readonly rejected?: number
  readonly medianMs: number
  /** Of the logarithm of the latency. */
  readonly spread: number
}

export const GOOD: Behaviour = { errors: 0.002, medianMs: 5, spread: 0.6 }

export function rolloutSpec(changes: Partial<RolloutSpec> = {}): RolloutSpec {
  return { ...DEFAULT_ROLLOUT, strategy: 'canary', ...changes }
}

export class Traffic {
  readonly #dice: Dice
  constructor(seed: number) {
    this.#dice = new Dice(seed)
  }

  chance(): number {
    return (this.#dice.roll(2 ** 30) + 0.5) / 2 ** 30
  }

  /** How many of so many go to a side of this share. */
  share(of: number, share: number): number {
    let n = 0
    for (let i = 0; i < of; i++) if (this.chance() < share) n++
    return n
  }

  figures(requests: number, { errors, rejected = 0, medianMs, spread }: Behaviour): SideFigures {
    const latency = noLatencies()
    const buckets = bucketsOf(medianMs, spread)
    let failed = 0
    let refused = 0
    for (let i = 0; i < requests; i++) {
      if (this.chance() < errors) {
        failed++
        continue
      }
      if (rejected > 0 && this.chance() < rejected) {
        refused++
        continue
      }
      const bucket = buckets[this.#dice.roll(buckets.length)] ?? 0
      latency[bucket] = (latency[bucket] ?? 0) + 1
    }
    return { requests, errors: failed, rejected: refused, latency }
  }
}

const known = new Map<string, readonly number[]>()

/** Buckets of a log-normal latency, each as often as it is likely. */
function bucketsOf(medianMs: number, spread: number): readonly number[] {
  const key = `${medianMs} ${spread}`
  const found = known.get(key)
  if (found !== undefined) return found
  const dice = new Dice(1)
  const chance = () => (dice.roll(2 ** 30) + 0.5) / 2 ** 30
  const made = Array.from({ length: 65_536 }, () => {
    const normal = Math.sqrt(-2 * Math.log(chance())) * Math.cos(2 * Math.PI * chance())
    const bucket = Math.ceil(8 * Math.log2((medianMs * Math.exp(spread * normal)) / 0.05))
    return Math.min(LATENCY_BOUNDS_MS.length, Math.max(0, bucket))
  })
  known.set(key, made)
  return made
}

const NO_LATENCIES: readonly number[] = [...LATENCY_BOUNDS_MS.map(() => 0), 0]

export function noLatencies(): number[] {
  return NO_LATENCIES.slice()
}

export const NOTHING: SideFigures = { requests: 0, errors: 0, rejected: 0, latency: noLatencies() }

export interface Drill {
  readonly seed: number
  readonly spec: RolloutSpec
  readonly old: Behaviour
  readonly new: Behaviour
  /** Of both sides together, in each look. */
  readonly requestsPerLook: number
  /** Looks at the old side before. */
  readonly looksBefore: number
  readonly mostLooks: number
  readonly intervalMs?: number | undefined
}

/** A whole rollout, look by look, to its end. */
export function drill(options: Drill): { end: Judgement['decision']; exposed: number; looks: number; last: Judgement } {
  const { spec, requestsPerLook, intervalMs = 1000 } = options
  const traffic = new Traffic(options.seed)
  const steps = planSteps(spec)
  let state: JudgeState = beginJudging(spec, true)
  for (let i = 0; i < options.looksBefore; i++)
    state = addBaseline(state, traffic.figures(requestsPerLook, options.old), spec)
  let step = 0
  let given = 0
  let exposed = 0
  const perSecond = (requestsPerLook / intervalMs) * 1000
  let last: Judgement | undefined
  for (let look = 1; look <= options.mostLooks; look++) {
    const wanted = steps[step]?.share ?? 1
    const eased = wanted < 1 ? easedShare({ wanted, perSecond, seen: state.requests }) : wanted
    if (given === 0 || isWorthAChange(given, eased, wanted)) given = eased
    const share = given
    const fresh = traffic.share(requestsPerLook, share)
    exposed += fresh
    last = judge(
      state,
      {
        step,
        share,
        elapsedMs: look * intervalMs,
        intervalMs,
        old: traffic.figures(requestsPerLook - fresh, options.old),
        new: traffic.figures(fresh, options.new),
      },
      spec,
    )
    state = last.state
    if (last.decision === 'advance') step++
    if (last.decision === 'promote' || last.decision === 'roll-back')
      return { end: last.decision, exposed, looks: look, last }
  }
  if (last === undefined) throw new Error('no look was taken')
  return { end: 'wait', exposed, looks: options.mostLooks, last }
}
