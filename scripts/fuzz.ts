// Damages good bodies and model files of every form that is read, a million times, and fails when one of them ends in
// anything but what it stands for or a refusal in words, or takes long.
import { parseArgs } from 'node:util'
import { Dice } from '../src/core/dice.fixture.ts'
import { makeMutant, readMutant, TARGETS } from '../src/codecs/mutants.fixture.ts'
import { fuzzEstimator } from '../src/compiler/sklearn/mutants.fixture.ts'
import { fuzzTorch } from '../src/compiler/torch/mutants.fixture.ts'
import { boosterMutant, readBoosterMutant } from '../src/formats/boosters/mutants.fixture.ts'
import { FILE_TARGETS, makeFileMutant, readFileMutant } from '../src/formats/mutants.fixture.ts'
import { fuzzKernel } from '../src/engines/named-kernels/mutants.fixture.ts'
import { fuzzPickle } from '../src/formats/python/mutants.fixture.ts'

/** Longest that this thread may work on one body or file of some kilobytes (ms). */
const LONGEST_MS = 1000

/** Makes a mutant and reads it. @returns whether it was read, and not refused; throws what is neither */
type Fuzz = (dice: Dice) => boolean

const SUBJECTS: Readonly<Record<string, Fuzz>> = {
  ...Object.fromEntries(
    Object.entries(TARGETS).map(([name, target]): [string, Fuzz] => [
      name,
      (dice) => readMutant(target, makeMutant(target, dice), dice),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(FILE_TARGETS).map(([name, target]): [string, Fuzz] => [
      name in TARGETS ? `${name} file` : name,
      (dice) => readFileMutant(target, makeFileMutant(target, dice)),
    ]),
  ),
  pickle: fuzzPickle,
  estimator: fuzzEstimator,
  booster: (dice) => readBoosterMutant(boosterMutant(dice)),
  torch: fuzzTorch,
  'kernel parameters': (dice) => fuzzKernel(dice),
}

const { values } = parseArgs({
  options: {
    mutants: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const [mutants, seed] = [Number(values.mutants), Number(values.seed)]
const subjects = Object.entries(SUBJECTS).filter(([name]) => values.only === undefined || name === values.only)

if (values.help || !(mutants > 0) || !Number.isInteger(seed) || subjects.length === 0) {
  const names = Object.keys(SUBJECTS).map((name) => JSON.stringify(name))
  process.stdout.write(`npm run fuzz -- [--mutants 1000000] [--seed N] [--only FORM]\nforms: ${names.join(', ')}\n`)
  process.exitCode = values.help ? 0 : 2
} else {
  process.stdout.write(`${mutants} mutants from seed ${seed}\n`)
  const failures = subjects.map(([name, fuzz]) => run(name, fuzz, Math.ceil(mutants / subjects.length)))
  process.exitCode = failures.some((count) => count > 0) ? 1 : 0
}

/** @returns how many failed */
function run(name: string, fuzz: Fuzz, count: number): number {
  let taken = 0
  let failed = 0
  let slowestMs = 0
  for (let i = 0; i < count; i++) {
    const begunMs = workMs()
    try {
      if (fuzz(new Dice(seed + i))) taken++
    } catch (error) {
      if (++failed <= 3) process.stderr.write(`${name}, seed ${seed + i}: ${describe(error)}\n`)
    }
    slowestMs = Math.max(slowestMs, workMs() - begunMs)
  }
  const isSlow = slowestMs > LONGEST_MS
  process.stdout.write(
    `${name}: ${count} mutants, ${taken} read, ${count - taken - failed} refused, ${failed} failed, ` +
      `the slowest took ${slowestMs.toFixed(1)} ms${isSlow ? ': too long' : ''}\n`,
  )
  return failed + Number(isSlow)
}

/** What this thread has worked so far (ms): what else the machine does makes nothing slow. */
function workMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
