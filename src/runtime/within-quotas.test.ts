import { expect, test } from 'vitest'
import type { Principal } from '../auth/authorizer.ts'
import type { KeyQuotas } from '../auth/key-record.ts'
import { createQuotas } from '../auth/quotas.ts'
import { tensor, type Tensors } from '../tensor/tensor.ts'
import { choicesOf } from './choices.fixture.ts'
import type { DataPlane, Prediction, ServedModel } from './plane.ts'
import { withinQuotas } from './within-quotas.ts'

const MODEL: ServedModel = {
  name: 'fraud',
  version: '0'.repeat(64),
  signature: { inputs: [], outputs: [] },
  example: new Map(),
  engines: [],
  batching: { rowsAreIndependent: true, reason: '' },
  labels: [],
  choices: choicesOf(),
  state: 'ready',
}

/** A plane whose predictions end when the test says so. */
function heldPlane() {
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = []
  const plane: DataPlane = {
    isReady: () => true,
    models: () => [MODEL],
    model: () => MODEL,
    predict: () =>
      new Promise<Prediction>((resolve, reject) => {
        ends.push({ resolve: () => resolve({ model: MODEL, outputs: new Map() }), reject })
      }),
  }
  return { plane, ends }
}

const quotas = () => createQuotas({ now: () => 0, calendarNow: () => 0 })
const key = (limits: KeyQuotas): Principal => ({ name: 'web', uid: 'web', quotas: limits })
const rows = (count: number): Tensors => new Map([['x', tensor('FP64', [count, 1], new Float64Array(count))]])

test('who has no quota sees the plane itself', () => {
  const { plane } = heldPlane()
  for (const principal of [undefined, { name: 'web' }, key({})])
    expect(withinQuotas(plane, principal, quotas())).toBe(plane)
})

test('what is beyond a quota never gets to a model, and what has ended, well or not, makes room', async () => {
  const { plane, ends } = heldPlane()
  const seen = withinQuotas(plane, key({ concurrent: 2 }), quotas())
  const first = seen.predict(MODEL, rows(1), {})
  const second = seen.predict(MODEL, rows(1), {})
  await expect(seen.predict(MODEL, rows(1), {})).rejects.toMatchObject({
    code: 'overloaded',
    details: { reason: 'quota', limit: 'concurrent' },
  })
  expect(ends).toHaveLength(2)
  ends[0]?.resolve()
  ends[1]?.reject(new Error('broken'))
  await expect(first).resolves.toMatchObject({ model: MODEL })
  await expect(second).rejects.toThrow('broken')
  for (let i = 0; i < 2; i++) void seen.predict(MODEL, rows(1), {})
  expect(ends).toHaveLength(4)
  expect([seen.isReady(), seen.models(), seen.model()]).toEqual([true, [MODEL], MODEL])
})

test('rows count, not requests alone', async () => {
  const { plane, ends } = heldPlane()
  const seen = withinQuotas(plane, key({ rowsPerDay: 100 }), quotas())
  void seen.predict(MODEL, rows(90), {})
  await expect(seen.predict(MODEL, rows(11), {})).rejects.toMatchObject({ details: { limit: 'rowsPerDay' } })
  void seen.predict(MODEL, rows(10), {})
  expect(ends).toHaveLength(2)
})
