/** A model whose native run ends the process that it is in: what it takes with it, and for how long. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { askAnew } from '../support/ask-anew.ts'
import { endCommands, isAlive } from '../support/command.ts'
import { linearModel, stepsModel } from '../support/models.ts'
import { needs } from '../support/needs.ts'
import { removePlatforms, startPlatform, type RunningPlatform } from '../support/platform.ts'

let folder: string

afterEach(async () => {
  await endCommands()
  await removePlatforms()
  await rm(folder, { recursive: true, force: true })
})

const LINEAR = JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 2], data: [10, 1] }] })

function stepping(steps: number): string {
  const inputs = [
    { name: 'X', datatype: 'FP32', shape: [1, 2], data: [1, 2] },
    { name: 'steps', datatype: 'INT64', shape: [], data: [steps] },
  ]
  return JSON.stringify({ inputs })
}

/** Asks for what does not end, and has the process that runs it crash as native code does. @returns what the caller hears */
async function crash(platform: RunningPlatform, kind: 'runner' | 'worker'): Promise<number | string> {
  expect(await ask(platform, 'steps', stepping(3))).toBe(200)
  const pid = await onlyOne(platform, kind)
  const answer = ask(platform, 'steps', stepping(1e12)).catch(() => 'cut')
  await setTimeout(300)
  process.kill(pid, 'SIGSEGV')
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)
  await onlyOne(platform, kind)
  return kind === 'runner' ? await answer : 'asked'
}

/** The process of a kind, once it is there. */
async function onlyOne(platform: RunningPlatform, kind: 'runner' | 'worker'): Promise<number> {
  for (;;) {
    const [pid, ...others] = await platform.processes(kind)
    if (pid !== undefined && others.length === 0) return pid
    await setTimeout(20)
  }
}

function ask({ url, key }: RunningPlatform, endpoint: string, body: string): Promise<number> {
  return askAnew(`${url}/v2/models/${endpoint}/infer`, { key, body })
}

test.skipIf(!needs('linux'))(
  'a version at which two runners died runs in processes of its own from then on, and ends no connection of others any more',
  { timeout: 60_000 },
  async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-quarantine-'))
    await writeFile(join(folder, 'm.onnx'), linearModel())
    await writeFile(join(folder, 'steps.onnx'), stepsModel())
    const platform = await startPlatform(['--workers', '1'])
    for (const name of ['m', 'steps']) {
      const deployed = await platform.deploy([join(folder, `${name}.onnx`), '--min', '1'])
      expect(deployed.code, deployed.stderr).toBe(0)
    }
    // whoever is killed while it runs nothing, or from outside, blames nobody
    const runner = await onlyOne(platform, 'runner')
    process.kill(runner, 'SIGKILL')
    await expect.poll(() => isAlive(runner)).toBe(false)
    expect(await ask(platform, 'm', LINEAR)).toBe(200)

    expect(await crash(platform, 'runner')).toBe('cut')
    expect(await ask(platform, 'steps', stepping(3))).toBe(200)
    expect(await platform.processes('worker')).toEqual([])
    expect(await crash(platform, 'runner')).toBe('cut')
    expect(await ask(platform, 'steps', stepping(3))).toBe(200)
    expect(await platform.processes('worker')).toHaveLength(1)

    const survivor = await onlyOne(platform, 'runner')
    await crash(platform, 'worker')
    expect(await ask(platform, 'm', LINEAR)).toBe(200)
    expect(await platform.processes('runner')).toEqual([survivor])

    const { variants } = await platform.reach('steps', (endpoint) => endpoint.variants[0]?.note !== undefined)
    expect(variants[0]?.note).toMatch(/^it runs in processes of its own: 2 runners died \(SIGSEGV\) while they ran it;/)
    const params = { project: 'default' }
    const { items } = await platform.client.call('listEvents', { params, query: { limit: 200 } })
    const told = items.filter(({ type }) => type === 'runner-died' || type === 'version-quarantined')
    expect(new Set(told.map(({ name, type }) => `${type} of ${name}`))).toEqual(
      new Set(['runner-died of steps', 'version-quarantined of steps']),
    )
    expect(platform.stderr()).toMatch(/a runner died while it ran a model.*"model":"steps"/)
  },
)
