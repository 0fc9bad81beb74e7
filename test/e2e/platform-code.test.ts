/** Inference code of users as endpoints. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { LogLine } from '../../src/api/api-types.ts'
import { endCommands } from '../support/command.ts'
import { needs } from '../support/needs.ts'
import { makeDataFolder, removePlatforms, startPlatform, type RunningPlatform } from '../support/platform.ts'

const FRAUD = join(import.meta.dirname, '../../examples/fraud/fraud.onnx')
const ROW = [80, 18, 1, 2, 130, 0, 1, 0, 0, 1]

const TYPESCRIPT = `
import { InvalidInput, numbers, tensor, type GivenTensors, type Model, type Tensors } from 'slipway'
export async function predict(inputs: Tensors, model: Model): Promise<GivenTensors> {
  console.log('asked about', numbers(inputs.X)[0])
  if (numbers(inputs.X)[0] === -1) throw new InvalidInput('the amount is negative')
  const { predict_proba } = await model({ X: inputs.X! }, ['predict_proba'])
  return { risk: tensor('FP64', numbers(predict_proba).filter((_, i) => i % 2 === 1)) }
}
`
const PYTHON = `
import json, os, sys
print("loading the weight")
def model_fn(model_dir):
  if os.path.exists(os.path.join(model_dir, "broken.txt")): sys.exit("the weight is broken")
  return float(open(os.path.join(model_dir, "weight.txt")).read())
def input_fn(body, content_type): return json.loads(body)
def predict_fn(data, model):
  print("asked about", data, file=sys.stderr)
  return [each * model for each in data]
def output_fn(prediction, accept): return json.dumps(prediction), "application/json"
`

afterEach(async () => {
  await endCommands()
  await removePlatforms()
})

test.skipIf(!needs('linux', 'python3'))(
  'code in TypeScript is deployed as any model, code in Python where the operator and the user say so',
  async () => {
    const dataFolder = await makeDataFolder()
    const [typescript, python] = ['ts', 'py'].map((name) => join(dataFolder, '..', name)) as [string, string]
    await mkdir(typescript)
    await writeFile(join(typescript, 'predict.ts'), TYPESCRIPT)
    await copyFile(FRAUD, join(typescript, 'fraud.onnx'))
    await mkdir(join(python, 'code'), { recursive: true })
    await writeFile(join(python, 'code/inference.py'), PYTHON)
    await writeFile(join(python, 'weight.txt'), '3')

    const platform = await startPlatform(['--runtime', 'python'], { dataFolder })
    const invoke = async (endpoint: string, body: unknown): Promise<[number, unknown]> => {
      const response = await fetch(`${platform.url}/endpoints/${endpoint}/invocations`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { authorization: `Bearer ${platform.key}`, 'content-type': 'application/json' },
      })
      return [response.status, await response.json()]
    }
    const first = await platform.deploy([typescript, '--json'])
    expect(first.code, first.stderr).toBe(0)
    const [status, { predictions }] = (await invoke('ts', { instances: [ROW] })) as [number, { predictions: number[] }]
    expect([status, predictions.length]).toEqual([200, 1])
    expect((await invoke('ts', { instances: [[-1, ...ROW.slice(1)]] }))[0]).toBe(400)

    const unsaid = await platform.deploy([python, '--json'])
    expect([unsaid.code, unsaid.stdout]).toEqual([3, expect.stringContaining('--runtime python')])
    const second = await platform.deploy([python, '--json', '--runtime', 'python'])
    expect(second.code, second.stderr).toBe(0)
    expect(await invoke('py', [1, 2])).toEqual([200, [3, 6]])

    const isolated = await platform.deploy([typescript, '--endpoint', 'alone', '--isolated', '--json'])
    expect(isolated.code, isolated.stderr).toBe(0)
    expect((await invoke('alone', { instances: [ROW] }))[0]).toBe(200)
    expect(await printed(platform, 'ts', 'asked about -1')).toMatchObject({
      level: 'info',
      variant: 'v1',
      source: expect.stringMatching(/^default-\d$/) as unknown,
      fields: { stream: 'stdout', version: 1, process: expect.any(Number) as unknown },
    })
    expect(await printed(platform, 'py', 'asked about [1, 2]')).toMatchObject({ fields: { stream: 'stderr' } })
    expect(await printed(platform, 'py', 'loading the weight')).toMatchObject({ variant: 'v2' })
    expect(await printed(platform, 'alone', 'asked about 80')).toMatchObject({ variant: 'v1', source: 'worker-1' })
    expect(platform.stderr()).not.toContain('asked about')

    await writeFile(join(python, 'broken.txt'), '')
    const broken = await platform.deploy([python, '--json', '--runtime', 'python'])
    expect([broken.code, broken.stdout]).toEqual([3, expect.stringContaining('the weight is broken')])
  },
  60_000,
)

/** The line of an endpoint's log that has these words, once it is there. */
async function printed({ client }: RunningPlatform, endpoint: string, words: string): Promise<LogLine> {
  for (let after = 0; ;) {
    const lines = await client.call('listLogs', {
      params: { project: 'default', endpoint },
      query: { after, wait: 10 },
    })
    const found = lines.items.find(({ message }) => message === words)
    if (found !== undefined) return found
    if (lines.items.length === 0) throw new Error(`the log of ${endpoint} has no ${words}`)
    ;({ after } = lines)
  }
}
