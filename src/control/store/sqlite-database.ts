import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { SqliteDatabase, SqliteStatement } from 'kysely'

/** Statements that are kept compiled; there are far fewer of them. */
const MAX_STATEMENTS = 200

/**
 * A database of node:sqlite as Kysely's SQLite dialect wants it. Values are bound by position, each checked first:
 * node:sqlite takes an object that comes first for named parameters, and changes nothing then. Whole numbers come back as
 * numbers, and as bigints where a number would not hold them.
 */
export class NodeSqlite implements SqliteDatabase {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, SqliteStatement>()

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  get isInTransaction(): boolean {
    return this.#db.isTransaction
  }

  /** Runs one statement without parameters or answer. */
  exec(sql: string): void {
    this.#db.exec(sql)
  }

  prepare(sql: string): SqliteStatement {
    const kept = this.#statements.get(sql)
    if (kept !== undefined) return kept
    const statement = wrap(this.#db.prepare(sql, { readBigInts: true }))
    // schema statements are run once, and would stand in the way of others
    if (!/^(create|drop|alter|pragma)\b/i.test(sql)) {
      if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear()
      this.#statements.set(sql, statement)
    }
    return statement
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close()
  }
}

function wrap(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...parameters.map(toInput)).map(toRow),
    run: (parameters) => statement.run(...parameters.map(toInput)),
    *iterate(parameters) {
      for (const row of statement.iterate(...parameters.map(toInput))) yield toRow(row)
    },
  }
}

function toInput(value: unknown): SQLInputValue {
  switch (typeof value) {
    case 'string':
    case 'bigint':
      return value
    case 'number':
      // a real would be kept where a whole number is meant
      if (Number.isSafeInteger(value)) return BigInt(value)
      if (Number.isFinite(value)) return value
      break
    default:
      if (value === null || value instanceof Uint8Array) return value
  }
  throw new TypeError(`a query was given a value of type ${typeof value}; this is a bug`)
}

/** A plain object: those of node:sqlite have no prototype. */
function toRow(row: object): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(row))
    copy[name] =
      typeof value === 'bigint' && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
        ? Number(value)
        : value
  return copy
}
