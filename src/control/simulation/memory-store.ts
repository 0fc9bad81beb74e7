import type { AuditEntry, PlatformEvent } from '../../api/resources.ts'
import { ServingError } from '../../core/errors.ts'
import type { IdempotentAnswer, Kind, ListQuery, Reader, Store, Stored, Writer } from '../store/store.ts'

/**
 * A store in memory, quick enough for thousands of simulations. It keeps the contract of `Store`;
 * nothing in it takes time.
 */
export class MemoryStore implements Store {
  #records = new Map<string, Stored<Kind>>()
  #sorted: readonly Stored<Kind>[] | undefined
  readonly #events: PlatformEvent[] = []
  readonly #audit: AuditEntry[] = []
  readonly #idempotent = new Map<string, IdempotentAnswer>()
  readonly #wallMs: () => number
  #uids = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs
  }

  #all(): readonly Stored<Kind>[] {
    this.#sorted ??= [...this.#records.values()].toSorted(
      (a, b) => compare(a.project, b.project) || compare(a.name, b.name),
    )
    return this.#sorted
  }

  read<T>(work: (tx: Reader) => Promise<T>): Promise<T> {
    const records = this.#all()
    return work(
      this.#reader(
        () => records,
        (key) => this.#records.get(key),
      ),
    )
  }

  transact<T>(work: (tx: Writer) => Promise<T>): Promise<T> {
    const done = this.#turn.then(() => this.#transact(work))
    this.#turn = done.catch(() => undefined)
    return done
  }

  async #transact<T>(work: (tx: Writer) => Promise<T>): Promise<T> {
    const draft = new Map<string, Stored<Kind> | undefined>()
    const events: PlatformEvent[] = []
    const audit: AuditEntry[] = []
    const idempotent: [string, IdempotentAnswer][] = []
    const nowMs = this.#wallMs()
    const get = (key: string) => (draft.has(key) ? draft.get(key) : this.#records.get(key))
    const all = () => {
      if (draft.size === 0) return this.#all()
      const others = this.#all().filter((record) => !draft.has(keyOf(record.kind, record.project, record.name)))
      const drafted = [...draft.values()].filter((record) => record !== undefined)
      return [...others, ...drafted].toSorted((a, b) => compare(a.project, b.project) || compare(a.name, b.name))
    }
    const existing = (kind: Kind, project: string, name: string, etag: number | undefined) => {
      const record = get(keyOf(kind, project, name))
      if (record === undefined) throw new ServingError('not_found', `there is no ${kind} ${name}`)
      if (etag !== undefined && record.etag !== etag)
        throw new ServingError('conflict', `${kind} ${name} was changed meanwhile`, { details: { reason: 'etag' } })
      return record
    }
    const writer: Writer = {
      ...this.#reader(all, get),
      insert: async (kind, project, name, document) => {
        const key = keyOf(kind, project, name)
        if (get(key) !== undefined) throw new ServingError('conflict', `there is a ${kind} ${name} already`)
        const uid = `uid${String(++this.#uids).padStart(13, '0')}`
        const record = {
          kind,
          project,
          name,
          uid,
          etag: 1,
          createdAtMs: nowMs,
          updatedAtMs: nowMs,
          document: kept(document),
        }
        draft.set(key, record)
        return record
      },
      update: async (kind, project, name, etag, document) => {
        const record = existing(kind, project, name, etag)
        const updated = { ...record, etag: record.etag + 1, updatedAtMs: nowMs, document: kept(document) }
        draft.set(keyOf(kind, project, name), updated)
        return updated as Awaited<ReturnType<typeof writer.update<typeof kind>>>
      },
      remove: async (kind, project, name, etag) => {
        existing(kind, project, name, etag)
        draft.set(keyOf(kind, project, name), undefined)
      },
      addEvent: async (event) => {
        events.push({ ...kept(event), seq: this.#events.length + events.length + 1, atMs: nowMs })
      },
      addAudit: async (entry) => {
        audit.push({ ...entry, seq: this.#audit.length + audit.length + 1, atMs: nowMs })
      },
      putIdempotent: async (key, answer) => void idempotent.push([key, answer]),
    }
    const result = await work(writer)
    for (const [key, after] of draft) {
      if (after === undefined) this.#records.delete(key)
      else this.#records.set(key, after)
    }
    if (draft.size > 0) this.#sorted = undefined
    this.#events.push(...events)
    this.#audit.push(...audit)
    for (const [key, answer] of idempotent) this.#idempotent.set(key, answer)
    return result
  }

  #reader(all: () => readonly Stored<Kind>[], get: (key: string) => Stored<Kind> | undefined): Reader {
    const matching = <K extends Kind>(kind: K, query: ListQuery): Stored<K>[] =>
      all().filter(
        (record) =>
          record.kind === kind &&
          (query.project === undefined || record.project === query.project) &&
          (query.prefix === undefined || record.name.startsWith(query.prefix)) &&
          (query.states === undefined || query.states.includes((record.document as { state?: string }).state ?? '')),
      ) as unknown as Stored<K>[]
    return {
      get: async <K extends Kind>(kind: K, project: string, name: string) =>
        get(keyOf(kind, project, name)) as Stored<K> | undefined,
      list: async (kind, query = {}) => ({ items: matching(kind, query).slice(0, query.limit ?? 100) }),
      all: async (kind, query = {}) => matching(kind, query),
      events: async ({ project, kind, name, after = 0, limit = 100 }) =>
        this.#events
          .filter(
            (event) =>
              event.seq > after &&
              (project === undefined || event.project === project) &&
              (kind === undefined || event.kind === kind) &&
              (name === undefined || event.name === name),
          )
          .slice(0, limit),
      audit: async ({ limit = 100 }) => this.#audit.slice(-limit).toReversed(),
      idempotent: async (key) => this.#idempotent.get(key),
    }
  }

  async sweep(): Promise<number> {
    return 0
  }

  async close(): Promise<void> {}
}

function keyOf(kind: Kind, project: string, name: string): string {
  return `${kind} ${project} ${name}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** As a document comes back from a real store. @throws {Error} for what JSON cannot hold */
function kept<T>(document: T): T {
  const text = JSON.stringify(document, (key, value: unknown) => {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${key} is ${value}; this is a bug`)
    return value
  })
  return JSON.parse(text) as T
}
