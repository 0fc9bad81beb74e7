/** Other people's clients against one running server of one model and two runners: the same numbers by each. */
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCollector, type Collector } from '../../src/telemetry/collector.fixture.ts'
import { endCommands, startServer } from '../support/command.ts'
import { textModel, twoInputModel, unaryModel } from '../support/models.ts'
import { needs } from '../support/needs.ts'
import { runPython } from '../support/python.ts'

const FRAUD = 'examples/fraud/fraud.onnx'
/** Some of the transactions, of both labels, and their columns' names. */
const [header = '', ...lines] = readFileSync(join(import.meta.dirname, '../../examples/fraud/transactions.csv'), 'utf8')
  .trimEnd()
  .split('\n')
const columns = header.split(',')
const rows = lines.filter((_line, at) => at % 40 === 0).map((line) => line.split(',').map(Number))

/** Each client: its script in this folder, and the environment that it runs in. */
const CLIENTS = [
  ['tritonclient over HTTP', 'triton_http.py', 'clients'],
  ['tritonclient over HTTP, asynchronous', 'triton_http_aio.py', 'clients'],
  ['tritonclient over gRPC', 'triton_grpc.py', 'clients'],
  ['tritonclient over gRPC, asynchronous', 'triton_grpc_aio.py', 'clients'],
  ['a client that knows gRPC by reflection', 'reflection.py', 'clients'],
  ['the KServe SDK', 'kserve_sdk.py', 'kserve'],
  ['MLflow', 'mlflow_clients.py', 'clients'],
  ["boto3's sagemaker-runtime", 'sagemaker_runtime.py', 'clients'],
] as const

interface Stage {
  readonly url: string
  /** Host and port of `url`. */
  readonly address: string
  readonly grpc: string
}

interface Result {
  readonly case: string
  /** Label and two probabilities of each row that was asked, where the case asked for them. */
  readonly rows?: readonly (readonly number[])[] | null
  readonly failure?: string
}

let folder: string
let collector: Collector
let fraud: Stage
let words: Stage
let expected: readonly (readonly number[])[]

const hasAll = needs('linux', 'python environment clients', 'python environment kserve')

beforeAll(async () => {
  if (!hasAll) return
  folder = await mkdtemp(join(tmpdir(), 'slipway-clients-'))
  await mkdir(join(folder, 'models'))
  await writeFile(join(folder, 'models/text.onnx'), textModel())
  await writeFile(join(folder, 'models/two.onnx'), twoInputModel())
  await writeFile(join(folder, 'models/half.onnx'), unaryModel('Identity', 'FP16'))
  await writeFile(join(folder, 'models/whole.onnx'), unaryModel('Identity', 'INT64'))
  // settings of traces can be changed only where traces go somewhere
  collector = await startCollector()
  fraud = await start(FRAUD)
  words = await start(join(folder, 'models'), '--server-name', 'triton')
  expected = await askPlainly()
})

afterAll(async () => {
  await endCommands()
  if (!hasAll) return
  await collector.close()
  await rm(folder, { recursive: true })
})

async function start(path: string, ...more: string[]): Promise<Stage> {
  const args = [path, '--data', join(folder, 'data'), '--workers', '2', ...more]
  const server = await startServer(args, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } })
  const [, grpc = ''] = await server.until(/^By gRPC it answers at (\S+)$/m)
  return { url: server.url, address: new URL(server.url).host, grpc }
}

async function post(path: string, document: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${fraud.url}${path}`, { method: 'POST', headers, body: JSON.stringify(document) })
  const text = await response.text()
  expect([response.status, text]).toEqual([200, text])
  return JSON.parse(text)
}

interface V2Answer {
  readonly outputs: readonly { readonly name: string; readonly data: readonly number[] }[]
}

/** What every client is held against: V2 JSON by fetch. */
async function askPlainly(): Promise<number[][]> {
  const input = { name: 'X', datatype: 'FP64', shape: [rows.length, columns.length], data: rows.flat() }
  const { outputs } = (await post('/v2/models/fraud/infer', { inputs: [input] })) as V2Answer
  const [labels = [], pairs = []] = ['predict', 'predict_proba'].map((wanted) => {
    return outputs.find(({ name }) => name === wanted)?.data ?? []
  })
  return labels.map((label, row) => [label, ...pairs.slice(2 * row, 2 * row + 2)])
}

/** Ways to ask that need no client of their own: any that can post JSON. */
const PLAIN: readonly [string, () => Promise<unknown>][] = [
  ['TensorFlow Serving, by row', async () => rowsOf(await post('/v1/models/fraud:predict', { instances: rows }))],
  [
    'TensorFlow Serving, by column',
    async () => {
      const { outputs } = (await post('/v1/models/fraud:predict', { inputs: { X: rows } })) as { outputs: Columns }
      return outputs.predict.map((label, row) => [label, ...(outputs.predict_proba[row] ?? [])])
    },
  ],
  [
    "Vertex AI's client-facing path",
    async () =>
      rowsOf(await post('/v1/projects/p/locations/l/endpoints/fraud:predict', { instances: rows, parameters: {} })),
  ],
  [
    "Vertex AI's path in a container",
    async () => rowsOf(await post('/v1/endpoints/1/deployedModels/2:predict', { instances: rows })),
  ],
  ['Azure ML, data', async () => rowsOf({ predictions: (await post('/score', { data: rows })) as Row[] })],
  [
    'Azure ML, input_data with columns',
    async () => {
      const input_data = { columns, index: rows.map((_row, at) => at), data: rows }
      return rowsOf({ predictions: (await post('/score', { input_data })) as Row[] })
    },
  ],
  [
    "MLflow's dataframe_split",
    async () => rowsOf(await post('/invocations', { dataframe_split: { columns, data: rows } })),
  ],
  ["MLflow's inputs", async () => rowsOf(await post('/invocations', { inputs: rows }))],
]

interface Row {
  readonly predict: number
  readonly predict_proba: readonly number[]
}

interface Columns {
  readonly predict: readonly number[]
  readonly predict_proba: readonly (readonly number[])[]
}

function rowsOf(answer: unknown): number[][] {
  const { predictions } = answer as { predictions: readonly Row[] }
  return predictions.map(({ predict, predict_proba }) => [predict, ...predict_proba])
}

/** Names of a script's cases, in order. */
function casesOf(script: string): string[] {
  const text = readFileSync(join(import.meta.dirname, script), 'utf8')
  return [...text.matchAll(/^@case\("(.*)"\)$/gm)].map(([, name = '']) => name)
}

/** Runs all cases of a script, each of which prints one line. */
async function runCases(script: string, environment: string, stage: Stage): Promise<Map<string, Result>> {
  const printed = await runPython(environment, [
    join(import.meta.dirname, script),
    JSON.stringify({ ...stage, rows, columns }),
  ])
  const results = printed.trim().split('\n')
  return new Map(results.map((line) => JSON.parse(line) as Result).map((result) => [result.case, result]))
}

function check(result: Result | undefined): void {
  expect(result?.failure ?? '').toBe('')
  expect(result).toBeDefined()
  if (Array.isArray(result?.rows)) expect(result.rows).toEqual(expected)
}

describe.skipIf(!hasAll)('one server, every client, the same digits', () => {
  test('which are not all alike', () => {
    expect(new Set(expected.map(([label]) => label))).toEqual(new Set([0, 1]))
    expect(new Set(expected.flat()).size).toBeGreaterThan(rows.length)
  })

  test.each(PLAIN)('plain JSON: %s', async (_what, ask) => {
    expect(await ask()).toEqual(expected)
  })

  describe.each(CLIENTS)('%s', (_what, script, environment) => {
    let results: Map<string, Result>
    beforeAll(async () => {
      results = await runCases(script, environment, fraud)
    })
    test.each(casesOf(script))('%s', (name) => check(results.get(name)))
  })

  describe('tritonclient, of other datatypes and of two inputs', () => {
    let results: Map<string, Result>
    beforeAll(async () => {
      results = await runCases('triton_words.py', 'clients', words)
    })
    test.each(casesOf('triton_words.py'))('%s', (name) => check(results.get(name)))
  })
})
