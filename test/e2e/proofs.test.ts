/** What `npm run prove` shows at length, in seconds each. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { proveOverload } from '../../scripts/prove/overload.ts'
import type { ProofOptions } from '../../scripts/prove/proof.ts'
import { reload } from '../../scripts/prove/reload.ts'
import { rolling } from '../../scripts/prove/rolling.ts'
import { runner } from '../../scripts/prove/runner.ts'
import { terminate } from '../../scripts/prove/terminate.ts'
import { workers } from '../../scripts/prove/workers.ts'
import { endCommands } from '../support/command.ts'
import { needs } from '../support/needs.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-proofs-'))
})

afterEach(endCommands)

afterAll(async () => {
  await rm(folder, { recursive: true })
})

function options(seconds: number): ProofOptions {
  return { seconds, seed: 1, folder, signal: new AbortController().signal }
}

describe.skipIf(!needs('linux'))('under load', () => {
  test.each([workers, runner, reload, rolling, terminate])('$claim', async (proof) => {
    const found = await proof.run(options(2.5))
    expect(found.faults).toEqual([])
    expect([found.failed, found.wrong]).toEqual([0, 0])
    expect(found.times).toBeGreaterThan(0)
    expect(found.requests).toBeGreaterThan(100)
  })

  test('ten times as many requests as can be answered leave answers in time, and are told when to come again', async () => {
    // a machine with more to do than this: half of the long proof's limits; without admission a twentieth is left
    const isOurs = (fault: string) => !fault.includes('this machine is too busy to tell')
    for (let attempt = 1; ; attempt++) {
      const found = await proveOverload(options(3), { limits: { 10: 0.5 }, rounds: 1, factors: [10] })
      const faults = found.faults.filter(isOurs)
      if (faults.length > 0 && attempt < 3) continue
      expect(faults).toEqual([])
      break
    }
  })
})
