import type { Kind, Store, Writer } from '../store/store.ts'

/** A record that may have changed: who wants to know how, reads it. */
export interface Change {
  readonly kind: Kind
  readonly project: string
  readonly name: string
}

/** Which records were written in this process. */
export interface Changes {
  /** Those since the last call, each once. */
  take(): readonly Change[]
}

/**
 * Notes what is written through a store, so that a reader need not read all of it to know what is new. Everybody in the
 * process must write through the one that is returned; what others write is found only by reading everything.
 */
export function watchChanges(store: Store): { readonly store: Store; readonly changes: Changes } {
  let changed = new Map<string, Change>()

  function note(written: readonly Change[]): void {
    for (const change of written) changed.set(`${change.kind} ${change.project} ${change.name}`, change)
  }

  function watching(tx: Writer, written: Change[]): Writer {
    return {
      get: (kind, project, name) => tx.get(kind, project, name),
      list: (kind, query) => tx.list(kind, query),
      all: (kind, query) => tx.all(kind, query),
      events: (query) => tx.events(query),
      audit: (query) => tx.audit(query),
      idempotent: (key) => tx.idempotent(key),
      insert(kind, project, name, document) {
        written.push({ kind, project, name })
        return tx.insert(kind, project, name, document)
      },
      update(kind, project, name, etag, document) {
        written.push({ kind, project, name })
        return tx.update(kind, project, name, etag, document)
      },
      remove(kind, project, name, etag) {
        written.push({ kind, project, name })
        return tx.remove(kind, project, name, etag)
      },
      addEvent: (event) => tx.addEvent(event),
      addAudit: (entry) => tx.addAudit(entry),
      putIdempotent: (key, answer) => tx.putIdempotent(key, answer),
    }
  }

  return {
    store: {
      async transact(work) {
        const written: Change[] = []
        try {
          return await store.transact((tx) => work(watching(tx, written)))
        } finally {
          // Also where it failed: whether it was committed may not be known.
          note(written)
        }
      },
      read: (work) => store.read(work),
      sweep: (olderThan) => store.sweep(olderThan),
      close: () => store.close(),
    },
    changes: {
      take() {
        const taken = [...changed.values()]
        changed = new Map()
        return taken
      },
    },
  }
}
