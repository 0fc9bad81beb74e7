import type { AuditEntry, PlatformEvent } from '../../api/resources.ts'
import type { AuditRow, EventRow, RecordRow } from './schema.ts'
import type { Kind, Kinds, Stored } from './store.ts'

/** Text that comes from anywhere, without what PostgreSQL cannot keep. */
export function plain(text: string): string {
  return text.replaceAll('\0', '\u{fffd}').toWellFormed()
}

/** The column that lists are filtered by. */
export function stateOf(document: object): string | null {
  const state: unknown = 'state' in document ? document.state : undefined
  return typeof state === 'string' ? state : null
}

/** A record as it leaves the store. */
export function toStored<K extends Kind>(row: RecordRow): Stored<K> {
  return {
    kind: row.kind as K,
    project: row.project,
    name: row.name,
    uid: row.uid,
    etag: row.etag,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
    document: JSON.parse(row.document) as Kinds[K],
  }
}

/** An event as it leaves the store. */
export function toEvent({ at, details, ...row }: EventRow): PlatformEvent {
  return { ...row, atMs: at, details: JSON.parse(details) as Record<string, unknown> } as PlatformEvent
}

/** An audit entry as it leaves the store. */
export function toAuditEntry({ at, details, code, ...row }: AuditRow): AuditEntry {
  return {
    ...row,
    atMs: at,
    ...(code === null ? {} : { code }),
    details: JSON.parse(details) as Record<string, unknown>,
  } as AuditEntry
}
