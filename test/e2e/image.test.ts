/** An image as its users meet it: read by other people's tools, pushed to a registry, and run without any rights. */
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLambdaEmulator } from '../support/lambda-emulator.ts'
import { findTool, needs } from '../support/needs.ts'
import { freePort } from '../support/free-port.ts'
import { makePythonBase } from '../support/python-base.ts'
import { makeWheel } from '../support/wheel.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'slipway-image-'))
const layout = join(folder, 'layout')
const children: ChildProcess[] = []

/** Rows with the answers that the model's training gave. */
const { expected } = JSON.parse(readFileSync(join(root, 'examples/fraud/coefficients.json'), 'utf8')) as {
  expected: { X: number[][]; predict: number[]; predict_proba: number[][] }
}

interface Packed {
  digest: string
  sizeBytes: number
  model: { name: string; digest: string }
  layers: { name: string; digest: string; sizeBytes: number; unpackedBytes: number }[]
  wheels?: { name: string; version: string }[]
}

/** A SageMaker model that says what it was given, by whom it was greeted, and as which user it runs. */
const INFERENCE = `
import json, os, greeting
def model_fn(model_dir):
    return float(open(os.path.join(model_dir, "weight.txt")).read())
def input_fn(body, content_type):
    return json.loads(body)
def predict_fn(data, model):
    return {"scores": [each * model for each in data], "text": greeting.TEXT, "user": os.getuid()}
def output_fn(prediction, accept):
    return json.dumps(prediction), "application/json"
`

function writeFiles(at: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(at, path)), { recursive: true })
    writeFileSync(join(at, path), text)
  }
}

async function pack(
  out: string,
  tag: string,
  model = join(root, 'examples/fraud/fraud.onnx'),
  more: readonly string[] = [],
): Promise<Packed> {
  const args = ['package', model, '--out', out, '--tag', tag, '--cache', join(folder, 'cache'), '--json', ...more]
  const { stdout } = await run(process.execPath, [join(root, 'src/cli/main.ts'), ...args], {
    env: { ...process.env, SLIPWAY_DATA: join(folder, 'data') },
  })
  return JSON.parse(stdout) as Packed
}

function start(command: string, args: readonly string[]): { child: ChildProcess; log: () => string } {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return { child, log: () => text }
}

/** Asks until the answer is 200, and until it has said so much, for half a minute at most. */
async function untilReady(url: string, { child, log }: ReturnType<typeof start>, said = ''): Promise<void> {
  for (let i = 0; i < 300 && child.exitCode === null; i++) {
    const response = await fetch(url).catch(() => undefined)
    await response?.body?.cancel()
    if (response?.status === 200 && log().includes(said)) return
    await sleep(100)
  }
  throw new Error(`${url} did not become ready (exit code ${child.exitCode}):\n${log()}`)
}

async function post(url: string, contentType: string, body: string): Promise<{ status: number; body: string }> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': contentType }, body })
  return { status: response.status, body: await response.text() }
}

/** A request that the server has begun to read, and whose body is still to come. */
async function openRequest(
  url: string,
  contentType: string,
): Promise<{ finish: (body: string) => ReturnType<typeof post> }> {
  const sent = request(url, { method: 'POST', headers: { 'content-type': contentType, expect: '100-continue' } })
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>
  sent.flushHeaders()
  await once(sent, 'continue')
  return {
    finish: async (body) => {
      sent.end(body)
      const [response] = await answered
      return { status: response.statusCode ?? 0, body: await readText(response) }
    },
  }
}

/** Until nobody listens there any more. */
async function untilRefused(url: string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    const response = await fetch(url).catch(() => undefined)
    if (response === undefined) return
    await response.body?.cancel()
    await sleep(50)
  }
  throw new Error(`${url} still answers`)
}

/**
 * What the kernel says of each process of an image that runs here.
 * @param kind `code`: those that run code alone, which hide what they were started with
 */
function imageProcesses({ child }: ReturnType<typeof start>, kind: 'server' | 'code' = 'server'): string[] {
  const found: string[] = []
  const waiting = [child.pid ?? 0]
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    try {
      for (const thread of readdirSync(`/proc/${id}/task`))
        waiting.push(
          ...readFileSync(`/proc/${id}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
        )
      if (readlinkSync(`/proc/${id}/exe`) !== '/usr/local/bin/node') continue
      const command = readFileSync(`/proc/${id}/cmdline`, 'utf8')
      const isServer = command.includes('/app/slipway.js\0') && !command.includes('--slipway-process\0code')
      if (isServer === (kind === 'server')) found.push(readFileSync(`/proc/${id}/status`, 'utf8'))
    } catch {
      // one that ended meanwhile
    }
  }
  expect(found.length).toBeGreaterThan(0)
  return found
}

function filesOf(path: string): Map<string, number> {
  const entries = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()
  return new Map(entries.map((entry) => [entry, statSync(join(path, entry)).size]))
}

afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

describe.skipIf(!needs('linux', 'skopeo', 'umoci', 'runc', 'docker-registry', 'root'))('an image of a model', () => {
  let packed: Packed
  beforeAll(async () => {
    packed = await pack(layout, 'v1')
  }, 180_000)

  test('is packed in layers, the model last, and small enough for a quick start', () => {
    expect(packed.layers.map(({ name }) => name)).toEqual(['system', 'node', 'engine', 'app', 'model'])
    expect(packed.sizeBytes).toBeLessThan(120 * 2 ** 20)
  })

  test('is the same to the byte when it is made again, without a cache too', { timeout: 180_000 }, async () => {
    const again = join(folder, 'again')
    rmSync(join(folder, 'cache'), { recursive: true })
    expect(await pack(again, 'v1')).toEqual({ ...packed, layout: again })
    // every blob is named by its digest, so equal names are equal bytes once a reader has checked them
    expect(filesOf(again)).toEqual(filesOf(layout))
    expect(readFileSync(join(again, 'index.json'))).toEqual(readFileSync(join(layout, 'index.json')))
  })

  test('stays as it is when another tag joins it', { timeout: 60_000 }, async () => {
    await pack(layout, 'v2')
    const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
      manifests: { digest: string }[]
    }
    expect(manifests.map(({ digest }) => digest)).toEqual([packed.digest, packed.digest])
  })

  test('is accepted by readers that check every digest', { timeout: 60_000 }, async () => {
    const { stdout } = await run('skopeo', ['inspect', `oci:${layout}:v1`])
    const found = JSON.parse(stdout) as { Digest: string; Layers: string[]; Labels: Record<string, string> }
    expect(found).toMatchObject({ Digest: packed.digest, Labels: { 'slipway.model.digest': packed.model.digest } })
    await run('skopeo', ['copy', '--quiet', `oci:${layout}:v1`, `dir:${join(folder, 'copied')}`])
    // an archive needs the uncompressed digests, so these are checked on the way
    await run('skopeo', ['copy', '--quiet', `oci:${layout}:v1`, `docker-archive:${join(folder, 'archive.tar')}:m:v1`])
  })

  test('comes back from a registry with its digest', { timeout: 60_000 }, async () => {
    const port = await freePort()
    const config = join(folder, 'registry.json')
    const storage = { filesystem: { rootdirectory: join(folder, 'registry') } }
    writeFileSync(config, JSON.stringify({ version: 0.1, storage, http: { addr: `127.0.0.1:${port}` } }))
    const registry = start(findTool('docker-registry') ?? '', ['serve', config])
    await untilReady(`http://127.0.0.1:${port}/v2/`, registry)
    const target = `docker://127.0.0.1:${port}/models/fraud:v1`
    await run('skopeo', ['copy', '--quiet', '--dest-tls-verify=false', `oci:${layout}:v1`, target])
    const { stdout } = await run('skopeo', ['inspect', '--tls-verify=false', '--format', '{{.Digest}}', target])
    expect(stdout.trim()).toBe(packed.digest)
    registry.child.kill()
  })

  // With one process of each kind nothing is written; more of them meet at sockets in /tmp.
  test.each([
    ['onnxruntime', 'one runner and no place to write to', ['NO_TMP=1']],
    ['host-kernels', 'two runners', ['SLIPWAY_WORKERS=2']],
  ])('serves by %s on a read-only root without rights, with %s', { timeout: 120_000 }, async (engine, _, settings) => {
    const port = await freePort()
    const base = `http://127.0.0.1:${port}`
    const server = start(join(root, 'test/support/run-image.sh'), [
      `${layout}:v1`,
      'SLIPWAY_HOST=127.0.0.1',
      `SLIPWAY_PORT=${port}`,
      'SLIPWAY_GRPC_PORT=0',
      `SLIPWAY_ENGINE=${engine}`,
      ...settings,
    ])
    await untilReady(`${base}/v2/health/ready`, server, 'Slipway answers at') // one runner alone may be ready before
    for (const status of imageProcesses(server)) {
      expect(status).toMatch(/^Uid:(\t65532){4}$/m)
      expect(status).toMatch(/^CapEff:\t0{16}$/m)
      expect(status).toMatch(/^NoNewPrivs:\t1$/m)
    }

    const rows = expected.X
    const inputs = [{ name: 'X', datatype: 'FP64', shape: [rows.length, rows[0]?.length], data: rows.flat() }]
    const inferred = await post(`${base}/v2/models/fraud/infer`, 'application/json', JSON.stringify({ inputs }))
    expect(inferred).toMatchObject({ status: 200 })
    const { outputs } = JSON.parse(inferred.body) as { outputs: { name: string; data: number[] }[] }
    expect(outputs.find(({ name }) => name === 'predict')?.data).toEqual(expected.predict)
    const found = outputs.find(({ name }) => name === 'predict_proba')?.data ?? []
    for (const [i, value] of expected.predict_proba.flat().entries()) expect(found[i]).toBeCloseTo(value, 9)

    const csv = rows.map((row) => row.join(',')).join('\n')
    const invoked = await post(`${base}/invocations`, 'text/csv', csv)
    expect(invoked).toMatchObject({ status: 200 })
    expect(invoked.body.trim().split('\n')).toHaveLength(rows.length)
    expect((await fetch(`${base}/ping`)).status).toBe(200)

    const open = await openRequest(`${base}/invocations`, 'text/csv')
    const ended = once(server.child, 'exit')
    server.child.kill('SIGTERM')
    await untilRefused(`${base}/ping`)
    expect(await open.finish(csv)).toEqual(invoked)
    expect(await ended, server.log()).toEqual([0, null])
    expect(server.log()).toMatch(new RegExp(`fraud .* on ${engine}$`, 'm'))
  })

  test(
    'carries code in TypeScript, and runs it without rights and without a place to write to',
    { timeout: 240_000 },
    async () => {
      const code = join(folder, 'coded')
      mkdirSync(code)
      copyFileSync(join(root, 'examples/fraud/fraud.onnx'), join(code, 'fraud.onnx'))
      const lines = [
        `import { numbers, tensor, type GivenTensors, type Tensors } from 'slipway'`,
        'export const postprocess = ({ predict_proba }: Tensors): GivenTensors => ({',
        `  risk: tensor('FP64', numbers(predict_proba).filter((_, i) => i % 2 === 1)),`,
        '})',
      ]
      writeFileSync(join(code, 'predict.ts'), lines.join('\n'))
      await pack(layout, 'coded', code)
      const rows = expected.X
      const csv = rows.map((row) => row.join(',')).join('\n')
      const expectRisks = (text: string) => {
        const risks = text.trim().split('\n')
        expect(risks).toHaveLength(rows.length)
        for (const [i, [, risk = 0]] of expected.predict_proba.entries()) expect(Number(risks[i])).toBeCloseTo(risk, 9)
      }
      const script = join(root, 'test/support/run-image.sh')
      const port = await freePort()
      const settings = ['SLIPWAY_HOST=127.0.0.1', `SLIPWAY_PORT=${port}`, 'SLIPWAY_GRPC_PORT=0', 'NO_TMP=1']
      const server = start(script, [`${layout}:coded`, ...settings])
      await untilReady(`http://127.0.0.1:${port}/v2/health/ready`, server, 'Slipway answers at')
      const codeProcess = imageProcesses(server, 'code')
      expect(codeProcess).toHaveLength(1)
      expect(codeProcess[0]).toMatch(/^Uid:(\t65532){4}$/m)
      const invoked = await post(`http://127.0.0.1:${port}/invocations`, 'text/csv', csv)
      expect(invoked, server.log()).toMatchObject({ status: 200 })
      expectRisks(invoked.body)
      const served = once(server.child, 'exit')
      server.child.kill('SIGTERM')
      expect(await served, server.log()).toEqual([0, null])

      const lambda = await startLambdaEmulator()
      const instance = start(script, [`${layout}:coded`, 'USER_ID=993', `AWS_LAMBDA_RUNTIME_API=${lambda.api}`])
      const ended = once(instance.child, 'exit')
      const answered = lambda.fromHttp('v2', {
        method: 'POST',
        target: '/invocations',
        headers: [['content-type', 'text/csv']],
        body: Buffer.from(csv),
      })
      const answer = await Promise.race([answered, ended.then(() => Promise.reject(new Error(instance.log())))])
      expect(answer.status, instance.log()).toBe(200)
      expectRisks(answer.body.toString())
      instance.child.kill('SIGTERM')
      await ended
      await lambda.close()
    },
  )

  test.skipIf(!needs('python3'))(
    'stands on an image with Python for a model in Python, and answers as it does where it was made',
    { timeout: 240_000 },
    async () => {
      const base = join(folder, 'base')
      const below = await makePythonBase(base, { packing: 'none' })
      const wheels = join(folder, 'wheels')
      mkdirSync(wheels)
      const greeting = { 'greeting/__init__.py': 'import helping\nTEXT = "hello " + helping.WHO\n' }
      makeWheel(wheels, 'greeting', '1.2', { requires: ['helping>=1; python_version >= "3.8"'], files: greeting })
      const helping = { 'helping/__init__.py': 'WHO = "you"\n' }
      makeWheel(wheels, 'helping', '1.0', { files: helping })
      const model = join(folder, 'scores')
      writeFiles(model, {
        'weight.txt': '2.5',
        'code/requirements.txt': 'greeting>=1 # and what it needs\n',
        'code/inference.py': INFERENCE,
      })
      // an environment with the packages, to compile the model here and to compare with
      const environment = join(folder, 'environment')
      const site = `lib/python${below.version}/site-packages`
      writeFiles(environment, { [`${site}/greeting.py`]: greeting['greeting/__init__.py'] })
      writeFiles(environment, { [`${site}/helping.py`]: helping['helping/__init__.py'], 'bin/none': '' })
      const python = findTool('python3') ?? ''
      const home = await run(python, ['-I', '-c', 'import os, sys; print(os.path.realpath(sys.executable))'])
      writeFiles(environment, { 'pyvenv.cfg': `home = ${dirname(home.stdout.trim())}\n` })
      symlinkSync(home.stdout.trim(), join(environment, 'bin/python'))
      const here = ['--runtime', 'python', '--python', join(environment, 'bin/python')]

      await expect(pack(layout, 'python', model, here)).rejects.toMatchObject({
        stdout: expect.stringContaining('give an image that has it, by --base'),
      })
      const bundle = join(folder, 'scores.bundle')
      await run(process.execPath, [join(root, 'src/cli/main.ts'), 'compile', model, '--out', bundle, ...here], {
        env: { ...process.env, SLIPWAY_DATA: join(folder, 'data') },
      })
      const onBase = ['--base', base, '--wheels', wheels]
      // what is packed is not run: no Python of this machine is asked
      const made = await pack(layout, 'python', bundle, onBase)
      const again = await pack(join(folder, 'python-again'), 'python', bundle, onBase)
      expect(again.digest).toBe(made.digest)
      expect(made.layers.slice(0, 2).map(({ digest }) => digest)).toEqual(below.layers)
      expect(made.layers.slice(2).map(({ name }) => name)).toEqual([
        'system',
        'node',
        'engine',
        'app',
        'packages',
        'model',
      ])
      expect(made.wheels?.map(({ name, version }) => `${name} ${version}`)).toEqual(['greeting 1.2', 'helping 1.0'])

      const ask = async (port: number) => {
        const answer = await post(`http://127.0.0.1:${port}/invocations`, 'application/json', '[1, 2]')
        const { scores, text, ...rest } = JSON.parse(answer.body) as Record<string, unknown>
        expect(rest).toEqual({ user: port === served ? 65_532 : process.getuid?.() })
        return { status: answer.status, scores, text }
      }
      const [port, served] = [await freePort(), await freePort()]
      const serve = ['serve', bundle, ...here, '--data', join(folder, 'data'), '--port', String(port)]
      const local = start(process.execPath, [join(root, 'src/cli/main.ts'), ...serve, '--grpc-port', '0'])
      await untilReady(`http://127.0.0.1:${port}/v2/health/ready`, local, 'Slipway answers at')
      const expectedAnswer = { status: 200, scores: [2.5, 5], text: 'hello you' }
      expect(await ask(port), local.log()).toEqual(expectedAnswer)
      local.child.kill('SIGTERM')
      const script = join(root, 'test/support/run-image.sh')
      const settings = ['SLIPWAY_HOST=127.0.0.1', `SLIPWAY_PORT=${served}`, 'SLIPWAY_GRPC_PORT=0']
      const server = start(script, [`${layout}:python`, ...settings])
      await untilReady(`http://127.0.0.1:${served}/v2/health/ready`, server, 'Slipway answers at')
      expect(await ask(served), server.log()).toEqual(expectedAnswer)
      const ended = once(server.child, 'exit')
      server.child.kill('SIGTERM')
      expect(await ended, server.log()).toEqual([0, null])

      const lambda = await startLambdaEmulator()
      const instance = start(script, [`${layout}:python`, 'USER_ID=993', `AWS_LAMBDA_RUNTIME_API=${lambda.api}`])
      const gone = once(instance.child, 'exit')
      const headers: [string, string][] = [['content-type', 'application/json']]
      const asked = lambda.fromHttp('v2', { method: 'POST', target: '/invocations', headers, body: Buffer.from('[4]') })
      const answer = await Promise.race([asked, gone.then(() => Promise.reject(new Error(instance.log())))])
      expect(answer.status, instance.log()).toBe(200)
      expect(JSON.parse(answer.body.toString())).toEqual({ scores: [10], text: 'hello you', user: 993 })
      instance.child.kill('SIGTERM')
      await gone
      await lambda.close()
    },
  )

  test('is a Lambda function where Lambda starts it, under a user id of its choice', { timeout: 120_000 }, async () => {
    const lambda = await startLambdaEmulator()
    const args = [`${layout}:v1`, 'USER_ID=993', `AWS_LAMBDA_RUNTIME_API=${lambda.api}`]
    const server = start(join(root, 'test/support/run-image.sh'), args)
    const rows = expected.X
    const answered = lambda.fromHttp('v2', {
      method: 'POST',
      target: '/invocations',
      headers: [['content-type', 'text/csv']],
      body: Buffer.from(rows.map((row) => row.join(',')).join('\n')),
    })
    const ended = once(server.child, 'exit')
    const answer = await Promise.race([answered, ended.then(() => Promise.reject(new Error(server.log())))])
    expect(answer.status, server.log()).toBe(200)
    expect(answer.body.toString().trim().split('\n')).toHaveLength(rows.length)
    expect(lambda.initErrors).toEqual([])
    server.child.kill('SIGTERM')
    await ended
    await lambda.close()
  })
})
