/** Hostile files by the real commands: each costs its own upload, and the process that looks at it. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { describeFile } from '../../src/cli/inspect.ts'
import { runHere } from '../../src/cli/testing.fixture.ts'
import { endCommands, startServer } from '../support/command.ts'
import { CANARY, hostileFiles } from './hostile-files.fixture.ts'
import type { Inspection } from './inspect-files.fixture.ts'

vi.setConfig({ testTimeout: 120_000 })

const FILES = hostileFiles()
const DEMO = 'test/models/demo'

/** Words of JavaScript, of its engine and of our own source: none may reach a user. */
const RAW =
  /RangeError|TypeError|SyntaxError|URIError|Invalid array length|Cannot read|is not a function|not iterable|Unexpected token|Maximum call stack|undefined|\[object |\.ts:\d|\n\s+at |this is a bug|node:internal/

/** What a file of some megabytes may take to be looked at. */
const LIMITS = { memoryMiB: 900, timeoutMs: 60_000 }

/** What became of each file, by its name; of none after one that ended the process. */
const inspections = new Map<string, Inspection>()

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-hostile-'))
  await mkdir(join(folder, 'files'))
  for (const { name, content } of FILES) await writeFile(join(folder, 'files', name), content)
  for (const inspection of await inspectAll()) inspections.set(inspection.found.file, inspection)
})

afterAll(async () => {
  await endCommands()
  await rm(folder, { recursive: true })
})

function at(name: string): string {
  return join(folder, 'files', name)
}

/** Has all of them described by one process: what one leaves behind there is seen in those after it. */
async function inspectAll(): Promise<Inspection[]> {
  const limit = `--max-old-space-size=${LIMITS.memoryMiB}`
  const args = [limit, join(import.meta.dirname, 'inspect-files.fixture.ts'), ...FILES.map(({ name }) => at(name))]
  const options = { maxBuffer: 2 ** 28, timeout: 100_000, env: {} }
  const said = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, options, (_error, stdout) => resolve(stdout))
  })
  return said
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Inspection)
}

test.each(FILES.map((file) => [file.name, file] as const))(
  '%s is described in little memory and time, and refused with a stable code',
  (name, { isOnlyStrange = false, isHarmless = false }) => {
    const inspection = inspections.get(name)
    if (inspection === undefined) throw new Error('it, or one before it, ended the process that described it')
    const { found, tookMs, peakMiB } = inspection
    expect(tookMs).toBeLessThan(LIMITS.timeoutMs)
    expect(peakMiB).toBeLessThan(LIMITS.memoryMiB)
    expect(JSON.stringify(found) + describeFile(found)).not.toMatch(RAW)
    if (isHarmless && found.verdict === 'compiled') return
    expect(isOnlyStrange ? ['refused', 'needs-python'] : ['refused']).toContain(found.verdict)
    expect(['refused', 'unsupported', 'too_large', 'not_found']).toContain(found.error?.code)
  },
)

/** One of each kind: what refuses them is the same code for every command. */
const FEW = FILES.filter(({ name }) =>
  /^(system|nested|half|two-pickles|gzip-bomb|device|up|twice|bomb|tree-cycle-to-root|xgboost-cycle|lightgbm-cycle|weights-beyond|arrays|offsets|honest-in-onnx|length)\./.test(
    name,
  ),
)

test.each(FEW.map(({ name }) => name))('%s is not compiled, and leaves nothing', async (name) => {
  const out = join(folder, 'out')
  const args = ['compile', at(name), '--name', 'x', '--out', out, '--data', join(folder, 'data'), '--json']
  const { code, stdout, stderr } = await runHere(args)
  expect(existsSync(out)).toBe(false)
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string; details: object } }
  expect(code).toBe(3)
  expect(['refused', 'unsupported', 'too_large']).toContain(error.code)
  expect(error.details).not.toMatchObject({ reason: 'crash' })
  expect(stdout + stderr).not.toMatch(RAW)
})

test('a folder of them and of good models serves the good ones, and says why not the others', async () => {
  const models = join(folder, 'models')
  await mkdir(models)
  const stemOf = (name: string) => name.replace(/\..*$/, '')
  const bad = [...new Map(FEW.map((file) => [stemOf(file.name), file])).values()]
  for (const { name, content } of bad) await writeFile(join(models, name), content)
  for (const name of ['iris_logreg.pkl', 'wine_forest.joblib']) await cp(join(DEMO, name), join(models, name))
  const server = await startServer([models, '--data', join(folder, 'data')])
  const answer = await fetch(`${server.url}/v2/models/iris_logreg/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP64', shape: [1, 4], data: [5.1, 3.5, 1.4, 0.2] }] }),
  })
  expect(await answer.json()).toMatchObject({ outputs: [{ name: 'predict', data: ['setosa'] }] })
  const index = await fetch(`${server.url}/v2/repository/index`, { method: 'POST', body: '{}' })
  const states = (await index.json()) as { name: string; state: string; reason?: string }[]
  const ready = states.filter(({ state }) => state === 'READY').map(({ name }) => name)
  expect(ready.sort(), JSON.stringify(states)).toEqual(['iris_logreg', 'wine_forest'])
  const said = JSON.stringify(states) + server.stdout() + server.stderr()
  for (const { name } of bad) if (/\.(pkl|joblib|onnx|pt2)$/.test(name)) expect(said).toContain(stemOf(name))
  expect(said).not.toMatch(RAW)
})

test('none of them ran code or wrote beside its place', async () => {
  expect(existsSync(CANARY)).toBe(false)
  expect((await readdir(folder)).sort()).toEqual(['data', 'files', 'models'])
  expect(existsSync(join(folder, 'escaped.pkl')) || existsSync('/tmp/escaped.pkl')).toBe(false)
})
