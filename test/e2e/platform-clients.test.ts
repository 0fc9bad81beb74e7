/** One platform with a certificate of its own authority or without, and what people ask it with: the same numbers by each. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Endpoint } from '../../src/api/resources.ts'
import { endCommands, runCommand } from '../support/command.ts'
import { needs } from '../support/needs.ts'
import { removePlatforms, startPlatform, type RunningPlatform } from '../support/platform.ts'
import { runPython } from '../support/python.ts'

const run = promisify(execFile)
const FRAUD = 'examples/fraud/fraud.onnx'
const CLIENTS = join(import.meta.dirname, '../clients')
const [header = '', ...lines] = readFileSync(join(import.meta.dirname, '../../examples/fraud/transactions.csv'), 'utf8')
  .trimEnd()
  .split('\n')
const rows = lines.filter((_line, at) => at % 40 === 0).map((line) => line.split(',').map(Number))

const hasAll = needs('linux', 'curl', 'python environment clients', 'python environment kserve')

interface Result {
  readonly case: string
  readonly rows?: readonly (readonly number[])[] | null
  readonly failure?: string
}

let platform: RunningPlatform
let guarded: RunningPlatform
/** The guarded one's authority. */
let caFile: string
let expected: number[][]

beforeAll(async () => {
  if (!hasAll) return
  ;[platform, guarded] = await Promise.all([start(), start('--tls')])
  expected = await askPlainly()
  caFile = join(guarded.dataFolder, '../authority.pem')
  const exported = await runCommand(['ca', 'export', '--out', caFile, '--data', guarded.dataFolder])
  expect(exported.code, exported.stderr).toBe(0)
}, 60_000)

/** The command line finds a platform with TLS, and trusts it, by the data folder alone. */
async function start(...args: string[]): Promise<RunningPlatform> {
  const started = await startPlatform(args)
  const deployed = await started.deploy([FRAUD, '--min', '1', '--label', 'stable', '--json'])
  expect(deployed.code, deployed.stderr).toBe(0)
  return started
}

/** Where a script finds a platform, and what it asks. */
async function stageOf(on: RunningPlatform): Promise<object> {
  const shown = await runCommand(['get', 'endpoint', 'fraud', '--json', '--data', on.dataFolder])
  const [variant] = (JSON.parse(shown.stdout) as Endpoint).variants
  return {
    ...(JSON.parse(await readFile(join(on.dataFolder, 'credentials.json'), 'utf8')) as object),
    url: on.url,
    apiUrl: on.apiUrl,
    address: new URL(on.url).host,
    grpc: on.grpcAddress,
    key: on.key,
    ca: caFile,
    variant: variant?.name,
    digest: variant?.digest,
    rows,
    columns: header.split(','),
  }
}

afterAll(async () => {
  await endCommands()
  await removePlatforms()
})

async function askPlainly(): Promise<number[][]> {
  const input = { name: 'X', datatype: 'FP64', shape: [rows.length, rows[0]?.length], data: rows.flat() }
  const response = await platform.infer('fraud', JSON.stringify({ inputs: [input] }))
  const { outputs } = (await response.json()) as { outputs: { name: string; data: number[] }[] }
  const [labels = [], pairs = []] = ['predict', 'predict_proba'].map(
    (wanted) => outputs.find(({ name }) => name === wanted)?.data ?? [],
  )
  return labels.map((label, row) => [label, ...pairs.slice(2 * row, 2 * row + 2)])
}

/** Names of a script's cases, in order. */
function casesOf(script: string): string[] {
  return [...readFileSync(join(CLIENTS, script), 'utf8').matchAll(/^@case\("(.*)"\)$/gm)].map(([, name = '']) => name)
}

describe.skipIf(!hasAll)('an endpoint behind keys', () => {
  describe.each([
    ['platform_clients.py', 'clients', false],
    ['platform_tls.py', 'clients', true],
    ['platform_kserve.py', 'kserve', false],
  ])('%s', (script, environment, isGuarded) => {
    let results: Map<string, Result>
    beforeAll(async () => {
      const variables = { MLFLOW_TRACKING_TOKEN: platform.key }
      const stage = await stageOf(isGuarded ? guarded : platform)
      const printed = await runPython(environment, [join(CLIENTS, script), JSON.stringify(stage)], variables)
      const found = printed
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Result)
      results = new Map(found.map((result) => [result.case, result]))
    }, 100_000)

    test.each(casesOf(script))('%s', (name) => {
      const result = results.get(name)
      expect(result?.failure ?? '').toBe('')
      expect(result).toBeDefined()
      if (Array.isArray(result?.rows)) expect(result.rows).toEqual(expected)
    })
  })

  test('curl trusts the file, and no request goes to a platform with TLS in the open', async () => {
    const at = `${guarded.url}/v2/models/fraud/ready`
    const key = ['-H', `@${join(guarded.dataFolder, 'credentials.header')}`]
    const ask = (...args: string[]) => run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', ...key, ...args])
    expect((await ask('--cacert', caFile, at)).stdout).toBe('200')
    await expect(ask(at)).rejects.toMatchObject({ code: 60 })
    await expect(ask(at.replace('https:', 'http:'))).rejects.toThrow()
  })
})
