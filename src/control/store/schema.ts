/** Tables of the store, as Kysely types them. Times are ms since 1970; documents and details are JSON text. */
export interface Schema {
  /** What must be known before anything else: `schema` (its version), `cursor_secret`. */
  meta: { name: string; value: string }
  /** Numbers that only grow: of `events`, of `audit`. A row and not a sequence, so that they appear in the order they are committed in. */
  counters: { name: string; value: number }
  records: RecordRow
  /** Last etag of a record that was removed: one of the same name goes on from there, so that no old etag fits it. */
  tombstones: { kind: string; project: string; name: string; etag: number; removed_at: number }
  events: EventRow
  audit: AuditRow
  idempotent: {
    key: string
    request: string
    status: number
    body: string
    headers: string
    expires_at: number
  }
  /** Ids of transactions, written with them: by these an unknown commit is found to have happened or not. */
  transactions: { id: string; at: number }
}

export interface RecordRow {
  kind: string
  project: string
  name: string
  uid: string
  etag: number
  /** The document's `state`, where it has one. */
  state: string | null
  document: string
  created_at: number
  updated_at: number
}

export interface EventRow {
  seq: number
  at: number
  project: string
  kind: string
  name: string
  type: string
  level: string
  message: string
  details: string
}

export interface AuditRow {
  seq: number
  at: number
  project: string
  principal: string
  peer: string
  action: string
  resource: string
  outcome: string
  code: string | null
  details: string
}
