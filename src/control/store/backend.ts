import type { Kysely } from 'kysely'
import type { ServingError } from '../../core/errors.ts'
import type { Dialect } from './migrations.ts'
import type { Schema } from './schema.ts'

/** One connection to the database, for one transaction. */
export interface Connection {
  /** Queries of the transaction that is under way. */
  readonly db: Kysely<Schema>
  begin(): Promise<void>
  commit(): Promise<void>
  /** Never throws: a connection that is lost, or cannot undo, is not used again, and what it had begun is undone by the database. */
  rollback(isLost?: boolean): Promise<void>
  release(): void
}

/** What differs between databases. */
export interface Backend {
  readonly dialect: Dialect
  /** Transactions that may read at once, beside the one that writes; 0 where reads take the writer's turn. */
  readonly readers: number
  /** Whether a commit may have happened although it failed: every transaction writes an id then. */
  readonly hasUnknownCommits: boolean
  connect(mode: Mode): Promise<Connection>
  /** What an error of the database means. */
  judge(error: unknown): Verdict
  /** First thing in a transaction that migrates: nobody else migrates until it ends. */
  lockForMigration(db: Kysely<Schema>): Promise<void>
  /** Names of the tables that are there, ours or not. */
  tables(db: Kysely<Schema>): Promise<readonly string[]>
  close(): Promise<void>
}

/** Of a transaction. `migrate` sees what others committed while it waited for its lock. */
export type Mode = 'read' | 'write' | 'migrate'

export interface Verdict {
  /** For the caller, when it is not tried again. */
  readonly error: ServingError
  /** Whether the same may work in a moment: a lock, a conflict of transactions, a connection that was lost. */
  readonly isTransient: boolean
  /** Whether the connection is gone: a commit that failed so may have happened. */
  readonly isLost: boolean
}
