/**
 * `npm run bench`: Slipway, FastAPI with ONNX Runtime and a static answer, side by side on this machine. All serve the
 * same model to the same requests; docs/performance.md says what is measured and how.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createProgress } from '../../src/cli/progress.ts'
import { EXIT } from '../../src/cli/command.ts'
import { ServingError } from '../../src/core/errors.ts'
import { measureFirstStart, measureLoad, measureStarts, WARM_UP_SECONDS } from './compare.ts'
import { findWrk } from './load.ts'
import { describeMachine } from './machine.ts'
import { BenchUsageError, HELP, parseOptions, type BenchOptions } from './options.ts'
import { FOLDER, ROOT } from './paths.ts'
import { allPlans } from './plans.ts'
import { plot } from './plot.ts'
import { setUpPython } from './python.ts'
import { BODY } from './question.ts'
import { replaceSection, toMarkdown, toText } from './report.ts'
import { summarize, type BenchResult } from './results.ts'

const PAGE = join(ROOT, 'docs/performance.md')
const PLOT = join(ROOT, 'docs/performance.svg')

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort())

try {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) process.stdout.write(HELP)
  else {
    const result = await bench(options, stopping.signal)
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : toText(result))
    if (options.write) write(result)
  }
} catch (thrown) {
  process.exitCode = fail(thrown)
}

async function bench(options: BenchOptions, signal: AbortSignal): Promise<BenchResult> {
  if (process.platform !== 'linux')
    throw new ServingError('unsupported', `the bench reads Linux's /proc, which ${process.platform} does not have`)
  const wrk = findWrk()
  mkdirSync(FOLDER, { recursive: true })
  const python = await setUpPython(FOLDER, signal)
  build()
  const planOptions = { folder: FOLDER, python, variant: options.variant }
  const progress = createProgress('bench', process.stderr, () => performance.now())
  const first = await measureFirstStart(planOptions, signal)
  const plans = allPlans(planOptions, first.answerBytes)
  const startMs = await measureStarts(plans, options, progress, signal)
  const { facts, cells } = await measureLoad(plans, options, progress, signal)
  progress.finish('done')
  const { rounds, seconds: secondsPerCell, connections, starts, seed, repeats } = options
  const bodyBytes = Buffer.byteLength(BODY)
  const names = plans.map((plan) => plan.name)
  return {
    measuredOn: new Date().toISOString().slice(0, 10),
    machine: describeMachine(python, wrk),
    settings: { rounds, secondsPerCell, warmUpSeconds: WARM_UP_SECONDS, connections, starts, seed, repeats, bodyBytes },
    servers: facts.map((fact) => ({
      ...fact,
      startMs: startMs.get(fact.server) ?? [],
      firstStartMs: fact.server === 'slipway' ? first.startMs : undefined,
    })),
    summary: summarize(cells, names),
    cells,
  }
}

/** Makes `dist/slipway.js` from the sources of now: what ships is what is measured. */
function build(): void {
  process.stderr.write('bench: building dist/slipway.js\n')
  const { status } = spawnSync(process.execPath, [join(ROOT, 'scripts/build.mjs')], { stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new ServingError('internal', 'the build failed; its words stand above')
}

/** Renews the figures of the page. */
function write(result: BenchResult): void {
  writeFileSync(PAGE, replaceSection(readFileSync(PAGE, 'utf8'), toMarkdown(result)))
  writeFileSync(PLOT, plot(result))
  process.stderr.write('bench: wrote docs/performance.md and docs/performance.svg\n')
}

/** @returns the exit code */
function fail(thrown: unknown): number {
  if (stopping.signal.aborted) {
    process.stderr.write('\nbench: stopped\n')
    return 130
  }
  if (thrown instanceof BenchUsageError) {
    process.stderr.write(`bench: ${thrown.message}\n\n${HELP}`)
    return EXIT.usage
  }
  const shown =
    thrown instanceof ServingError ? thrown.message : thrown instanceof Error ? thrown.stack : String(thrown)
  process.stderr.write(`\nbench: ${shown}\n`)
  return EXIT.failed
}
