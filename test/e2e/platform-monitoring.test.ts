import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { createCanary, expectNoCanary } from '../support/canary.ts'
import { endCommands, runCommand } from '../support/command.ts'
import { removePlatforms, startPlatform, stopPlatform, type RunningPlatform } from '../support/platform.ts'

const FRAUD = join(import.meta.dirname, '../../examples/fraud-pipeline/fraud.joblib')
const FRAUD_AT = { project: 'default', endpoint: 'fraud' }

afterEach(async () => {
  await endCommands()
  await removePlatforms()
})

/** @param country of the transaction @param shape of that input */
function bodyOf(country: string, shape: readonly number[] = [1, 1]): string {
  const row = { amount: 951.5, hour: 3, country, device: 'web', account_age_days: 4, failed_tries: 3, foreign: 1 }
  const inputs = Object.entries(row).map(([name, value]) => ({
    name,
    shape: name === 'country' ? shape : [1, 1],
    datatype: typeof value === 'string' ? 'BYTES' : 'FP64',
    data: [value],
  }))
  return JSON.stringify({ inputs })
}

async function scrape(platform: RunningPlatform, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const authorization = `Bearer ${platform.key}`
  const response = await fetch(`${platform.url}/metrics`, { headers: { authorization, ...headers } })
  expect(response.status).toBe(200)
  return response.text()
}

/** Asks again where a busy machine says that it is full. @returns the status */
async function ask(
  platform: RunningPlatform,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  for (let left = 20; ; left--) {
    const { status } = await platform.infer('fraud', body, headers)
    if (status !== 429 || left === 0) return status
    await setTimeout(50)
  }
}

/** Sum of the samples of a metric whose labels hold all of these. */
function sum(text: string, name: string, ...labels: readonly string[]): number {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  const meant = lines.filter((line) => labels.every((label) => line.includes(label)))
  return meant.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

const cli = (platform: RunningPlatform, ...args: string[]) => runCommand([...args, '--data', platform.dataFolder])

test('what goes through an endpoint is counted, logged and kept, and no secret is in any of it', async () => {
  const platform = await startPlatform([FRAUD])
  const { client } = platform
  await platform.reach('fraud', ({ state, variants }) => state === 'ready' && variants[0]?.replicas.ready === 1)
  const canary = createCanary()
  const capture = { sample: 1, redact: ['country'], retentionDays: 1 }
  await client.call('patchEndpoint', { params: FRAUD_AT, body: { spec: { capture } } })
  const made = await client.call('createKey', { params: FRAUD_AT, body: { name: 'app', role: 'invoker' } })
  const headers = { authorization: `Bearer ${made.bearer}`, 'x-secret': canary.headerValue }
  // runners take both over in a moment: each of them has kept a request that this key made
  let refused = 2
  const writers = async () => {
    // at once, so that each gets a connection of its own
    const asked = Array.from({ length: 12 }, () => platform.infer('fraud', bodyOf('DE'), headers))
    for (const { status } of await Promise.all(asked)) if (status === 401) refused++
    const names = await readdir(join(platform.dataFolder, 'captures/default'), { recursive: true }).catch(() => [])
    return new Set(names.flatMap((name) => /-(r\d)p\w+-\d+\.jsonl/.exec(name)?.[1] ?? [])).size
  }
  await expect.poll(writers, { timeout: 10_000 }).toBe((await platform.processes('runner')).length)

  for (let i = 0; i < 30; i++) expect(await ask(platform, bodyOf(canary.columnValue), headers)).toBe(200)
  for (let i = 0; i < 3; i++) expect(await ask(platform, bodyOf(canary.columnValue, [1, 1, 1]), headers)).toBe(400)
  const few = await client.call('createKey', {
    params: FRAUD_AT,
    body: { name: 'few', role: 'invoker', quotas: { requestsPerDay: 1 } },
  })
  const askFew = async () => (await platform.infer('fraud', bodyOf('DE'), { 'x-api-key': few.bearer })).status
  await expect.poll(askFew, { timeout: 10_000 }).toBe(429)
  for (const stranger of [canary.key, canary.secretAccessKey])
    expect((await platform.infer('fraud', bodyOf('DE'), { 'x-api-key': stranger })).status).toBe(401)
  const leaking = { type: 'url', url: `https://user:${canary.urlPassword}@127.0.0.1/model.pkl` } as const
  await expect(
    client.call('createVersion', { params: { project: 'default', model: 'leaked' }, body: { source: leaking } }),
  ).rejects.toMatchObject({ code: 'invalid_argument' })

  // traffic
  const traffic = () => client.call('getEndpointTraffic', { params: FRAUD_AT })
  await expect.poll(async () => (await traffic()).variants[0]?.requestsPerSecond, { timeout: 5000 }).toBeGreaterThan(2)
  const [variant] = (await traffic()).variants
  expect(variant).toMatchObject({ endpoint: 'fraud', variant: 'v1', share: 1, errorsPerSecond: 0 })
  expect(variant?.replicas.ready).toBeGreaterThanOrEqual(1)
  expect(variant?.p50Ms).toBeGreaterThan(0)
  expect(variant?.p99Ms).toBeGreaterThanOrEqual(variant?.p50Ms ?? Infinity)
  const top = await cli(platform, 'top', '--once')
  expect(top.stdout).toMatch(/^fraud +ready +v1 +fraud\/1 +100 % +\d\/\d +[\d.]+ +[1-9][\d.]* /m)

  // metrics
  await expect
    .poll(async () => sum(await scrape(platform), 'slipway_endpoint_requests_total', 'endpoint="fraud"', 'code="400"'))
    .toBe(3)
  const metrics = await scrape(platform)
  expect(sum(metrics, 'slipway_endpoint_requests_total', 'variant="v1"', 'code="200"')).toBeGreaterThan(30)
  expect(sum(metrics, 'slipway_key_requests_total', 'key="app"', 'code="400"')).toBe(3)
  expect(sum(metrics, 'slipway_key_requests_total', 'key=""', 'code="401"')).toBeGreaterThanOrEqual(refused)
  expect(sum(metrics, 'slipway_key_requests_total', 'key="few"', 'code="429"')).toBe(1)
  expect(sum(metrics, 'slipway_endpoint_replicas', 'state="ready"')).toBeGreaterThanOrEqual(1)
  expect(sum(metrics, 'slipway_endpoint_replicas', 'state="desired"')).toBeGreaterThanOrEqual(1)
  expect(sum(metrics, 'slipway_control_up')).toBe(1)
  await expect
    .poll(async () => sum(await scrape(platform), 'slipway_rollout_state', 'state="promoted"'), { timeout: 8000 })
    .toBe(1)

  // logs
  const logs = await cli(platform, 'logs', 'fraud')
  expect(logs.stdout).toMatch(/INFO +default-\d loaded in/)
  expect(logs.stdout.match(/WARN +v1 default-\d request failed.*"invalid_argument"/g)).toHaveLength(3)
  expect(logs.stdout).toMatch(/request failed.*"overloaded".*"quota".*"few"/)
  const before = await client.call('listLogs', { params: FRAUD_AT, query: { limit: 1000 } })

  // captures
  const list = () => client.call('listCaptures', { params: FRAUD_AT, query: { limit: 1000 } })
  await expect.poll(async () => (await list()).items.length, { timeout: 5000 }).toBeGreaterThanOrEqual(33)
  const { items } = await list()
  const whole = await Promise.all(
    items.map(({ id }) => client.call('getCapture', { params: { ...FRAUD_AT, capture: id } })),
  )
  expect(whole.map(({ id }) => id)).toEqual(items.map(({ id }) => id))
  const kept = whole.map(({ record }) => record as { inputs: Record<string, { data: unknown }>; key: string })
  expect(kept.every(({ inputs }) => inputs['country']?.data === '[redacted]')).toBe(true)
  expect(kept.at(-1)).toMatchObject({ key: 'app', inputs: { amount: { data: [951.5] } } })

  // levels of the log, in all processes and in those that come
  const levels = { control: 'warn', runners: 'debug' } as const
  expect(await client.call('setLogLevels', { body: { control: 'warn' } })).toEqual({ ...levels, runners: 'info' })
  expect(await client.call('setLogLevels', { body: { runners: 'debug' } })).toEqual(levels)
  const logging = { authorization: `Bearer ${platform.key}` }
  const verbose = async () => (await fetch(`${platform.url}/v2/logging`, { headers: logging })).json()
  await expect.poll(verbose).toMatchObject({ log_verbose_level: 1 })
  const change = { method: 'POST', headers: logging, body: '{"log_info":false}' }
  expect(await (await fetch(`${platform.url}/v2/logging`, change)).text()).toContain('PATCH /api/v1/log-levels')

  // control comes back, and the numbers of lines go on
  const [control = 0] = await platform.processes('control')
  process.kill(control, 'SIGKILL')
  await platform.until(/control restarted/)
  await expect
    .poll(
      async () => {
        await platform.infer('fraud', bodyOf(canary.columnValue, [1, 1, 1]), headers)
        const { items: after } = await client.call('listLogs', { params: FRAUD_AT, query: { after: before.after } })
        return after[0]?.seq
      },
      { timeout: 10_000 },
    )
    .toBe(before.after + 1)
  expect(await client.call('getLogLevels', {})).toEqual(levels)

  const texts = [
    await client.call('listEvents', { params: { project: '*' }, query: { limit: 1000 } }),
    await client.call('listAudit', { params: { project: '*' }, query: { limit: 1000 } }),
    await client.call('listLogs', { params: FRAUD_AT, query: { limit: 1000 } }),
    await scrape(platform),
    await stopPlatform(platform),
  ]
  expectNoCanary(canary, {
    texts: [
      ...texts.map((text) => JSON.stringify(text)),
      JSON.stringify(whole),
      logs.stdout,
      top.stdout,
      platform.stderr(),
    ],
    folders: [platform.dataFolder],
  })
  for (const folder of ['captures', 'logs']) {
    const paths = await readdir(join(platform.dataFolder, folder), { recursive: true, withFileTypes: true })
    const files = paths.filter((path) => path.isFile()).map((path) => join(path.parentPath, path.name))
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) expect(((await stat(file)).mode & 0o777).toString(8)).toBe('600')
    expect(files.filter((file) => file.endsWith('.part'))).toEqual([]) // who ends closes what it wrote
  }
}, 90_000)

test("a key of one project sees that project's metrics alone", async () => {
  const platform = await startPlatform([FRAUD])
  const { client } = platform
  await client.call('createProject', { body: { name: 'team' } })
  const made = await client.call('createKey', { params: { project: 'team' }, body: { name: 'ops', role: 'admin' } })
  const deployed = await platform.deploy([FRAUD, '--project', 'team', '--endpoint', 'scores'])
  expect(deployed.code, deployed.stderr).toBe(0)
  const theirs = { authorization: `Bearer ${made.bearer}` }
  await expect
    .poll(async () => (await platform.infer('scores', bodyOf('DE'), theirs)).status, { timeout: 10_000 })
    .toBe(200)
  expect((await platform.infer('fraud', bodyOf('DE'))).status).toBe(200)
  const team = await scrape(platform, theirs)
  expect(sum(team, 'slipway_endpoint_requests_total', 'project="team",endpoint="scores"', 'code="200"')).toBe(1)
  expect(team).not.toContain('fraud"')
  expect(await scrape(platform, { 'x-slipway-project': 'team' })).toContain('endpoint="scores"')
  expect(await scrape(platform)).not.toContain('scores')
}, 60_000)
