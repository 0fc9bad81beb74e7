/** The Lambda host against an emulator that others wrote: cargo-lambda, from PyPI. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findTool, needs } from '../support/needs.ts'
import { freePort } from '../support/free-port.ts'

const started: ChildProcess[] = []
let folder = ''
let port = 0
let said = ''

interface Answer {
  readonly status: number | undefined
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: Buffer
}

/** Bare HTTP: no client's own ideas of paths and headers. */
function send(path: string, body: string | Uint8Array, headers: NodeJS.Dict<string | string[]> = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const request = httpRequest(
    { host: '127.0.0.1', port, path, method: 'POST', headers, timeout: 20_000 },
    (response) => {
      const chunks: Uint8Array[] = []
      response.on('data', (chunk: Uint8Array) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      )
      response.on('error', reject)
    },
  )
  request.on('timeout', () => request.destroy(new Error(`no answer in time; the processes said: ${said}`)))
  request.on('error', reject)
  request.end(body)
  return promise
}

function start(command: string, parameters: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const child = spawn(command, parameters, {
    cwd: folder,
    env: { ...process.env, ...env },
    detached: true, // a process group of its own, ended as one
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.on('error', (error) => (said += error.message))
  started.push(child)
  return child
}

/** Only connects: to the emulator any request is an invocation. */
function isListening(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

const invoke = (event: string): Promise<Answer> => send('/2015-03-31/functions/function/invocations', event)

describe.skipIf(!needs('cargo-lambda', 'cargo', 'linux'))("cargo-lambda's emulator", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-cargo-lambda-'))
    await mkdir(join(folder, 'src'))
    await writeFile(join(folder, 'src/main.rs'), 'fn main() {}\n')
    await writeFile(join(folder, 'Cargo.toml'), '[package]\nname = "function"\nversion = "0.1.0"\nedition = "2021"\n')
    port = await freePort()
    const watch = ['lambda', 'watch', '--only-lambda-apis', '-A', '127.0.0.1', '-P', String(port)]
    const emulator = start(findTool('cargo-lambda') ?? '', watch, {})
    for (let tries = 0; !(await isListening()); tries++) {
      if (tries === 1000 || emulator.exitCode !== null)
        throw new Error(`the emulator does not listen; it said: ${said}`)
      await new Promise((later) => setTimeout(later, 50))
    }
    start(process.execPath, [join(import.meta.dirname, '../support/lambda-runtime-main.ts')], {
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}/.rt/function`,
    })
  }, 60_000)

  afterAll(async () => {
    for (const child of started.toReversed()) {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      process.kill(-child.pid, 'SIGKILL')
      await ended
    }
    await rm(folder, { recursive: true, force: true })
  }, 30_000)

  test('a direct invocation is POST /invocations, whatever its deadline says', async () => {
    const answer = await invoke('{"instances": [[9007199254740993]]}')
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      method: 'POST',
      path: '/invocations',
      body: Buffer.from('{"instances": [[9007199254740993]]}').toString('base64'),
    })
  })

  test('an event of API Gateway is answered in its form', async () => {
    const event = {
      httpMethod: 'POST',
      path: '/v2/models/m/infer',
      multiValueHeaders: { Accept: ['a', 'b'] },
      requestContext: { stage: 'prod' },
      body: 'AP8=',
      isBase64Encoded: true,
    }
    const answer = JSON.parse((await invoke(JSON.stringify(event))).body.toString())
    expect(answer).toMatchObject({ statusCode: 200, isBase64Encoded: false, headers: { 'x-from': 'handler' } })
    expect(JSON.parse(answer.body)).toMatchObject({
      path: '/v2/models/m/infer',
      headers: { accept: 'a, b' },
      body: 'AP8=',
    })
  })

  test('a request to the function URL comes through with path, query, headers and JSON', async () => {
    const body = '{"inputs":[{"data":["é"]}]}'
    const path = '/lambda-url/function/v2/models/a%20b/infer?x=1&x=2'
    const answer = await send(path, body, { 'content-type': 'application/json', 'X-Mixed': 'Case' })
    expect(answer.status).toBe(200)
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'x-from': 'handler' })
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      method: 'POST',
      path: '/v2/models/a%20b/infer',
      query: 'x=1&x=2',
      headers: { 'content-type': 'application/json', 'x-mixed': 'Case' },
      body: Buffer.from(body).toString('base64'),
    })
  })

  test('bytes go in and out of the function URL unchanged', async () => {
    const bytes = Uint8Array.from({ length: 1024 }, (_, i) => i & 255)
    const answer = await send('/lambda-url/function/bytes', bytes, { 'content-type': 'application/octet-stream' })
    expect(answer.status).toBe(201)
    expect(answer.body).toStrictEqual(Buffer.from(bytes))
  })

  test('a handler that throws is a function error, and the next event is answered', async () => {
    const event = { httpMethod: 'POST', path: '/fail', requestContext: {} }
    const answer = await invoke(JSON.stringify(event))
    expect(JSON.parse(answer.body.toString())).toMatchObject({ errorType: 'overloaded', errorMessage: 'told to fail' })
    expect((await invoke('{}')).status).toBe(200)
  })

  test('an event of 5 MB is answered', async () => {
    const event = JSON.stringify({
      httpMethod: 'POST',
      path: '/bytes',
      requestContext: {},
      body: 'x'.repeat(3_700_000),
    })
    const answer = JSON.parse((await invoke(event)).body.toString())
    expect(answer).toMatchObject({ statusCode: 201, isBase64Encoded: true })
    expect(Buffer.from(answer.body, 'base64').toString() === 'x'.repeat(3_700_000)).toBe(true)
  })
})
