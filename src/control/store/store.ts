import type {
  AuditEntry,
  Endpoint,
  EndpointRevision,
  Key,
  Model,
  PlatformEvent,
  Project,
  Rollout,
  Upload,
  Version,
} from '../../api/resources.ts'

/**
 * What is kept of each kind of resource. The document is the resource without `meta`, which columns hold.
 * Names: of a version `<model>/<number>`, of an endpoint's revision `<endpoint>/<revision>`, of the others their own.
 */
export interface Kinds {
  project: Omit<Project, 'meta'>
  model: Omit<Model, 'meta'>
  version: Omit<Version, 'meta'> & VersionPrivate
  upload: Omit<Upload, 'meta'>
  endpoint: Omit<Endpoint, 'meta'>
  revision: Omit<EndpointRevision, 'meta'>
  rollout: Omit<Rollout, 'meta'>
  key: Omit<Key, 'meta'> & KeyPrivate
  lease: Lease
}

export type Kind = keyof Kinds

/** What is kept of a version and not shown. */
export interface VersionPrivate {
  /** Folder of its bundle on this machine, once it is ready. */
  readonly folder?: string | undefined
  readonly isOurs?: boolean | undefined
  /** The URL of its source where that has a query, encrypted under the master key; `source` then holds the URL without. */
  readonly sealedUrl?: string | undefined
}

/** What is kept of a key and not shown. */
export interface KeyPrivate {
  /** SHA-256 of the bearer key, in hexadecimal. */
  readonly sha256: string
  /** The AWS-style secret, encrypted under the master key. */
  readonly encryptedSecret?: string | undefined
}

/** Which platform uses a database that several could. */
export interface Lease {
  readonly holder: string
  /** Until when it has it, unless it says so again (ms since 1970). */
  readonly untilMs: number
}

/** A resource as it is kept. */
export interface Stored<K extends Kind> {
  readonly kind: K
  /** Empty for a project itself. */
  readonly project: string
  readonly name: string
  readonly uid: string
  readonly etag: number
  readonly createdAtMs: number
  readonly updatedAtMs: number
  readonly document: Kinds[K]
}

export interface ListQuery {
  /** Every project when absent: for control itself. */
  readonly project?: string | undefined
  /** Only names that begin so; no pattern. */
  readonly prefix?: string | undefined
  /** Only documents whose `state` is one of these. */
  readonly states?: readonly string[] | undefined
  /** Most items; 1 to 1000. Default 100. */
  readonly limit?: number | undefined
  /** From the page before. @throws `invalid_argument` for one that is damaged, or of another project, kind or filter */
  readonly cursor?: string | undefined
}

export interface Reader {
  get<K extends Kind>(kind: K, project: string, name: string): Promise<Stored<K> | undefined>
  /** Sorted by project and name. */
  list<K extends Kind>(
    kind: K,
    query?: ListQuery,
  ): Promise<{ readonly items: readonly Stored<K>[]; readonly cursor?: string | undefined }>
  /** All of them, page after page. */
  all<K extends Kind>(kind: K, query?: Omit<ListQuery, 'limit' | 'cursor'>): Promise<readonly Stored<K>[]>
  /** After `after` (a `seq`; 0 for the first), oldest first. @param limit default 100, most 1000 */
  events(query: {
    readonly project?: string | undefined
    readonly kind?: string | undefined
    readonly name?: string | undefined
    readonly after?: number | undefined
    readonly limit?: number | undefined
  }): Promise<readonly PlatformEvent[]>
  /** Before `before` (a `seq`), newest first. */
  audit(query: {
    readonly project?: string | undefined
    readonly principal?: string | undefined
    readonly before?: number | undefined
    readonly limit?: number | undefined
  }): Promise<readonly AuditEntry[]>
  idempotent(key: string): Promise<IdempotentAnswer | undefined>
}

/** What was answered to a request that named an idempotency key. */
export interface IdempotentAnswer {
  /** Digest of method, path, principal and body. */
  readonly request: string
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  readonly expiresAtMs: number
}

export interface Writer extends Reader {
  /** The etag of the first of its name is 1, of one that is made again later than all before. @throws {ServingError} `conflict` (details.reason `exists`) when there is one of that name */
  insert<K extends Kind>(kind: K, project: string, name: string, document: Kinds[K]): Promise<Stored<K>>
  /** @param etag of the state that the change was made from. @throws {ServingError} `conflict` (details.reason `etag`) when it has changed meanwhile; `not_found` */
  update<K extends Kind>(kind: K, project: string, name: string, etag: number, document: Kinds[K]): Promise<Stored<K>>
  /** @param etag any when absent. @throws {ServingError} `conflict`, `not_found` */
  remove(kind: Kind, project: string, name: string, etag?: number): Promise<void>
  addEvent(event: Omit<PlatformEvent, 'seq' | 'atMs'>): Promise<void>
  addAudit(entry: Omit<AuditEntry, 'seq' | 'atMs'>): Promise<void>
  /** @throws {ServingError} `conflict` (details.reason `answered`) when an answer is kept that has not expired: of two that come at once the second undoes its work */
  putIdempotent(key: string, answer: IdempotentAnswer): Promise<void>
}

/**
 * The platform's state. What is acknowledged is durable (SQLite: WAL with synchronous=FULL; PostgreSQL: synchronous_commit on).
 */
export interface Store {
  /**
   * Runs work in one serialisable transaction and commits it. Work may run more than once (serialisation failures, a commit
   * whose outcome is unknown), so that all it does outside of `tx` must bear that: every transaction carries an id that is
   * written with it, by which an unknown commit is found to have happened or not.
   * Transactions of one process run one after the other; one within another is refused as a bug.
   * @throws {ServingError} `unavailable` when the database cannot be reached, is locked or is busy for longer than 5 s
   * (details.reason `store`), when its disk is full (`disk_full`) or fails (`disk`), and when it was lost at a commit and
   * did not come back to say what became of it (`commit_unknown`)
   */
  transact<T>(work: (tx: Writer) => Promise<T>): Promise<T>
  /** A consistent view. */
  read<T>(work: (tx: Reader) => Promise<T>): Promise<T>
  /**
   * Takes out what is older than its retention: events, audit entries, idempotent answers; a few at a time.
   * @param olderThan.eventsMs how old an event may become (ms); so `auditMs`. `nowMs`: ms since 1970
   * @returns how many rows
   */
  sweep(olderThan: { readonly eventsMs: number; readonly auditMs: number; readonly nowMs: number }): Promise<number>
  close(): Promise<void>
}
