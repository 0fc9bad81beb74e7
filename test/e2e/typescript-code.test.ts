/** Code in TypeScript around a model, served by the real command. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { endCommands, isAlive, runCommand, startServer, type RunningServer } from '../support/command.ts'
import { needs } from '../support/needs.ts'

vi.setConfig({ testTimeout: 120_000 }) // processes are started many times

const MODEL = resolve(import.meta.dirname, '../../examples/fraud/fraud.onnx')

/** Rows and the probabilities that the model has for them. */
const { expected } = JSON.parse(readFileSync(join(dirname(MODEL), 'coefficients.json'), 'utf8')) as {
  expected: { X: number[][]; predict: number[]; predict_proba: number[][] }
}

const CODE = {
  'predict.ts': `
import { InvalidInput, numbers, tensor, type GivenTensors, type Model, type Tensors } from 'slipway'
import { describe } from './describe.ts'

export async function predict(inputs: Tensors, model: Model): Promise<GivenTensors> {
  const x = numbers(inputs.X)
  if (x[0] === -1) throw new InvalidInput('the amount is negative')
  if (x[0] === -2) for (;;) {}
  if (x[0] === -3) throw new Error('a mistake in the code')
  const { predict_proba } = await model({ X: inputs.X! }, ['predict_proba'])
  const risk = numbers(predict_proba).filter((_, i) => i % 2 === 1)
  return { risk: tensor('FP64', risk), words: tensor('BYTES', Array.from(risk, describe)) }
}
`,
  'describe.ts': `
import limits from './limits.json' with { type: 'json' }
export const describe = (risk: number): string => (risk > limits.high ? 'high' : 'low')
`,
  'limits.json': '{ "high": 0.5 }',
}

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-typescript-code-'))
})

afterEach(async () => {
  await endCommands()
  await rm(folder, { recursive: true })
})

async function write(name: string, files: Readonly<Record<string, string>> = CODE): Promise<string> {
  await mkdir(join(folder, name), { recursive: true })
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, name, path), text)
  await copyFile(MODEL, join(folder, name, 'fraud.onnx'))
  return join(folder, name)
}

const data = () => ['--data', join(folder, 'data')]

function serve(path: string, more: readonly string[] = []): Promise<RunningServer> {
  return startServer([path, ...data(), ...more])
}

async function ask(server: RunningServer, rows: readonly number[][], model = 'fraud') {
  const inputs = [{ name: 'X', datatype: 'FP64', shape: [rows.length, 10], data: rows.flat() }]
  const answer = await fetch(`${server.url}/v2/models/${model}/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs }),
  })
  return { status: answer.status, text: await answer.text() }
}

function outputsIn({ text }: { readonly text: string }): Record<string, unknown[]> {
  const { outputs } = JSON.parse(text) as { outputs: { name: string; data: unknown[] }[] }
  return Object.fromEntries(outputs.map(({ name, data: values }) => [name, values]))
}

async function expectAnswers(server: RunningServer, model?: string): Promise<void> {
  const answer = outputsIn(await ask(server, expected.X, model))
  const risks = expected.predict_proba.map(([, risk]) => risk ?? 0)
  for (const [i, risk] of risks.entries()) expect(answer['risk']?.[i]).toBeCloseTo(risk, 9)
  expect(answer['words']).toEqual(risks.map((risk) => (risk > 0.5 ? 'high' : 'low')))
}

/** A row that does what its first number says. */
const row = (first: number): number[] => [first, ...(expected.X[0] ?? []).slice(1)]

/** Processes for code below a server, whoever started them. Linux. */
function codeProcesses(server: RunningServer): number[] {
  const found: number[] = []
  const waiting = [server.child.pid ?? 0]
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    try {
      if (/slipway-process\0code/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))) found.push(pid)
      for (const thread of readdirSync(`/proc/${pid}/task`))
        waiting.push(
          ...readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
        )
    } catch {
      // it has ended
    }
  }
  return found
}

describe.skipIf(!needs('linux', 'tar'))('code in TypeScript around a model', () => {
  test('is served from its folder, by every protocol, with rows of many callers in one run', async () => {
    const server = await serve(await write('fraud'))
    await expectAnswers(server)
    const row0 = await fetch(`${server.url}/invocations`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: (expected.X[0] ?? []).join(','),
    })
    expect(await row0.text()).toMatch(/^0\.\d+,low|^0\.\d+,high/)
    await Promise.all(Array.from({ length: 30 }, () => expectAnswers(server)))
    expect(await ask(server, [row(-1)])).toMatchObject({ status: 400, text: /the amount is negative/ })
    expect(await ask(server, [row(-3)])).toMatchObject({
      status: 500,
      text: /predict failed: Error: a mistake in the code \(predict\.ts, line 9, in predict\)/,
    })
    // one bad row costs the others nothing
    const [bad, good] = await Promise.all([ask(server, [row(-1)]), ask(server, [expected.X[0] ?? []])])
    expect([bad.status, good.status]).toEqual([400, 200])
  })

  test('of docs/inference-code.md runs as the page has it', async () => {
    const page = await readFile(resolve(import.meta.dirname, '../../docs/inference-code.md'), 'utf8')
    const code = /^```ts\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? ''
    const server = await serve(await write('fraud', { 'predict.ts': code }))
    const answer = outputsIn(await ask(server, expected.X))
    const risks = expected.predict_proba.map(([, risk]) => risk ?? 0)
    expect(answer['action']).toEqual(risks.map((risk) => (risk > 0.5 ? 'review' : 'pass')))
    expect(await ask(server, [row(-1)])).toMatchObject({ status: 400, text: /X has a negative number/ })
  })

  test('is refused where the operator wants no code, as a folder and as a bundle', async () => {
    const path = await write('fraud')
    const bundle = join(folder, 'fraud.bundle')
    const made = await runCommand(['compile', path, '--out', bundle, ...data()])
    expect(made.stderr + made.stdout).toMatch(/code in TypeScript \(typescript\.json\), around onnx model\.onnx/)
    expect(made.stdout + made.stderr).toMatch(/rows of different callers run together/)
    for (const each of [path, bundle]) {
      const refused = await runCommand(['serve', each, '--port', '0', '--runtime', 'compiled', ...data()])
      expect(refused.stderr).toMatch(/holds code in TypeScript.*add --runtime typescript/)
      expect(refused.code).toBe(3)
    }
    await expectAnswers(await serve(bundle))
    // the digest covers the code
    const file = join(bundle, 'code/describe.ts')
    await writeFile(file, `${await readFile(file, 'utf8')} `)
    const changed = await runCommand(['serve', bundle, '--port', '0', ...data()])
    expect(changed.stderr).toMatch(/"code\/describe\.ts" is not the one its manifest names/)
  })

  test('is served from an archive, and as a version of a model', async () => {
    const path = await write('fraud')
    const packed = join(folder, 'packed.tar.gz')
    execFileSync('tar', ['-czf', packed, '-C', path, '.'])
    await expectAnswers(await serve(packed), 'packed')
    await endCommands()
    execFileSync('tar', ['-czf', packed, '-C', folder, 'fraud'])
    await expectAnswers(await serve(packed), 'packed')
    await endCommands()
    await mkdir(join(folder, 'models/fraud'), { recursive: true })
    await rename(path, join(folder, 'models/fraud/2'))
    const server = await serve(join(folder, 'models'))
    await expectAnswers(server)
    expect((await fetch(`${server.url}/v2/models/fraud/versions/2/ready`)).status).toBe(200)
  })

  test('that never ends, or is killed, costs its request, and leaves no process with the server', async () => {
    const server = await serve(await write('fraud'), ['--timeout-ms', '8000'])
    const late = await ask(server, [row(-2)])
    expect(late.status).toBeGreaterThanOrEqual(500)
    await expect.poll(() => ask(server, expected.X).then(({ status }) => status), { timeout: 30_000 }).toBe(200)
    const [pid = 0] = codeProcesses(server)
    expect(pid).toBeGreaterThan(0) // 0 would be this test's own group
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => ask(server, expected.X).then(({ status }) => status), { timeout: 30_000 }).toBe(200)
    const running = ask(server, [row(-2)]).catch(() => undefined) // it will not see that nobody waits
    const before = codeProcesses(server)
    process.kill(await server.runner(), 'SIGKILL')
    for (const each of before) await expect.poll(() => isAlive(each), { timeout: 20_000 }).toBe(false)
    await running
  })

  test('runs in isolated processes, and in several at once', async () => {
    const path = await write('fraud')
    await expectAnswers(await serve(path, ['--isolation', 'process', '--replicas', '1']))
    await endCommands()
    const server = await serve(path, ['--typescript-workers', '2'])
    await expectAnswers(server)
    expect(codeProcesses(server)).toHaveLength(2)
  })

  test('says what is wrong with a folder before anything is served', async () => {
    const cases: [string, Record<string, string>, RegExp][] = [
      ['syntax', { 'predict.ts': 'export function predict( {' }, /loading the code failed: SyntaxError/],
      ['both', { ...CODE, 'inference.py': 'x = 1' }, /holds "predict\.ts", "inference\.py": leave one of them/],
      [
        'fails',
        { 'predict.ts': 'export const predict = () => { throw new Error("no") }' },
        /on its example rows, predict failed: Error: no \(predict\.ts, line 1/,
      ],
      [
        'example',
        { 'predict.ts': 'export const example = 4\nexport const predict = () => ({})' },
        /the example of the code is a number/,
      ],
      ['nothing', { 'predict.ts': 'export const predict = () => ({})' }, /gives no outputs/],
    ]
    for (const [name, files, message] of cases) {
      const { stderr, code } = await runCommand([
        'compile',
        await write(name, files),
        '--out',
        join(folder, `${name}.b`),
        ...data(),
      ])
      expect(stderr).toMatch(message)
      expect([1, 3]).toContain(code)
    }
  })
})
