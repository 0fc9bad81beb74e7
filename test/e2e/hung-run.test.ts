/** A run that never ends, beside the event loop: nothing else of the process tells of it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { endCommands, isAlive, startServer } from '../support/command.ts'
import { stepsModel } from '../support/models.ts'
import { needs } from '../support/needs.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-hung-'))
})

afterEach(async () => {
  await endCommands()
  await rm(folder, { recursive: true })
})

test.skipIf(!needs('linux'))(
  'a runner in which a run beside the event loop does not end is replaced, and answers meanwhile',
  { timeout: 60_000 },
  async () => {
    await writeFile(join(folder, 'steps.onnx'), stepsModel())
    const args = ['--data', join(folder, 'data'), '--workers', '1', '--plan', 'off-loop', '--timeout-ms', '500']
    const server = await startServer([join(folder, 'steps.onnx'), ...args])
    const [first = 0] = await server.processes('runner')
    const ask = async (steps: number) => {
      const inputs = [
        { name: 'X', datatype: 'FP32', shape: [1, 2], data: [1, 2] },
        { name: 'steps', datatype: 'INT64', shape: [], data: [steps] },
      ]
      const body = JSON.stringify({ inputs })
      return (await fetch(`${server.url}/v2/models/steps/infer`, { method: 'POST', body })).status
    }
    expect(await ask(1e12)).toBe(504)
    expect((await fetch(`${server.url}/v2/health/ready`)).status).toBe(200)
    expect(await isAlive(first)).toBe(true)
    await expect.poll(server.stderr, { timeout: 30_000 }).toMatch(/the runner hung/)
    expect(await isAlive(first)).toBe(false)
    expect(await ask(3)).toBe(200) // a new connection waits for the next runner
  },
)
