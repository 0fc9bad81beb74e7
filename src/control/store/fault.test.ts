import { describe, expect, test } from 'vitest'
import { Dice } from '../../core/dice.fixture.ts'
import { ServingError } from '../../core/errors.ts'
import { testEnvironment } from './environment.fixture.ts'
import { SimulatedCrash, STORE_BUGS, withFaults, type FaultPlan, type FaultyStore } from './fault.ts'
import { openSqliteStore } from './open-store.ts'
import type { Kinds, Stored, Writer } from './store.ts'

const OPERATIONS = 20

const ADDED = { project: 'p', kind: 'model', type: 'added', level: 'info', message: '', details: {} } as const

function model(lastNumber = 0): Kinds['model'] {
  return { project: 'p', name: 'm', description: '', labels: {}, lastNumber }
}

/**
 * Two callers add to one counter, each operation once: some fail after they have written, and those that fail otherwise
 * are tried again by their name.
 * @returns what is wrong with what the store says at the end
 */
async function play(seed: number, plan: Omit<FaultPlan, 'random'>): Promise<string[]> {
  const dice = new Dice(seed)
  const random = (): number => dice.roll(1e6) / 1e6
  const store = withFaults(await openSqliteStore({ environment: { ...testEnvironment(), random }, path: ':memory:' }), {
    random,
    ...plan,
  })
  const wrong: string[] = []
  let highest = 0
  await persist(store, (tx) =>
    tx.get('model', 'p', 'm').then((there) => there ?? tx.insert('model', 'p', 'm', model())),
  )

  async function add(name: string, isRefused: boolean): Promise<void> {
    for (;;) {
      const seen = await persist(store, (tx) => tx.get('model', 'p', 'm'))
      if (seen === undefined) return void wrong.push('the counter is gone')
      if (seen.etag < highest) wrong.push('the counter went back')
      highest = Math.max(highest, seen.etag)
      try {
        return await persist(store, async (tx) => {
          if ((await tx.get('model', 'p', name)) !== undefined) return
          await tx.update('model', 'p', 'm', seen.etag, model(seen.document.lastNumber + 1))
          await tx.insert('model', 'p', name, model())
          await tx.addEvent({ ...ADDED, name })
          if (isRefused) throw new ServingError('invalid_argument', 'refused')
        })
      } catch (error) {
        if (error instanceof ServingError && error.details['reason'] === 'etag') continue
        if (error instanceof ServingError && error.code === 'invalid_argument' && isRefused) return
        throw error
      }
    }
  }

  const names = Array.from({ length: OPERATIONS }, (_, i) => `a${i}`)
  const half = OPERATIONS / 2
  const caller = async (mine: readonly string[]): Promise<void> => {
    for (const name of mine) {
      await add(name, name.endsWith('3'))
      // a plain addition: where no answer is lost it is done once
      await persist(store, (tx) => tx.addEvent({ ...ADDED, type: 'tick', name }))
    }
  }
  try {
    await Promise.all([caller(names.slice(0, half)), caller(names.slice(half))])
  } catch (error) {
    wrong.push(`failed: ${String(error)}`)
  }
  store.heal()
  if (store.isCrashed) store.revive()
  const done = names.filter((name) => !name.endsWith('3'))
  const counter = await store.read((tx) => tx.get('model', 'p', 'm'))
  const added = await store.read((tx) => tx.all('model', { prefix: 'a' }))
  const events = await store.read((tx) => tx.events({ limit: 1000 }))
  if (counter?.document.lastNumber !== done.length) wrong.push(`the counter is ${counter?.document.lastNumber}`)
  if (String(added.map(({ name }) => name)) !== String([...done].sort())) wrong.push('what was done is another thing')
  const ticks = events.filter(({ type }) => type === 'tick').length
  if (events.length - ticks !== done.length) wrong.push(`${events.length - ticks} events`)
  if (plan.unknown === undefined && ticks !== OPERATIONS) wrong.push(`${ticks} ticks`)
  await store.close()
  return wrong
}

/** Tries again after all that may be tried again; a dead control is followed by another. */
async function persist<T>(store: FaultyStore, work: (tx: Writer) => Promise<T>): Promise<T> {
  for (;;)
    try {
      return await store.transact(work)
    } catch (error) {
      if (error instanceof SimulatedCrash) {
        if (store.isCrashed) store.revive()
      } else if (!(error instanceof ServingError && error.code === 'unavailable')) throw error
    }
}

const FAULTS = { unavailable: 0.1, unknown: 0.1, rerun: 0.1, crashInside: 0.01, crashAfter: 0.05 }

describe('a store with faults', () => {
  test('keeps its word through every fault that a database may have', async () => {
    for (let seed = 0; seed < 60; seed++) expect(await play(seed, FAULTS), `seed ${seed}`).toEqual([])
  })

  test.each(STORE_BUGS)('that %s is found out', async (bug) => {
    let isFound = false
    for (let seed = 0; seed < 30 && !isFound; seed++) isFound = (await play(seed, { bug })).length > 0
    expect(isFound).toBe(true)
  })

  test('does the same for the same seed', async () => {
    const run = async (): Promise<string[]> => play(7, { ...FAULTS, bug: 'loses-commits' })
    expect(await run()).toEqual(await run())
  })

  test('dies at the commit that is named, which is durable, and stays dead until it is revived', async () => {
    const inner = await openSqliteStore({ environment: testEnvironment(), path: ':memory:' })
    const store = withFaults(inner, { random: () => 0.5, crashAtCommit: 2 })
    await store.transact((tx) => tx.insert('model', 'p', 'a', model()))
    await expect(store.transact((tx) => tx.insert('model', 'p', 'b', model()))).rejects.toThrow(SimulatedCrash)
    expect([store.isCrashed, store.commits]).toEqual([true, 2])
    await expect(store.read((tx) => tx.all('model'))).rejects.toThrow(SimulatedCrash)
    store.revive()
    expect((await store.read((tx) => tx.all('model'))).map(({ name }: Stored<'model'>) => name)).toEqual(['a', 'b'])
    await store.transact((tx) => tx.insert('model', 'p', 'c', model()))
    await store.close()
  })

  test('undoes what was under way when it died, also when another control lives by then', async () => {
    const inner = await openSqliteStore({ environment: testEnvironment(), path: ':memory:' })
    const store = withFaults(inner, { random: () => 0.5 })
    const { promise, resolve } = Promise.withResolvers<void>()
    const dying = store.transact(async (tx) => {
      await tx.insert('model', 'p', 'a', model())
      await promise
    })
    const isDead = expect(dying).rejects.toThrow(SimulatedCrash)
    store.crash()
    store.revive()
    resolve()
    await isDead
    expect(await store.read((tx) => tx.all('model'))).toEqual([])
    await store.close()
  })

  test('fails no more once it is healed', async () => {
    const inner = await openSqliteStore({ environment: testEnvironment(), path: ':memory:' })
    const store = withFaults(inner, { random: () => 0, unavailable: 1, unknown: 1, crashInside: 1 })
    await expect(store.read((tx) => tx.all('model'))).rejects.toMatchObject({ code: 'unavailable' })
    store.heal()
    await store.transact((tx) => tx.insert('model', 'p', 'a', model()))
    await store.close()
  })
})
