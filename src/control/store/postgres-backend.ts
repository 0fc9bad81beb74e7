import { CompiledQuery, Kysely, PostgresDialect, sql, type PostgresPoolClient } from 'kysely'
import pg from 'pg'
import { ServingError } from '../../core/errors.ts'
import type { Environment } from '../environment.ts'
import type { Backend, Connection, Mode } from './backend.ts'
import { judgePostgres } from './failures.ts'
import type { Schema } from './schema.ts'

/** Reads that may be under way at once. */
const READERS = 6

/** The readers, the writer, and one that looks for what became of a commit. */
const MAX_CONNECTIONS = READERS + 2

/** Numbers of 64 bits: ours are times and counts, which a number holds. */
const INT8 = 20

/** `slipway`, in hexadecimal: who else takes advisory locks in the same database takes other ones. */
const MIGRATION_LOCK = 0x73_6c_69_70_77_61n

const BEGIN: Record<Mode, string> = {
  read: 'begin isolation level serializable read only',
  write: 'begin isolation level serializable read write',
  // a serialisable one would look at the database as it was before it had the lock
  migrate: 'begin isolation level read committed read write',
}

export interface PostgresOptions {
  readonly url: string
  readonly schema: string
  readonly environment: Environment
  /** How long a statement, a lock or a connection may take (ms). */
  readonly patienceMs: number
}

/** @throws {ServingError} `invalid_argument` for a URL or a schema that is none */
export function openPostgresBackend({ url, schema, environment, patienceMs }: PostgresOptions): Backend {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(schema))
    throw new ServingError('invalid_argument', 'the name of a schema is 1 to 63 lower-case letters, digits and _')
  checkUrl(url)
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: patienceMs,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: 'slipway',
    // the server's own limit is shorter: this one is for a server that says nothing any more
    query_timeout: patienceMs + 1000,
    types: { getTypeParser: (oid: number) => (oid === INT8 ? Number : String) },
  })
  pool.on('error', () => {}) // of a connection that nobody uses: it is thrown away
  pool.on('connect', (client) => client.on('error', () => {})) // whoever uses it is told by its query
  const kept = new WeakMap<pg.PoolClient, Kysely<Schema>>()

  /** Queries of one client; the schema's name before every table. */
  function queriesOf(client: pg.PoolClient): Kysely<Schema> {
    let db = kept.get(client)
    if (db === undefined) {
      const single = Object.assign(Object.create(client) as PostgresPoolClient, {
        query: (text: string, parameters: readonly unknown[]) => client.query(text, [...parameters]),
        release: () => {},
      })
      const pool = { connect: async () => single, end: async () => {}, options: {} }
      db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) }).withSchema(schema)
      kept.set(client, db)
    }
    return db
  }

  return {
    dialect: 'postgres',
    readers: READERS,
    hasUnknownCommits: true,
    async connect(mode) {
      const client = await pool.connect()
      return new PostgresConnection(client, queriesOf(client), mode, patienceMs)
    },
    judge(error) {
      const verdict = judgePostgres(error)
      if (verdict.error !== error && !verdict.isTransient)
        environment.log('error', 'the database failed', { message: error instanceof Error ? error.message : '' })
      return verdict
    },
    async lockForMigration(db) {
      await db.executeQuery(CompiledQuery.raw('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]))
      // whose schema was made for them may not be allowed to make one
      const { rows } = await sql`select 1 from pg_catalog.pg_namespace where nspname = ${schema}`.execute(db)
      if (rows.length === 0) await sql`create schema ${sql.id(schema)}`.execute(db)
    },
    async tables(db) {
      const { rows } = await sql<{
        name: string
      }>`select tablename as name from pg_catalog.pg_tables where schemaname = ${schema}`.execute(db)
      return rows.map((row) => row.name)
    },
    close: () => pool.end(),
  }
}

/** The client's own complaint would hold the URL, and the password in it. */
function checkUrl(url: string): void {
  try {
    void new pg.Client({ connectionString: url })
  } catch {
    throw new ServingError(
      'invalid_argument',
      'the database URL cannot be read: it is written postgres://user:password@host:port/database, with %XX for what is special in the password',
    )
  }
}

class PostgresConnection implements Connection {
  readonly db: Kysely<Schema>
  readonly #client: pg.PoolClient
  readonly #begin: string
  #isBroken = false

  constructor(client: pg.PoolClient, db: Kysely<Schema>, mode: Mode, patienceMs: number) {
    this.#client = client
    this.db = db
    // limits go with the transaction, and not with the session, so that a pooler in between may share it
    this.#begin = [
      BEGIN[mode],
      `set local statement_timeout = ${patienceMs + 500}`,
      `set local lock_timeout = ${patienceMs}`,
      `set local idle_in_transaction_session_timeout = ${4 * patienceMs}`,
      'set local synchronous_commit = on',
    ].join('; ')
  }

  async begin(): Promise<void> {
    await this.#client.query(this.#begin)
  }

  async commit(): Promise<void> {
    const { command } = await this.#client.query('commit')
    if (command !== 'COMMIT') throw new Error('the transaction was undone by its commit; this is a bug')
  }

  async rollback(isLost = false): Promise<void> {
    this.#isBroken ||= isLost
    if (this.#isBroken) return
    try {
      await this.#client.query('rollback')
    } catch {
      this.#isBroken = true
    }
  }

  release(): void {
    this.#client.release(this.#isBroken)
  }
}
