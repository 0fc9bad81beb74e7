import { describe, expect, test } from 'vitest'
import type { LoadedProgram } from '../engines/program.ts'
import { tensor, type Tensors } from '../tensor/tensor.ts'
import { measureBundle, measureCurve } from './measure.ts'
import { timesBundle, timesEngine } from './times-bundle.fixture.ts'

/** A clock that the model moves: each run takes what the test says. */
function slowProgram(msOf: (rows: number) => number) {
  const clock = { ms: 0, runs: [] as number[], rows: [] as number[][] }
  const program: LoadedProgram = {
    engines: ['slow'],
    canRunOffLoop: false,
    run(inputs) {
      const value = inputs.get('x')
      const rows = value?.shape[0] ?? 0
      clock.runs.push(rows)
      clock.rows.push(Array.from(value?.data as Float64Array))
      clock.ms += msOf(rows)
      return new Map()
    },
    release: () => {},
  }
  return { clock, program, now: () => clock.ms }
}

const TWO: Tensors = new Map([['x', tensor('FP64', [2, 1], Float64Array.of(1, 2))]])

describe('a curve', () => {
  test('has the time of a run at each size, of the recorded rows again and again', async () => {
    const { clock, program, now } = slowProgram((rows) => 0.01 + rows / 1000)
    const curve = await measureCurve(program, TWO, [], true, now)
    expect(curve.map(({ rows }) => rows)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256])
    for (const { rows, ms } of curve) expect(ms).toBeCloseTo(0.01 + rows / 1000, 3)
    expect(clock.rows.find((values) => values.length === 4)).toEqual([1, 2, 1, 2])
    expect(clock.rows.find((values) => values.length === 1)).toEqual([1])
  })

  test('ends where the time for it does', async () => {
    const { clock, program, now } = slowProgram((rows) => rows * 40)
    const curve = await measureCurve(program, TWO, [], true, now)
    expect(curve.map(({ rows }) => rows)).toEqual([1, 2])
    expect(clock.ms).toBeLessThan(1000)
  })

  test('has one size at least, however slow the model', async () => {
    const { program, now } = slowProgram((rows) => rows * 400)
    expect(await measureCurve(program, TWO, [], true, now)).toEqual([{ rows: 1, ms: 400 }])
  })

  test('of a model whose rows belong together is that of the recorded rows', async () => {
    const { program, now } = slowProgram(() => 1)
    expect(await measureCurve(program, TWO, [], false, now)).toEqual([{ rows: 2, ms: 1 }])
  })
})

describe('a profile', () => {
  const options = { machine: 'here', now: () => performance.now(), residentBytes: () => 0 }

  test('has every engine that runs the bundle as recorded, and no other', async () => {
    const able = timesEngine()
    const unwilling = { ...timesEngine(), name: 'unwilling', refusal: () => 'not today' }
    const profile = await measureBundle(timesBundle(), { ...options, engines: [able, unwilling] })
    expect(profile).toMatchObject({ profileVersion: 2, bundle: timesBundle().digest, machine: 'here' })
    expect(Object.keys(profile?.engines ?? {})).toEqual(['times'])
    expect(profile?.engines['times']).toMatchObject({ version: '1', canRunOffLoop: false })
    expect(profile?.engines['times']?.curve[0]?.rows).toBe(1)
    expect(able.released).toEqual(able.loaded)
  })

  test('is none for a bundle that answers otherwise than recorded', async () => {
    const engine = timesEngine()
    const bundle = timesBundle({ factor: 3, recordedFactor: 2 })
    expect(await measureBundle(bundle, { ...options, engines: [engine] })).toBeUndefined()
    expect(engine.released).toEqual(engine.loaded)
  })
})
