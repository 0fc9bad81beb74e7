import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { inspect } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { needs } from '../../../test/support/needs.ts'
import { findPostgres, startPostgres, type Postgres } from '../../../test/support/postgres.ts'
import { testEnvironment } from './environment.fixture.ts'
import { openPostgresStore } from './open-store.ts'
import type { Kinds, Store, Stored } from './store.ts'

const hasPostgres = findPostgres() !== undefined || needs('initdb')
let postgres: Postgres

beforeAll(async () => {
  if (hasPostgres) postgres = await startPostgres()
})

afterAll(async () => {
  if (hasPostgres) await postgres.stop()
})

function model(lastNumber = 0): Kinds['model'] {
  return { project: 'p', name: 'm', description: '', labels: {}, lastNumber }
}

/** What happens to a commit on its way. */
type Cut = 'none' | 'before it arrives' | 'before its answer' | 'at once'

/** A wire to the database that is cut at commits: `next` says of each what happens to it. */
async function startWire(next: () => Cut): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((client) => {
    const database: Socket = connect(join(postgres.folder, '.s.PGSQL.5432'))
    let isWaiting = false
    const cut = (): void => {
      client.destroy()
      database.destroy()
    }
    client.on('error', cut).on('close', cut)
    database.on('error', cut).on('close', cut)
    database.on('data', (bytes) => {
      if (isWaiting) cut()
      else client.write(bytes)
    })
    client.on('data', (bytes) => {
      const what = bytes.includes('commit\0') ? next() : 'none'
      if (what === 'before it arrives') return cut()
      isWaiting = what === 'before its answer'
      if (what === 'at once') database.write(bytes, cut)
      else database.write(bytes)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `postgres://slipway@127.0.0.1:${(server.address() as AddressInfo).port}/postgres`, server }
}

describe.skipIf(!hasPostgres)('a store on PostgreSQL', () => {
  test.each(['before it arrives', 'before its answer', 'at once'] as const)(
    'does everything once though every third commit is cut off %s',
    async (cut) => {
      let commits = 0
      const { url, server } = await startWire(() => (++commits % 3 === 0 ? cut : 'none'))
      const schema = `cut_${cut.replaceAll(/[^a-z]/g, '_')}`
      const environment = testEnvironment()
      const direct = await openPostgresStore({ environment, url: postgres.url, schema })
      await direct.transact((tx) => tx.insert('model', 'p', 'm', model(0)))
      const store: Store = await openPostgresStore({ environment, url, schema })
      let runs = 0
      for (let i = 1; i <= 12; i++)
        await store.transact(async (tx) => {
          runs++
          const { etag, document } = (await tx.get('model', 'p', 'm')) as Stored<'model'>
          await tx.update('model', 'p', 'm', etag, model(document.lastNumber + 1))
          await tx.insert('model', 'p', `m${i}`, model(i))
        })
      const found = await direct.read((tx) => tx.get('model', 'p', 'm'))
      expect(found).toMatchObject({ etag: 13, document: { lastNumber: 12 } })
      expect(await direct.read((tx) => tx.all('model'))).toHaveLength(13)
      // one that arrived is not run again; one that did not is
      if (cut === 'before its answer') expect(runs).toBe(12)
      if (cut === 'before it arrives') expect(runs).toBeGreaterThan(12)
      await store.close()
      await direct.close()
      server.close()
    },
  )

  test('says that it does not know, when the database is gone for good at a commit', async () => {
    let isCut = false
    const { url, server } = await startWire(() => {
      if (!isCut) return 'none'
      server.close()
      return 'before its answer'
    })
    const direct = await openPostgresStore({ environment: testEnvironment(), url: postgres.url, schema: 'gone' })
    const store = await openPostgresStore({ environment: testEnvironment(), url, schema: 'gone', patienceMs: 1000 })
    isCut = true
    await expect(store.transact((tx) => tx.insert('model', 'p', 'm', model()))).rejects.toMatchObject({
      code: 'unavailable',
      details: { reason: 'commit_unknown' },
    })
    await store.close()
    expect(await direct.read((tx) => tx.all('model'))).toHaveLength(1)
    await direct.close()
  })

  test('loses and repeats nothing when the server is killed, and goes on when it is back', async () => {
    const store = await openPostgresStore({ environment: testEnvironment(), url: postgres.url, schema: 'killed' })
    const acknowledged: string[] = []
    const unknown: string[] = []
    const over = new AbortController()
    let failures = 0
    const writing = (async () => {
      for (let i = 0; !over.signal.aborted; i++) {
        const name = `m${String(i).padStart(6, '0')}`
        try {
          await store.transact((tx) => tx.insert('model', 'p', name, model(i)))
          acknowledged.push(name)
        } catch (error) {
          expect(error).toMatchObject({ code: 'unavailable' })
          unknown.push(name)
          failures++
        }
      }
    })()
    for (let round = 0; round < 2; round++) {
      const before = acknowledged.length
      await expect.poll(() => acknowledged.length).toBeGreaterThan(before + 20)
      await postgres.kill()
      await postgres.start()
      const back = acknowledged.length
      await expect.poll(() => acknowledged.length).toBeGreaterThan(back)
    }
    over.abort()
    await writing
    const found = new Set((await store.read((tx) => tx.all('model'))).map(({ name }) => name))
    expect(acknowledged.filter((name) => !found.has(name))).toEqual([])
    const known = new Set([...acknowledged, ...unknown])
    expect([...found].filter((name) => !known.has(name))).toEqual([])
    expect(failures).toBeLessThanOrEqual(12)
    await store.close()
  })

  test('begins a transaction again whose session the server ended', async () => {
    const store = await openPostgresStore({ environment: testEnvironment(), url: postgres.url, schema: 'ended' })
    const other = new pg.Client({ connectionString: postgres.url })
    await other.connect()
    let runs = 0
    await store.transact(async (tx) => {
      runs++
      await tx.insert('model', 'p', 'm', model())
      if (runs === 1)
        await other.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'slipway'")
      await tx.insert('model', 'p', 'n', model())
    })
    expect(runs).toBe(2)
    // the same in the middle of a statement, which waits here for a lock
    await other.query('begin; lock table ended.records in access exclusive mode')
    const waiting = store.transact((tx) => tx.insert('model', 'p', 'o', model()))
    const END_WAITING =
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'slipway' and wait_event_type = 'Lock'"
    await expect.poll(async () => (await other.query(END_WAITING)).rowCount).toBe(1)
    await other.query('commit')
    await waiting
    expect(await store.read((tx) => tx.all('model'))).toHaveLength(3)
    await other.end()
    await store.close()
  })

  test('is unavailable within its patience while the server is away', async () => {
    const url = 'postgres://slipway@127.0.0.1:1/postgres'
    const opening = openPostgresStore({ environment: testEnvironment(), url, patienceMs: 200 })
    await expect(opening).rejects.toMatchObject({ code: 'unavailable', details: { reason: 'store' } })
  })

  test('never says the password that it was given', async () => {
    const host = encodeURIComponent(postgres.folder)
    const [stranger, broken] = [
      `nobody:hunter2secret@localhost/nothing?host=${host}`,
      'slipway:hunter2secret@[/nothing',
    ]
    for (const [rest, code] of [[stranger, 'unavailable'] as const, [broken, 'invalid_argument'] as const]) {
      const environment = testEnvironment()
      const opening = openPostgresStore({ environment, url: `postgres://${rest}`, patienceMs: 500 })
      const failure: unknown = await opening.catch((error: unknown) => error)
      expect(failure).toMatchObject({ code })
      expect(inspect(failure, { depth: 9 }) + environment.logged.join()).not.toContain('hunter2secret')
    }
  })
})
