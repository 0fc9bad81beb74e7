import { copyFile, rename } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { endCommands, isAlive, runCommand } from '../support/command.ts'
import {
  makeDataFolder,
  removePlatforms,
  startPlatform,
  stopPlatform,
  type RunningPlatform,
} from '../support/platform.ts'

const FRAUD = join(import.meta.dirname, '../../examples/fraud-pipeline/fraud.joblib')
const ROW = { amount: 950, hour: 3, country: 'BR', device: 'web', account_age_days: 4, failed_tries: 3, foreign: 1 }
const BODY = JSON.stringify({
  inputs: Object.entries(ROW).map(([name, value]) => ({
    name,
    shape: [1, 1],
    datatype: typeof value === 'string' ? 'BYTES' : 'FP64',
    data: [value],
  })),
  outputs: [{ name: 'predict_proba' }],
})
/** As scikit-learn says. */
const PROBABILITY = 0.9443858181201658

afterEach(async () => {
  await endCommands()
  await removePlatforms()
})

async function probability(platform: RunningPlatform, endpoint = 'fraud'): Promise<number | undefined> {
  const response = await platform.infer(endpoint, BODY)
  const text = await response.text()
  expect(response.status, text).toBe(200)
  const { outputs } = JSON.parse(text) as { outputs: { data: number[] }[] }
  return outputs[0]?.data[1]
}

/** What is said to the head of a request whose body is large and does not come. */
async function answerToHead(platform: RunningPlatform, headers: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(platform.url)
  const socket = connect({ port: Number(port), host: hostname })
  const lines = ['POST /v2/models/scores/infer HTTP/1.1', 'Host: x', 'Content-Length: 10000000', ...headers]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  for await (const chunk of socket) {
    socket.destroy()
    return String(chunk).split('\r\n', 1)[0] ?? ''
  }
  return 'closed'
}

/** Asks as fast as one client can, until it is told to stop. */
function keepAsking(platform: RunningPlatform): { stop(): Promise<{ asked: number; failures: string[] }> } {
  const stopping = new AbortController()
  let asked = 0
  const failures: string[] = []
  const done = (async () => {
    while (!stopping.signal.aborted) {
      asked++
      await platform.infer('fraud', BODY).then(
        async (response) => {
          const text = await response.text()
          if (response.status !== 200) failures.push(`${response.status} ${text}`)
        },
        (error: Error) => failures.push(`${error.message}: ${(error.cause as Error | undefined)?.message}`),
      )
    }
  })()
  return {
    async stop() {
      stopping.abort()
      await done
      return { asked, failures }
    },
  }
}

test('a file is deployed, answers, survives the death of control, and is there again after a restart', async () => {
  const dataFolder = await makeDataFolder()
  const platform = await startPlatform([], { dataFolder })
  const deployed = await platform.deploy([FRAUD, '--json'])
  expect(deployed.code, deployed.stderr).toBe(0)
  expect(await probability(platform)).toBe(PROBABILITY)

  const asking = keepAsking(platform)
  const [control = 0] = await platform.processes('control')
  process.kill(control, 'SIGKILL')
  await wait(100)
  expect(await probability(platform)).toBe(PROBABILITY)
  await platform.until(/control restarted/)
  const [next = 0] = await platform.processes('control')
  expect(next).not.toBe(control)
  const adopted = await platform.reach(
    'fraud',
    ({ state, variants }) => state === 'ready' && variants[0]?.replicas.ready === 1,
  )
  expect(adopted.revision).toBe(1)
  const { asked, failures } = await asking.stop()
  expect(failures).toEqual([])
  expect(asked).toBeGreaterThan(10)

  const ended = await stopPlatform(platform)
  expect(ended.code, ended.stderr).toBe(0)
  expect(await isAlive(next)).toBe(false)

  const again = await startPlatform([], { dataFolder })
  expect(again.key).toBe(platform.key)
  expect(await probability(again)).toBe(PROBABILITY)
  // what is there already is not deployed again
  const twice = await again.deploy([FRAUD, '--if-absent', '--json'])
  expect(twice.code, twice.stderr).toBe(0)
  const { items } = await again.client.call('listVersions', { params: { project: 'default', model: 'fraud' } })
  expect(items.map(({ number }) => number)).toEqual([1])
  expect((await stopPlatform(again)).code).toBe(0)

  // the state is lost, and found again: endpoints answer all the while
  const [state, elsewhere] = [join(dataFolder, 'state.db'), join(dataFolder, 'state-elsewhere.db')]
  await rename(state, elsewhere)
  const bereft = await startPlatform([], { dataFolder })
  expect(bereft.stderr()).toContain('1 endpoint is served by the tables in')
  expect(await probability(bereft)).toBe(PROBABILITY)
  await rename(elsewhere, state)
  await bereft.until(/control has started/)
  const found = await bereft.client.call('getEndpoint', { params: { project: 'default', endpoint: 'fraud' } })
  expect(found.revision).toBe(1)
  expect(await probability(bereft)).toBe(PROBABILITY)
})

test("a data folder is one platform's, and nobody is answered without a key", async () => {
  const platform = await startPlatform([FRAUD])
  await platform.reach('fraud', ({ state }) => state === 'ready')
  const second = await runCommand(['up', '--port', '0', '--api-port', '0', '--data', platform.dataFolder])
  expect(second.code).toBe(1)
  expect(second.stderr).toMatch(/a platform runs on the data folder .* already/)
  expect((await platform.infer('fraud', BODY, {})).status).toBe(401)
  expect((await fetch(`${platform.apiUrl}/api/v1/projects`)).status).toBe(401)
  expect((await fetch(`${platform.url}/v2/health/ready`)).status).toBe(200)
  expect(await answerToHead(platform, [])).toBe('HTTP/1.1 401 Unauthorized')
  const open = await runCommand(['up', '--host', '0.0.0.0', '--data', await makeDataFolder()])
  expect(open.code).toBe(1)
  expect(open.stderr).toMatch(/unencrypted/)
})

test('projects do not see each other, and have runners of their own', async () => {
  const platform = await startPlatform([FRAUD])
  const { client } = platform
  await platform.reach('fraud', ({ state }) => state === 'ready')
  await client.call('createProject', { body: { name: 'team' } })
  const made = await client.call('createKey', { params: { project: 'team' }, body: { name: 'app', role: 'admin' } })
  const theirs = { authorization: `Bearer ${made.bearer}` }
  expect([401, 404]).toContain((await platform.infer('fraud', BODY, theirs)).status)
  const own = await makeDataFolder()
  await copyFile(FRAUD, `${own}-scores.joblib`)
  const deployed = await platform.deploy([`${own}-scores.joblib`, '--project', 'team', '--endpoint', 'scores'])
  expect(deployed.code, deployed.stderr).toBe(0)
  await expect.poll(async () => (await platform.infer('scores', BODY, theirs)).status).toBe(200)
  expect(await platform.processes('runner')).toHaveLength(3) // on two cores
  expect((await platform.infer('scores', BODY)).status).toBe(404)
  expect((await platform.infer('fraud', BODY, theirs)).status).toBe(404)
  const named = { authorization: `Bearer ${platform.key}`, 'x-slipway-project': 'team' }
  expect((await platform.infer('scores', BODY, named)).status).toBe(200)
  expect((await platform.infer('fraud', BODY, named)).status).toBe(404)
  // a key that is good, with a header that is not for it, is told so: it is no wrong key
  for (const other of ['default', 'nowhere'])
    expect((await platform.infer('scores', BODY, { ...theirs, 'x-slipway-project': other })).status).toBe(403)
  // a body is asked for from those alone who have a key, whoever takes their connection
  const expects = 'Expect: 100-continue'
  const bearer = (key: string) => `Authorization: Bearer ${key}`
  const names = 'X-Slipway-Project: team'
  expect(await answerToHead(platform, [expects, bearer(made.bearer)])).toBe('HTTP/1.1 100 Continue')
  expect(await answerToHead(platform, [expects, bearer(platform.key), names])).toBe('HTTP/1.1 100 Continue')
  expect(await answerToHead(platform, [expects, bearer('slw_wrong'), names])).toBe('HTTP/1.1 401 Unauthorized')
  expect(await answerToHead(platform, [expects, names])).toBe('HTTP/1.1 401 Unauthorized')
  // revoked keys are no good within 5 s
  await client.call('revokeKey', { params: { project: 'team', key: 'app' } })
  await expect.poll(async () => (await platform.infer('scores', BODY, theirs)).status, { timeout: 5000 }).toBe(401)
})

test('kill -9 of a worker process of an isolated endpoint costs no request', async () => {
  const platform = await startPlatform()
  const deployed = await platform.deploy([FRAUD, '--isolated', '--min', '2'])
  expect(deployed.code, deployed.stderr).toBe(0)
  await expect.poll(async () => (await platform.processes('worker')).length).toBe(2)
  const asking = keepAsking(platform)
  for (let kills = 0; kills < 4; kills++) {
    const [worker = 0] = await platform.processes('worker')
    process.kill(worker, 'SIGKILL')
    await expect.poll(async () => (await platform.processes('worker')).filter((pid) => pid !== worker).length).toBe(2)
    await wait(300)
  }
  const { failures } = await asking.stop()
  expect(failures).toEqual([])
  expect(await probability(platform)).toBe(PROBABILITY)
})
