import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { storePlaces } from '../../../test/support/store-places.ts'
import { audited, event, model } from './documents.fixture.ts'
import { testEnvironment } from './environment.fixture.ts'
import { MIGRATIONS } from './migrations.ts'

/** A process on the store's database. @returns its lines, and how it ended */
function startProcess(...parameters: string[]) {
  const main = join(import.meta.dirname, 'store-main.fixture.ts')
  const child = spawn(process.execPath, [main, ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] })
  return { child, lines: createInterface({ input: child.stdout }), exit: once(child, 'exit') }
}

for (const { database, place, isHere } of storePlaces().filter(({ isShared }) => isShared)) {
  describe.skipIf(!isHere)(`a store on ${database} that others use too`, () => {
    test('waits for a lock, up to its patience, and works again once it is gone', async () => {
      const where = await place()
      const store = await where.open()
      const impatient = await where.open({ patienceMs: 600 })
      let unlock = await where.lock()
      const refusal = { code: 'unavailable', details: { reason: 'store' } }
      const ticks = { count: 0 }
      const ticking = setInterval(() => ticks.count++, 5)
      const three = ['a', 'b', 'c'].map((name) => impatient.transact((tx) => tx.insert('model', 'p', name, model())))
      for (const each of await Promise.allSettled(three)) expect(each).toMatchObject({ reason: refusal })
      clearInterval(ticking)
      expect(ticks.count).toBeGreaterThan(2) // the event loop was never held
      await unlock()
      await store.transact((tx) => tx.insert('model', 'p', 'd', model()))
      unlock = await where.lock()
      const waiting = store.transact((tx) => tx.insert('model', 'p', 'e', model()))
      setTimeout(() => void unlock(), 100)
      await waiting
      expect((await store.read((tx) => tx.all('model'))).map(({ name }) => name)).toEqual(['d', 'e'])
    })

    test('shows every event once and in order to one who follows while two write', async () => {
      const where = await place()
      const stores = [await where.open(), await where.open()]
      const reader = await where.open()
      const seen: number[] = []
      let isDone = false
      const writing = Promise.all(
        stores.map(async (store, i) => {
          for (let n = 0; n < 30; n++) await store.transact((tx) => tx.addEvent(event(`${i}-${n}`)))
        }),
      ).finally(() => {
        isDone = true
      })
      for (let last = false; !last;) {
        last = isDone
        const news = await reader.read((tx) => tx.events({ after: seen.at(-1) ?? 0, limit: 7 }))
        seen.push(...news.map(({ seq }) => seq))
        if (news.length === 7) last = false
        await setImmediate() // reads of SQLite end within the tick, and timers want their turn
      }
      await writing
      expect(seen).toEqual(Array.from({ length: 60 }, (_, i) => i + 1))
    })

    test('is opened by many at once while there is nothing yet', async () => {
      const where = await place()
      const stores = await Promise.all(Array.from({ length: 5 }, () => where.open()))
      for (const [i, store] of stores.entries()) await store.transact((tx) => tx.insert('model', 'p', `m${i}`, model()))
      expect(await stores[0]?.read((tx) => tx.all('model'))).toHaveLength(5)
    })

    test('loses nothing that it acknowledged when its process is killed', async () => {
      const where = await place()
      await (await where.open()).close()
      const { child, lines, exit } = startProcess(where.where, 'write')
      let acknowledged = -1
      for await (const line of lines) {
        acknowledged = Number(line)
        if (acknowledged === 25) child.kill('SIGKILL')
      }
      await exit
      expect(child.signalCode).toBe('SIGKILL')
      const store = await where.open()
      const found = await store.read((tx) => tx.all('model', { project: 'p' }))
      expect(acknowledged).toBeGreaterThanOrEqual(25)
      // the one under way may be there, with its event, or not
      expect(found.map(({ document }) => document.lastNumber)).toEqual(found.map((_, i) => i))
      expect([acknowledged + 1, acknowledged + 2]).toContain(found.length)
      const events = await store.read((tx) => tx.events({ project: 'p', limit: 1000 }))
      expect(events.map(({ details }) => details['i'])).toEqual(found.map((_, i) => i))
    })

    test.each(MIGRATIONS.map((_, i) => `migration:${i + 1}`))('goes on with a migration killed at %s', async (step) => {
      const where = await place()
      const { child, exit } = startProcess(where.where, 'die', step)
      await exit
      expect(child.signalCode).toBe('SIGKILL')
      const steps: string[] = []
      const store = await where.open({ onDurable: (name) => steps.push(name) })
      expect(steps).toEqual(MIGRATIONS.map((_, i) => `migration:${i + 1}`).slice(Number(step.at(-1))))
      await store.transact((tx) => tx.insert('model', 'p', 'm', model()))
    })

    test('does a step of a migration whole or not at all', async () => {
      const where = await place()
      const broken = MIGRATIONS.map((migration, i) =>
        i !== 1
          ? migration
          : {
              name: migration.name,
              up: async (...parameters: Parameters<typeof migration.up>) => {
                await migration.up(...parameters)
                throw new Error('killed here')
              },
            },
      )
      await expect(where.open({ migrations: broken })).rejects.toMatchObject({ code: 'internal' })
      const store = await where.open()
      await store.transact((tx) => tx.addEvent(event('m')))
    })

    test('keeps its records through a later migration, and is refused by the Slipway before', async () => {
      const where = await place()
      const before = await where.open()
      await before.transact((tx) => tx.insert('model', 'p', 'm', model(7)))
      await before.close()
      const later = [
        ...MIGRATIONS,
        {
          name: 'one-more',
          up: async (db: Parameters<(typeof MIGRATIONS)[0]['up']>[0]) => {
            await db.schema.alterTable('records').addColumn('more', 'text').execute()
          },
        },
      ]
      const store = await where.open({ migrations: later })
      expect((await store.read((tx) => tx.get('model', 'p', 'm')))?.document.lastNumber).toBe(7)
      await expect(where.open()).rejects.toMatchObject({
        code: 'refused',
        message: expect.stringContaining('newer Slipway: its schema is 4, this one knows 3') as string,
      })
    })

    test('refuses a database of somebody else', async () => {
      const where = await place()
      await where.run(
        database === 'PostgreSQL'
          ? `create schema ${where.schema}; create table ${where.schema}.meta (a int)`
          : 'create table meta (a int)',
      )
      await expect(where.open()).rejects.toMatchObject({ code: 'refused', details: { reason: 'foreign' } })
    })

    test('does not commit what the database refused, though work bore it', async () => {
      const where = await place()
      const environment = testEnvironment()
      const store = await where.open({ environment })
      await where.run('alter table audit drop column peer')
      const work = store.transact(async (tx) => {
        await tx.insert('model', 'p', 'm', model())
        await tx.addAudit(audited).catch(() => {})
      })
      await expect(work).rejects.toMatchObject({ code: 'internal' })
      expect(await store.read((tx) => tx.all('model'))).toEqual([])
      expect(environment.logged).toContain('error the database failed')
    })
  })
}
