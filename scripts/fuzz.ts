// Damages good bodies of every form that is read, a million times, and fails when one of them ends in anything but tensors
// or a refusal in words for the caller, or takes long.
import { parseArgs } from 'node:util'
import { Dice } from '../src/codecs/dice.fixture.ts'
import { makeMutant, readMutant, TARGETS } from '../src/codecs/mutants.fixture.ts'

/** Longest that this thread may work on one body of some kilobytes (ms). */
const LONGEST_MS = 1000

const { values } = parseArgs({
  options: {
    mutants: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const [mutants, seed] = [Number(values.mutants), Number(values.seed)]
const targets = Object.entries(TARGETS).filter(([name]) => values.only === undefined || name === values.only)

if (values.help || !(mutants > 0) || !Number.isInteger(seed) || targets.length === 0) {
  const names = Object.keys(TARGETS).map((name) => JSON.stringify(name))
  process.stdout.write(`npm run fuzz -- [--mutants 1000000] [--seed N] [--only FORM]\nforms: ${names.join(', ')}\n`)
  process.exitCode = values.help ? 0 : 2
} else {
  process.stdout.write(`${mutants} mutants from seed ${seed}\n`)
  const failures = targets.map(([name, target]) => {
    let taken = 0
    let failed = 0
    let slowestMs = 0
    const count = Math.ceil(mutants / targets.length)
    for (let i = 0; i < count; i++) {
      const dice = new Dice(seed + i)
      const mutant = makeMutant(target, dice)
      const begunMs = workMs()
      try {
        if (readMutant(target, mutant, dice)) taken++
      } catch (error) {
        if (++failed <= 3)
          process.stderr.write(
            `${name}, seed ${seed + i}: ${JSON.stringify(mutant.body.toString('latin1'))}\n${describe(error)}\n`,
          )
      }
      slowestMs = Math.max(slowestMs, workMs() - begunMs)
    }
    const isSlow = slowestMs > LONGEST_MS
    process.stdout.write(
      `${name}: ${count} mutants, ${taken} read, ${count - taken - failed} refused, ${failed} failed, ` +
        `the slowest took ${slowestMs.toFixed(1)} ms${isSlow ? ': too long' : ''}\n`,
    )
    return failed + Number(isSlow)
  })
  process.exitCode = failures.some((count) => count > 0) ? 1 : 0
}

/** What this thread has worked so far (ms): what else the machine does makes nothing slow. */
function workMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
