import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { linearModel } from '../../test/support/models.ts'
import { choicesOf } from '../runtime/choices.fixture.ts'
import { connectReplicas, type Replicas } from '../runtime/remote/index.ts'
import { tensor } from '../tensor/tensor.ts'
import { openOrCompile, type LocatedBundle } from './compile.ts'
import { argumentsOf } from './spawn.ts'
import type { FromWorker, ToWorker, WorkerSettings } from './worker-messages.ts'

let folder: string
let linear: LocatedBundle
let sockets: string
let workers: Worker[]
let replicas: Replicas[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-worker-'))
  await writeFile(join(folder, 'linear.onnx'), linearModel())
  linear = await openOrCompile(join(folder, 'linear.onnx'), {
    dataFolder: folder,
    signal: new AbortController().signal,
  })
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

beforeEach(async () => {
  sockets = await mkdtemp(join(tmpdir(), 'slipway-sockets-'))
  workers = []
  replicas = []
})

afterEach(async () => {
  for (const program of replicas) program.release()
  for (const { child, ended } of workers) {
    child.kill('SIGKILL')
    await ended
  }
  await rm(sockets, { recursive: true, force: true })
})

interface Worker {
  readonly child: ChildProcess
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>
  tell(message: ToWorker): void
  /** The next message of this kind, or one that came already. */
  heard<T extends FromWorker['type']>(type: T): Promise<Extract<FromWorker, { type: T }>>
}

function startWorker(settings: Partial<WorkerSettings> = {}): Worker {
  const child = spawn(process.execPath, argumentsOf('worker'), {
    stdio: ['ignore', 'inherit', 'ignore', 'ipc'],
    serialization: 'advanced',
    env: {},
  })
  const messages: FromWorker[] = []
  let wake = () => {}
  child.on('message', (message: FromWorker) => {
    messages.push(message)
    wake()
  })
  const tell = (message: ToWorker) => void child.send(message, () => {})
  const worker: Worker = {
    child,
    tell,
    ended: new Promise((resolve) => void child.on('exit', (code, signal) => resolve(code ?? signal))),
    async heard(type) {
      for (;;) {
        const found = messages.find((message) => message.type === type)
        if (found !== undefined) return found as never
        await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
  workers.push(worker)
  tell({
    type: 'start',
    settings: {
      folder: linear.folder,
      digest: linear.digest,
      name: 'linear',
      engines: ['onnxruntime', 'host-kernels'],
      socket: join(sockets, '0'),
      timeoutMs: 5000,
      ...settings,
    },
  })
  return worker
}

function connect(): Replicas {
  const program = connectReplicas({
    sockets: [join(sockets, '0')],
    engines: ['onnxruntime'],
    maxRunMs: 10_000,
    now: () => performance.now(),
    model: { name: 'linear', version: linear.digest },
    canRunOffLoop: true,
  })
  replicas.push(program)
  return program
}

const X = new Map([['X', tensor('FP32', [2, 2], Float32Array.of(1, 2, 3, 4))]])

async function ask(program: Replicas): Promise<unknown> {
  return (await program.run(X, ['y'])).get('y')?.data
}

test('a worker answers on a socket of its own user, and says that it lives', async () => {
  const worker = startWorker()
  expect(await worker.heard('ready')).toEqual({ type: 'ready', engines: ['onnxruntime'] })
  expect(statSync(join(sockets, '0')).mode & 0o777).toBe(0o600)
  expect(await ask(connect())).toEqual(Float32Array.of(9, 19))
  const { rssMiB } = await worker.heard('alive')
  expect(rssMiB).toBeGreaterThan(10)
})

test('one that runs off the loop where its engine can answers the same', async () => {
  const worker = startWorker({ choices: choicesOf({ plan: 'off-loop', concurrency: 2 }) })
  await worker.heard('ready')
  const program = connect()
  expect(await Promise.all(Array.from({ length: 20 }, () => ask(program)))).toEqual(
    Array.from({ length: 20 }, () => Float32Array.of(9, 19)),
  )
})

test('one that is told to stop answers what runs, and ends with success', async () => {
  const worker = startWorker()
  await worker.heard('ready')
  const program = connect()
  await ask(program)
  const under = [ask(program), ask(program)]
  worker.tell({ type: 'stop' })
  const successor = startWorker()
  expect(await Promise.all(under)).toHaveLength(2)
  expect(await worker.ended).toBe(0)
  await successor.heard('ready')
  expect(await ask(program)).toEqual(Float32Array.of(9, 19))
  expect(existsSync(join(sockets, '0'))).toBe(true)
})

test('one whose supervisor is gone ends, and removes the folder of sockets when it was the last there', async () => {
  const worker = startWorker()
  await worker.heard('ready')
  await ask(connect())
  worker.child.disconnect()
  expect(await worker.ended).toBe(0)
  expect(existsSync(sockets)).toBe(false)
})

test('another process takes the path over, and the old one, when it ends, leaves it alone', async () => {
  const old = startWorker()
  await old.heard('ready')
  const next = startWorker()
  await next.heard('ready')
  old.tell({ type: 'stop' })
  expect(await old.ended).toBe(0)
  expect(await ask(connect())).toEqual(Float32Array.of(9, 19))
})

test('what was left at the path by one that was killed is no hindrance', async () => {
  const old = startWorker()
  await old.heard('ready')
  old.child.kill('SIGKILL')
  expect(await old.ended).toBe('SIGKILL')
  expect(existsSync(join(sockets, '0'))).toBe(true)
  await startWorker().heard('ready')
  expect(await ask(connect())).toEqual(Float32Array.of(9, 19))
})

test.each<[string, Partial<WorkerSettings>, string]>([
  ['a bundle that is not there', { folder: '/nonexistent' }, 'not_found'],
  ['another digest', { digest: 'ab'.repeat(32) }, 'refused'],
  ['an engine that is none', { engines: ['steam'] }, 'invalid_argument'],
])('one that starts with %s says so and ends', async (_what, settings, code) => {
  const worker = startWorker(settings)
  expect(await worker.heard('failed')).toMatchObject({ code })
  expect(await worker.ended).toBe(1)
})
