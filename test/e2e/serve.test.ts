/** `slipway serve` as people run it: a real process, real models, real signals. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { BoundSocket, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Coefficients } from '../../examples/fraud/make-model.ts'
import { createKey, digestOf } from '../../src/auth/api-key.ts'
import { endCommands, isAlive, runCommand, startCommand, startServer, type RunningServer } from '../support/command.ts'
import { startLambdaEmulator } from '../support/lambda-emulator.ts'
import { ask, startLoad, type Question } from '../support/load.ts'
import { linearModel, stepsModel } from '../support/models.ts'
import { needs } from '../support/needs.ts'

const FRAUD = 'examples/fraud/fraud.onnx'
const { expected } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../examples/fraud/coefficients.json'), 'utf8'),
) as Coefficients

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-serve-'))
})

afterEach(endCommands)

afterAll(async () => {
  await rm(folder, { recursive: true })
})

function serve(args: readonly string[] = [FRAUD]): Promise<RunningServer> {
  return startServer([...args, '--data', join(folder, 'data')])
}

interface V2Answer {
  readonly model_name: string
  readonly outputs: readonly {
    readonly name: string
    readonly shape: readonly number[]
    readonly data: readonly number[]
  }[]
}

function rowsBody(rows: readonly (readonly number[])[], name = 'X'): string {
  return JSON.stringify({
    inputs: [{ name, datatype: 'FP64', shape: [rows.length, rows[0]?.length ?? 0], data: rows.flat() }],
  })
}

async function infer(url: string, model: string, rows: readonly (readonly number[])[]): Promise<V2Answer> {
  const response = await fetch(`${url}/v2/models/${model}/infer`, { method: 'POST', body: rowsBody(rows) })
  expect(response.status).toBe(200)
  return (await response.json()) as V2Answer
}

function expectClose(found: readonly number[] | undefined, wanted: readonly number[]): void {
  expect(found).toHaveLength(wanted.length)
  wanted.forEach((value, i) => expect(Math.abs((found?.[i] ?? Number.NaN) - value)).toBeLessThan(1e-12))
}

describe('a model that is served', () => {
  test("answers the line that is printed, and scikit-learn's rows with scikit-learn's numbers", async () => {
    const server = await serve()
    const [, url = '', body = ''] = await server.until(/^curl (\S+) -d '(.*)'$/m)
    const response = await fetch(url, { method: 'POST', body })
    expect(response.status).toBe(200)
    const { model_name, outputs } = (await response.json()) as V2Answer
    expect(model_name).toBe('fraud')
    expect(outputs.map(({ name, shape, data }) => [name, shape, data.length])).toEqual([
      ['predict', [1], 1],
      ['predict_proba', [1, 2], 2],
    ])
    expect(outputs[0]?.data).toEqual([expected.predict[0]])
    expectClose(outputs[1]?.data, expected.predict_proba[0] ?? [])
    const all = await infer(server.url, 'fraud', expected.X)
    expect(all.outputs[0]?.data).toEqual(expected.predict)
    expectClose(all.outputs[1]?.data, expected.predict_proba.flat())
  })

  test('stands beside others, and under the name that is asked for', async () => {
    await writeFile(join(folder, 'linear.onnx'), linearModel())
    const two = await serve([FRAUD, join(folder, 'linear.onnx')])
    expect(await (await fetch(`${two.url}/v2/models`)).json()).toEqual({ models: ['fraud', 'linear'] })
    expect((await infer(two.url, 'linear', [[1, 2]])).outputs[0]?.data).toEqual([9])
    expect((await infer(two.url, 'fraud', expected.X)).outputs[0]?.data).toEqual(expected.predict)
    const named = await serve([FRAUD, '--name', 'risk'])
    expect((await infer(named.url, 'risk', expected.X)).model_name).toBe('risk')
    expect((await fetch(`${named.url}/v2/models/fraud`)).status).toBe(404)
    expect(named.stdout()).toContain('/v2/models/risk/infer')
  })

  test('is announced as JSON where that is asked for', async () => {
    const command = startCommand(['serve', FRAUD, '--port', '0', '--json', '--data', join(folder, 'data')])
    const [line] = await command.until(/^\{"url".+\n/)
    const { url, models } = JSON.parse(line) as { url: string; models: unknown }
    expect(models).toMatchObject([
      // which engine is the better one was measured on this machine
      {
        name: 'fraud',
        version: expect.stringMatching(/^[0-9a-f]{64}$/),
        labels: ['1'],
        engines: [expect.stringMatching(/^(onnxruntime|host-kernels)$/)],
        choices: { plan: { value: 'in-tick', reason: expect.stringContaining('a row takes') } },
      },
    ])
    expect((await infer(url, 'fraud', expected.X)).outputs[0]?.data).toEqual(expected.predict)
  })

  test('may be a folder of models', async () => {
    const models = await mkdtemp(join(folder, 'models-'))
    await cp(join(import.meta.dirname, '../../', FRAUD), join(models, 'b.onnx'))
    await writeFile(join(models, 'a.onnx'), linearModel())
    const server = await serve([models])
    expect(await (await fetch(`${server.url}/v2/models`)).json()).toEqual({ models: ['a', 'b'] })
  })
})

const BODY = rowsBody(expected.X)
const QUESTION: Question = {
  model: 'fraud',
  body: BODY,
  isRight: (text) => text.includes(`"data":[${expected.predict.join(',')}]`),
}

test('a folder is served without what cannot be read there, which is said and listed', async () => {
  const models = join(folder, 'partly')
  await mkdir(join(models, 'labelled/1'), { recursive: true })
  await writeFile(join(models, 'labelled/1/model.onnx'), linearModel())
  await writeFile(join(models, 'labelled/labels.json'), '{"default": 7}')
  await writeFile(join(models, 'bad.onnx'), 'no model')
  await writeFile(join(models, 'good.onnx'), linearModel())
  const server = await startServer([models, '--data', join(folder, 'data')])
  expect(server.stderr().match(/"message":"a model could not be read, it is not served"/g)).toHaveLength(2)
  const index = await fetch(`${server.url}/v2/repository/index`, { method: 'POST' })
  expect(await index.json()).toEqual([
    { name: 'bad', version: '', state: 'UNAVAILABLE', reason: expect.stringMatching(/"bad\.onnx" is text/) as string },
    expect.objectContaining({ name: 'good', state: 'READY' }),
    {
      name: 'labelled',
      version: '',
      state: 'UNAVAILABLE',
      reason: expect.stringContaining('"labels.json": "default" is "7"') as string,
    },
  ])
})

describe.skipIf(!needs('linux'))('a runner that dies', () => {
  test('takes only its own connections with it; new ones wait for the next runner and are answered', async () => {
    const server = await serve()
    const load = startLoad(server.url, 6, QUESTION)
    await load.more(100)
    const first = await server.runner()
    process.kill(first, 'SIGKILL')
    while (await isAlive(first)) await setTimeout(1)
    const during = await Promise.all(Array.from({ length: 20 }, () => ask(server.url, false, QUESTION)))
    expect(during.map(({ failure }) => failure)).toEqual(Array(20).fill(undefined))
    await load.more(100)
    await load.stop()
    expect(load.failures.length).toBeLessThanOrEqual(6) // one connection a client
    expect(load.failures.every(({ failure }) => /ECONNRESET|EPIPE|socket hang up|aborted/.test(failure))).toBe(true)
    expect(await server.runner()).not.toBe(first)
    expect(server.stderr()).toContain('"message":"runner died, starting another"')
    expect(server.stderr()).toContain('"message":"runner restarted"')
  })

  test('again and again is started after longer and longer waits', async () => {
    const server = await serve()
    for (let crash = 1; crash <= 4; crash++) {
      process.kill(await server.runner(), 'SIGKILL')
      await server.until(new RegExp(`(runner restarted[^]*){${crash}}`))
    }
    const waits = [...server.stderr().matchAll(/"how":"SIGKILL","waitMs":(\d+)/g)].map((match) => Number(match[1]))
    expect(waits).toEqual([50, 100, 200, 400])
    expect((await ask(server.url, false, QUESTION)).failure).toBeUndefined()
  })
})

describe('the log of a server', () => {
  test('has a line of JSON for everything that is said where no terminal is, with the name of the event', async () => {
    const data = join(folder, 'fresh')
    const left = join(data, 'bundles/sources', `${'ab'.repeat(32)}.0123456789ab.tmp`)
    await mkdir(dirname(left), { recursive: true })
    await writeFile(left, 'half')
    await utimes(left, 0, 0)
    const server = await startServer([FRAUD, '--data', data])
    await server.until(/"event":"swept"/)
    server.child.kill('SIGTERM')
    expect((await server.ended).code).toBe(0)
    const lines = server
      .stderr()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { event: string; message: string })
    expect(lines.find(({ event }) => event === 'model_progress')).toMatchObject({ message: 'reading', path: FRAUD })
    expect(lines.filter(({ event }) => event !== 'model_progress')).toMatchObject([
      { level: 'info', event: 'server_ready', url: server.url, workers: 1, models: [{ name: 'fraud' }] },
      { level: 'info', event: 'swept', paths: [left] },
      { level: 'info', event: 'drain_begun' },
      { level: 'info', event: 'drain_ended', tookMs: expect.any(Number) },
    ])
  })
})

describe('a server behind Lambda', () => {
  test('asks for a key where a file of keys is named', async () => {
    const key = createKey()
    await writeFile(join(folder, 'keys'), `web inference sha256:${digestOf(key)}\n`, { mode: 0o600 })
    const lambda = await startLambdaEmulator()
    const args = ['serve', FRAUD, '--api-key-file', join(folder, 'keys'), '--data', join(folder, 'data')]
    const command = startCommand(args, { env: { AWS_LAMBDA_RUNTIME_API: lambda.api } })
    const invoke = (headers: [string, string][]) =>
      lambda.fromHttp('v2', {
        method: 'POST',
        target: '/v2/models/fraud/infer',
        headers: [['content-type', 'application/json'], ...headers],
        body: Buffer.from(BODY),
      })
    expect((await invoke([])).status).toBe(401)
    expect((await invoke([['authorization', `Bearer ${createKey()}`]])).status).toBe(401)
    expect((await invoke([['authorization', `Bearer ${key}`]])).status).toBe(200)
    command.child.kill('SIGTERM')
    expect((await command.ended).code).toBe(0)
    await lambda.close()
  })

  test('does not start without the keys that are named, and Lambda is told', async () => {
    const lambda = await startLambdaEmulator()
    const args = ['serve', FRAUD, '--api-key-file', join(folder, 'no-keys'), '--data', join(folder, 'data')]
    const { code, stderr } = await runCommand(args, { env: { AWS_LAMBDA_RUNTIME_API: lambda.api } })
    expect(code).toBe(1)
    expect(stderr).toMatch(/there is no file of keys at/)
    expect(lambda.initErrors).toEqual([expect.stringContaining('there is no file of keys at')])
    await lambda.close()
  })
})

describe.skipIf(!needs('linux'))('the end of a server', () => {
  test('costs no request: SIGTERM under load answers all and sends clients elsewhere', async () => {
    const server = await serve()
    const load = startLoad(server.url, 8, QUESTION)
    await load.more(200)
    server.child.kill('SIGTERM')
    await load.done
    expect(load.failures).toEqual([])
    expect((await server.ended).code).toBe(0)
    expect((await ask(server.url, false, QUESTION)).failure).toBe('ECONNREFUSED')
  })

  test('refuses new connections while the last answers are given', async () => {
    const server = await serve()
    const { port } = new URL(server.url)
    const slow = request(`${server.url}/v2/models/fraud/infer`, {
      method: 'POST',
      headers: { 'content-length': BODY.length },
    })
    const answered = once(slow, 'response')
    slow.write(BODY.slice(0, 10)) // the rest comes when the server has begun to drain
    await setTimeout(100)
    server.child.kill('SIGTERM')
    while ((await ask(server.url, false, QUESTION)).failure !== 'ECONNREFUSED') await setTimeout(10)
    slow.end(BODY.slice(10))
    const [response] = (await answered) as [{ statusCode: number; headers: Record<string, string>; resume(): void }]
    response.resume()
    expect(response.statusCode).toBe(200)
    expect(response.headers.connection).toBe('close')
    expect((await server.ended).code).toBe(0)
    expect(Number(port)).toBeGreaterThan(0)
  })

  test('Ctrl-C, which a terminal sends to every process at once, drains too', async () => {
    const server = await startServer([FRAUD, '--data', join(folder, 'data')], { isGroup: true })
    const load = startLoad(server.url, 2, QUESTION)
    await load.more(20)
    process.kill(-(server.child.pid ?? 0), 'SIGINT')
    await load.done
    expect(load.failures).toEqual([])
    expect((await server.ended).code).toBe(0)
  })

  test('a runner whose supervisor was killed ends by itself', async () => {
    const server = await serve()
    const runner = await server.runner()
    server.child.kill('SIGKILL')
    while (await isAlive(runner)) await setTimeout(20)
    expect((await ask(server.url, false, QUESTION)).failure).toBe('ECONNREFUSED')
  })
})

describe('a server that cannot start', () => {
  test('says which port is in use', async () => {
    const other = createServer()
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const { code, stderr, stdout } = await runCommand([
      'serve',
      FRAUD,
      '--port',
      String(port),
      '--data',
      join(folder, 'data'),
    ])
    expect(stderr).toMatch(
      new RegExp(`^slipway: port ${port} on 127.0.0.1 is in use: choose another with --port$`, 'm'),
    )
    expect([code, stdout]).toEqual([1, ''])
    await new Promise((resolve) => other.close(resolve))
  })

  test.skipIf(!needs('linux'))('says so when another that began at the same moment listens first', async () => {
    const other = new BoundSocket({ host: '127.0.0.1', port: 0 })
    const { port } = other.address()
    const fresh = join(folder, 'same-moment.onnx')
    await writeFile(fresh, linearModel({}, 11))
    const command = startCommand(['serve', fresh, '--port', String(port), '--data', join(folder, 'data')])
    await command.until(/"event":"model_progress"/) // the port is bound, and the runner waits for its model
    const listener = createServer()
    listener.listen({ fd: other.fd() })
    await once(listener, 'listening')
    const { code, stderr, stdout } = await command.ended
    expect(stderr).toMatch(
      new RegExp(`^slipway: port ${port} on 127.0.0.1 is in use: choose another with --port$`, 'm'),
    )
    expect(stderr).not.toContain('    at ') // no stack
    expect([code, stdout]).toEqual([1, ''])
    await new Promise((resolve) => listener.close(resolve))
  })

  test.each<[string, readonly string[], number, RegExp]>([
    ['a missing file', ['nothing.onnx'], 1, /^slipway: there is no file or folder "nothing.onnx"$/m],
    ['a file that is no model', ['README.md'], 3, /^slipway: "README.md" is text, which is not compiled/m],
    [
      'an unknown flag',
      [FRAUD, '--prot', '80'],
      2,
      /there is no option "--prot": did you mean --port\?\nusage: slipway serve /,
    ],
    ['one name for two models', [FRAUD, FRAUD, '--name', 'x'], 2, /--name names one model, and there are 2/],
    ['a model twice', [FRAUD, FRAUD], 2, /two models are called "fraud"/],
    [
      'an address that others reach',
      [FRAUD, '--host', '0.0.0.0'],
      1,
      /0.0.0.0 can be reached from other machines and requests need no key: name a file of keys/,
    ],
    [
      'an address that is not ours',
      [FRAUD, '--host', '192.0.2.1', '--insecure'],
      1,
      /cannot listen on 192.0.2.1, port 0 \(EADDRNOTAVAIL\)/,
    ],
    [
      'an unknown engine',
      [FRAUD, '--engine', 'warp'],
      1,
      /there is no engine "warp"; there is "onnxruntime", "host-kernels"/,
    ],
  ])('for %s says so', async (_what, args, code, message) => {
    const ended = await runCommand([
      'serve',
      '--data',
      join(folder, 'data'),
      ...(args.includes('--port') ? [] : ['--port', '0']),
      ...args,
    ])
    expect(ended.stderr).toMatch(message)
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).not.toContain('    at ') // no stack
  })

  test('with --insecure listens where others reach it', async () => {
    const server = await serve([FRAUD, '--host', '0.0.0.0', '--insecure'])
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect((await infer(server.url.replace('127.0.0.1', '127.0.0.2'), 'fraud', expected.X)).outputs[0]?.data).toEqual(
      expected.predict,
    )
  })
})

test('a runner that a request holds for ever is replaced, and says so', { timeout: 60_000 }, async () => {
  await writeFile(join(folder, 'steps.onnx'), stepsModel())
  const server = await serve([join(folder, 'steps.onnx'), '--timeout-ms', '200'])
  const first = await server.runner()
  const inputs = [
    { name: 'X', datatype: 'FP32', shape: [1, 2], data: [1, 2] },
    { name: 'steps', datatype: 'INT64', shape: [], data: [1_000_000_000_000] },
  ]
  const held = fetch(`${server.url}/v2/models/steps/infer`, { method: 'POST', body: JSON.stringify({ inputs }) })
  await expect(held).rejects.toThrow()
  await server.until(/the runner hung/)
  // asked meanwhile, a new connection waits for the next runner
  expect((await fetch(`${server.url}/v2/health/ready`)).status).toBe(200)
  expect(await isAlive(first)).toBe(false)
})

test('the engine leaves nothing behind in the home of the user, and tells nobody', async () => {
  const home = await mkdtemp(join(folder, 'home-'))
  const { code } = await runCommand(['predict', FRAUD, '--data', join(folder, 'fresh')], { env: { HOME: home } })
  expect(code).toBe(0)
  expect(await readdir(home)).toEqual([])
})
