import { sql, type ColumnDataType, type Expression, type Kysely } from 'kysely'
import type { Schema } from './schema.ts'

export type Dialect = 'sqlite' | 'postgres'

/** One step of the schema. It runs in one transaction with the note that it has run. */
export interface Migration {
  /** What it does, in kebab case: for messages. */
  readonly name: string
  /** @param db bound to the store's schema */
  readonly up: (db: Kysely<unknown>, dialect: Dialect) => Promise<void>
}

/**
 * Steps from nothing to the schema of now; their count is its version. A step that was released is never changed: what
 * comes later is a new one.
 */
export const MIGRATIONS: readonly Migration[] = [
  { name: 'records', up: createRecords },
  { name: 'events-and-audit', up: createEvents },
  { name: 'idempotency-and-transactions', up: createKeys },
]

/** Texts are compared byte by byte, as SQLite does it: order is that of code points on both. */
function textOf(dialect: Dialect): Expression<unknown> & ReturnType<typeof sql<string>> {
  return dialect === 'postgres' ? sql`text collate "C"` : sql`text`
}

const COUNTERS = [
  { name: 'events', value: 0 },
  { name: 'audit', value: 0 },
]

/** 64 bits on both. */
const INTEGER: ColumnDataType = 'bigint'

async function createRecords(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = textOf(dialect)
  await db.schema
    .createTable('records')
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('project', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('uid', text, (column) => column.notNull().unique())
    .addColumn('etag', INTEGER, (column) => column.notNull())
    .addColumn('state', text)
    .addColumn('document', text, (column) => column.notNull())
    .addColumn('created_at', INTEGER, (column) => column.notNull())
    .addColumn('updated_at', INTEGER, (column) => column.notNull())
    .addPrimaryKeyConstraint('records_key', ['kind', 'project', 'name'])
    .execute()
  await db.schema.createIndex('records_state').on('records').columns(['kind', 'state', 'project', 'name']).execute()
  await db.schema
    .createTable('tombstones')
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('project', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('etag', INTEGER, (column) => column.notNull())
    .addColumn('removed_at', INTEGER, (column) => column.notNull())
    .addPrimaryKeyConstraint('tombstones_key', ['kind', 'project', 'name'])
    .execute()
  await db.schema.createIndex('tombstones_age').on('tombstones').column('removed_at').execute()
}

async function createEvents(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = textOf(dialect)
  await db.schema
    .createTable('counters')
    .addColumn('name', text, (column) => column.primaryKey())
    .addColumn('value', INTEGER, (column) => column.notNull())
    .execute()
  await db.withTables<Pick<Schema, 'counters'>>().insertInto('counters').values(COUNTERS).execute()
  await db.schema
    .createTable('events')
    .addColumn('seq', INTEGER, (column) => column.primaryKey())
    .addColumn('at', INTEGER, (column) => column.notNull())
    .addColumn('project', text, (column) => column.notNull())
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('type', text, (column) => column.notNull())
    .addColumn('level', text, (column) => column.notNull())
    .addColumn('message', text, (column) => column.notNull())
    .addColumn('details', text, (column) => column.notNull())
    .execute()
  await db.schema.createIndex('events_of').on('events').columns(['project', 'kind', 'name', 'seq']).execute()
  await db.schema.createIndex('events_age').on('events').column('at').execute()
  await db.schema
    .createTable('audit')
    .addColumn('seq', INTEGER, (column) => column.primaryKey())
    .addColumn('at', INTEGER, (column) => column.notNull())
    .addColumn('project', text, (column) => column.notNull())
    .addColumn('principal', text, (column) => column.notNull())
    .addColumn('peer', text, (column) => column.notNull())
    .addColumn('action', text, (column) => column.notNull())
    .addColumn('resource', text, (column) => column.notNull())
    .addColumn('outcome', text, (column) => column.notNull())
    .addColumn('code', text)
    .addColumn('details', text, (column) => column.notNull())
    .execute()
  await db.schema.createIndex('audit_of').on('audit').columns(['project', 'principal', 'seq']).execute()
  await db.schema.createIndex('audit_age').on('audit').column('at').execute()
}

async function createKeys(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = textOf(dialect)
  await db.schema
    .createTable('idempotent')
    .addColumn('key', text, (column) => column.primaryKey())
    .addColumn('request', text, (column) => column.notNull())
    .addColumn('status', INTEGER, (column) => column.notNull())
    .addColumn('body', text, (column) => column.notNull())
    .addColumn('headers', text, (column) => column.notNull())
    .addColumn('expires_at', INTEGER, (column) => column.notNull())
    .execute()
  await db.schema.createIndex('idempotent_age').on('idempotent').column('expires_at').execute()
  await db.schema
    .createTable('transactions')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('at', INTEGER, (column) => column.notNull())
    .execute()
  await db.schema.createIndex('transactions_age').on('transactions').column('at').execute()
}
