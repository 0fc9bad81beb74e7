/** `npm run prove`: does to the real product what goes wrong in production, under load, and counts what clients notice. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { EXIT } from '../../src/cli/command.ts'
import { endCommands } from '../../test/support/command.ts'
import { failureBound, proofTable, tell, type Found, type Proof, type ProofOptions } from './proof.ts'
import { PROOFS } from './proofs.ts'

const HELP = `npm run prove -- [name…] [options]: what the product must show; all of it when nothing is named. Linux.

${PROOFS.map(({ name, claim }) => `  ${name.padEnd(18)} ${claim}`).join('\n')}

  --minutes N  time for all of them together, about
  --seconds N  time for each of them, about
  --seed N     for what is drawn at random
  --steps N    length of each simulated history
  --planted    with a fault in each: every one of them is to find it
  --json       one JSON document on stdout in place of the table
`

/** What a proof takes besides its time: its server starts and ends (s). */
const BESIDES_S = 5

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    steps: { type: 'string' },
    planted: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const [minutes, seconds, steps] = [values.minutes, values.seconds, values.steps].map((word) =>
  word === undefined ? undefined : Number(word),
)
const seed = Number(values.seed)
const isPositive = (value: number | undefined) => value === undefined || value > 0
const unknown = positionals.filter((name) => !PROOFS.some((proof) => proof.name === name))

if (values.help) process.stdout.write(HELP)
else if (unknown.length > 0 || !Number.isSafeInteger(seed) || ![minutes, seconds, steps].every(isPositive)) {
  process.stderr.write(HELP)
  process.exitCode = EXIT.usage
} else
  process.exitCode = await proveAll(PROOFS.filter(({ name }) => positionals.length === 0 || positionals.includes(name)))

async function proveAll(all: readonly Proof[]): Promise<number> {
  const proofs = all.filter(({ plant }) => !values.planted || plant !== undefined)
  const stopping = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      stopping.abort()
      void endCommands()
    })
  const results: { readonly name: string; readonly claim: string; readonly found: Found }[] = []
  for (const proof of proofs) {
    if (stopping.signal.aborted) break
    const { name, claim, plant } = proof
    process.stderr.write(`${name}: ${claim}${values.planted ? `; but ${plant}` : ''}\n`)
    const found = await run(proof, {
      seconds: secondsOf(proof, proofs),
      seed,
      steps,
      signal: stopping.signal,
      isPlanted: values.planted,
    })
    results.push({ name, claim, found })
    for (const fault of found.faults) process.stderr.write(`${name}: ${fault}\n`)
  }
  const bounded = results.map((result) => ({ ...result, failureBound: failureBound(result.found) }))
  const caption = `seed ${seed}; "failures below": what is still possible with 95 % confidence where none was seen`
  process.stdout.write(
    values.json ? `${JSON.stringify({ seed, proofs: bounded })}\n` : `${proofTable(results)}\n${caption}\n`,
  )
  const isAsWished = ({ faults, isSkipped }: Found) =>
    isSkipped === true || (values.planted ? faults.length > 0 : faults.length === 0)
  const isDone = results.length === proofs.length && results.every(({ found }) => isAsWished(found))
  return isDone ? EXIT.done : EXIT.failed
}

/** A share of the time for all of them as large as the time that it takes when nothing is said. */
function secondsOf(proof: Proof, proofs: readonly Proof[]): number {
  if (seconds !== undefined) return seconds
  if (minutes === undefined) return proof.seconds
  const usual = proofs.reduce((sum, each) => sum + each.seconds, 0)
  return (proof.seconds / usual) * Math.max(minutes * 60 - proofs.length * BESIDES_S, proofs.length)
}

/** Runs one in a folder of its own; one that breaks off does not hold. */
async function run(proof: Proof, options: Omit<ProofOptions, 'folder'>): Promise<Found> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-prove-'))
  try {
    return await proof.run({ ...options, folder })
  } catch (error) {
    return tell({
      remark: 'broke off',
      faults: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
    })
  } finally {
    await endCommands()
    await rm(folder, { recursive: true, force: true })
  }
}
