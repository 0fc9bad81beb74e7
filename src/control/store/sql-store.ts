import { AsyncLocalStorage } from 'node:async_hooks'
import type { Kysely } from 'kysely'
import { ServingError } from '../../core/errors.ts'
import type { Environment } from '../environment.ts'
import type { Backend, Mode, Verdict } from './backend.ts'
import { createCursors, type Cursors } from './cursor.ts'
import { unavailable } from './failures.ts'
import { migrate } from './migrate.ts'
import type { StoreOptions } from './store-options.ts'
import type { Schema } from './schema.ts'
import type { Reader, Store, Writer } from './store.ts'
import {
  SWEEP_ROWS,
  sweepAudit,
  sweepEvents,
  sweepIdempotent,
  sweepTombstones,
  sweepTransactions,
  type Sweep,
} from './sweep.ts'
import { Transaction } from './transaction.ts'
import { Turns } from './turns.ts'

const PATIENCE_MS = 5000

/** First wait before a transaction is tried again (ms); each further one is up to twice as long. */
const FIRST_WAIT_MS = 4
const LONGEST_WAIT_MS = 100

/** How long an etag is remembered after its record was removed, and the id of a transaction after its commit (ms). */
const TOMBSTONE_MS = 30 * 86_400_000
const TRANSACTION_MS = 86_400_000

/** Work that takes longer (ms) is given up: others wait for its end. It does nothing but use the database, or has a bug. */
const MAX_WORK_MS = 30_000
const TOO_LONG = Symbol('too long')

/** The store over a database: turns, tries, and what becomes of a commit whose answer was lost. */
export class SqlStore implements Store {
  readonly #backend: Backend
  readonly #environment: Environment
  readonly #onDurable: (step: string) => void
  readonly #patienceMs: number
  readonly #cursors: Cursors
  readonly #writers: Turns
  readonly #readers: Turns
  /** Whether the caller is within a transaction: one that waits for another would wait for ever. */
  readonly #within = new AsyncLocalStorage<{ isOpen: boolean }>()
  #running = 0
  #onIdle: (() => void) | undefined
  #isClosed = false

  private constructor(backend: Backend, options: StoreOptions, cursorSecret: string) {
    this.#backend = backend
    this.#environment = options.environment
    this.#onDurable = options.onDurable ?? (() => {})
    this.#patienceMs = options.patienceMs ?? PATIENCE_MS
    this.#cursors = createCursors(cursorSecret)
    this.#writers = new Turns(options.environment, 1)
    this.#readers = backend.readers === 0 ? this.#writers : new Turns(options.environment, backend.readers)
  }

  /** Brings the database to the schema of now, and opens it. On failure the backend is closed. */
  static async open(backend: Backend, options: StoreOptions): Promise<SqlStore> {
    try {
      return new SqlStore(backend, options, await migrate(backend, options, options.patienceMs ?? PATIENCE_MS))
    } catch (error) {
      await backend.close()
      throw error
    }
  }

  async transact<T>(work: (tx: Writer) => Promise<T>): Promise<T> {
    return this.#inTurn('write', async (deadline) => {
      const result = await this.#untilDone(deadline, () => this.#attempt('write', work, deadline))
      this.#onDurable('commit')
      return result
    })
  }

  async read<T>(work: (tx: Reader) => Promise<T>): Promise<T> {
    return this.#inTurn('read', (deadline) => this.#untilDone(deadline, () => this.#attempt('read', work, deadline)))
  }

  async sweep(olderThan: {
    readonly eventsMs: number
    readonly auditMs: number
    readonly nowMs: number
  }): Promise<number> {
    const { nowMs } = olderThan
    const events = await this.#sweepAll(sweepEvents(Math.trunc(nowMs - olderThan.eventsMs)))
    const audit = await this.#sweepAll(sweepAudit(Math.trunc(nowMs - olderThan.auditMs)))
    const answers = await this.#sweepAll(sweepIdempotent(Math.trunc(nowMs)))
    await this.#sweepAll(sweepTransactions(Math.trunc(nowMs - TRANSACTION_MS)))
    await this.#sweepAll(sweepTombstones(Math.trunc(nowMs - TOMBSTONE_MS)))
    return events + audit + answers
  }

  /** Waits for what is under way; what comes later is refused. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#running > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#onIdle = resolve
      await promise
    }
    await this.#backend.close()
  }

  async #inTurn<T>(mode: Mode, work: (deadline: number) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw unavailable('the store is closed: the server is ending')
    if (this.#within.getStore()?.isOpen === true)
      throw new Error('a transaction was begun within a transaction; this is a bug')
    const deadline = this.#environment.now() + this.#patienceMs
    this.#running++
    try {
      return await (mode === 'write' ? this.#writers : this.#readers).take(deadline, () => work(deadline))
    } finally {
      this.#running--
      if (this.#running === 0) this.#onIdle?.()
    }
  }

  /** Tries again what may work in a moment, until the deadline. */
  async #untilDone<T>(deadline: number, attempt: () => Promise<Outcome<T>>): Promise<T> {
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      const outcome = await attempt()
      if ('value' in outcome) return outcome.value
      if ('thrown' in outcome) throw outcome.thrown
      const { error, isTransient } = outcome.verdict
      const waitMs = wait * (0.5 + 0.5 * this.#environment.random())
      if (!isTransient || this.#environment.now() + waitMs >= deadline) throw error
      await this.#environment.sleep(waitMs)
    }
  }

  async #attempt<T>(mode: Mode, work: (tx: Transaction) => Promise<T>, deadline: number): Promise<Outcome<T>> {
    const judge = (error: unknown): Verdict => this.#backend.judge(error)
    let connection
    try {
      connection = await this.#backend.connect(mode)
    } catch (error) {
      return { verdict: judge(error) }
    }
    try {
      try {
        await connection.begin()
      } catch (error) {
        const verdict = judge(error)
        await connection.rollback(verdict.isLost)
        return { verdict }
      }
      const { db } = connection
      const tx = new Transaction({ db, environment: this.#environment, cursors: this.#cursors, judge })
      const outcome = await this.#perform(tx, work)
      const id = mode === 'write' && tx.hasWritten && this.#backend.hasUnknownCommits ? this.#environment.newId() : ''
      if (!('value' in outcome)) {
        await connection.rollback('verdict' in outcome && outcome.verdict.isLost)
        return outcome
      }
      try {
        if (id !== '') await db.insertInto('transactions').values({ id, at: this.#at() }).execute()
      } catch (error) {
        const verdict = judge(error)
        await connection.rollback(verdict.isLost)
        return { verdict }
      }
      try {
        await connection.commit()
      } catch (error) {
        const verdict = judge(error)
        await connection.rollback(verdict.isLost)
        if (id !== '' && verdict.isLost && (await this.#hasHappened(id, deadline))) return outcome
        return { verdict }
      }
      return outcome
    } finally {
      connection.release()
    }
  }

  /** Runs work; what the database said comes before what work made of it. */
  async #perform<T>(tx: Transaction, work: (tx: Transaction) => Promise<T>): Promise<Outcome<T>> {
    const within = { isOpen: true }
    let outcome: Outcome<T>
    const hasEnded = new AbortController()
    const tooLong = this.#environment.sleep(MAX_WORK_MS, hasEnded.signal).then(() => TOO_LONG)
    try {
      const value = await Promise.race([this.#within.run(within, () => work(tx)), tooLong])
      outcome = value === TOO_LONG ? { thrown: workTookTooLong() } : { value: value as T }
    } catch (thrown) {
      outcome = { thrown }
    }
    tx.end()
    within.isOpen = false
    hasEnded.abort()
    return tx.failure === undefined ? outcome : { verdict: tx.failure }
  }

  /**
   * Finds out whether a transaction was committed whose connection was lost on the way. Its id is written by somebody
   * else: while it is under way still, that waits for its end; written so, it can never be committed any more.
   */
  async #hasHappened(id: string, deadline: number): Promise<boolean> {
    // a database that comes back takes its time, and the answer is worth waiting for
    const until = deadline + this.#patienceMs
    return this.#untilDone(until, async () => {
      const judge = (error: unknown): Verdict => this.#backend.judge(error)
      try {
        const connection = await this.#backend.connect('write')
        try {
          await connection.begin()
          const row = await connection.db
            .insertInto('transactions')
            .values({ id, at: this.#at() })
            .onConflict((conflict) => conflict.column('id').doNothing())
            .returning('id')
            .executeTakeFirst()
          await connection.commit()
          return { value: row === undefined }
        } catch (error) {
          await connection.rollback(judge(error).isLost)
          throw error
        } finally {
          connection.release()
        }
      } catch (error) {
        const { isTransient } = judge(error)
        const message =
          'the database was lost while it committed, and whether it did is not known: look before you try again'
        return { verdict: { error: unavailable(message, error, 'commit_unknown'), isTransient, isLost: false } }
      }
    })
  }

  /** Sweeps again and again, each time in a transaction of its own, until there is nothing left. */
  async #sweepAll(sweep: Sweep): Promise<number> {
    let total = 0
    for (;;) {
      const count = await this.#inTurn('write', (deadline) => this.#untilDone(deadline, () => this.#attemptRaw(sweep)))
      if (count > 0) this.#onDurable('sweep')
      total += count
      if (count < SWEEP_ROWS) return total
    }
  }

  /** One transaction of our own. Done twice it does no harm, so that an unknown commit is simply tried again. */
  async #attemptRaw<T>(work: (db: Kysely<Schema>) => Promise<T>): Promise<Outcome<T>> {
    try {
      const connection = await this.#backend.connect('write')
      try {
        await connection.begin()
        const value = await work(connection.db)
        await connection.commit()
        return { value }
      } catch (error) {
        await connection.rollback(this.#backend.judge(error).isLost)
        throw error
      } finally {
        connection.release()
      }
    } catch (error) {
      return { verdict: this.#backend.judge(error) }
    }
  }

  #at(): number {
    return Math.trunc(this.#environment.wallMs())
  }
}

/** What became of a transaction: its value, what work threw, or what the database said. */
type Outcome<T> = { readonly value: T } | { readonly thrown: unknown } | { readonly verdict: Verdict }

function workTookTooLong(): ServingError {
  return new ServingError('internal', `a transaction was given up after ${MAX_WORK_MS / 1000} s: its work did not end`)
}
