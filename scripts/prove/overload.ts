import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  GOODPUT_LIMITS,
  overload,
  overloadFaults,
  targetOf,
  type GoodputLimits,
  type OverloadOptions,
  type OverloadResult,
} from '../bench/overload.ts'
import { writeSleepingModel } from '../bench/sleeping-model.ts'
import { makeSlowModel, SLOW_ROW } from '../bench/slow-model.ts'
import { stepDown, type StepDown } from '../bench/step-down.ts'
import { createCaller, type Heard } from './caller.ts'
import type { Found, Proof, ProofOptions } from './proof.ts'
import { endServer, serveFile } from './served.ts'

/** The model that sleeps: what it is judged by is the server's doing, and not that the sender takes its processor. */
export const SLEEPING = 'sleeping'
/** The model that computes, beside a sender and refusals that take from the same processor. */
export const COMPUTING = 'computing'

export const DEADLINE_MS = 250

/** About 5 to 10 ms a row. */
export const LAYERS = 48

/** What is left of the peak in any case where sender, refusals and model share a processor: it tells of them together. */
export const COMPUTING_FLOOR: GoodputLimits = { 3: 0.75, 10: 0.6 }

/** Requests that are sent at once, each on its own connection, to see how they are turned away. */
const BURST = 200

/** Loads, as multiples of what can be answered, where nothing else is said. */
const FACTORS = [1, 3, 10]
/** The load that is stepped down from. */
const MOST = 10

/** The usual load, of what can be answered, before and after there is far too much. */
const USUAL = 0.4
/** How long goodput may take to come back when the load goes (s), and the least that it is looked at. */
const RECOVERY_S = { most: 5, least: 2 }

/** What of the peak is to be left. */
export interface OverloadWish {
  readonly limits: GoodputLimits
  /** For the model that computes, which is asked only where there are such. */
  readonly computing?: GoodputLimits | undefined
  readonly rounds: number
  /** Loads, as multiples of what can be answered. Default: 1, 3 and 10. */
  readonly factors?: readonly number[] | undefined
}

/** Asks a model that takes milliseconds a row for more than it can do. */
export const overloadProof: Proof = {
  name: 'overload',
  claim: 'more requests than can be answered in time do not cost those that can',
  plant: 'callers do not say how long they wait',
  seconds: 45,
  run: (options) => proveOverload(options, { limits: GOODPUT_LIMITS, computing: COMPUTING_FLOOR, rounds: 2 }),
}

export async function proveOverload(options: ProofOptions, wish: OverloadWish): Promise<Found> {
  const { folder, seconds } = options
  const models = [join(folder, SLEEPING), join(folder, `${COMPUTING}.onnx`)] as const
  await writeSleepingModel(models[0])
  await writeFile(models[1], makeSlowModel(LAYERS))
  const served = await serveFile(folder, models[0], wish.computing === undefined ? [] : [models[1]])
  const eachSeconds = Math.max(0.5, seconds / partsOf(wish))
  const seen = await see({ port: served.port, options, headers: {}, eachSeconds, wish })
  const { code } = await endServer(served)
  return summarizeOverload(seen, { faults: code === 0 ? [] : [`the server ended with ${code}`], wish, eachSeconds })
}

/** What was seen of a server under too much load. */
export interface Seen {
  readonly sleeping: OverloadResult
  readonly computing: OverloadResult | undefined
  readonly down: StepDown
  readonly burst: readonly Heard[]
}

export interface SeeOptions {
  readonly port: number
  readonly options: ProofOptions
  readonly headers: Readonly<Record<string, string>>
  readonly eachSeconds: number
  readonly wish: OverloadWish
}

/** Parts of equal length in which `see` measures: a round has one more than loads, the step down about three. */
export function partsOf({ rounds, computing, factors = FACTORS }: OverloadWish): number {
  return (rounds + (computing === undefined ? 0 : 1)) * (1 + factors.length) + 3
}

export async function see({ port, options, headers, eachSeconds, wish }: SeeOptions): Promise<Seen> {
  const askedOf = (model: string): OverloadOptions => ({
    ...requestOf(port, model, headers),
    isDeadlineSecret: options.isPlanted,
    factors: wish.factors ?? FACTORS,
    seconds: eachSeconds,
    rounds: wish.rounds,
    connections: 1000,
    signal: options.signal,
  })
  const asked = askedOf(SLEEPING)
  const sleeping = await overload(asked)
  const down = await stepDown(targetOf(asked), {
    usualPerSecond: sleeping.capacityPerSecond * USUAL,
    tooManyPerSecond: sleeping.capacityPerSecond * MOST,
    seconds: eachSeconds,
    patienceSeconds: Math.max(RECOVERY_S.least, Math.min(RECOVERY_S.most, eachSeconds)),
  })
  const burst = await sendBurst(port, headers)
  const computing = wish.computing && (await overload({ ...askedOf(COMPUTING), rounds: 1 }))
  return { sleeping, computing, down, burst }
}

/** A request for one row of one of the models. */
export function requestOf(port: number, model: string, headers: Readonly<Record<string, string>>) {
  return {
    port,
    path: `/v2/models/${model}/infer`,
    headers: { 'content-type': 'application/json', ...headers },
    inputs: [SLOW_ROW],
    deadlineMs: DEADLINE_MS,
  }
}

function sendBurst(port: number, headers: Readonly<Record<string, string>>): Promise<readonly Heard[]> {
  const { request } = targetOf({ ...requestOf(port, SLEEPING, headers), connections: BURST })
  return Promise.all(
    Array.from({ length: BURST }, async () => {
      const caller = createCaller(port)
      const heard = await caller.ask(request.toString())
      caller.hangUp()
      return heard
    }),
  )
}

export function summarizeOverload(
  { sleeping, computing, down, burst }: Seen,
  { faults, wish, eachSeconds }: { faults: readonly string[]; wish: OverloadWish; eachSeconds: number },
): Found {
  const { steps } = sleeping
  const refused = burst.filter(({ status }) => status === 429)
  const unexpected = burst.filter(({ status }) => status !== 200 && status !== 429 && status !== 504)
  const unguided = refused.filter(({ head }) => !/\r\nretry-after: *[1-9]\d* *\r\n/i.test(head))
  const all = [...steps, ...(computing?.steps ?? [])]
  const total = (rateOf: (step: OverloadResult['steps'][number]) => number) =>
    Math.round(all.reduce((sum, step) => sum + rateOf(step), 0) * eachSeconds)
  const [atOnce, most] = [steps[0], steps.at(-1)]
  // a sender that falls behind beside it is what this load is about
  const inTime = computing && { ...computing, steps: computing.steps.map((step) => ({ ...step, behindMs: 0 })) }
  const floor = inTime === undefined ? [] : overloadFaults(inTime, wish.computing)
  return {
    requests: total(({ offeredPerSecond }) => offeredPerSecond) + burst.length,
    failed: total(({ failedPerSecond }) => failedPerSecond) + unexpected.length,
    wrong: 0,
    times: steps.length,
    p50BeforeMs: atOnce?.p50Ms ?? NaN,
    p99BeforeMs: atOnce?.p99Ms ?? NaN,
    p50DuringMs: most?.p50Ms ?? NaN,
    p99DuringMs: most?.p99Ms ?? NaN,
    recoverySeconds: down.recoverySeconds,
    remark: [
      goodputOf(sleeping),
      ...(computing === undefined ? [] : [`computing beside the sender: ${goodputOf(computing)}`]),
      `${refused.length} of a burst of ${burst.length} refused`,
    ].join('; '),
    faults: [
      ...faults,
      ...overloadFaults(sleeping, wish.limits),
      ...floor.map((fault) => `the model that computes: ${fault}`),
      ...recoveryFaults(down),
      ...unexpected
        .slice(0, 1)
        .map(
          ({ status, reason }) => `${unexpected.length} of a burst got neither 200, 429 nor 504: ${status} ${reason}`,
        ),
      ...(refused.length === 0 ? ['nothing of a burst was refused'] : []),
      ...(unguided.length > 0 ? [`${unguided.length} refusals came without Retry-After`] : []),
    ],
  }
}

function goodputOf({ peakPerSecond, steps }: OverloadResult): string {
  const shares = steps.map(({ factor, goodPerSecond }) => `${factor}x ${percent(goodPerSecond / peakPerSecond)}`)
  return `peak ${peakPerSecond.toFixed(0)}/s, goodput ${shares.join(', ')}`
}

/** Of the usual load so much is answered in time. */
const LEAST_USUAL = 0.95

function recoveryFaults({ usualShare, recoverySeconds, patienceSeconds }: StepDown): string[] {
  if (!(usualShare >= LEAST_USUAL))
    return [
      `of a usual load ${percent(usualShare)} was answered in time before there was more, at least ${percent(LEAST_USUAL)} is wanted`,
    ]
  if (Number.isFinite(recoverySeconds)) return []
  return [`goodput had not come back ${patienceSeconds.toFixed(1)} s after the load had gone`]
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}
