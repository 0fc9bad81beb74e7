import { placeReplicas, type RouteVariant } from '../../api/route-table.ts'
import type { Problem } from '../../api/resources.ts'
import type { ReplicaStatus } from '../../api/runner-status.ts'
import type { OpenBundle } from '../../bundle/open.ts'
import { ServingError } from '../../core/errors.ts'
import { isSameList } from '../../core/lists.ts'
import type { ServedModel } from '../plane.ts'
import { Away } from './away.ts'
import type { ReplicaHost } from './replica-host.ts'
import type { Description } from './types.ts'
import { bundleComing, loadFailed, NO_MEMORY, type WakePhase } from './waking.ts'

/** A load that failed is tried again after so long (ms), doubling with each failure. */
const FIRST_BACKOFF_MS = 1000
const LONGEST_BACKOFF_MS = 300_000
/** So many failures in a row, and others answer in its place for so long (ms), doubling each time. */
const MOST_FAILURES = 3
const EJECTED_MS = 30_000
const LONGEST_EJECTED_MS = 300_000
/** One that made room for others is loaded again after so long, though the table wants it (ms). */
const EVICTED_MS = 60_000
/** One that was asked within this time will be asked again (ms): the way to other holders is open before it goes. */
const ASKED_OFTEN_MS = 10_000

interface LoadFailure {
  readonly error: ServingError
  readonly count: number
  readonly retryAtMs: number
}

/** One version of one endpoint as this runner has it: loaded here, held by others, or on disk. */
export class Replica {
  readonly endpoint: string
  readonly digest: string
  variant: RouteVariant
  /** Names that it answers to. */
  labels: readonly string[]
  /** Whether the table has it. */
  isInTable = true
  /** Whether it is loaded here and in favour: asked for each request. */
  isServing = false
  /** As the local plane has it, while it is loaded here. */
  local: ServedModel | undefined
  /** Requests under way here. */
  inFlight = 0
  lastUsedMs: number
  /** Until when other holders are taken to have no room. */
  peersFullUntilMs = 0
  /** Loads that a request waited for. */
  coldStarts = 0
  readonly away: Away
  /** While it is being loaded. */
  phase: WakePhase | undefined
  loadBegunMs = 0
  /** How long the last load took here (ms). */
  lastLoadMs = 0
  readonly #host: ReplicaHost
  /** Order in which runners hold it. */
  readonly #order: readonly number[]
  #isPaused = false
  /** All of its bundle that relabelling takes. */
  #bundle: OpenBundle | undefined
  #loadedAtMs = 0
  /** When it was asked for last, by the calendar, and the use that this is of. */
  #usedAtMs = 0
  #toldUseMs = Number.NaN
  /** When it may be loaded though nobody asks for it. */
  #loadFromMs = -Infinity
  #failure: LoadFailure | undefined
  /** Since when it is held though the table does not want it here. */
  #surplusSinceMs: number | undefined
  /** Whether this runner loaded it by itself, and the table has not said anything about it since. */
  #isSelfWoken = false
  /** Runs in a row that failed here. */
  #failures = 0
  #ejections = 0
  #ejectedUntilMs = 0

  constructor(endpoint: string, variant: RouteVariant, labels: readonly string[], host: ReplicaHost) {
    this.endpoint = endpoint
    this.digest = variant.digest
    this.variant = variant
    this.labels = labels
    this.#host = host
    this.#order = placeReplicas(endpoint, variant.digest, host.count)
    this.lastUsedMs = host.now()
    this.away = new Away(this, host)
  }

  /** Whether the table wants it loaded here. */
  get isWanted(): boolean {
    return this.isInTable && !this.#isPaused && !this.isComing && this.#rank() < this.variant.replicas
  }

  /** Whether it is this runner that loads it when somebody asks. */
  get mayLoad(): boolean {
    return this.isInTable && !this.#isPaused && !this.isComing && this.#rank() < Math.max(1, this.variant.replicas)
  }

  /** Whether its bundle is being brought to this machine: nobody can load it, or say what it is. */
  get isComing(): boolean {
    return this.variant.isComing === true && this.local === undefined
  }

  get isLoading(): boolean {
    return this.phase !== undefined
  }

  get isBusy(): boolean {
    return this.isLoading || this.inFlight > 0 || this.away.waiting > 0
  }

  /** Whether it counts against the budget of memory. */
  get takesMemory(): boolean {
    return this.local !== undefined || this.phase === 'opening' || this.phase === 'loading'
  }

  /** Whether nothing of it is in memory, and nobody asks for it. */
  get isGone(): boolean {
    return this.local === undefined && !this.isBusy && this.away.isIdle
  }

  /** Whether it could not be loaded, and nobody else is known to hold it. */
  get isFailing(): boolean {
    return this.#failure !== undefined && this.local === undefined
  }

  /** What those hear who ask whether it is ready while it is not. */
  get trouble(): ServingError | undefined {
    if (this.isComing) return bundleComing(this.endpoint, this.digest)
    if (this.#failure === undefined || this.local !== undefined) return undefined
    return loadFailed(this.endpoint, this.#failure.error, this.#failure.retryAtMs - this.#host.now())
  }

  /** Sockets of the other runners that hold it, or would load it. */
  get otherHolders(): readonly string[] {
    const { index, peerSockets } = this.#host
    const holders = this.#order.slice(0, Math.max(1, this.variant.replicas))
    return holders.flatMap((runner) => (runner === index ? [] : (peerSockets[runner] ?? [])))
  }

  /** Its facts: those of what is loaded, else those on disk. @throws {ServingError} `unavailable` where it is not there */
  describe(): Description {
    if (this.isComing) throw bundleComing(this.endpoint, this.digest)
    try {
      return this.local ?? this.away.description ?? this.#host.describe(this.variant)
    } catch (error) {
      throw this.trouble ?? error // a load looks at all of it, and knows what is wrong
    }
  }

  /** What the table says of it from now on. */
  update(variant: RouteVariant, labels: readonly string[], isPaused: boolean): void {
    const before = this.variant
    const wasWanted = this.isWanted
    if (before.folder !== variant.folder || before.isOurs !== variant.isOurs) {
      this.#failure = undefined
      this.#loadFromMs = -Infinity
    }
    this.variant = variant
    this.isInTable = true
    this.#isPaused = isPaused
    if (before.replicas !== variant.replicas) this.away.disconnect()
    if (!isSameList(labels, this.labels)) this.#relabel(labels)
    if (this.isWanted || wasWanted) this.#isSelfWoken = false
    this.look()
  }

  drop(): void {
    this.isInTable = false
    this.#isSelfWoken = false
    this.look()
  }

  /** Does what the table and those who wait ask for: whenever something has changed, and now and then. */
  look(): void {
    const now = this.#host.now()
    if (this.isWanted && !this.isLoading && this.local === undefined && now >= this.#loadFromMs) void this.load()
    if (this.#ejectedUntilMs !== 0 && now >= this.#ejectedUntilMs) {
      this.#ejectedUntilMs = 0
      this.isServing = this.local !== undefined
    }
    if (this.local !== undefined) this.#letGo(now)
    if (this.away.isIdle) return this.away.tidy(now)
    this.away.proceed(now)
    if (!this.away.isIdle) this.#host.lookSoon(this)
  }

  /** Unloads what is not wanted here any more, once nobody can be on the way to it. */
  #letGo(now: number): void {
    if (this.isWanted) {
      this.#surplusSinceMs = undefined
      return
    }
    const { lingerMs, idleUnloadMs } = this.#host
    const idleMs = now - this.lastUsedMs
    if (this.isInTable && !this.#isPaused && this.variant.replicas === 0) {
      // asked for again since control decided: it stays, and control hears of it as of any that was woken
      if (this.isBusy || idleMs < lingerMs) this.#isSelfWoken = true
      // at once: for as long as it is here, control takes it for one that somebody has woken
      if (!this.#isSelfWoken || (!this.isBusy && idleMs >= idleUnloadMs)) this.unload()
      return
    }
    this.#surplusSinceMs ??= now
    if (now - this.#surplusSinceMs < lingerMs) return
    const isHeldElsewhere = this.isInTable && !this.#isPaused && this.variant.replicas > 0
    if (isHeldElsewhere && idleMs < ASKED_OFTEN_MS && !this.away.isReachable()) return this.away.keepConnected(now)
    this.unload()
  }

  /** Notes how a run here went: a replica that fails again and again lets others answer, where there are any. */
  note(hasFailed: boolean): void {
    if (!hasFailed) {
      this.#failures = 0
      return
    }
    this.#failures++
    if (this.#failures < MOST_FAILURES || !this.hasPeers(1) || !this.away.isReachable()) return
    this.#failures = MOST_FAILURES - 1 // once it is back, one more is enough
    const ms = Math.min(EJECTED_MS * 2 ** this.#ejections, LONGEST_EJECTED_MS)
    this.#ejections++
    this.#ejectedUntilMs = this.#host.now() + ms
    this.isServing = false
    const message = `${MOST_FAILURES} runs in a row failed in this runner: others answer for ${ms / 1000} s`
    this.#host.tell(this, 'replica-ejected', 'warning', message, { ms })
  }

  /** Whether so many other runners hold it as well. */
  hasPeers(others: number): boolean {
    return this.variant.replicas > 1 && this.otherHolders.length >= others
  }

  /** Why it is not loaded at the moment: a load has failed not long ago. */
  refusal(now: number): ServingError | undefined {
    if (this.#failure === undefined || now >= this.#failure.retryAtMs) return undefined
    return loadFailed(this.endpoint, this.#failure.error, this.#failure.retryAtMs - now)
  }

  /** Loads it here, in its turn; nothing when it is here, or on its way. Never rejects. */
  async load(): Promise<void> {
    const host = this.#host
    if (this.isLoading || this.isComing || this.local !== undefined) return
    this.phase = 'queued'
    this.loadBegunMs = host.now()
    const isWake = this.away.waiting > 0
    await host.gate.enter(isWake)
    try {
      this.phase = 'opening'
      await host.makeRoom(this)
      const { bundle, options } = await host.open(this.endpoint, this.variant)
      this.phase = 'loading'
      const { labels } = this
      const local = await host.plane.load(bundle, { ...options, name: this.endpoint, labels, isDefault: false })
      this.#bundle = { ...bundle, files: new Map() }
      this.#onLoaded(local, isWake)
      if (labels !== this.labels) this.#relabel(this.labels)
    } catch (thrown) {
      this.#onLoadFailed(ServingError.from(thrown))
    } finally {
      this.phase = undefined
      host.gate.leave()
    }
    host.settled(this)
    this.look()
  }

  #onLoaded(local: ServedModel, isWake: boolean): void {
    const host = this.#host
    this.#failure = undefined
    this.local = local
    this.isServing = true
    this.#loadedAtMs = host.wallNow()
    this.#isSelfWoken = !this.isWanted
    if (isWake) this.coldStarts++
    this.lastLoadMs = host.now() - this.loadBegunMs
    const ms = Math.round(this.lastLoadMs)
    host.tell(this, isWake ? 'replica-woken' : 'replica-ready', 'info', `loaded in ${ms} ms`, { ms })
    this.away.disconnect()
  }

  #onLoadFailed(error: ServingError): void {
    const host = this.#host
    // memory comes free when others are idle: nothing is wrong with the version
    const isFull = error.details['reason'] === NO_MEMORY
    const count = isFull ? 1 : (this.#failure?.count ?? 0) + 1
    // half to the whole of it: runners that failed together do not try again together
    const waitMs = Math.min(FIRST_BACKOFF_MS * 2 ** (count - 1), LONGEST_BACKOFF_MS) * (0.5 + host.random() / 2)
    this.#loadFromMs = host.now() + waitMs
    this.#failure = { error, count, retryAtMs: this.#loadFromMs }
    const details = { code: error.code, count, retryAfterMs: Math.round(waitMs) }
    host.tell(this, 'replica-failed', 'error', error.message, details)
  }

  /** Takes it out of memory for the sake of others: whoever asks has it back at once, else it waits a while. */
  evict(): void {
    this.unload()
    this.#loadFromMs = this.#host.now() + EVICTED_MS
  }

  /** Takes it out of memory, and has it loaded again if it is wanted, or asked for. */
  reopen(): void {
    this.unload()
    this.look()
  }

  /** Takes it out of memory; those under way are answered first. */
  unload(): void {
    if (this.local === undefined) return
    this.local = undefined
    this.isServing = false
    this.#bundle = undefined
    this.#surplusSinceMs = undefined
    this.#isSelfWoken = false
    this.#ejectedUntilMs = 0
    this.#failures = 0
    this.#host.unload(this)
  }

  /** Absent for one that is on disk alone. */
  status(): ReplicaStatus | undefined {
    const { endpoint, digest } = this
    const state = this.local !== undefined ? 'ready' : this.isLoading ? 'loading' : this.#failure && 'failed'
    if (state === undefined) return undefined
    // worked out once for each use: whoever sees it change takes it for another one
    if (this.#toldUseMs !== this.lastUsedMs) {
      this.#toldUseMs = this.lastUsedMs
      this.#usedAtMs = Math.round(this.#host.wallNow() - (this.#host.now() - this.lastUsedMs))
    }
    const error = state === 'failed' ? this.#failure?.error : undefined
    const note = this.#host.noteOf?.(endpoint, digest)
    return {
      endpoint,
      digest,
      state,
      lastUsedMs: Math.max(this.#loadedAtMs, this.#usedAtMs),
      memoryBytes: this.variant.memoryBytes,
      ...(error && { problem: problemOf(error) }),
      ...(note !== undefined && { note }),
    }
  }

  #rank(): number {
    return this.#order.indexOf(this.#host.index)
  }

  #relabel(labels: readonly string[]): void {
    this.labels = labels
    if (this.#bundle === undefined || this.local === undefined) return
    const place = { name: this.endpoint, labels, isDefault: false }
    // it is there already: this only changes its names
    void this.#host.plane.load(this.#bundle, place).then(
      (local) => {
        if (this.local !== undefined) this.local = local
      },
      () => {},
    )
  }
}

/** What code had printed last stands beside what went wrong. */
function problemOf({ code, message, details: { logTail, ...details } }: ServingError): Problem {
  return { code, message, details, ...(Array.isArray(logTail) && { logTail: logTail.map(String) }) }
}
