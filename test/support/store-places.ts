import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { testEnvironment } from '../../src/control/store/environment.fixture.ts'
import { openPostgresStore, openSqliteStore, openStore } from '../../src/control/store/open-store.ts'
import type { StoreOptions } from '../../src/control/store/store-options.ts'
import type { Store } from '../../src/control/store/store.ts'
import { needs } from './needs.ts'
import { findPostgres, startPostgres, type Postgres } from './postgres.ts'

/** A database of one test, which may be opened more than once. */
export interface StorePlace {
  open(options?: Partial<StoreOptions>): Promise<Store>
  /** For `store-main.fixture.ts`. */
  readonly where: string
  /** Of PostgreSQL. */
  readonly schema: string
  /** Locks all of it, as another process may. @returns unlocks it */
  lock(): Promise<() => Promise<void>>
  /** Runs a statement behind the store's back. */
  run(statement: string): Promise<void>
}

const folders: string[] = []
const opened: Store[] = []
let postgres: Postgres | undefined
let schemas = 0

const hasPostgres = findPostgres() !== undefined || needs('initdb')

async function sqlitePlace(): Promise<StorePlace> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-store-'))
  folders.push(folder)
  const path = join(folder, 'state.db')
  return {
    open: (options = {}) => keep(openStore({ environment: testEnvironment(), ...options, dataFolder: folder })),
    where: folder,
    schema: '',
    async lock() {
      const other = new DatabaseSync(path, { timeout: 5000 })
      other.exec('begin immediate')
      return async () => other.close()
    },
    async run(statement) {
      const other = new DatabaseSync(path, { timeout: 5000 })
      other.exec(statement)
      other.close()
    },
  }
}

async function memoryPlace(): Promise<StorePlace> {
  const refuse = (): never => {
    throw new Error('a database in memory has nobody else')
  }
  return {
    open: (options = {}) => keep(openSqliteStore({ environment: testEnvironment(), ...options, path: ':memory:' })),
    where: '',
    schema: '',
    lock: refuse,
    run: refuse,
  }
}

async function postgresPlace(): Promise<StorePlace> {
  const url = postgres?.url ?? ''
  const schema = `test_${++schemas}`
  async function client(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: url, options: `-c search_path=${schema}` })
    await client.connect()
    return client
  }
  return {
    open: (options = {}) => keep(openPostgresStore({ environment: testEnvironment(), ...options, url, schema })),
    where: `${url}#${schema}`,
    schema,
    async lock() {
      const other = await client()
      await other.query('begin; lock table records, events in access exclusive mode')
      return () => other.end()
    },
    async run(statement) {
      const other = await client()
      await other.query(statement)
      await other.end()
    },
  }
}

async function keep(opening: Promise<Store>): Promise<Store> {
  const store = await opening
  opened.push(store)
  return store
}

/** Every database that a store may stand on. */
const PLACES = [
  { database: 'SQLite', place: sqlitePlace, isHere: true, isShared: true, runs: 40 },
  { database: 'SQLite in memory', place: memoryPlace, isHere: true, isShared: false, runs: 60 },
  { database: 'PostgreSQL', place: postgresPlace, isHere: hasPostgres, isShared: true, runs: 15 },
]

/** The databases, for the suites that run on each of them; they end with the file's tests. */
export function storePlaces() {
  beforeAll(async () => {
    if (hasPostgres) postgres = await startPostgres()
  })

  afterAll(async () => {
    for (const store of opened) await store.close()
    await postgres?.stop()
    for (const folder of folders) await rm(folder, { recursive: true, force: true })
  })
  return PLACES
}
