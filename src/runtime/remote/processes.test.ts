import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { connectReplicas, type ReplicaOptions, type Replicas } from './connect-replicas.ts'
import { MAKES_IT } from './replica-process.fixture.ts'
import { column, numbersOf } from './tenfold.fixture.ts'

const PROGRAM = fileURLToPath(new URL('replica-process.fixture.ts', import.meta.url))

/** Replica processes that are started again whenever they end. */
interface Kept {
  readonly sockets: string[]
  readonly starts: number
  kill(which: number): void
  /** Memory that one holds (MiB), where the system tells; else 0. */
  residentMiB(which: number): number
  stop(): Promise<void>
}

let folder: string
let kept: Kept | undefined
let replicas: Replicas

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-processes-'))
  writeFileSync(join(folder, 'ran'), '')
})

afterEach(async () => {
  replicas.release()
  await kept?.stop()
  kept = undefined
  rmSync(folder, { recursive: true })
})

function keep(count: number, ranFile = '', failsWhile = ''): Kept {
  const sockets = Array.from({ length: count }, (_, i) => join(folder, String(i)))
  const children: ChildProcess[] = []
  const ends: Promise<void>[] = []
  let isStopped = false
  let starts = 0
  const start = (which: number) => {
    starts++
    const args = [PROGRAM, sockets[which] ?? '', ranFile, failsWhile]
    const child = spawn(process.execPath, args, { stdio: 'inherit', env: {} })
    children[which] = child
    const { promise, resolve } = Promise.withResolvers<void>()
    ends.push(promise)
    child.on('exit', () => {
      if (!isStopped) start(which)
      resolve()
    })
  }
  for (let which = 0; which < count; which++) start(which)
  kept = {
    sockets,
    get starts() {
      return starts
    },
    kill: (which) => void children[which]?.kill('SIGKILL'),
    residentMiB(which) {
      const file = `/proc/${children[which]?.pid}/statm`
      return existsSync(file) ? Number(readFileSync(file, 'utf8').split(' ')[1]) / 256 : 0
    },
    async stop() {
      isStopped = true
      for (const child of children) child.kill('SIGKILL')
      await Promise.all(ends)
    },
  }
  return kept
}

function connectTo(sockets: readonly string[], options: Partial<ReplicaOptions> = {}): Replicas {
  replicas = connectReplicas({
    sockets,
    engines: ['tenfold'],
    maxRunMs: 20_000,
    now: () => performance.now(),
    model: { name: 'm', version: 'v' },
    canRunOffLoop: true,
    ...options,
  })
  return replicas
}

async function available(count: number): Promise<void> {
  while (replicas.available !== count) await new Promise((resolve) => void setTimeout(resolve, 5))
}

const WANTED = ['y']

const run = async (...values: number[]): Promise<number[]> => numbersOf(await replicas.run(column(...values), WANTED))

const codeOf = (running: Promise<unknown>): Promise<unknown> =>
  running.then(
    () => 'answered',
    (error: unknown) => (error instanceof ServingError ? (error.details['reason'] ?? error.code) : error),
  )

test('kill -9 of one of two, ten times under load: no run fails, no answer is wrong, none is run more than twice', async () => {
  const ran = join(folder, 'ran')
  const processes = keep(2, ran)
  connectTo(processes.sockets)
  await available(2)
  let next = 0
  const ended = new AbortController()
  const failures: unknown[] = []
  const callers = Array.from({ length: 4 }, async () => {
    while (!ended.signal.aborted) {
      const tag = next++
      try {
        const answer = await run(tag)
        if (answer[0] !== tag * 10) failures.push([tag, answer])
      } catch (error) {
        failures.push([tag, error])
      }
    }
  })
  for (let kill = 0; kill < 10; kill++) {
    await available(2)
    await new Promise((resolve) => void setTimeout(resolve, 50))
    processes.kill(kill % 2)
    await available(1)
  }
  await available(2)
  ended.abort()
  await Promise.all(callers)
  expect(failures).toEqual([])
  const times = new Map<string, number>()
  for (const tag of readFileSync(ran, 'utf8').trim().split('\n')) times.set(tag, (times.get(tag) ?? 0) + 1)
  expect(times.size).toBe(next)
  expect(Math.max(...times.values())).toBeLessThanOrEqual(2)
  expect(processes.starts).toBe(12)
}, 60_000)

describe('a model', () => {
  test('that kills its process on some rows is run on them twice, and the others go on', async () => {
    const processes = keep(2, join(folder, 'ran'))
    connectTo(processes.sockets)
    await available(2)
    const others = Array.from({ length: 20 }, (_, i) => run(i))
    expect(await codeOf(run(MAKES_IT.die))).toBe('killed_worker')
    expect(await Promise.all(others)).toEqual(Array.from({ length: 20 }, (_, i) => [i * 10]))
    expect(await codeOf(run(MAKES_IT.die, 7))).toBe('killed_worker')
    expect(await run(7)).toEqual([70])
    const deadly = readFileSync(join(folder, 'ran'), 'utf8')
      .split('\n')
      .filter((line) => line.includes('-13'))
    expect(deadly).toEqual(['-13', '-13'])
  })

  test('that ends its process with success is no better', async () => {
    connectTo(keep(2).sockets)
    await available(2)
    expect(await codeOf(run(MAKES_IT.exit))).toBe('killed_worker')
    expect(await run(1)).toEqual([10])
  })

  test('that hangs costs its caller the time it has, its process is told of and killed, and the others go on', async () => {
    const processes = keep(2)
    const suspects: string[] = []
    connectTo(processes.sockets, {
      maxRunMs: 2000,
      onSuspect(socket, why) {
        suspects.push(why)
        processes.kill(processes.sockets.indexOf(socket))
      },
    })
    await available(2)
    const hung = codeOf(run(MAKES_IT.hang))
    const others: Promise<unknown>[] = []
    for (let i = 0; i < 20; i++) {
      others.push(codeOf(run(i)))
      await new Promise((resolve) => void setTimeout(resolve, 1))
    }
    expect(await hung).toBe('run_too_long')
    await available(2)
    expect(suspects).toEqual(['silent'])
    expect(await run(1)).toEqual([10])
    // those behind it in the hung process are as late as it is, the other process's are answered
    const outcomes = await Promise.all(others)
    expect(outcomes.filter((outcome) => outcome === 'answered').length).toBeGreaterThan(9)
    expect(new Set(outcomes).difference(new Set(['answered', 'run_too_long']))).toEqual(new Set())
  })
})

test('a replica that ends at its start again and again makes runs wait, then refuses them, until one stays', async () => {
  const flag = join(folder, 'fails')
  writeFileSync(flag, '')
  const processes = keep(1, '', flag)
  connectTo(processes.sockets, { maxRunMs: 50 })
  while (processes.starts < 3) expect(await codeOf(run(1))).toBe('unavailable')
  rmSync(flag)
  await available(1)
  expect(await codeOf(run(1))).toBe('answered')
})

test('20,000 runs leave no memory behind, here and there', async () => {
  const processes = keep(1)
  connectTo(processes.sockets)
  await available(1)
  const inputs = [column(...Array.from({ length: 2000 }, (_, i) => i)), column(1), column(2), column(3)]
  const rounds = async (count: number) => {
    for (let i = 0; i < count; i++) await Promise.all(inputs.map((tensors) => replicas.run(tensors, WANTED)))
  }
  await rounds(1000)
  const before = process.memoryUsage()
  const beforeThereMiB = processes.residentMiB(0)
  await rounds(5000)
  const after = process.memoryUsage()
  expect((after.heapUsed + after.external - before.heapUsed - before.external) / 2 ** 20).toBeLessThan(32)
  expect((after.rss - before.rss) / 2 ** 20).toBeLessThan(64)
  expect(processes.residentMiB(0) - beforeThereMiB).toBeLessThan(64)
})
