/** One endpoint with two versions that can be told apart: who answers what, while they are changed under traffic. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endCommands, runCommand } from '../support/command.ts'
import { unaryModel } from '../support/models.ts'
import { makeDataFolder, removePlatforms, startPlatform, type RunningPlatform } from '../support/platform.ts'

const BODY = JSON.stringify({ inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [5] }] })
const DEADLINE = { timeout: 20_000 }

let platform: RunningPlatform
let folder: string

beforeAll(async () => {
  const dataFolder = await makeDataFolder()
  folder = join(dataFolder, '..')
  // one gives what it is given, the other its negative
  await writeFile(join(folder, 'plus.onnx'), unaryModel('Identity', 'FP32'))
  await writeFile(join(folder, 'minus.onnx'), unaryModel('Neg', 'FP32'))
  platform = await startPlatform([], { dataFolder })
  await deploy('plus', '--endpoint', 'sign', '--variant', 'plus', '--min', '1')
}, 60_000)

afterAll(async () => {
  await endCommands()
  await removePlatforms()
})

async function deploy(file: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const deployed = await platform.deploy([join(folder, `${file}.onnx`), '--json', ...args])
  expect(deployed.code, deployed.stderr).toBe(0)
  return deployed
}

/** @returns who answered: `plus`, `minus`, or the status and the reason of a refusal */
async function ask(endpoint = 'sign', headers: Record<string, string> = {}, version?: string): Promise<string> {
  const place = version === undefined ? endpoint : `${endpoint}/versions/${version}`
  const response = await fetch(`${platform.url}/v2/models/${place}/infer`, {
    method: 'POST',
    body: BODY,
    headers: { authorization: `Bearer ${platform.key}`, ...headers },
  })
  const text = await response.text()
  if (response.status !== 200) return `${response.status} ${text}`
  const { outputs } = JSON.parse(text) as { outputs: { data: number[] }[] }
  return outputs[0]?.data[0] === 5 ? 'plus' : 'minus'
}

async function askOften(times: number, headers?: (at: number) => Record<string, string>): Promise<Map<string, number>> {
  const answers = await Promise.all(Array.from({ length: times }, (_, at) => ask('sign', headers?.(at))))
  const counts = new Map<string, number>()
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  return counts
}

/** Asks all the while. */
function keepAsking(endpoint: string) {
  const seen = new Map<string, number>()
  const stopping = new AbortController()
  const done = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!stopping.signal.aborted) {
        const answer = await ask(endpoint).catch((error: unknown) => String(error))
        seen.set(answer, (seen.get(answer) ?? 0) + 1)
        await wait(2)
      }
    }),
  )
  return {
    seen,
    async stop() {
      stopping.abort()
      await done
      return seen
    },
  }
}

async function change(endpoint: string, spec: Record<string, unknown>): Promise<void> {
  const params = { project: 'default', endpoint }
  const { revision } = await platform.client.call('patchEndpoint', { params, body: { spec } })
  await platform.reach(endpoint, (found) => found.servedRevision === revision && found.rollout === undefined)
}

test('a second variant gets what names it, and its share of the rest', async () => {
  await deploy('minus', '--endpoint', 'sign', '--variant', 'minus', '--weight', '0', '--min', '1')
  expect(await askOften(20)).toEqual(new Map([['plus', 20]]))
  await platform.client.call('putLabel', {
    params: { project: 'default', model: 'sign', label: 'next' },
    body: { version: 2 },
  })
  await expect.poll(() => ask('sign', {}, 'next'), DEADLINE).toBe('minus')
  const { variants } = await platform.reach('sign', ({ state }) => state === 'ready')
  const minus = variants.find(({ name }) => name === 'minus')
  for (const version of ['minus', '2', minus?.digest ?? '', minus?.digest.slice(0, 12) ?? ''])
    expect([version, await ask('sign', {}, version)]).toEqual([version, 'minus'])
  for (const header of ['x-slipway-variant', 'x-amzn-sagemaker-target-variant', 'azureml-model-deployment'])
    expect([header, await ask('sign', { [header]: 'minus' })]).toEqual([header, 'minus'])
  expect(await ask('sign', { 'x-slipway-variant': 'nobody' })).toMatch(/^404 .*nobody/)
  expect(await ask('sign', {}, '7')).toMatch(/^404 /)

  const [plus, other] = (await platform.reach('sign', () => true)).spec.variants
  await change('sign', { variants: [plus, { ...other, weight: 1 }], sticky: { by: 'header', header: 'x-user' } })
  const counts = await askOften(400)
  expect([...counts.keys()].toSorted()).toEqual(['minus', 'plus'])
  expect(counts.get('plus')).toBeGreaterThan(120)
  expect(counts.get('minus')).toBeGreaterThan(120)
  // the same user gets the same variant, and users are spread
  const users = await Promise.all(Array.from({ length: 20 }, (_, at) => askOften(10, () => ({ 'x-user': `u${at}` }))))
  expect(users.every((answers) => answers.size === 1)).toBe(true)
  expect(new Set(users.flatMap((answers) => [...answers.keys()])).size).toBe(2)
  await change('sign', { sticky: { by: 'key', header: null } })
  await expect.poll(async () => (await askOften(50)).size, DEADLINE).toBe(1)
  await change('sign', { sticky: null })

  // a label that moves takes its requests with it
  await platform.client.call('putLabel', {
    params: { project: 'default', model: 'sign', label: 'next' },
    body: { version: 1 },
  })
  await expect.poll(() => ask('sign', {}, 'next'), DEADLINE).toBe('plus')
})

test('a shadow answers nobody, and what it would have said is compared', async () => {
  await deploy('plus', '--endpoint', 'shaded', '--variant', 'main', '--min', '1')
  await deploy('minus', '--endpoint', 'shaded', '--variant', 'dark', '--shadow', '1', '--min', '1')
  const asked = Promise.all(Array.from({ length: 50 }, () => ask('shaded')))
  expect(new Set(await asked)).toEqual(new Set(['plus']))
  const metrics = async () => {
    const response = await fetch(`${platform.url}/metrics`, { headers: { authorization: `Bearer ${platform.key}` } })
    return (await response.text()).split('\n').filter((line) => line.startsWith('slipway_shadow_'))
  }
  await expect
    .poll(async () => (await metrics()).join('\n'), DEADLINE)
    .toMatch(/differed_total\{.*variant="dark".*\} [1-9]/)
  expect((await metrics()).join('\n')).toMatch(/compared_total\{.*endpoint="shaded".*\} [1-9]/)
})

test('a canary is watched under traffic and promoted, and what is undone is as before; no request fails', async () => {
  await deploy('plus', '--endpoint', 'canary', '--min', '1')
  const asking = keepAsking('canary')
  const rollout = ['--canary', '0.3', '--bake-ms', '1000']
  const deployed = await deploy('minus', '--endpoint', 'canary', '--min', '1', ...rollout)
  expect(JSON.parse(deployed.stdout)).toMatchObject({ endpoint: 'canary', version: 2 })
  await platform.reach('canary', ({ servedRevision }) => servedRevision === 2)
  const { items } = await platform.client.call('listRollouts', {
    params: { project: 'default' },
    query: { endpoint: 'canary' },
  })
  expect(items[0]).toMatchObject({ state: 'promoted', share: 1 })
  expect(items[0]?.decisions.length).toBeGreaterThan(0)
  const seen = await asking.stop()
  expect([...seen.keys()].toSorted()).toEqual(['minus', 'plus'])
  expect(await ask('canary')).toBe('minus')
  const undone = await runCommand(['undo', 'canary', '--json', '--data', platform.dataFolder])
  expect(undone.code, undone.stderr).toBe(0)
  await expect.poll(() => ask('canary'), DEADLINE).toBe('plus')
}, 60_000)

test('a paused endpoint says so, and goes on when it is resumed', async () => {
  await deploy('plus', '--endpoint', 'rest', '--min', '1')
  const params = { project: 'default', endpoint: 'rest' }
  await platform.client.call('pauseEndpoint', { params })
  await expect.poll(() => ask('rest'), DEADLINE).toMatch(/^503 .*paused/)
  expect((await platform.reach('rest', ({ state }) => state === 'paused')).spec.isPaused).toBe(true)
  await platform.client.call('resumeEndpoint', { params })
  await expect.poll(() => ask('rest'), DEADLINE).toBe('plus')
})

test('an endpoint that was idle holds a hundred requests, loads once and answers them all; deleted, it is gone', async () => {
  await deploy('plus', '--endpoint', 'idle', '--idle-timeout-ms', '1000', '--max', '1')
  expect(await ask('idle')).toBe('plus')
  await platform.reach('idle', ({ variants: [variant] }) => variant?.state === 'idle' && variant.replicas.ready === 0)
  const woken = async () =>
    (
      await platform.client.call('listEvents', { params: { project: 'default' }, query: { name: 'idle', limit: 100 } })
    ).items.filter(({ type }) => type === 'replica-woken').length
  const before = await woken()
  const answers = await Promise.all(Array.from({ length: 100 }, () => ask('idle')))
  expect(new Set(answers)).toEqual(new Set(['plus']))
  await expect.poll(woken, DEADLINE).toBe(before + 1)

  const asking = keepAsking('idle')
  await wait(100)
  await platform.client.call('deleteEndpoint', { params: { project: 'default', endpoint: 'idle' } })
  await expect.poll(() => [...asking.seen.keys()].some((answer) => answer.startsWith('404')), DEADLINE).toBe(true)
  const seen = await asking.stop()
  expect([...seen.keys()].filter((answer) => answer !== 'plus' && !answer.startsWith('404'))).toEqual([])
})
