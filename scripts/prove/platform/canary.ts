import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { drill, GOOD, rolloutSpec, type Behaviour } from '../../../src/control/policies/rollout.fixture.ts'
import type { Version } from '../../../src/api/resources.ts'
import { linearModel } from '../../../test/support/models.ts'
import { median } from '../../bench/schedule.ts'
import { startLoad, type Outcome } from '../load.ts'
import { faultsOf, measureLoad, type Found, type Proof, type ProofOptions } from '../proof.ts'
import { endServer, FIRST_FACTOR, MODEL } from '../served.ts'
import { addVersion, putVersion, startServed, type ServedPlatform } from './served-platform.ts'

/** Gives an endpoint good and bad versions by canary; then does so a hundred times each by the policy alone. */
export const canary: Proof = {
  name: 'canary',
  claim: 'a bad version is rolled back by itself before many have met it, and a good one is not',
  plant: 'nobody looks: it gets all of the traffic at once',
  seconds: 90,
  run: (options) => proveCanary(options),
}

type Kind = 'good' | 'failing' | 'slow'

/** How its code behaves besides what the model says. Failures come from the question, so that another try meets them too. */
const CODE: Readonly<Record<Kind, string>> = {
  good: '',
  failing: "if (x[0]! % 20 === 7) throw new Error('a mistake in the code')",
  slow: 'await new Promise((done) => setTimeout(done, 10))',
}

const KINDS: readonly Kind[] = ['failing', 'good', 'slow', 'good']
const ROLLOUT = {
  strategy: 'canary',
  step: 0.3,
  bakeMs: 2000,
  minSamples: 50,
  maxErrorIncrease: 0.01,
  maxLatencyIncrease: 0.5,
} as const
const UNWATCHED = { strategy: 'all-at-once', bakeMs: 0, minSamples: 0, maxErrorIncrease: 1 } as const
/**
 * Requests that may meet a bad version before it is gone: of half of all versions, and of any. When those come that fail at random,
 * one in twenty, is chance.
 */
const MOST_EXPOSED = { median: 200, any: 400 }
const DRILLS = 100
/** Of a hundred good versions with a chance of 1 % each; more than two would be no chance. */
const MOST_FALSE_ALARMS = 2

/** @param kinds what is rolled out in turn @param drills rollouts of each kind by the policy alone */
export async function proveCanary(
  options: ProofOptions,
  kinds: readonly Kind[] = KINDS,
  drills = DRILLS,
): Promise<Found> {
  const { folder, seconds, seed, signal, isPlanted } = options
  const begunMs = performance.now()
  const served = await startServed(folder, 'canary', { args: ['--runtime', 'typescript'] })
  const faults: string[] = []
  const { number } = await addCode(served, 'good', FIRST_FACTOR)
  await putVersion(served, number)
  const { port, grpcPort, key } = served
  const habits = [
    { clients: 6, pauseMs: 20 },
    { clients: 2, isGrpc: true, pauseMs: 20 },
  ]
  const load = startLoad({ port, grpcPort, key, model: MODEL, seed, habits })
  await load.more(100)
  const told: string[] = []
  let factor = FIRST_FACTOR
  let rounds = 0
  let slowestMs = 0
  const startedMs = performance.now()
  let isBadOut = false
  const excused: Outcome[] = []
  const exposed: number[] = []
  try {
    do {
      const kind = kinds[rounds++ % kinds.length] ?? 'good'
      const version = await addCode(served, kind, ++factor)
      isBadOut = kind === 'failing'
      const from = load.outcomes.length
      const putMs = performance.now()
      const rollout = isPlanted === true ? UNWATCHED : ROLLOUT
      const settled = await putVersion(served, version.number, { rollout })
      const tookMs = performance.now() - putMs
      const isPromoted = settled.servedRevision === settled.revision
      await sleep(100, undefined, { signal }) // what met it last ends
      const seen = load.outcomes.slice(from)
      const met = seen.filter((outcome) => outcome.version === factor || (isBadOut && isMistake(outcome)))
      if (isBadOut) excused.push(...seen.filter(isMistake))
      told.push(
        `${kind}: ${isPromoted ? 'promoted' : 'rolled back'} after ${(tookMs / 1000).toFixed(1)} s and ${met.length} requests`,
      )
      if (isPromoted !== (kind === 'good'))
        faults.push(`a ${kind} version was ${told.at(-1)?.slice(kind.length + 2)}: ${settled.reason}`)
      if (kind !== 'good') slowestMs = Math.max(slowestMs, tookMs)
      if (kind !== 'good') exposed.push(met.length)
      await load.more(20)
    } while (performance.now() - begunMs < seconds * 1000)
  } finally {
    await load.stop()
    await endServer(served)
  }
  const known = new Set(excused)
  const failed = load.outcomes.filter(
    (outcome) => outcome.kind !== 'right' && outcome.kind !== 'wrong' && !known.has(outcome),
  )
  const wrong = load.outcomes.filter(({ kind }) => kind === 'wrong')
  const drilled = drillAll(seed, drills)
  const [half, most] = [median(exposed), Math.max(0, ...exposed)]
  if (exposed.length > 2 && half > MOST_EXPOSED.median)
    faults.push(`half of the bad versions were met by ${half} requests, at most ${MOST_EXPOSED.median} may`)
  if (most > MOST_EXPOSED.any) faults.push(`${most} requests met a bad version, at most ${MOST_EXPOSED.any} may`)
  return {
    ...measureLoad(load.outcomes, startedMs),
    failed: failed.length,
    wrong: wrong.length,
    times: rounds,
    recoverySeconds: slowestMs / 1000,
    remark: `${told.slice(0, 4).join(', ')}; ${drilled.remark}`,
    faults: [
      ...faults,
      ...drilled.faults,
      ...faultsOf('requests failed that no bad version answered', failed),
      ...faultsOf('answers were wrong', wrong),
    ],
  }
}

/** Good versions and twice as many bad ones, by the policy alone. */
function drillAll(seed: number, drills: number): Pick<Found, 'remark' | 'faults'> {
  const spec = rolloutSpec({ bakeMs: 30_000 })
  const run = (behaviour: Behaviour) =>
    Array.from({ length: drills }, (_, i) =>
      drill({
        seed: seed * 1000 + i,
        spec,
        old: GOOD,
        new: behaviour,
        requestsPerLook: 100,
        looksBefore: 40,
        mostLooks: 600,
      }),
    )
  const backIn = (ends: ReturnType<typeof run>) => ends.filter(({ end }) => end === 'roll-back').length
  const good = backIn(run(GOOD))
  const failing = run({ ...GOOD, errors: GOOD.errors + 0.05 })
  const slow = run({ ...GOOD, medianMs: GOOD.medianMs * 3 })
  const bad = backIn(failing) + backIn(slow)
  const most = Math.max(...[...failing, ...slow].map(({ exposed }) => exposed))
  return {
    remark: `by the policy alone ${good} of ${drills} good and ${bad} of ${2 * drills} bad ones rolled back, these by ${most} requests at most`,
    faults: [
      ...(good > MOST_FALSE_ALARMS ? [`${good} of ${drills} good versions were rolled back`] : []),
      ...(bad < 2 * drills ? [`${2 * drills - bad} of ${2 * drills} bad versions were not rolled back`] : []),
    ],
  }
}

/** Brings a model with code around it. */
async function addCode(served: ServedPlatform, kind: Kind, factor: number): Promise<Version> {
  const path = join(served.folder, `${kind}-${factor}`)
  await mkdir(path, { recursive: true })
  await writeFile(join(path, `${MODEL}.onnx`), linearModel({}, factor))
  await writeFile(
    join(path, 'predict.ts'),
    `
import { numbers, type GivenTensors, type Model, type Tensors } from 'slipway'

export async function predict(inputs: Tensors, model: Model): Promise<GivenTensors> {
  const x = numbers(inputs.X)
  ${CODE[kind]}
  await new Promise((done) => setTimeout(done, 1 + (x[0]! % 2)))
  return model({ X: inputs.X! }, ['y'])
}
`,
  )
  return addVersion(served, path, MODEL, { runtime: 'typescript' })
}

/** What the failing version's code throws. */
function isMistake({ kind, status }: Outcome): boolean {
  return kind === 'failed' && status === 500
}
