/** The processes of `slipway serve`: killed, reloaded, replaced and watched while clients ask. */
import { once } from 'node:events'
import { readdir, readFile, readlink, rename, rm, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { request as secureRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createKey, digestOf } from '../../src/auth/api-key.ts'
import { createCertificate } from '../../src/hosts/http/certificate.fixture.ts'
import { endCommands, isAlive, runCommand, startCommand, startServer, type RunningServer } from '../support/command.ts'
import { ask, startLoad, type Question } from '../support/load.ts'
import { linearModel, stepsModel } from '../support/models.ts'
import { needs } from '../support/needs.ts'
import { freePort } from '../support/free-port.ts'

// many processes are started here, on machines that may be busy
vi.setConfig({ testTimeout: 60_000 })

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-processes-'))
})

afterEach(endCommands)

afterAll(async () => {
  await rm(folder, { recursive: true })
})

/** `y` of the linear model for the row [10, 1]: the factor's tenfold and 4. */
function question(factors: readonly number[], model = 'm'): Question {
  return {
    model,
    body: JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 2], data: [10, 1] }] }),
    isRight: (text) => factors.some((factor) => text.includes(`"data":[${10 * factor + 4}]`)),
  }
}

/** Puts a model where another may lie, whole. */
async function put(path: string, factor: number): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(`${path}.new`, linearModel({}, factor))
  await rename(`${path}.new`, path)
}

function at(...path: string[]): string {
  return join(folder, ...path)
}

function serve(...args: string[]): Promise<RunningServer> {
  return startServer([...args, '--data', at('data')], { env: { TMPDIR: folder } })
}

/** A connection, as soon as somebody listens there. */
async function untilConnected(port: number): Promise<Socket> {
  for (;;) {
    const client = connect(port, '127.0.0.1').on('error', () => {})
    const isThere = await once(client, 'connect').then(
      () => true,
      () => false,
    )
    if (isThere) return client
    await setTimeout(10)
  }
}

async function untilRefused(port: number): Promise<void> {
  for (;;) {
    const client = connect(port, '127.0.0.1')
    const isThere = await once(client, 'connect').then(
      () => true,
      () => false,
    )
    client.destroy()
    if (!isThere) return
    await setTimeout(10)
  }
}

/** Ports of the clients whose connections a process holds. */
async function clientsOf(pid: number, url: string): Promise<Set<number>> {
  const inodes = new Set<string>()
  for (const fd of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
    if (inode !== undefined) inodes.add(inode)
  }
  const own = Number(new URL(url).port)
  const ports = new Set<number>()
  for (const line of (await readFile('/proc/net/tcp', 'utf8')).split('\n').slice(1)) {
    const [, local = '', remote = '', , , , , , , inode = ''] = line.trim().split(/\s+/)
    const [, localPort = ''] = local.split(':')
    const port = parseInt(remote.split(':')[1] ?? '', 16) // 0: the socket that listens
    if (parseInt(localPort, 16) === own && inodes.has(inode) && port > 0) ports.add(port)
  }
  return ports
}

describe.skipIf(!needs('linux'))('several runners', () => {
  test('share the clients; one that is killed takes its own connections and no others, and comes back', async () => {
    await put(at('two/m.onnx'), 2)
    const server = await serve(at('two/m.onnx'), '--workers', '2')
    const load = startLoad(server.url, 16, question([2]), 'on')
    await load.more(200)
    const runners = await server.processes('runner')
    expect(runners).toHaveLength(2)
    const held = await Promise.all(runners.map((pid) => clientsOf(pid, server.url)))
    const [victim = 0, other = 0] = runners
    const [lost = new Set(), kept = new Set()] = held
    expect(lost.size + kept.size).toBe(16)
    process.kill(victim, 'SIGKILL')
    await server.until(/runner restarted/)
    await load.more(200)
    await load.stop()
    expect(load.failures.filter(({ port }) => !lost.has(port))).toEqual([])
    expect(load.failures.length).toBeLessThanOrEqual(lost.size)
    expect(await isAlive(other)).toBe(true)
    expect(await server.processes('runner')).toHaveLength(2)
  })

  test('are replaced one after the other without a failed request', async () => {
    await put(at('rolling/m.onnx'), 2)
    const server = await serve(at('rolling/m.onnx'), '--workers', '2')
    const before = await server.processes('runner')
    const load = startLoad(server.url, 8, question([2]), 'on')
    await load.more(100)
    server.child.kill('SIGUSR2')
    await server.until(/every runner was replaced/)
    await load.more(100)
    await load.stop()
    expect(load.failures).toEqual([])
    const after = await server.processes('runner')
    expect(after).toHaveLength(2)
    expect(after.filter((pid) => before.includes(pid))).toEqual([])
  })

  test('answer what they have begun when the server is ended before all of them are ready', async () => {
    await put(at('early/m.onnx'), 2)
    const port = await freePort()
    const args = ['serve', at('early/m.onnx'), '--port', `${port}`, '--workers', '2', '--data', at('data')]
    const server = startCommand(args, { env: { TMPDIR: folder } })
    let runners: number[] = []
    while (runners.length < 2) runners = await server.processes('runner')
    const late = runners[1] ?? 0
    process.kill(late, 'SIGSTOP')
    const { body } = question([2])
    const client = await untilConnected(port)
    let answer = ''
    client.setEncoding('utf8').on('data', (text: string) => (answer += text))
    const closed = once(client, 'close')
    const head = `POST /v2/models/m/infer HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`
    client.write(head)
    while (!answer.includes('100 Continue')) await setTimeout(10)
    expect(server.stdout()).not.toContain('answers at')
    server.child.kill('SIGTERM')
    await untilRefused(port)
    client.write(body)
    await closed
    expect(answer).toMatch(/HTTP\/1\.1 200 OK[^]*"data":\[24\]/)
    expect((await server.ended).code).toBe(0)
    expect(await isAlive(late)).toBe(false)
  })

  test('that cannot start end the server with the reason', async () => {
    await put(at('nothing/m.onnx'), 2)
    const ended = await runCommand([
      'serve',
      at('nothing/m.onnx'),
      '--port',
      '0',
      '--workers',
      '2',
      '--engine',
      'warp',
      '--data',
      at('data'),
    ])
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toMatch(/there is no engine "warp"/)
  })

  test('hold a heavy model once, answer for it all, and wait for the one that holds it', async () => {
    await put(at('heavy/m.onnx'), 2)
    const server = await serve(at('heavy/m.onnx'), '--workers', '2', '--plan', 'off-loop')
    const load = startLoad(server.url, 16, question([2]), 'on')
    await load.more(200)
    const runners = await server.processes('runner')
    const holders = await Promise.all(runners.map(holdsUnixClients))
    expect(holders.filter(Boolean)).toHaveLength(1)
    const holder = runners[holders.indexOf(true)] ?? 0
    const own = await clientsOf(holder, server.url)
    process.kill(holder, 'SIGKILL')
    await server.until(/runner restarted/)
    await load.more(200)
    await load.stop()
    // the other runner's clients waited
    expect(load.failures.filter(({ port }) => !own.has(port))).toEqual([])
  })
})

/** Whether another process is connected to a Unix socket that this one made. */
async function holdsUnixClients(pid: number): Promise<boolean> {
  const inodes = new Set<string>()
  for (const fd of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')
    inodes.add(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '')
  }
  // a connection bears the path of the socket that accepted it
  return (await readFile('/proc/net/unix', 'utf8'))
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .some(([, , , , , state, inode = '', path = '']) => state === '03' && path.includes(`.${pid}`) && inodes.has(inode))
}

describe.skipIf(!needs('linux'))('a reload', () => {
  test('takes over a changed model without a failed request, and leaves a broken one as it was', async () => {
    await put(at('reload/m.onnx'), 2)
    await put(at('reload/other.onnx'), 7)
    const server = await serve(at('reload'), '--workers', '2')
    const load = startLoad(server.url, 8, question([2, 3]), 'on')
    await load.more(100)
    await put(at('reload/m.onnx'), 3)
    server.child.kill('SIGHUP')
    await server.until(/"message":"reloaded"/)
    await load.more(100)
    await load.stop()
    expect(load.failures).toEqual([])
    const fresh = await Promise.all(Array.from({ length: 20 }, () => ask(server.url, false, question([3]))))
    expect(fresh.map(({ failure }) => failure)).toEqual(Array(20).fill(undefined))

    await writeFile(at('reload/m.onnx'), 'no model')
    await rm(at('reload/other.onnx'))
    await put(at('reload/third.onnx'), 9)
    server.child.kill('SIGHUP')
    await server.until(/(?:"message":"reloaded"[^]*){2}/)
    expect(server.stderr()).toMatch(/"message":"a model could not be read, it stays what it was".*m\.onnx/)
    expect(server.stderr()).toMatch(/"level":"warn","message":"reloaded".*"failures":1/)
    expect((await ask(server.url, false, question([3]))).failure).toBeUndefined()
    expect((await ask(server.url, false, question([9], 'third'))).failure).toBeUndefined()
    expect((await ask(server.url, false, question([7], 'other'))).failure).toMatch(/^404/)
    // and a runner that starts anew begins with what is served
    process.kill((await server.processes('runner'))[0] ?? 0, 'SIGKILL')
    await server.until(/runner restarted/)
    const again = await Promise.all(Array.from({ length: 20 }, () => ask(server.url, false, question([3]))))
    expect(again.map(({ failure }) => failure)).toEqual(Array(20).fill(undefined))
  })

  test('comes by itself when watched files change', async () => {
    await put(at('watched/m.onnx'), 2)
    await put(at('watched/labelled/1/model.onnx'), 7)
    await writeFile(at('watched/labelled/labels.json'), '{"default": 2}')
    const server = await serve(at('watched'), '--watch', '--watch-interval-ms', '100')
    await put(at('watched/m.onnx'), 5)
    await put(at('watched/late.onnx'), 6)
    await server.until(/"message":"reloaded"/)
    expect((await ask(server.url, false, question([5]))).failure).toBeUndefined()
    expect((await ask(server.url, false, question([6], 'late'))).failure).toBeUndefined()
  })

  test('moves labels between versions that stand side by side', async () => {
    await put(at('versions/m/1/model.onnx'), 2)
    await put(at('versions/m/2/model.onnx'), 3)
    await writeFile(at('versions/m/labels.json'), '{"stable": 1}')
    const server = await serve(at('versions'))
    const answers = async (...asked: [string, number][]) => {
      for (const [model, factor] of asked)
        expect((await ask(server.url, false, question([factor], model))).failure).toBeUndefined()
    }
    await answers(['m', 3], ['m/versions/1', 2], ['m/versions/2', 3], ['m/versions/stable', 2])
    await put(at('versions/m/3/model.onnx'), 4)
    await writeFile(at('versions/m/labels.json'), '{"stable": 2, "default": 1}')
    server.child.kill('SIGHUP')
    await server.until(/"message":"reloaded"/)
    await answers(['m', 2], ['m/versions/1', 2], ['m/versions/3', 4], ['m/versions/stable', 3])
  })
})

describe.skipIf(!needs('linux'))('a process that grows', () => {
  test('is replaced without a failed request', async () => {
    await put(at('grown/m.onnx'), 2)
    const server = await serve(at('grown/m.onnx'), '--max-runner-memory-mib', '8')
    const first = await server.runner()
    const load = startLoad(server.url, 4, question([2]), 'on')
    await server.until(/runner is replaced: it holds more memory than it may/)
    while (await isAlive(first)) await setTimeout(10)
    await load.more(100)
    await load.stop()
    expect(load.failures).toEqual([])
    expect(server.stderr()).not.toContain('runner died')
  })
})

describe.skipIf(!needs('linux'))('models in processes of their own', () => {
  test('lose a process without a failed request, and get another', async () => {
    await put(at('isolated/m.onnx'), 2)
    const server = await serve(at('isolated/m.onnx'), '--isolation', 'process', '--replicas', '2')
    const workers = await server.processes('worker')
    expect(workers).toHaveLength(2)
    expect(await readFile(`/proc/${workers[0]}/environ`, 'utf8')).not.toContain('PATH=')
    if (!server.stderr().includes('this system does not let us take it'))
      expect(await readlink(`/proc/${workers[0]}/ns/net`)).not.toBe(await readlink('/proc/self/ns/net'))
    const load = startLoad(server.url, 8, question([2]), 'on')
    await load.more(100)
    process.kill(workers[0] ?? 0, 'SIGKILL')
    await server.until(/worker restarted/)
    await load.more(100)
    process.kill(workers[1] ?? 0, 'SIGKILL')
    await load.more(100)
    await load.stop()
    expect(load.failures).toEqual([])
    server.child.kill('SIGTERM')
    expect((await server.ended).code).toBe(0)
    for (const pid of workers) expect(await isAlive(pid)).toBe(false)
  })

  test('that hang are ended and replaced, whatever else is asked', async () => {
    await writeFile(at('steps.onnx'), stepsModel())
    const limits = ['--replicas', '1', '--timeout-ms', '1500']
    const server = await serve(at('steps.onnx'), '--isolation', 'process', ...limits)
    const [worker = 0] = await server.processes('worker')
    const steps = (count: number): Question => ({
      model: 'steps',
      body: JSON.stringify({
        inputs: [
          { name: 'X', datatype: 'FP32', shape: [1, 2], data: [1, 2] },
          { name: 'steps', datatype: 'INT64', shape: [], data: [count] },
        ],
      }),
      isRight: () => true,
    })
    expect((await ask(server.url, false, steps(1))).failure).toBeUndefined()
    expect((await ask(server.url, false, steps(1e12))).failure).toMatch(/^504/)
    await server.until(/worker restarted/)
    expect(server.stderr()).toMatch(/the worker hung/)
    expect(await isAlive(worker)).toBe(false)
    expect((await ask(server.url, false, steps(1))).failure).toBeUndefined()
  })
})

describe.skipIf(!needs('linux'))('the supervisor', () => {
  test.each([
    ['runners that meet at sockets', ['--workers', '2', '--plan', 'off-loop']],
    ['isolated processes', ['--isolation', 'process']],
  ])('leaves nothing behind when it is killed over %s', async (_what, args) => {
    await put(at('killed/m.onnx'), 2)
    const temporary = await mkdtemp(at('t-'))
    const server = await startServer([at('killed/m.onnx'), ...args, '--data', at('data')], {
      env: { TMPDIR: temporary },
    })
    const sockets = () => readdir(temporary)
    for (let i = 0; i < 8; i++) expect((await ask(server.url, false, question([2]))).failure).toBeUndefined()
    expect(await sockets()).toHaveLength(1)
    const pids = [...(await server.processes('runner')), ...(await server.processes('worker'))]
    server.child.kill('SIGKILL')
    for (const pid of pids) while (await isAlive(pid)) await setTimeout(10)
    expect(await sockets()).toEqual([])
  })

  test('reads keys and certificates for runners, again when told to, and sums up what they count', async () => {
    const [first, second] = [createCertificate('first'), createCertificate('second')]
    const key = createKey()
    await put(at('safe/m.onnx'), 2)
    await writeFile(at('keys'), `ci inference,operations sha256:${digestOf(key)}\n`, { mode: 0o600 })
    await writeFile(at('cert.pem'), first.cert)
    await writeFile(at('key.pem'), first.key)
    const files = ['--api-key-file', at('keys'), '--tls-cert', at('cert.pem'), '--tls-key', at('key.pem')]
    const server = await serve(at('safe/m.onnx'), '--workers', '2', ...files)
    expect(server.url).toMatch(/^https:/)
    const get = (path: string, ca: string | Buffer, headers = { authorization: `Bearer ${key}` } as object) =>
      new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
        const sent = secureRequest(
          `${server.url}${path}`,
          { ca, servername: 'localhost', agent: false, headers: { ...headers } },
          (response) => {
            let text = ''
            response.setEncoding('utf8').on('data', (part: string) => (text += part))
            response.on('end', () => resolve({ status: response.statusCode, text }))
          },
        )
        sent.on('error', reject).end()
      })
    expect((await get('/v2/models/m', first.cert, {})).status).toBe(401)
    for (let i = 0; i < 20; i++) expect((await get('/v2/models/m', first.cert)).status).toBe(200)
    const { text } = await get('/metrics', first.cert)
    expect(text).toMatch(/^slipway_requests_total\{model="",version="",code="200"\} 20$/m)
    expect(text).toMatch(/process="runner-1"[^]*process="runner-2"/)
    process.kill((await server.processes('runner'))[0] ?? 0, 'SIGKILL')
    await server.until(/runner restarted/)
    expect((await get('/metrics', first.cert)).text).toMatch(/^slipway_runner_restarts_total 1$/m)

    await writeFile(at('cert.pem'), second.cert)
    await writeFile(at('key.pem'), second.key)
    server.child.kill('SIGHUP')
    await server.until(/"message":"reloaded"/)
    for (let i = 0; i < 4; i++) expect((await get('/v2/models/m', second.cert)).status).toBe(200)
    await expect(get('/v2/models/m', first.cert)).rejects.toThrow()
    await writeFile(at('key.pem'), 'broken')
    server.child.kill('SIGHUP')
    await server.until(/the certificate is not taken over, the one before stays/)
    expect((await get('/v2/models/m', second.cert)).status).toBe(200)
  })
})
