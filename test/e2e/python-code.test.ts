/** Code in Python served by the real command, in each form that people have: asked as its own platform is asked. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { endCommands, isAlive, runCommand, startServer, type RunningServer } from '../support/command.ts'
import { findTool, needs } from '../support/needs.ts'
import { binFolder, runPython } from '../support/python.ts'

vi.setConfig({ testTimeout: 120_000 }) // processes are started many times, some of which load much

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-python-code-'))
})

afterEach(async () => {
  await endCommands()
  await rm(folder, { recursive: true })
})

async function write(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name, path)), { recursive: true })
    await writeFile(join(folder, name, path), text)
  }
  return join(folder, name)
}

/** Serves in Python. @param environment whose Python; the system's own when absent */
function serve(paths: readonly string[], environment?: string, more: readonly string[] = []): Promise<RunningServer> {
  const python = environment === undefined ? [] : ['--python', join(binFolder(environment), 'python')]
  return startServer([...paths, '--runtime', 'python', '--data', join(folder, 'data'), ...python, ...more])
}

async function post(url: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
  const answer = await fetch(url, { method: 'POST', body, headers })
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
}

const JSON_TYPE = { 'content-type': 'application/json' }

/** Processes of the runner below a server, whoever started them. Linux. */
function pythonsOf(server: RunningServer): number[] {
  const found: number[] = []
  const waiting = [server.child.pid ?? 0]
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('start.py')) found.push(pid)
      waiting.push(...readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number))
    } catch {
      // it has ended
    }
  }
  return found
}

const SAGEMAKER = {
  'code/inference.py': `
import json, os
def model_fn(model_dir):
    return float(open(os.path.join(model_dir, "weight.txt")).read())
def input_fn(body, content_type):
    if content_type != "application/json": raise ValueError("unsupported " + content_type)
    return json.loads(body)
def predict_fn(data, model):
    if data == "die": os.kill(os.getpid(), 9)
    return [each * model for each in data]
def output_fn(prediction, accept):
    if accept == "text/csv": return ",".join(map(str, prediction)), "text/csv"
    return json.dumps({"scores": prediction}), "application/json"
`,
  'weight.txt': '2.5',
}

describe.skipIf(!needs('python3', 'linux', 'tar'))('code in Python', () => {
  test('is refused with the line that allows it, as a folder and as a bundle', async () => {
    const path = await write('scores', SAGEMAKER)
    const data = ['--data', join(folder, 'data')]
    const refused = await runCommand(['serve', path, '--port', '0', ...data])
    expect(refused.stderr).toMatch(/scores" \(a SageMaker inference\.py\).*add --runtime python/)
    expect(refused.code).toBe(3)
    const bundle = join(folder, 'scores.bundle')
    const made = await runCommand(['compile', path, '--runtime', 'python', '--out', bundle, ...data])
    expect(made.stderr + made.stdout).toMatch(/code in Python \(python\.json\)/)
    const again = await runCommand(['serve', bundle, '--port', '0', ...data])
    expect(again.stderr).toMatch(/add --runtime python/)
    expect(again.code).toBe(3)
    const packed = join(folder, 'packed.tar.gz') // as SageMaker has it, code and weights together
    execFileSync('tar', ['-czf', packed, '-C', path, '.'])
    const server = await serve([packed])
    expect((await post(`${server.url}/invocations`, '[2]', JSON_TYPE)).text).toBe('{"scores": [5.0]}')
    await endCommands()
    const bundled = await serve([bundle])
    expect((await post(`${bundled.url}/invocations`, '[2]', JSON_TYPE)).text).toBe('{"scores": [5.0]}')
  })

  test('of SageMaker answers its body as its container would, by each path that carries one', async () => {
    const server = await serve([await write('scores', SAGEMAKER)])
    const ask = (path: string, headers = {}) => post(`${server.url}${path}`, '[1, 2]', { ...JSON_TYPE, ...headers })
    const answer = { status: 200, type: 'application/json', text: '{"scores": [2.5, 5.0]}' }
    expect(await ask('/invocations')).toEqual(answer)
    expect(await ask('/models/scores/invoke')).toEqual(answer)
    expect(await ask('/endpoints/scores/invocations', { 'x-amzn-sagemaker-inference-id': 'a' })).toEqual(answer)
    expect(await ask('/score')).toEqual(answer)
    expect(await ask('/v1/models/scores:predict')).toEqual(answer)
    expect(await ask('/invocations', { accept: 'text/csv' })).toEqual({
      status: 200,
      type: 'text/csv',
      text: '2.5,5.0',
    })
    const failed = await post(`${server.url}/invocations`, 'a=1', {
      'content-type': 'application/x-www-form-urlencoded',
    })
    expect(failed).toMatchObject({ status: 500, text: /input_fn failed: ValueError: unsupported application/ })
    const tensors = { inputs: [{ name: 'body', shape: [2], datatype: 'BYTES', data: ['[1]', '[2]'] }] }
    const v2 = await post(`${server.url}/v2/models/scores/infer`, JSON.stringify(tensors))
    expect(JSON.parse(v2.text).outputs[0]).toMatchObject({
      name: 'body',
      data: ['{"scores": [2.5]}', '{"scores": [5.0]}'],
    })
  })

  test('that dies, or is killed, costs one request, and the server goes on', async () => {
    const server = await serve([await write('scores', SAGEMAKER)])
    expect(await post(`${server.url}/invocations`, '"die"', JSON_TYPE)).toMatchObject({
      status: 500,
      text: /died \(SIGKILL\)/,
    })
    expect((await post(`${server.url}/invocations`, '[1]', JSON_TYPE)).status).toBe(200)
    const endings = () => server.stderr().split('a process in Python ended, starting another').length
    const [before = 0] = pythonsOf(server)
    const seen = endings()
    process.kill(before, 'SIGKILL')
    await expect.poll(endings).toBeGreaterThan(seen)
    expect((await post(`${server.url}/invocations`, '[1]', JSON_TYPE)).status).toBe(200)
    // and with the server goes its code, however the server goes
    const after = pythonsOf(server)
    const runner = await server.runner()
    process.kill(runner, 'SIGKILL')
    for (const pid of after) await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)
    await expect
      .poll(() => post(`${server.url}/invocations`, '[1]', JSON_TYPE).catch(() => ({ status: 0 })), { timeout: 20_000 })
      .toMatchObject({ status: 200 })
  })

  test('is held by one of several processes that answer requests, and runs in isolated ones too', async () => {
    const path = await write('scores', SAGEMAKER)
    const server = await serve([path], undefined, ['--workers', '2', '--python-workers', '2'])
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => post(`${server.url}/invocations`, '[1]', JSON_TYPE)),
    )
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(pythonsOf(server)).toHaveLength(2)
    await endCommands()
    const isolated = await serve([path], undefined, ['--isolation', 'process', '--replicas', '1'])
    expect((await post(`${isolated.url}/invocations`, '[1]', JSON_TYPE)).text).toBe('{"scores": [2.5]}')
  })

  test('of Azure ML runs with what its scoring script has there', async () => {
    const path = await write('sums', {
      'score.py': `
import json, os
from azureml.contrib.services.aml_response import AMLResponse
from inference_schema.schema_decorators import input_schema, output_schema
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
def init():
    global weight
    weight = float(open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "weight.txt")).read())
@input_schema("data", StandardPythonParameterType([[1.0]]))
@input_schema("scale", StandardPythonParameterType(1.0))
@output_schema(StandardPythonParameterType([1.0]))
def run(data, scale=1):
    if data == []: return AMLResponse({"problem": "no rows"}, 422, json_str=True)
    return [sum(row) * weight * scale for row in data]
`,
      'weight.txt': '2',
    })
    const server = await serve([path])
    const ask = (body: object) => post(`${server.url}/score`, JSON.stringify(body), JSON_TYPE)
    expect(
      await ask({
        data: [
          [1, 2],
          [3, 4],
        ],
      }),
    ).toMatchObject({ status: 200, text: '[6.0, 14.0]' })
    expect(await ask({ data: [[1]], scale: 10 })).toMatchObject({ status: 200, text: '[20.0]' })
    expect(await ask({ data: [] })).toEqual({ status: 422, type: 'application/json', text: '{"problem": "no rows"}' })
    expect(await ask([])).toMatchObject({ status: 400, text: /no JSON object/ })
  })

  test('of Hugging Face gets inputs and parameters', async () => {
    const path = await write('words', {
      'handler.py': `
from helpers import shout
class EndpointHandler:
    def __init__(self, path=""):
        self.path = path
    def __call__(self, data):
        return [{"label": shout(data["inputs"]), "top": data.get("parameters", {}).get("top_k")}]
`,
      'helpers.py': 'def shout(text): return text.upper()',
    })
    const server = await serve([path])
    const ask = (body: object) => post(`${server.url}/invocations`, JSON.stringify(body), JSON_TYPE)
    expect(await ask({ inputs: 'a', parameters: { top_k: 2 } })).toMatchObject({
      status: 200,
      text: '[{"label": "A", "top": 2}]',
    })
    expect(await ask({ text: 'a' })).toMatchObject({ status: 400, text: /\\"inputs\\"/ })
  })
})

const TRAIN = `
import sys, joblib, numpy as np, pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, OneHotEncoder
from sklearn.compose import make_column_transformer
folder = sys.argv[1]
rng = np.random.RandomState(0)
X = rng.rand(60, 3); y = np.array(["low", "high"])[(X[:, 0] > 0.5).astype(int)]
plain = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
joblib.dump(plain, folder + "/plain.joblib")
frame = pd.DataFrame({"size": X[:, 0], "colour": np.array(["red", "blue"])[(X[:, 1] > 0.5).astype(int)]})
mixed = make_pipeline(make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["colour"]), remainder="passthrough"), LogisticRegression()).fit(frame, y)
joblib.dump(mixed, folder + "/mixed.joblib")
import json
print(json.dumps({"plain": plain.predict_proba(X[:5]).tolist(), "rows": X[:5].tolist(), "labels": plain.predict(X[:5]).tolist(),
  "mixed": mixed.predict_proba(pd.DataFrame({"size": [0.2, 0.9], "colour": ["red", "green"]})).tolist()}))
`

describe.skipIf(!needs('python environment models', 'linux'))('a model that its own library loads', () => {
  test('answers as in Python, as array and as columns', async () => {
    await writeFile(join(folder, 'train.py'), TRAIN)
    const expected = JSON.parse(await runPython('models', [join(folder, 'train.py'), folder]))
    const server = await serve([join(folder, 'plain.joblib'), join(folder, 'mixed.joblib')], 'models')
    const infer = async (model: string, inputs: object[], outputs: string[]) => {
      const body = JSON.stringify({ inputs, outputs: outputs.map((name) => ({ name })) })
      const { status, text } = await post(`${server.url}/v2/models/${model}/infer`, body)
      expect(text).toMatch(/outputs/)
      expect(status).toBe(200)
      return new Map<string, unknown[]>(
        JSON.parse(text).outputs.map((each: { name: string; data: unknown[] }) => [each.name, each.data]),
      )
    }
    const X = { name: 'X', shape: [5, 3], datatype: 'FP64', data: expected.rows.flat() }
    const plain = await infer('plain', [X], ['predict', 'predict_proba'])
    expect(plain.get('predict')).toEqual(expected.labels)
    expect(plain.get('predict_proba')).toEqual(expected.plain.flat())
    const columns = [
      { name: 'size', shape: [2, 1], datatype: 'FP64', data: [0.2, 0.9] },
      { name: 'colour', shape: [2, 1], datatype: 'BYTES', data: ['red', 'green'] },
    ]
    expect((await infer('mixed', columns, ['predict_proba'])).get('predict_proba')).toEqual(expected.mixed.flat())
    // rows of several callers share a run: that was found out when the bundle was made
    const many = await Promise.all(Array.from({ length: 30 }, () => infer('plain', [X], ['predict_proba'])))
    for (const each of many) expect(each.get('predict_proba')).toEqual(expected.plain.flat())
    const rows = await post(`${server.url}/v1/models/mixed:predict`, '{"instances":[{"size":0.2,"colour":"red"}]}')
    expect(rows.status).toBe(200)
  })

  test("SageMaker's defaults read CSV and npy, and answer what is accepted", async () => {
    const path = await write('defaults', {
      'inference.py': `
import numpy as np
class Sum:
    def predict(self, rows): return np.asarray(rows).sum(axis=-1)
def model_fn(model_dir): return Sum()
`,
    })
    const server = await serve([path], 'models')
    const ask = (body: string, type: string, accept: string) =>
      post(`${server.url}/invocations`, body, { 'content-type': type, accept })
    expect(await ask('1,2\n3,4\n', 'text/csv', 'text/csv')).toEqual({
      status: 200,
      type: 'text/csv',
      text: '3.0\n7.0\n',
    })
    expect(await ask('[[1,2],[3,4]]', 'application/json', '*/*')).toMatchObject({
      type: 'application/json',
      text: '[3, 7]',
    })
    expect(await ask('[[1]]', 'application/xml', '*/*')).toMatchObject({ status: 415 })
    expect(await ask('[[1]]', 'application/json', 'image/png')).toMatchObject({ status: 406 })
  })
})

const MLFLOW = `
import sys, mlflow, numpy as np, pandas as pd
from mlflow.models import infer_signature
class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return np.asarray(model_input["a"] * 2 + model_input["b"].fillna("").str.len())
frame = pd.DataFrame({"a": [1.5, 2.5], "b": ["x", "yy"]})
for name, signature in (("signed", infer_signature(frame, np.array([1.0, 2.0]))), ("plain", None)):
    mlflow.pyfunc.save_model(sys.argv[1] + "/" + name, python_model=Model(), signature=signature)
`

describe.skipIf(!needs('python environment clients', 'linux'))('an MLflow folder', () => {
  test('has its own signature, or takes bodies as a scoring server does', async () => {
    await writeFile(join(folder, 'save.py'), MLFLOW)
    await runPython('clients', [join(folder, 'save.py'), folder])
    const server = await serve([join(folder, 'signed'), join(folder, 'plain')], 'clients')
    const split = JSON.stringify({
      dataframe_split: {
        columns: ['a', 'b'],
        data: [
          [1, 'xyz'],
          [2, ''],
        ],
      },
    })
    for (const model of ['signed', 'plain'])
      expect(await post(`${server.url}/endpoints/${model}/invocations`, split, JSON_TYPE)).toMatchObject({
        status: 200,
        text: /^\{"predictions": ?\[5(\.0)?, ?4(\.0)?\]\}$/,
      })
    const { inputs } = (await (await fetch(`${server.url}/v2/models/signed`)).json()) as { inputs: unknown }
    expect(inputs).toEqual([
      { name: 'a', datatype: 'FP64', shape: [-1, 1] },
      { name: 'b', datatype: 'BYTES', shape: [-1, 1] },
    ])
  })
})

test.skipIf(!needs('python3', 'linux'))('no folder of a model in Python is left behind', async () => {
  const server = await serve([await write('scores', SAGEMAKER)])
  const [python = 0] = pythonsOf(server)
  const own = () =>
    readdirSync(tmpdir()).filter((name) => new RegExp(`^slipway-python-\\d+-(${[...pids].join('|')})-`).test(name))
  const pids = new Set([await server.runner()])
  expect(own()).toHaveLength(1)
  server.child.kill('SIGTERM')
  await server.ended
  expect(own()).toEqual([])
  expect(await isAlive(python)).toBe(false)
  expect(findTool('python3')).toBeDefined()
})
