import type { Kysely } from 'kysely'
import type { AuditEntry, PlatformEvent } from '../../api/resources.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Environment } from '../environment.ts'
import type { Verdict } from './backend.ts'
import type { Cursors } from './cursor.ts'
import { plain, stateOf, toAuditEntry, toEvent, toStored } from './rows.ts'
import type { Schema } from './schema.ts'
import type { IdempotentAnswer, Kind, Kinds, ListQuery, Reader, Stored, Writer } from './store.ts'
import { behindPrefix, checkText, checkWhole, toJson } from './values.ts'

const MAX_LIMIT = 1000
const DEFAULT_LIMIT = 100

export interface TransactionOptions {
  readonly db: Kysely<Schema>
  readonly environment: Environment
  readonly cursors: Cursors
  readonly judge: (error: unknown) => Verdict
}

/** What work does to the store within one transaction. It is of no use once that is over. */
export class Transaction implements Writer {
  readonly #db: Kysely<Schema>
  readonly #environment: Environment
  readonly #cursors: Cursors
  readonly #judge: (error: unknown) => Verdict
  #isOver = false
  #hasWritten = false
  #failure: Verdict | undefined

  constructor({ db, environment, cursors, judge }: TransactionOptions) {
    this.#db = db
    this.#environment = environment
    this.#cursors = cursors
    this.#judge = judge
  }

  /** The first failure of the database: the transaction cannot be committed, whatever work made of it. */
  get failure(): Verdict | undefined {
    return this.#failure
  }

  get hasWritten(): boolean {
    return this.#hasWritten
  }

  end(): void {
    this.#isOver = true
  }

  async get<K extends Kind>(kind: K, project: string, name: string): Promise<Stored<K> | undefined> {
    checkNames(project, name)
    const rows = await this.#run(() =>
      this.#db
        .selectFrom('records')
        .selectAll()
        .where('kind', '=', kind)
        .where('project', '=', project)
        .where('name', '=', name)
        .execute(),
    )
    return rows[0] === undefined ? undefined : toStored<K>(rows[0])
  }

  async list<K extends Kind>(
    kind: K,
    query: ListQuery = {},
  ): Promise<{ readonly items: readonly Stored<K>[]; readonly cursor?: string | undefined }> {
    const limit = checkWhole(query.limit ?? DEFAULT_LIMIT, 'limit', 1, MAX_LIMIT)
    const { project, prefix, states } = query
    if (project !== undefined) checkText(project, 'project')
    if (prefix !== undefined) checkText(prefix, 'prefix')
    const after = query.cursor === undefined ? undefined : this.#cursors.decode(kind, query, query.cursor)
    if (states?.length === 0) return { items: [] }
    let select = this.#db.selectFrom('records').selectAll().where('kind', '=', kind)
    if (project !== undefined) select = select.where('project', '=', project)
    if (prefix !== undefined && prefix !== '') {
      const end = behindPrefix(prefix)
      select = select.where('name', '>=', prefix)
      if (end !== undefined) select = select.where('name', '<', end)
    }
    if (states !== undefined) select = select.where('state', 'in', states)
    if (after !== undefined)
      select =
        project === undefined
          ? select.where((eb) => eb(eb.refTuple('project', 'name'), '>', eb.tuple(after.project, after.name)))
          : select.where('name', '>', after.name)
    const ordered = select
      .orderBy('project')
      .orderBy('name')
      .limit(limit + 1)
    const rows = await this.#run(() => ordered.execute())
    const items = rows.slice(0, limit).map((row) => toStored<K>(row))
    const last = items.at(-1)
    if (rows.length <= limit || last === undefined) return { items }
    return { items, cursor: this.#cursors.encode(kind, query, last) }
  }

  async all<K extends Kind>(kind: K, query: Omit<ListQuery, 'limit' | 'cursor'> = {}): Promise<readonly Stored<K>[]> {
    const { project, prefix, states } = query
    const all: Stored<K>[] = []
    let cursor: string | undefined
    do {
      const page = await this.list(kind, { project, prefix, states, limit: MAX_LIMIT, cursor })
      all.push(...page.items)
      cursor = page.cursor
    } while (cursor !== undefined)
    return all
  }

  async events(query: Parameters<Reader['events']>[0]): Promise<readonly PlatformEvent[]> {
    const limit = checkWhole(query.limit ?? DEFAULT_LIMIT, 'limit', 1, MAX_LIMIT)
    const after = checkWhole(query.after ?? 0, 'place to begin after', 0, Number.MAX_SAFE_INTEGER)
    let select = this.#db.selectFrom('events').selectAll().where('seq', '>', after)
    if (query.project !== undefined) select = select.where('project', '=', checkText(query.project, 'project'))
    if (query.kind !== undefined) select = select.where('kind', '=', checkText(query.kind, 'kind'))
    if (query.name !== undefined) select = select.where('name', '=', checkText(query.name, 'name'))
    const ordered = select.orderBy('seq').limit(limit)
    return (await this.#run(() => ordered.execute())).map(toEvent)
  }

  async audit(query: Parameters<Reader['audit']>[0]): Promise<readonly AuditEntry[]> {
    const limit = checkWhole(query.limit ?? DEFAULT_LIMIT, 'limit', 1, MAX_LIMIT)
    let select = this.#db.selectFrom('audit').selectAll()
    if (query.before !== undefined)
      select = select.where('seq', '<', checkWhole(query.before, 'place to begin before', 0, Number.MAX_SAFE_INTEGER))
    if (query.project !== undefined) select = select.where('project', '=', checkText(query.project, 'project'))
    if (query.principal !== undefined) select = select.where('principal', '=', checkText(query.principal, 'principal'))
    const ordered = select.orderBy('seq', 'desc').limit(limit)
    return (await this.#run(() => ordered.execute())).map(toAuditEntry)
  }

  async idempotent(key: string): Promise<IdempotentAnswer | undefined> {
    checkText(key, 'idempotency key')
    const rows = await this.#run(() =>
      this.#db
        .selectFrom('idempotent')
        .selectAll()
        .where('key', '=', key)
        .where('expires_at', '>', this.#at())
        .execute(),
    )
    const row = rows[0]
    if (row === undefined) return undefined
    const { request, status, body, headers, expires_at } = row
    return { request, status, body, headers: JSON.parse(headers) as Record<string, string>, expiresAtMs: expires_at }
  }

  async insert<K extends Kind>(kind: K, project: string, name: string, document: Kinds[K]): Promise<Stored<K>> {
    checkNames(project, name)
    const at = this.#at()
    const row = {
      kind,
      project,
      name,
      uid: this.#environment.newId(),
      state: stateOf(document),
      document: toJson(document),
      created_at: at,
      updated_at: at,
    }
    const rows = await this.#write(() =>
      this.#db
        .insertInto('records')
        .values((eb) => ({
          ...row,
          etag: eb
            .selectFrom('tombstones')
            .select((eb) => eb(eb.fn.coalesce(eb.fn.max('etag'), eb.lit(0)), '+', eb.lit(1)).as('etag'))
            .where('kind', '=', kind)
            .where('project', '=', project)
            .where('name', '=', name),
        }))
        .onConflict((conflict) => conflict.columns(['kind', 'project', 'name']).doNothing())
        .returning('etag')
        .execute(),
    )
    if (rows[0] === undefined)
      throw new ServingError('conflict', `${describe(kind, project, name)} exists already`, {
        details: { reason: 'exists', kind, name },
      })
    return toStored<K>({ ...row, etag: rows[0].etag })
  }

  async update<K extends Kind>(
    kind: K,
    project: string,
    name: string,
    etag: number,
    document: Kinds[K],
  ): Promise<Stored<K>> {
    checkNames(project, name)
    const text = toJson(document)
    const rows = await this.#write(() =>
      this.#db
        .updateTable('records')
        .set({ etag: etag + 1, state: stateOf(document), document: text, updated_at: this.#at() })
        .where('kind', '=', kind)
        .where('project', '=', project)
        .where('name', '=', name)
        .where('etag', '=', etag)
        .returningAll()
        .execute(),
    )
    if (rows[0] === undefined) return this.#refuse(kind, project, name, etag)
    return toStored<K>(rows[0])
  }

  async remove(kind: Kind, project: string, name: string, etag?: number): Promise<void> {
    checkNames(project, name)
    const rows = await this.#write(() => {
      const remove = this.#db
        .deleteFrom('records')
        .where('kind', '=', kind)
        .where('project', '=', project)
        .where('name', '=', name)
      return (etag === undefined ? remove : remove.where('etag', '=', etag)).returning('etag').execute()
    })
    const last = rows[0]
    if (last === undefined) return this.#refuse(kind, project, name, etag)
    const grave = { etag: last.etag, removed_at: this.#at() }
    await this.#write(() =>
      this.#db
        .insertInto('tombstones')
        .values({ kind, project, name, ...grave })
        .onConflict((conflict) => conflict.columns(['kind', 'project', 'name']).doUpdateSet(grave))
        .execute(),
    )
  }

  async addEvent(event: Omit<PlatformEvent, 'seq' | 'atMs'>): Promise<void> {
    const details = toJson(event.details)
    const { project, kind, name, type, level, message } = event
    const seq = await this.#next('events')
    await this.#write(() =>
      this.#db
        .insertInto('events')
        .values({ seq, at: this.#at(), project, kind, name, type, level, message: plain(message), details })
        .execute(),
    )
  }

  async addAudit(entry: Omit<AuditEntry, 'seq' | 'atMs'>): Promise<void> {
    const details = toJson(entry.details)
    const { project, principal, peer, action, resource, outcome, code } = entry
    const seq = await this.#next('audit')
    const row = {
      seq,
      at: this.#at(),
      project,
      principal,
      peer: plain(peer),
      action,
      resource: plain(resource),
      outcome,
    }
    await this.#write(() =>
      this.#db
        .insertInto('audit')
        .values({ ...row, code: code ?? null, details })
        .execute(),
    )
  }

  async putIdempotent(key: string, answer: IdempotentAnswer): Promise<void> {
    checkText(key, 'idempotency key')
    const row = {
      request: answer.request,
      status: answer.status,
      body: plain(answer.body),
      headers: toJson(answer.headers),
      expires_at: Math.trunc(answer.expiresAtMs),
    }
    const rows = await this.#write(() =>
      this.#db
        .insertInto('idempotent')
        .values({ key, ...row })
        // what has expired may be taken, what is good is somebody's answer
        .onConflict((conflict) =>
          conflict.column('key').doUpdateSet(row).where('idempotent.expires_at', '<=', this.#at()),
        )
        .returning('key')
        .execute(),
    )
    if (rows.length === 0)
      throw new ServingError('conflict', 'the same request was answered meanwhile: ask again for its answer', {
        details: { reason: 'answered' },
      })
  }

  /** Next number of a list that only grows. Whoever else adds to it waits until this transaction ends. */
  async #next(name: 'events' | 'audit'): Promise<number> {
    const rows = await this.#write(() =>
      this.#db
        .updateTable('counters')
        .set((eb) => ({ value: eb('value', '+', 1) }))
        .where('name', '=', name)
        .returning('value')
        .execute(),
    )
    if (rows[0] === undefined) throw new Error(`the counter of ${name} is missing; this is a bug`)
    return rows[0].value
  }

  /** Says why a change of a record changed nothing. */
  async #refuse(kind: Kind, project: string, name: string, etag: number | undefined): Promise<never> {
    const there = await this.get(kind, project, name)
    const what = describe(kind, project, name)
    if (there === undefined)
      throw new ServingError('not_found', `there is no ${what}`, { details: { reason: 'missing', kind, name } })
    throw new ServingError(
      'conflict',
      `${what} was changed meanwhile: it is at ${there.etag}, the change was made from ${etag}; read it again and change that`,
      { details: { reason: 'etag', kind, name, found: there.etag, expected: etag } },
    )
  }

  #at(): number {
    return Math.trunc(this.#environment.wallMs())
  }

  #write<T>(query: () => Promise<T>): Promise<T> {
    this.#hasWritten = true
    return this.#run(query)
  }

  async #run<T>(query: () => Promise<T>): Promise<T> {
    if (this.#isOver) throw new Error('the transaction is over, and was used all the same; this is a bug')
    if (this.#failure !== undefined) throw this.#failure.error
    try {
      return await query()
    } catch (error) {
      // the first one counts: those that follow from it say less
      this.#failure ??= this.#judge(error)
      throw this.#failure.error
    }
  }
}

function checkNames(project: string, name: string): void {
  checkText(project, 'project')
  checkText(name, 'name')
}

function describe(kind: Kind, project: string, name: string): string {
  return kind === 'project' ? `project ${quote(name)}` : `${kind} ${quote(name)} in project ${quote(project)}`
}
