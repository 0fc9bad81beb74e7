import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { KeyQuotas } from '../../auth/key-record.ts'
import type { DataPlane, ServedModel } from '../../runtime/plane.ts'
import { openQuotaGate } from './quota-gate.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slw-quota-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const MODEL = {} as ServedModel
const answers: DataPlane = {
  isReady: () => true,
  models: () => [MODEL],
  model: () => MODEL,
  predict: async () => ({ model: MODEL, outputs: new Map() }),
}
const caller = (quotas: KeyQuotas) => ({ name: 'k', uid: 'u', quotas })
const rows = (count: number) =>
  new Map([['x', { datatype: 'FP32' as const, shape: [count, 1], data: new Float32Array(count) }]])
const open = (count = 1) => openQuotaGate(join(folder, 'q.json'), count, { now: () => 0, calendarNow: () => 0 })

test('who has no quotas gets the plane itself', async () => {
  const gate = await open()
  expect(gate.guard(answers, caller({}))).toBe(answers)
  await gate.close()
})

test('a thousand at once get exactly what their key may have', async () => {
  const gate = await open()
  const plane = gate.guard(answers, caller({ requestsPerSecond: 37 }))
  const settled = await Promise.allSettled(Array.from({ length: 1000 }, () => plane.predict(MODEL, rows(1), {})))
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(37)
  const refused = settled.find(({ status }) => status === 'rejected')
  expect(refused).toMatchObject({ reason: { code: 'overloaded', details: { reason: 'quota' } } })
  await gate.close()
})

test('what was used today is known after a restart, and rows count', async () => {
  const first = await open()
  const quotas = { rowsPerDay: 10 }
  await first.guard(answers, caller(quotas)).predict(MODEL, rows(8), {})
  await first.close()
  const second = await open()
  const plane = second.guard(answers, caller(quotas))
  await expect(plane.predict(MODEL, rows(3), {})).rejects.toMatchObject({ code: 'overloaded' })
  await plane.predict(MODEL, rows(2), {})
  await second.close()
})

test('a share is what one runner gives', async () => {
  const gate = await open(2)
  const plane = gate.guard(answers, caller({ requestsPerSecond: 10 }))
  const count = async () => {
    const settled = await Promise.allSettled(Array.from({ length: 50 }, () => plane.predict(MODEL, rows(1), {})))
    return settled.filter(({ status }) => status === 'fulfilled').length
  }
  expect(await count()).toBe(5)
  expect(gate.demand()).toEqual({ u: 50 })
  expect(gate.demand()).toEqual({})
  await gate.close()
})

test('counts that cannot be read are no reason not to start', async () => {
  await writeFile(join(folder, 'q.json'), '{"formatVersion":9}')
  await (await open()).close()
})
