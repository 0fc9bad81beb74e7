/** One model, one set of rows, every way to ask: the same digits. */
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endCommands, runCommand, startCommand, startServer } from '../support/command.ts'
import { startLambdaEmulator, type LambdaEmulator } from '../support/lambda-emulator.ts'

const FRAUD = 'examples/fraud/fraud.onnx'
const csv = readFileSync(join(import.meta.dirname, '../../examples/fraud/transactions.csv'), 'utf8')
  .trimEnd()
  .split('\n')
const columns = csv[0]?.split(',') ?? []
/** The transactions' fields, as they are written. */
const lines = csv.slice(1)
const rows = lines.map((line) => line.split(',').map(Number))

/** A way to ask: takes all rows, gives each row's `predict` and two probabilities as CSV. */
type Way = () => Promise<string[]>

let folder: string
let emulator: LambdaEmulator
let usual: string
/** Servers' addresses, by engine. */
const urls = new Map<string, string>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-numbers-'))
  const data = ['--data', join(folder, 'data')]
  // the first compiles, the others find the bundle
  urls.set('onnxruntime', (await startServer([FRAUD, ...data, '--engine', 'onnxruntime'])).url)
  urls.set('host-kernels', (await startServer([FRAUD, ...data, '--engine', 'host-kernels'])).url)
  // the engine that is taken when nobody names one was measured
  const { url } = await startServer([FRAUD, ...data])
  const { platform } = (await (await fetch(`${url}/v2/models/fraud`)).json()) as { platform: string }
  usual = platform.replace('slipway_', '')
  emulator = await startLambdaEmulator()
  startCommand(['serve', FRAUD, ...data], { env: { AWS_LAMBDA_RUNTIME_API: emulator.api } })
})

afterAll(async () => {
  await endCommands()
  await emulator.close()
  await rm(folder, { recursive: true })
})

async function post(engine: string, path: string, body: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${urls.get(engine)}${path}`, { method: 'POST', body, headers })
  const text = await response.text()
  expect([response.status, text.slice(0, 200)]).toEqual([200, text.slice(0, 200)])
  return text
}

interface V2Answer {
  readonly outputs: readonly { readonly name: string; readonly data: readonly number[] }[]
}

const v2Body = JSON.stringify({
  inputs: [{ name: 'X', datatype: 'FP64', shape: [rows.length, columns.length], data: rows.flat() }],
})

function fromV2(text: string): string[] {
  const { outputs } = JSON.parse(text) as V2Answer
  const labels = outputs.find(({ name }) => name === 'predict')?.data ?? []
  const probabilities = outputs.find(({ name }) => name === 'predict_proba')?.data ?? []
  return labels.map((label, row) => [label, probabilities[2 * row], probabilities[2 * row + 1]].join(','))
}

interface RowAnswer {
  readonly predict: number
  readonly predict_proba: readonly number[]
}

const fromRow = ({ predict, predict_proba }: RowAnswer) => [predict, ...predict_proba].join(',')
const fromLines = (text: string) => text.trimEnd().split('\n')

const named = (row: readonly number[]) => Object.fromEntries(columns.map((column, i) => [column, row[i]]))

function waysOf(engine: string): [string, Way][] {
  return [
    ['V2 REST', async () => fromV2(await post(engine, '/v2/models/fraud/infer', v2Body))],
    [
      'V2 REST, nested',
      async () => {
        const input = { name: 'X', datatype: 'FP64', shape: [rows.length, columns.length], data: rows }
        return fromV2(await post(engine, '/v2/models/fraud/infer', JSON.stringify({ inputs: [input] })))
      },
    ],
    [
      'V2 REST, row by row at the same time',
      async () => {
        const some = rows.slice(0, 60).map(async (row) => {
          const body = JSON.stringify({
            inputs: [{ name: 'X', datatype: 'FP64', shape: [1, columns.length], data: row }],
          })
          return fromV2(await post(engine, '/v2/models/fraud/infer', body))
        })
        return (await Promise.all(some)).flat()
      },
    ],
    [
      '/invocations with JSON',
      async () => {
        const text = await post(engine, '/invocations', JSON.stringify({ instances: rows }), {
          'content-type': 'application/json',
        })
        return (JSON.parse(text) as { predictions: RowAnswer[] }).predictions.map(fromRow)
      },
    ],
    [
      '/invocations with JSON by column',
      async () => {
        const body = JSON.stringify({ instances: rows.map(named) })
        const text = await post(engine, '/invocations', body, { 'content-type': 'application/json' })
        return (JSON.parse(text) as { predictions: RowAnswer[] }).predictions.map(fromRow)
      },
    ],
    [
      '/invocations with CSV',
      async () =>
        fromLines(
          await post(engine, '/invocations', `${lines.join('\n')}\n`, {
            'content-type': 'text/csv',
            accept: 'text/csv',
          }),
        ),
    ],
    [
      '/invocations with JSON lines',
      async () => {
        const body = rows.map((row) => JSON.stringify(row)).join('\n')
        const text = await post(engine, '/invocations', body, {
          'content-type': 'application/jsonlines',
          accept: 'application/jsonlines',
        })
        return fromLines(text).map((line) => fromRow(JSON.parse(line) as RowAnswer))
      },
    ],
  ]
}

/** What every other way is held against. */
function reference(engine = 'onnxruntime'): Promise<string[]> {
  return waysOf(engine)[0]?.[1]() ?? Promise.reject(new Error('no ways; this is a bug'))
}

async function expectSame(found: readonly string[], engine = 'onnxruntime', count = rows.length): Promise<void> {
  expect(found).toHaveLength(count)
  expect(found).toEqual((await reference(engine)).slice(0, count))
}

describe('the same rows give the same digits', () => {
  test('which are not all alike', async () => {
    const answers = await reference()
    expect(new Set(answers).size).toBeGreaterThan(900)
    expect(new Set(answers.map((answer) => answer[0]))).toEqual(new Set(['0', '1']))
  })

  describe.each(['onnxruntime', 'host-kernels'])('on %s', (engine) => {
    test.each(waysOf(engine))('by %s', async (what, ask) => {
      await expectSame(await ask(), engine, what.includes('row by row') ? 60 : rows.length)
    })
  })

  test('on either engine up to the last digits, and the same labels', async () => {
    const native = await reference('onnxruntime')
    const kernels = await reference('host-kernels')
    native.forEach((answer, row) => {
      const [label, ...probabilities] = answer.split(',').map(Number)
      const [other, ...found] = (kernels[row] ?? '').split(',').map(Number)
      expect(other).toBe(label)
      probabilities.forEach((value, i) => expect(Math.abs((found[i] ?? Number.NaN) - value)).toBeLessThan(1e-12))
    })
  })

  test.each([
    ['CSV', 'scored.csv', (text: string) => fromLines(text).slice(1)],
    [
      'JSON lines',
      'scored.jsonl',
      (text: string) => fromLines(text).map((line) => fromRow(JSON.parse(line) as RowAnswer)),
    ],
  ])('by slipway batch, written as %s', async (_what, name, read) => {
    const out = join(folder, name)
    const ended = await runCommand([
      'batch',
      FRAUD,
      '--in',
      'examples/fraud/transactions.csv',
      '--out',
      out,
      '--columns',
      'outputs',
      '--data',
      join(folder, 'data'),
    ])
    expect(ended).toMatchObject({ code: 0 })
    await expectSame(read(await readFile(out, 'utf8')), usual)
  })

  test('by slipway predict, from a file and from standard input', async () => {
    await writeFile(join(folder, 'request.json'), v2Body)
    const args = ['predict', FRAUD, '--data', join(folder, 'data'), '--in']
    const [file, piped] = await Promise.all([
      runCommand([...args, join(folder, 'request.json')]),
      runCommand([...args, '-'], { input: v2Body }),
    ])
    expect([file.code, piped.code]).toEqual([0, 0])
    await expectSame(fromV2(file.stdout), usual)
    await expectSame(fromV2(piped.stdout), usual)
  })

  test('as a Lambda function', async () => {
    const ask = async (target: string, type: string, body: string) => {
      const headers = [
        ['content-type', type],
        ['accept', type],
      ] as const
      const response = await emulator.fromHttp('v2', { method: 'POST', target, headers, body: Buffer.from(body) })
      expect(response.status).toBe(200)
      return response.body.toString()
    }
    await expectSame(fromV2(await ask('/v2/models/fraud/infer', 'application/json', v2Body)), usual)
    await expectSame(fromLines(await ask('/invocations', 'text/csv', lines.join('\n'))), usual)
  })
})
