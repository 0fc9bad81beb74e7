import { describe, expect, test } from 'vitest'
import { DEFAULT_ROLLOUT, DEFAULT_SCALING, type RolloutSpec } from '../../api/resources.ts'
import { Invariants } from './invariants.ts'
import { MemoryStore } from './memory-store.ts'
import type { Nature } from './natures.ts'
import { startControl } from './simulated-control.ts'
import { SimulatedFleet } from './simulated-fleet.ts'
import { Chance, VirtualTime } from './virtual-time.ts'
import { Mirror } from './watched-store.ts'
import { createWorkload } from './workload.ts'

const NO_FAULTS = {
  death: 0,
  disconnection: 0,
  freeze: 0,
  lostStatus: 0,
  nonsense: 0,
  failedPublish: 0,
  unknownPublish: 0,
  lostBundle: 0,
  failedBringing: 0,
}
const SEEDS = 10

/**
 * Lets a good version serve for a while on two runners, then rolls out another.
 * @param rate requests a second
 * @returns how the rollout ended, and how long it took (virtual ms)
 */
async function rollOut(seed: number, nature: Nature, spec: Partial<RolloutSpec>, rate: number) {
  const time = new VirtualTime()
  const chance = new Chance(seed)
  const mirror = new Mirror()
  const invariants = new Invariants(time, mirror)
  const fleet = new SimulatedFleet(time, chance, new Map([['default', 2]]), NO_FAULTS, invariants)
  invariants.fleet = fleet
  const base = new MemoryStore(() => time.wallOffsetMs + time.nowMs)
  const projects = ['default']
  const onCommit = (commit: Parameters<Invariants['onCommit']>[0]) => invariants.onCommit(commit)
  const store = mirror.watch(base, 'api', onCommit)
  const workload = createWorkload({ time, chance, store, mirror, invariants, rates: fleet.rates, projects })
  await store.transact(async (tx) => {
    await tx.insert('project', '', 'default', { name: 'default', description: '' })
    for (const name of ['a', 'b'])
      await tx.insert('model', 'default', name, {
        project: 'default',
        name,
        description: '',
        labels: {},
        lastNumber: 0,
      })
  })
  const control = startControl({
    time,
    chance,
    store: mirror.watch(base, 'control', onCommit),
    fleet,
    storeFaults: { unavailable: 0, unknown: 0, rerun: 0 },
    options: {},
    log: () => undefined,
  })
  fleet.rates.set('default/fraud', rate)

  async function deploy(of: Nature, rollout: RolloutSpec): Promise<void> {
    await workload.addVersion('default', of)
    const version = mirror.all('version').find(({ document }) => document.fileName.startsWith(`${of}-`))?.document
    const { model = '', number = 0 } = version ?? {}
    const scaling = { ...DEFAULT_SCALING, minReplicas: 2 }
    const variant = { name: 'blue', model, version: number, weight: 1, scaling, isolation: 'runner' } as const
    await workload.put('default', 'fraud', { description: '', variants: [variant], rollout, isPaused: false })
    control.reconciler.poke()
  }

  async function goOn(until: () => boolean): Promise<void> {
    while (!until()) {
      await time.step()
      invariants.check()
    }
  }

  await deploy('flaky', DEFAULT_ROLLOUT)
  await goOn(() => time.nowMs >= 60_000)
  await deploy(nature, { ...DEFAULT_ROLLOUT, ...spec })
  let state: string | undefined
  const beganAtMs = time.nowMs
  await goOn(() => {
    const last = mirror.all('rollout').find(({ document }) => document.toRevision === 2)?.document
    state = last?.endedAtMs === undefined ? undefined : last.state
    return state !== undefined
  })
  control.crash()
  return { state, tookMs: time.nowMs - beganAtMs }
}

async function rolledBack(nature: Nature, spec: Partial<RolloutSpec>, rate: number): Promise<number> {
  let count = 0
  for (let seed = 1; seed <= SEEDS; seed++)
    if ((await rollOut(seed, nature, spec, rate)).state === 'rolled-back') count++
  return count
}

describe('a rollout that takes all of the traffic over at once is compared with the minute before', () => {
  test.each([
    ['all-at-once', 'errors'],
    ['all-at-once', 'slow'],
    ['blue-green', 'errors'],
    ['blue-green', 'slow'],
  ] as const)('%s: a version with %s is taken back', async (strategy, nature) => {
    expect(await rolledBack(nature, { strategy, bakeMs: 10_000 }, 60)).toBe(SEEDS)
  })

  test.each(['all-at-once', 'blue-green'] as const)('%s: a good version stays', async (strategy) => {
    expect(await rolledBack('good', { strategy, bakeMs: 10_000 }, 60)).toBe(0)
  })
})
