// The repository's tasks: `npm start`, `npm test` and their like come here. It may be started by an older Node; whatever
// it starts runs on the pinned one.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { runForeground } from './foreground.mjs'
import { makePythonEnvironments } from './python-environments.mjs'
import { nodePath, root, setUp } from './setup.mjs'

const bin = (path) => join(root, 'node_modules', path)
const [task, ...rest] = process.argv.slice(2)

const lint = ['lint', [bin('oxlint/bin/oxlint'), '--type-aware', '--deny-warnings']]
const format = ['format', [bin('oxfmt/bin/oxfmt'), '--check']]
const types = ['types', [bin('typescript/bin/tsc'), '--noEmit']]

const tasks = {
  start: () => one([join(root, 'src/cli/main.ts'), 'up', join(root, 'examples/fraud-pipeline/fraud.joblib'), ...rest]),
  check: () => steps([lint, format, types]),
  fix: () =>
    steps([
      ['format', [bin('oxfmt/bin/oxfmt')]],
      ['lint', [bin('oxlint/bin/oxlint'), '--type-aware', '--fix']],
    ]),
  test: () => (rest.length > 0 ? one([bin('vitest/vitest.mjs'), 'run', ...rest]) : test()),
  generate: () => one([join(root, 'scripts/generate.ts')]),
  build: () => one([join(root, 'scripts/build.mjs'), ...rest]),
  bench: () => one([join(root, 'scripts/bench/bench.ts'), ...rest]),
  fuzz: () => one([join(root, 'scripts/fuzz.ts'), ...rest]),
  soak: () => one([join(root, 'scripts/soak.ts'), ...rest]),
  prove: () => one([join(root, 'scripts/prove/prove.ts'), ...rest]),
}

if (!Object.hasOwn(tasks, task)) {
  process.stderr.write(`no task ${JSON.stringify(task)}; there are ${Object.keys(tasks).join(', ')}\n`)
  process.exit(2)
}
await setUp()
process.exit(await tasks[task]())

/** Runs the pinned Node in the foreground, with the packages' programs on its PATH. */
function one(args, env = {}) {
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
  const isWindows = process.platform === 'win32'
  return runForeground(nodePath, args, { cwd: root, env: { ...process.env, PATH: path, ...env }, shell: isWindows })
}

/** Runs all steps, also after one failed, and says which failed. */
async function steps(list) {
  const failed = []
  for (const [name, args] of list) {
    const started = Date.now()
    const code = await one(args)
    process.stderr.write(`${name}: ${code === 0 ? 'ok' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`)
    if (code !== 0) failed.push(name)
  }
  if (failed.length > 0) process.stderr.write(`failed: ${failed.join(', ')}\n`)
  return failed.length === 0 ? 0 : 1
}

/** Checks, then all tests; what a machine cannot run is skipped and named. `SLIPWAY_NO_SKIP=1` allows no skip. */
async function test() {
  const checks = await steps([lint, format, types])
  await makePythonEnvironments()
  const folder = mkdtempSync(join(tmpdir(), 'slipway-test-'))
  const report = join(folder, 'report.json')
  const skips = join(folder, 'skips.txt')
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const code = await one([bin('vitest/vitest.mjs'), ...args], { SLIPWAY_SKIPS_FILE: skips })
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined
  const reasons = existsSync(skips) ? [...new Set(readFileSync(skips, 'utf8').trim().split('\n'))] : []
  rmSync(folder, { recursive: true, force: true })
  for (const reason of reasons) process.stdout.write(`skipped: ${reason}\n`)
  if (counts === undefined) return 1
  const skipped = counts.numPendingTests + counts.numTodoTests
  process.stdout.write(`${counts.numPassedTests} passed, ${counts.numFailedTests} failed, ${skipped} skipped\n`)
  if (process.env.SLIPWAY_NO_SKIP === '1' && skipped > 0) {
    process.stderr.write('SLIPWAY_NO_SKIP=1: a skipped test is a failure here\n')
    return 1
  }
  return checks === 0 && code === 0 ? 0 : 1
}
