/** Processes that stand still without ending: nobody hears from them, and what they hold waits. */
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { askAnew } from '../support/ask-anew.ts'
import { endCommands, isAlive, startServer } from '../support/command.ts'
import { linearModel } from '../support/models.ts'
import { needs } from '../support/needs.ts'
import { removePlatforms, startPlatform, type RunningPlatform } from '../support/platform.ts'

const ROW = JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 2], data: [10, 1] }] })
/** Longest that a caller of a frozen process may wait (ms): far below the 60 s that a request may take. */
const PATIENCE_MS = 20_000

let folder: string

afterEach(async () => {
  await endCommands()
  await removePlatforms()
  await rm(folder, { recursive: true, force: true })
})

async function putModel(): Promise<string> {
  folder = await mkdtemp(join(tmpdir(), 'slipway-frozen-'))
  const path = join(folder, 'm.onnx')
  await writeFile(path, linearModel())
  return path
}

/** A connection that has been taken: one request was answered on it. */
async function openConnection(url: string): Promise<{ readonly closed: Promise<unknown> }> {
  const { port } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1').on('error', () => {})
  socket.write('GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(socket, 'data')
  return { closed: once(socket.resume(), 'close') }
}

/** The process of a kind: never none, for that would be the group of this one. */
async function onlyOne(
  command: Pick<RunningPlatform, 'processes'>,
  kind: 'runner' | 'worker' | 'control',
): Promise<number> {
  const [pid, ...others] = await command.processes(kind)
  if (pid === undefined || others.length > 0) throw new Error(`there is not one ${kind}`)
  return pid
}

test.skipIf(!needs('linux'))(
  'on the platform a stopped runner, control and isolated process are replaced within seconds, and stay away when they are continued',
  { timeout: 60_000 },
  async () => {
    const path = await putModel()
    const platform = await startPlatform(['--workers', '1'])
    for (const args of [[path], [path, '--endpoint', 'apart', '--isolated', '--min', '1']]) {
      const deployed = await platform.deploy(args)
      expect(deployed.code, deployed.stderr).toBe(0)
    }
    await expect.poll(async () => (await platform.processes('worker')).length).toBe(1)
    const { closed } = await openConnection(platform.url)
    const runner = await onlyOne(platform, 'runner')
    const control = await onlyOne(platform, 'control')
    const worker = await onlyOne(platform, 'worker')
    const { url, apiUrl, key } = platform
    const ask = (endpoint: string) =>
      askAnew(`${url}/v2/models/${endpoint}/infer`, { key, body: ROW, timeoutMs: PATIENCE_MS })

    process.kill(worker, 'SIGSTOP')
    expect(await Promise.all(Array.from({ length: 4 }, () => ask('apart')))).toEqual([200, 200, 200, 200])
    expect(await isAlive(worker)).toBe(false)

    for (const pid of [runner, control]) process.kill(pid, 'SIGSTOP')
    const api = askAnew(`${apiUrl}/api/v1/projects`, { key, timeoutMs: PATIENCE_MS })
    expect([await ask('m'), await ask('apart'), await api]).toEqual([200, 200, 200])
    await closed
    for (const pid of [runner, control, worker]) {
      expect(await isAlive(pid)).toBe(false)
      expect(() => process.kill(pid, 'SIGCONT')).toThrow('ESRCH')
    }
    expect(await platform.processes('runner')).toHaveLength(1)
    expect(await platform.processes('control')).toHaveLength(1)
    expect(platform.stderr()).toMatch(/the runner was frozen: it was stopped by a signal/)
  },
)

test.skipIf(!needs('linux'))('a stopped runner of a server is replaced', { timeout: 60_000 }, async () => {
  const server = await startServer([await putModel(), '--data', join(folder, 'data'), '--workers', '1'])
  const { closed } = await openConnection(server.url)
  const runner = await onlyOne(server, 'runner')
  process.kill(runner, 'SIGSTOP')
  expect(await askAnew(`${server.url}/v2/models/m/infer`, { body: ROW, timeoutMs: PATIENCE_MS })).toBe(200)
  await closed
  expect(await isAlive(runner)).toBe(false)
})
