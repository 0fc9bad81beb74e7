import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely, sql, SqliteDialect } from 'kysely'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Environment } from '../environment.ts'
import type { Backend, Connection, Mode } from './backend.ts'
import { judgeSqlite, unavailable } from './failures.ts'
import type { Schema } from './schema.ts'
import { NodeSqlite } from './sqlite-database.ts'

/** Reads that may be under way at once, each on its own snapshot. */
const READERS = 4

/** A larger file is checked only where it is read: going through all of it would take seconds. */
const MAX_CHECKED_BYTES = 256 * 2 ** 20

/** The write-ahead log is cut back to this after a checkpoint (bytes). */
const MAX_LOG_BYTES = 16 * 2 ** 20

/** Opens the file, or a database in memory. @throws {ServingError} as `openSqliteStore` */
export function openSqliteBackend(path: string, environment: Environment): Backend {
  const isMemory = path === ':memory:'
  if (!isMemory) {
    prepareFile(path)
    checkFile(path)
  }
  const free: SqliteConnection[] = []
  let writer: SqliteConnection | undefined
  try {
    writer = new SqliteConnection(path, 'write')
  } catch (error) {
    throw judgeSqlite(error).error
  }
  const connections = new Set([writer])

  function reader(): SqliteConnection {
    const kept = free.pop()
    if (kept !== undefined) return kept
    const made = new SqliteConnection(path, 'read', (connection) => free.push(connection))
    connections.add(made)
    return made
  }

  return {
    dialect: 'sqlite',
    readers: isMemory ? 0 : READERS,
    hasUnknownCommits: false,
    connect: async (mode) => (mode !== 'read' || isMemory ? writer : reader()),
    judge(error) {
      const verdict = judgeSqlite(error)
      if (verdict.error !== error && verdict.error.details['reason'] !== 'store')
        environment.log('error', 'the database failed', { message: error instanceof Error ? error.message : '' })
      return verdict
    },
    lockForMigration: async () => {}, // the one who writes is alone
    async tables(db) {
      const { rows } = await sql<{
        name: string
      }>`select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'`.execute(db)
      return rows.map((row) => row.name)
    },
    async close() {
      // the writer, which came first, goes last: whoever is the last takes the log into the file, and readers cannot
      for (const connection of [...connections].toReversed()) connection.close()
    },
  }
}

/** The connection of the writer, which is taken in turns, or one of the readers. */
class SqliteConnection implements Connection {
  readonly db: Kysely<Schema>
  readonly #database: NodeSqlite
  readonly #begin: string
  readonly #onRelease: (connection: SqliteConnection) => void

  constructor(path: string, mode: Mode, onRelease: (connection: SqliteConnection) => void = () => {}) {
    const database = new DatabaseSync(path, { timeout: 0, readOnly: mode === 'read' })
    try {
      database.exec('pragma trusted_schema = off; pragma cell_size_check = on')
      if (mode === 'write') {
        database.exec(
          `pragma journal_mode = wal; pragma synchronous = full; pragma journal_size_limit = ${MAX_LOG_BYTES}`,
        )
      }
    } catch (error) {
      database.close()
      throw error
    }
    this.#database = new NodeSqlite(database)
    this.#begin = mode === 'read' ? 'begin' : 'begin immediate'
    this.#onRelease = onRelease
    this.db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: this.#database }) })
  }

  async begin(): Promise<void> {
    if (this.#database.isInTransaction) this.#database.exec('rollback')
    this.#database.exec(this.#begin)
  }

  async commit(): Promise<void> {
    this.#database.exec('commit')
  }

  async rollback(): Promise<void> {
    // SQLite itself undoes after some failures, and what a disk that fails keeps it from is undone by the next to begin
    if (!this.#database.isInTransaction) return
    try {
      this.#database.exec('rollback')
    } catch {
      // said by what failed before
    }
  }

  release(): void {
    this.#onRelease(this)
  }

  close(): void {
    this.#database.close()
  }
}

/** Makes the file, empty and for its owner alone, when it is not there. */
function prepareFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const isNew = !existsSync(path)
    closeSync(openSync(path, 'a', 0o600))
    chmodSync(path, 0o600)
    if (!isNew) return
    const folder = openSync(dirname(path), 'r')
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
  } catch (error) {
    throw unavailable(`the database file ${quote(path)} cannot be made: check its folder`, error, 'disk')
  }
}

/**
 * Looks at a file before anything writes to it.
 * @throws {ServingError} `refused` when it is damaged or no database: it is left as it is
 */
function checkFile(path: string): void {
  const { size } = statSync(path)
  if (size === 0) return
  let found: string
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 1000 })
    try {
      const check = size <= MAX_CHECKED_BYTES ? 'pragma quick_check(1)' : 'pragma schema_version'
      const row = database.prepare(check).get()
      found = size <= MAX_CHECKED_BYTES ? String(row?.['quick_check']) : 'ok'
    } finally {
      database.close()
    }
  } catch (error) {
    const verdict = judgeSqlite(error)
    if (verdict.error.details['reason'] !== 'damaged') throw verdict.error
    found = error instanceof Error ? error.message : 'not readable'
  }
  if (found === 'ok') return
  throw new ServingError(
    'refused',
    `the database file ${quote(basename(path))} is damaged (${found}); it is left as it is: restore it from a backup, or name another`,
    { details: { reason: 'damaged', file: basename(path) } },
  )
}
