/** `npm run prove`: does to a real server what goes wrong in production, under load, and counts what clients notice. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { EXIT } from '../../src/cli/command.ts'
import { endCommands } from '../../test/support/command.ts'
import { failureBound, proofTable, type Found, type Proof } from './proof.ts'
import { PROOFS } from './proofs.ts'

const HELP = `npm run prove -- [name…] [options]: what the data plane must show; all of it when nothing is named. Linux.

${PROOFS.map(({ name, claim }) => `  ${name.padEnd(10)} ${claim}`).join('\n')}

  --seconds N  length of each proof, about (30)
  --seed N     for what is drawn at random
  --json       one JSON document on stdout in place of the table
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const seconds = values.seconds === undefined ? undefined : Number(values.seconds)
const seed = Number(values.seed)
const unknown = positionals.filter((name) => !PROOFS.some((proof) => proof.name === name))

if (values.help) process.stdout.write(HELP)
else if (unknown.length > 0 || !Number.isSafeInteger(seed) || (seconds !== undefined && !(seconds > 0))) {
  process.stderr.write(HELP)
  process.exitCode = EXIT.usage
} else
  process.exitCode = await proveAll(PROOFS.filter(({ name }) => positionals.length === 0 || positionals.includes(name)))

async function proveAll(proofs: readonly Proof[]): Promise<number> {
  const stopping = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      stopping.abort()
      void endCommands()
    })
  const folder = await mkdtemp(join(tmpdir(), 'slipway-prove-'))
  const results: { readonly name: string; readonly claim: string; readonly found: Found }[] = []
  try {
    for (const proof of proofs) {
      process.stderr.write(`${proof.name}: ${proof.claim}\n`)
      const found = await proof.run({ seconds: seconds ?? proof.seconds, seed, folder, signal: stopping.signal })
      results.push({ name: proof.name, claim: proof.claim, found })
      for (const fault of found.faults) process.stderr.write(`${proof.name}: ${fault}\n`)
    }
  } finally {
    await endCommands()
    await rm(folder, { recursive: true, force: true })
  }
  const bounded = results.map((result) => ({ ...result, failureBound: failureBound(result.found) }))
  process.stdout.write(values.json ? `${JSON.stringify({ seed, proofs: bounded })}\n` : `${proofTable(results)}\n`)
  process.stderr.write(`seed ${seed}\n`)
  return results.every(({ found }) => found.faults.length === 0) ? EXIT.done : EXIT.failed
}
