import type { PlatformEvent } from '../../api/resources.ts'
import type { Kind, Kinds, Store, Stored, Writer } from '../store/store.ts'

/** A record before and after a commit. */
export interface Change {
  readonly before: Stored<Kind> | undefined
  readonly after: Stored<Kind> | undefined
}

export interface Commit {
  /** Who wrote it. */
  readonly by: 'api' | 'control'
  readonly changes: readonly Change[]
  readonly events: readonly Omit<PlatformEvent, 'seq' | 'atMs'>[]
}

/** What is committed in a store, as whoever looks on sees it without asking the store. */
export class Mirror {
  readonly #records = new Map<string, Stored<Kind>>()

  get<K extends Kind>(kind: K, project: string, name: string): Stored<K> | undefined {
    return this.#records.get(keyOf(kind, project, name)) as Stored<K> | undefined
  }

  all<K extends Kind>(kind: K): Stored<K>[] {
    return [...this.#records.values()].filter((record) => record.kind === kind) as unknown as Stored<K>[]
  }

  /** A store that keeps the mirror, and tells of each commit once it is durable. */
  watch(store: Store, by: Commit['by'], onCommit: (commit: Commit) => void): Store {
    const records = this.#records
    return {
      read: (work) => store.read(work),
      sweep: (olderThan) => store.sweep(olderThan),
      close: () => store.close(),
      async transact<T>(work: (tx: Writer) => Promise<T>): Promise<T> {
        let written = new Map<string, Stored<Kind> | undefined>()
        let events: Omit<PlatformEvent, 'seq' | 'atMs'>[] = []
        const result = await store.transact(async (tx) => {
          written = new Map()
          events = []
          return work({
            ...readerOf(tx),
            async insert(kind, project, name, document) {
              const record = await tx.insert(kind, project, name, document)
              written.set(keyOf(kind, project, name), record)
              return record
            },
            async update(kind, project, name, etag, document) {
              const record = await tx.update(kind, project, name, etag, document)
              written.set(keyOf(kind, project, name), record)
              return record
            },
            async remove(kind, project, name, etag) {
              await tx.remove(kind, project, name, etag)
              written.set(keyOf(kind, project, name), undefined)
            },
            async addEvent(event) {
              await tx.addEvent(event)
              events.push(event)
            },
            addAudit: (entry) => tx.addAudit(entry),
            putIdempotent: (key, answer) => tx.putIdempotent(key, answer),
          })
        })
        const changes = [...written].map(([key, after]): Change => {
          const before = records.get(key)
          if (after === undefined) records.delete(key)
          else records.set(key, after)
          return { before, after }
        })
        onCommit({ by, changes, events })
        return result
      },
    }
  }
}

function readerOf(tx: Writer): Pick<Writer, 'get' | 'list' | 'all' | 'events' | 'audit' | 'idempotent'> {
  return {
    get: (kind, project, name) => tx.get(kind, project, name),
    list: (kind, query) => tx.list(kind, query),
    all: (kind, query) => tx.all(kind, query),
    events: (query) => tx.events(query),
    audit: (query) => tx.audit(query),
    idempotent: (key) => tx.idempotent(key),
  }
}

function keyOf(kind: Kind, project: string, name: string): string {
  return `${kind} ${project} ${name}`
}

/** A change of one kind of record. */
export function isOf<K extends Kind>(
  kind: K,
  change: Change,
): change is { readonly before: Stored<K> | undefined; readonly after: Stored<K> | undefined } & Change {
  return (change.after ?? change.before)?.kind === kind
}

export type Document<K extends Kind> = Kinds[K]
