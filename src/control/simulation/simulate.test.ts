import { describe, expect, test } from 'vitest'
import { PLANTED_BUGS } from '../reconcile/options.ts'
import { STORE_BUGS } from '../store/fault.ts'
import { openSqliteStore } from '../store/open-store.ts'
import { environmentOf } from './simulated-control.ts'
import { simulate, type SimulateOptions } from './simulate.ts'
import { Chance, type VirtualTime } from './virtual-time.ts'

/** Short histories find what long ones do, and there can be more of them. */
const STEPS = 14
const SEEDS = 1200
const PARTS = 8
/** A bug that is found later than this is as good as not found. */
const FOUND_WITHIN = 300

describe('the control plane, simulated', () => {
  const counts: Record<string, number> = {}

  test.each(Array.from({ length: PARTS }, (_, part) => 1 + (part * SEEDS) / PARTS))(
    `whatever fails, what must hold holds, and in the end all is as it is wanted: seeds from %i`,
    async (from) => {
      for (let seed = from; seed < from + SEEDS / PARTS; seed++) {
        const simulated = await simulate({ seed, steps: STEPS })
        for (const [type, count] of Object.entries(simulated.counts)) counts[type] = (counts[type] ?? 0) + count
        counts.lives = (counts.lives ?? 0) + simulated.lives
      }
    },
    240_000,
  )

  test('the histories hold all that can happen', () => {
    const types = ['version-ready', 'version-failed', 'version-cancelled', 'rollout-promoted', 'rollout-rolled-back']
    types.push('rollout-rolling-back', 'rollout-cancelled', 'rollout-failed', 'endpoint-changed', 'endpoint-deleted')
    types.push('endpoint-scaled', 'runner-restarted')
    expect(types.filter((type) => (counts[type] ?? 0) < 20)).toEqual([])
    expect(counts.lives).toBeGreaterThan(2 * SEEDS)
  })

  test('a seed gives the same history again', async () => {
    for (let seed = 1; seed <= SEEDS; seed += 100) {
      const [first, second] = [await simulate({ seed, steps: STEPS }), await simulate({ seed, steps: STEPS })]
      expect(second).toEqual(first)
    }
  }, 60_000)

  test('all of it holds on the real store too', async () => {
    for (let seed = 1; seed <= 8; seed++) await simulate({ seed, steps: STEPS, openStore: sqlite })
  }, 120_000)

  test.each([...PLANTED_BUGS, ...STORE_BUGS])(
    'a planted bug is found: %s',
    async (plantedBug) => {
      expect(await firstSeedThatFinds({ plantedBug })).toBeLessThanOrEqual(FOUND_WITHIN)
    },
    120_000,
  )

  test('what is found names the seed and how to replay it', async () => {
    await expect(simulate({ seed: 1, steps: STEPS, plantedBug: 'silent-end' })).rejects.toThrow(
      /^seed 1: .+\nreplay it: npm run prove -- simulation --seed 1 --steps 14$/,
    )
  })
})

async function firstSeedThatFinds(options: Omit<SimulateOptions, 'seed'>): Promise<number> {
  for (let seed = 1; seed <= FOUND_WITHIN; seed++) {
    try {
      await simulate({ ...options, seed, steps: STEPS })
    } catch {
      return seed
    }
  }
  return Infinity
}

function sqlite(time: VirtualTime) {
  const environment = environmentOf({ time, chance: new Chance(1), log: () => undefined }, () => false)
  return openSqliteStore({ path: ':memory:', environment })
}
