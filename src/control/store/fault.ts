import { unavailable } from './failures.ts'
import type { Kind, Reader, Store, Stored, Writer } from './store.ts'

/** What goes wrong with a store in a simulation, and how often. Chances are 0 to 1; what is absent never happens. */
export interface FaultPlan {
  /** Decides everything below; 0 to 1 without 1, seeded. */
  readonly random: () => number
  /** A call fails with `unavailable` before anything has happened. */
  readonly unavailable?: number | undefined
  /** A transaction is committed, and reported as `unavailable` (details.reason `commit_unknown`) all the same. */
  readonly unknown?: number | undefined
  /** Work is run, undone, and run again, as after a serialisation failure. */
  readonly rerun?: number | undefined
  /** Control dies before an operation of a transaction: chance of each. */
  readonly crashInside?: number | undefined
  /** Control dies right after a commit. */
  readonly crashAfter?: number | undefined
  /** Control dies right after this commit, counted from 1. */
  readonly crashAtCommit?: number | undefined
  readonly bug?: StoreBug | undefined
  /** How often the bug shows where it can. Default 0.1. */
  readonly bugChance?: number | undefined
}

/** Bugs of a store, planted so that a simulation can prove that it finds them. */
export const STORE_BUGS = [
  /** Some transactions are acknowledged and undone. */
  'loses-commits',
  /** `update` and `remove` take any etag. */
  'ignores-etags',
  /** What work had written before it failed stays. */
  'commits-failures',
  /** Work that was committed is run and committed a second time. */
  'runs-twice',
  /** `get`, `list` and `all` show some records as they were before. */
  'reads-stale',
  /** Events and audit entries are dropped. */
  'drops-events',
] as const
export type StoreBug = (typeof STORE_BUGS)[number]

/** Thrown wherever a store is used by a control that is dead. Nothing may catch it but the simulation. */
export class SimulatedCrash extends Error {
  override readonly name = 'SimulatedCrash'

  constructor() {
    super('control is dead')
  }
}

export interface FaultyStore extends Store {
  /** Control dies now: every call, also of transactions under way, throws `SimulatedCrash` until `revive`. */
  crash(): void
  /** A new control: calls work again; those of the one before stay dead. */
  revive(): void
  /** From now on nothing goes wrong any more; a planted bug stays. */
  heal(): void
  readonly isCrashed: boolean
  /** Commits so far. */
  readonly commits: number
}

/** A store that fails as the plan says; everything else it leaves to the store within. */
export function withFaults(store: Store, plan: FaultPlan): FaultyStore {
  return new Faulty(store, plan)
}

/** Undoes a transaction from within, and brings out what its work had answered. */
class Undone extends Error {
  readonly value: unknown

  constructor(value: unknown) {
    super('undone')
    this.value = value
  }
}

class Faulty implements FaultyStore {
  readonly #store: Store
  readonly #plan: FaultPlan
  readonly #seen = new Map<string, Stored<Kind>>()
  #isHealed = false
  #isCrashed = false
  /** Of control: what began in an earlier one is dead. */
  #life = 0
  #commits = 0

  constructor(store: Store, plan: FaultPlan) {
    this.#store = store
    this.#plan = plan
  }

  get isCrashed(): boolean {
    return this.#isCrashed
  }

  get commits(): number {
    return this.#commits
  }

  crash(): void {
    this.#isCrashed = true
  }

  revive(): void {
    this.#isCrashed = false
    this.#life++
  }

  heal(): void {
    this.#isHealed = true
  }

  async transact<T>(work: (tx: Writer) => Promise<T>): Promise<T> {
    const life = this.#life
    this.#enter(life)
    if (this.#happens(this.#plan.rerun)) await this.#runInVain(life, work)
    const value = await this.#commit(life, work)
    this.#commits++
    if (this.#happens(this.#plan.crashAfter) || this.#commits === this.#plan.crashAtCommit) this.crash()
    this.#checkAlive(life)
    if (this.#shows('runs-twice')) await this.#commit(life, work)
    if (this.#happens(this.#plan.unknown))
      throw unavailable('the database was lost while it committed', undefined, 'commit_unknown')
    return value
  }

  async read<T>(work: (tx: Reader) => Promise<T>): Promise<T> {
    const life = this.#life
    this.#enter(life)
    const value = await this.#store.read((tx) => work(this.#reader(tx, life)))
    this.#checkAlive(life)
    return value
  }

  async sweep(olderThan: Parameters<Store['sweep']>[0]): Promise<number> {
    this.#enter(this.#life)
    return this.#store.sweep(olderThan)
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  #enter(life: number): void {
    this.#checkAlive(life)
    if (this.#happens(this.#plan.unavailable)) throw unavailable('the database cannot be reached; try again')
  }

  async #commit<T>(life: number, work: (tx: Writer) => Promise<T>): Promise<T> {
    let failure: { readonly thrown: unknown } | undefined
    try {
      const value = await this.#store.transact(async (tx) => {
        let value
        try {
          value = await work(this.#writer(tx, life))
        } catch (thrown) {
          if (thrown instanceof SimulatedCrash || !this.#shows('commits-failures')) throw thrown
          failure = { thrown }
          return undefined as T
        }
        this.#checkAlive(life)
        if (this.#shows('loses-commits')) throw new Undone(value)
        return value
      })
      if (failure !== undefined) throw failure.thrown
      return value
    } catch (error) {
      if (error instanceof Undone) return error.value as T
      throw error
    }
  }

  /** Runs work and undoes it; what it throws it would have thrown. */
  async #runInVain<T>(life: number, work: (tx: Writer) => Promise<T>): Promise<void> {
    try {
      await this.#store.transact(async (tx) => {
        throw new Undone(await work(this.#writer(tx, life)))
      })
    } catch (error) {
      if (!(error instanceof Undone)) throw error
    }
  }

  #reader(tx: Reader, life: number): Reader {
    const step = (): void => this.#step(life)
    const stale = <K extends Kind>(record: Stored<K>): Stored<K> => this.#stale(record)
    return {
      async get(kind, project, name) {
        step()
        const found = await tx.get(kind, project, name)
        return found && stale(found)
      },
      list: async (kind, query) => {
        step()
        const { items, cursor } = await tx.list(kind, query)
        return { items: items.map(stale), ...(cursor === undefined ? {} : { cursor }) }
      },
      all: async (kind, query) => {
        step()
        return (await tx.all(kind, query)).map(stale)
      },
      events: async (query) => {
        step()
        return tx.events(query)
      },
      audit: async (query) => {
        step()
        return tx.audit(query)
      },
      idempotent: async (key) => {
        step()
        return tx.idempotent(key)
      },
    }
  }

  #writer(tx: Writer, life: number): Writer {
    const step = (): void => this.#step(life)
    return {
      ...this.#reader(tx, life),
      insert: async (kind, project, name, document) => {
        step()
        return tx.insert(kind, project, name, document)
      },
      update: async (kind, project, name, etag, document) => {
        step()
        return tx.update(kind, project, name, await this.#etagOf(tx, kind, project, name, etag), document)
      },
      remove: async (kind, project, name, etag) => {
        step()
        const ignoring = etag === undefined ? etag : await this.#etagOf(tx, kind, project, name, etag)
        return tx.remove(kind, project, name, ignoring)
      },
      addEvent: async (event) => {
        step()
        if (!this.#shows('drops-events')) await tx.addEvent(event)
      },
      addAudit: async (entry) => {
        step()
        if (!this.#shows('drops-events')) await tx.addAudit(entry)
      },
      putIdempotent: async (key, answer) => {
        step()
        return tx.putIdempotent(key, answer)
      },
    }
  }

  async #etagOf(tx: Reader, kind: Kind, project: string, name: string, etag: number): Promise<number> {
    if (this.#plan.bug !== 'ignores-etags') return etag
    return (await tx.get(kind, project, name))?.etag ?? etag
  }

  /** The record as it was seen before, now and then. */
  #stale<K extends Kind>(record: Stored<K>): Stored<K> {
    if (this.#plan.bug !== 'reads-stale') return record
    const key = JSON.stringify([record.kind, record.project, record.name])
    const before = this.#seen.get(key)
    if (before !== undefined && before.etag < record.etag && this.#shows('reads-stale')) return before as Stored<K>
    this.#seen.set(key, record)
    return record
  }

  /** A place within a transaction where control may die. */
  #step(life: number): void {
    if (this.#happens(this.#plan.crashInside)) this.crash()
    this.#checkAlive(life)
  }

  #checkAlive(life: number): void {
    if (this.#isCrashed || life !== this.#life) throw new SimulatedCrash()
  }

  #happens(chance = 0): boolean {
    return chance > 0 && !this.#isHealed && this.#plan.random() < chance
  }

  #shows(bug: StoreBug): boolean {
    return this.#plan.bug === bug && this.#plan.random() < (this.#plan.bugChance ?? 0.1)
  }
}
