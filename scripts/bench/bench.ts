/**
 * `npm run bench`: Slipway, other servers and a static answer, side by side on this machine. All serve the same models
 * to the same requests; docs/performance.md says what is measured and how.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT } from '../../src/cli/command.ts'
import { ServingError } from '../../src/core/errors.ts'
import { compare } from './compare.ts'
import { BenchUsageError, HELP, PARTS, parseOptions, type Part } from './options.ts'
import { FOLDER, ROOT } from './paths.ts'
import { plot } from './plot.ts'
import { replaceSection, toMarkdown, toText, type Notes } from './report.ts'
import type { BenchResult } from './results.ts'

const PAGE = join(ROOT, 'docs/performance.md')
const PLOT = join(ROOT, 'docs/performance.svg')
const NOTES = join(import.meta.dirname, 'notes.json')

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort())

try {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) process.stdout.write(HELP)
  else {
    const { parts } = options
    const lastRun = join(FOLDER, parts.length === PARTS.length ? 'result.json' : `result-${parts.join('-')}.json`)
    const result = options.again ? readLastRun(lastRun) : await compare(options, stopping.signal)
    mkdirSync(FOLDER, { recursive: true })
    if (!options.again) writeFileSync(lastRun, JSON.stringify(result))
    const notes = JSON.parse(readFileSync(NOTES, 'utf8')) as Notes
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : toText(result, notes, parts))
    if (options.write) write(result, notes, parts)
    if (result.failures.some(({ server }) => server.startsWith('slipway'))) process.exitCode = EXIT.failed
  }
} catch (thrown) {
  process.exitCode = fail(thrown)
}

function readLastRun(path: string): BenchResult {
  if (!existsSync(path)) throw new BenchUsageError('--again tells the last run, and there is none yet')
  return JSON.parse(readFileSync(path, 'utf8')) as BenchResult
}

/** Renews the figures of the page, of the parts that were measured. */
function write(result: BenchResult, notes: Notes, parts: readonly Part[]): void {
  for (const part of parts)
    writeFileSync(PAGE, replaceSection(readFileSync(PAGE, 'utf8'), toMarkdown(result, notes, part), part))
  if (parts.includes('servers')) writeFileSync(PLOT, plot(result))
  process.stderr.write('bench: wrote docs/performance.md\n')
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
