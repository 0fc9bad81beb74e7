import type { Kysely } from 'kysely'
import { ServingError } from '../../core/errors.ts'
import type { Environment } from '../environment.ts'
import type { Backend } from './backend.ts'
import { MIGRATIONS } from './migrations.ts'
import type { StoreOptions } from './store-options.ts'
import type { Schema } from './schema.ts'

/**
 * Brings a database to the schema of now, one step after the other, each in a transaction of its own with the note that it
 * was done: killed in between, it goes on from there. Others who start at the same time wait, and find it done.
 * @returns the secret by which the database's cursors are sealed
 * @throws {ServingError} `refused` for a database of somebody else, or of a newer Slipway; `unavailable`
 */
export async function migrate(backend: Backend, options: StoreOptions, patienceMs: number): Promise<string> {
  const { environment, migrations = MIGRATIONS, onDurable } = options
  const deadline = environment.now() + patienceMs
  for (;;) {
    const state = await attempt(backend, environment, deadline, async (db) => {
      await backend.lockForMigration(db)
      const version = await versionOf(backend, db)
      if (version > migrations.length)
        throw new ServingError(
          'refused',
          `the database was made by a newer Slipway: its schema is ${version}, this one knows ${migrations.length}; start the newer one, or name another database`,
          { details: { reason: 'newer', schema: version, known: migrations.length } },
        )
      const migration = migrations[version]
      if (migration === undefined) return { secret: await secretOf(db) }
      if (version === 0) await createMeta(db, environment)
      await migration.up(db as unknown as Kysely<unknown>, backend.dialect)
      await db
        .updateTable('meta')
        .set({ value: String(version + 1) })
        .where('name', '=', 'schema')
        .execute()
      return { done: version + 1 }
    })
    if (state.secret !== undefined) return state.secret
    onDurable?.(`migration:${state.done}`)
  }
}

async function attempt<T>(
  backend: Backend,
  environment: Environment,
  deadline: number,
  work: (db: Kysely<Schema>) => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      const connection = await backend.connect('migrate')
      try {
        await connection.begin()
        const value = await work(connection.db)
        await connection.commit()
        return value
      } catch (error) {
        await connection.rollback(backend.judge(error).isLost)
        throw error
      } finally {
        connection.release()
      }
    } catch (thrown) {
      if (thrown instanceof ServingError) throw thrown
      const { error, isTransient } = backend.judge(thrown)
      if (!isTransient || environment.now() + 50 >= deadline) throw error
      await environment.sleep(25 + 25 * environment.random())
    }
  }
}

/** 0 for an empty database. */
async function versionOf(backend: Backend, db: Kysely<Schema>): Promise<number> {
  const tables = await backend.tables(db)
  if (tables.length === 0) return 0
  const row = tables.includes('meta')
    ? await db
        .selectFrom('meta')
        .select('value')
        .where('name', '=', 'schema')
        .executeTakeFirst()
        .catch(() => undefined) // a `meta` of somebody else has other columns
    : undefined
  const version = Number(row?.value)
  if (row !== undefined && Number.isInteger(version) && version >= 0) return version
  throw new ServingError(
    'refused',
    'the database is not one of Slipway: other tables stand in it; it is left as it is, name another one',
    { details: { reason: 'foreign' } },
  )
}

async function createMeta(db: Kysely<Schema>, environment: Environment): Promise<void> {
  await db.schema
    .createTable('meta')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute()
  const secret = environment.newId() + environment.newId()
  await db
    .insertInto('meta')
    .values([
      { name: 'schema', value: '0' },
      { name: 'cursor_secret', value: secret },
    ])
    .execute()
}

async function secretOf(db: Kysely<Schema>): Promise<string> {
  const row = await db.selectFrom('meta').select('value').where('name', '=', 'cursor_secret').executeTakeFirstOrThrow()
  return row.value
}
