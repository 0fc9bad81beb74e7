/** What operators ask of a server of several processes: statistics, loading and unloading, what is logged and traced. */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { startCollector } from '../../src/telemetry/collector.fixture.ts'
import { endCommands, startServer, type RunningServer } from '../support/command.ts'
import { startLoad, type Question } from '../support/load.ts'
import { linearModel } from '../support/models.ts'
import { needs } from '../support/needs.ts'

// many processes are started here, on machines that may be busy
vi.setConfig({ testTimeout: 60_000 })

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-operations-'))
})

afterEach(endCommands)

afterAll(async () => {
  await rm(folder, { recursive: true })
})

/** Puts a model where another may lie, whole; or what is none. */
async function put(path: string, content: number | string): Promise<void> {
  const whole = join(folder, path)
  await mkdir(join(whole, '..'), { recursive: true })
  await writeFile(`${whole}.new`, typeof content === 'string' ? content : linearModel({}, content))
  await rename(`${whole}.new`, whole)
}

function serve(path: string, args: readonly string[] = [], env: Record<string, string> = {}): Promise<RunningServer> {
  const all = [join(folder, path), '--workers', '2', '--data', join(folder, 'data'), ...args]
  return startServer(all, { env: { TMPDIR: folder, ...env } })
}

/** `y` of the linear model for the row [10, 1]: the factor's tenfold and 4. */
function question(factors: readonly number[], model: string): Question {
  return {
    model,
    body: JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 2], data: [10, 1] }] }),
    isRight: (text) => factors.some((factor) => text.includes(`"data":[${10 * factor + 4}]`)),
  }
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Asks on a connection of its own, so that one runner answers after the other. */
async function ask(server: RunningServer, method: string, path: string, document?: unknown): Promise<Answer> {
  const response = await fetch(`${server.url}/v2${path}`, {
    method,
    headers: { connection: 'close' },
    ...(document === undefined ? {} : { body: JSON.stringify(document) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

function infer(server: RunningServer, model: string): Promise<Answer> {
  return ask(server, 'POST', `/models/${model}/infer`, JSON.parse(question([], model).body))
}

interface Statistics {
  readonly inference_count: number
  readonly execution_count: number
  readonly inference_stats: Readonly<Record<string, { readonly count: number; readonly ns: number }>>
}

async function statistics(server: RunningServer, model: string): Promise<Statistics> {
  const { body } = await ask(server, 'GET', `/models/${model}/stats`)
  const [found] = (body as { model_stats: Statistics[] }).model_stats
  if (found === undefined) throw new Error('no statistics')
  return found
}

describe.skipIf(!needs('linux'))('statistics', () => {
  test('are the same whichever runner is asked, count every request once, and outlive runners', async () => {
    await put('counted/m.onnx', 2)
    const server = await serve('counted')
    for (let i = 0; i < 40; i++) expect((await infer(server, 'm')).status).toBe(200)
    for (let i = 0; i < 4; i++) expect((await ask(server, 'POST', '/models/m/infer', { inputs: [] })).status).toBe(400)
    const whole = await statistics(server, 'm')
    for (let i = 0; i < 4; i++) expect(await statistics(server, 'm')).toEqual(whole)
    expect(whole).toMatchObject({ inference_count: 40, execution_count: 40 })
    const { success, fail, queue, compute_input, compute_infer, compute_output } = whole.inference_stats
    expect([success?.count, fail?.count]).toEqual([40, 4])
    const parts = [queue, compute_input, compute_infer, compute_output]
    expect(parts.map((part) => part?.count)).toEqual([40, 40, 40, 40])
    const sum = parts.reduce((total, part) => total + (part?.ns ?? 0), 0)
    expect(Math.abs(sum / (success?.ns ?? 0) - 1)).toBeLessThan(1e-6)

    server.child.kill('SIGUSR2')
    await server.until(/every runner was replaced/)
    expect(await statistics(server, 'm')).toEqual(whole)
    await infer(server, 'm')
    expect(await statistics(server, 'm')).toMatchObject({ inference_count: 41 })
  })
})

describe.skipIf(!needs('linux'))('models', () => {
  test.each([[[]], [['--isolation', 'process']]])(
    'come and go in all runners without a failed request for others (%j)',
    async (args) => {
      const place = `models${args.length}`
      await put(`${place}/stays.onnx`, 2)
      await put(`${place}/goes.onnx`, 3)
      const server = await serve(place, args)
      const load = startLoad(server.url, 8, question([2], 'stays'), 'on')
      for (let round = 0; round < 3; round++) {
        expect(await ask(server, 'POST', '/repository/models/goes/unload')).toMatchObject({ status: 200 })
        for (let i = 0; i < 4; i++) expect((await infer(server, 'goes')).status).toBe(503)
        expect(await ask(server, 'GET', '/models/goes/ready')).toMatchObject({ status: 503 })
        expect((await ask(server, 'POST', '/repository/index')).body).toMatchObject([
          { name: 'goes', state: 'UNAVAILABLE', reason: 'unloaded' },
          { name: 'stays', state: 'READY' },
        ])
        expect(await ask(server, 'POST', '/repository/models/goes/load')).toMatchObject({ status: 200 })
        for (let i = 0; i < 4; i++) expect((await infer(server, 'goes')).status).toBe(200)
      }
      await load.more(50)
      await load.stop()
      expect(load.failures).toEqual([])
    },
  )

  test('are loaded as they lie there now; what is broken leaves what was served, and what is new is found', async () => {
    await put('changing/m.onnx', 2)
    await put('changing/other.onnx', 9)
    const server = await serve('changing')
    const load = startLoad(server.url, 4, question([2, 3], 'm'), 'on')
    await put('changing/m.onnx', 'broken')
    const failed = await ask(server, 'POST', '/repository/models/m/load')
    expect(failed).toMatchObject({
      status: 400,
      body: { error: expect.stringMatching(/^failed to load "m": /) as string },
    })
    expect(JSON.stringify(failed.body)).not.toContain(folder)
    await put('changing/m.onnx', 3)
    await put('changing/other.onnx', 8)
    await put('changing/fresh.onnx', 4)
    expect(await ask(server, 'POST', '/repository/models/m/load')).toMatchObject({ status: 200 })
    await load.more(20)
    await load.stop()
    expect(load.failures).toEqual([])
    for (let i = 0; i < 4; i++)
      expect(question([3], 'm').isRight(JSON.stringify((await infer(server, 'm')).body))).toBe(true)
    expect((await infer(server, 'fresh')).status).toBe(404)
    expect(await ask(server, 'POST', '/repository/models/fresh/load')).toMatchObject({ status: 200 })
    for (let i = 0; i < 4; i++) expect((await infer(server, 'fresh')).status).toBe(200)
    const { body } = await infer(server, 'other')
    expect(question([9], 'other').isRight(JSON.stringify(body))).toBe(true)
    expect(await ask(server, 'POST', '/repository/models/nobody/load')).toMatchObject({ status: 404 })
  })

  test('that were unloaded stay that when others are reloaded and runners die, and come back with the next load', async () => {
    await put('kept/a.onnx', 2)
    await put('kept/b.onnx', 3)
    const server = await serve('kept')
    await ask(server, 'POST', '/repository/models/b/unload')
    await put('kept/a.onnx', 4)
    server.child.kill('SIGHUP')
    await server.until(/"message":"reloaded"/)
    const [runner = 0] = await server.processes('runner')
    process.kill(runner, 'SIGKILL')
    await server.until(/runner restarted/)
    for (let i = 0; i < 4; i++) {
      expect((await infer(server, 'a')).status).toBe(200)
      expect((await infer(server, 'b')).status).toBe(503)
    }
    await ask(server, 'POST', '/repository/models/b/load')
    for (let i = 0; i < 4; i++) expect((await infer(server, 'b')).status).toBe(200)
  })
})

describe.skipIf(!needs('linux'))('a supervisor', () => {
  test('that is silent leaves no statistics of one runner for those of all, and its end leaves nobody waiting', async () => {
    await put('silent/m.onnx', 2)
    const server = await serve('silent')
    await server.processes('runner') // so that they are ended whatever happens
    expect((await infer(server, 'm')).status).toBe(200)
    server.child.kill('SIGSTOP')
    expect(await ask(server, 'GET', '/models/m/stats')).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    const metrics = await fetch(`${server.url}/metrics`, { headers: { connection: 'close' } })
    expect([metrics.status, await metrics.text()]).toEqual([200, expect.stringContaining('slipway_requests_total')])
    const loads = Array.from({ length: 4 }, () => ask(server, 'POST', '/repository/models/m/load'))
    expect((await infer(server, 'm')).status).toBe(200) // by then they wait
    server.child.kill('SIGKILL')
    for (const load of loads) expect((await load).status).toBe(503)
    await server.ended // and all that it started
  })
})

describe.skipIf(!needs('linux'))('what is logged and traced', () => {
  test('changes in every runner, those that are started later too', async () => {
    const collector = await startCollector()
    await put('observed/m.onnx', 2)
    const server = await serve('observed', ['--log-level', 'error'], {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '20',
    })
    try {
      const off = { log_info: true, log_verbose_level: 0 }
      expect(await ask(server, 'POST', '/logging', off)).toMatchObject({
        status: 200,
        body: { log_info: true, log_warning: false, log_error: true },
      })
      expect(await ask(server, 'POST', '/trace/setting', { trace_level: ['OFF'] })).toMatchObject({ status: 200 })
      expect(await ask(server, 'POST', '/models/m/trace/setting', { trace_level: ['TIMESTAMPS'] })).toMatchObject({
        body: { trace_level: ['TIMESTAMPS'], trace_rate: '1' },
      })
      server.child.kill('SIGUSR2')
      await server.until(/every runner was replaced/) // a line that was not shown before
      const before = collector.spans().length
      for (let i = 0; i < 4; i++) {
        expect((await ask(server, 'GET', '/models')).status).toBe(200)
        expect((await ask(server, 'GET', '/logging')).body).toMatchObject({ log_info: true, log_warning: false })
        expect((await ask(server, 'GET', '/trace/setting')).body).toMatchObject({ trace_level: ['OFF'] })
      }
      for (let i = 0; i < 4; i++) await infer(server, 'm')
      await collector.until(before + 12)
      const paths = collector
        .spans()
        .slice(before)
        .map(({ attributes }) => attributes['url.path'])
      expect(new Set(paths.filter((path) => path !== undefined))).toEqual(new Set(['/v2/models/m/infer']))
    } finally {
      await collector.close()
    }
  })
})
