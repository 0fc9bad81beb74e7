import type { RouteEndpoint, RouteTable, RouteVariant } from '../../api/route-table.ts'
import type { Kinds } from '../store/store.ts'
import { identityOf } from '../reconcile/plan-endpoint.ts'
import { holdersOf, type FleetWatch, type SimulatedFleet, type SimulatedRunner } from './simulated-fleet.ts'
import type { VirtualTime } from './virtual-time.ts'
import { isOf, type Change, type Commit, type Mirror } from './watched-store.ts'

/** What must hold at every moment was found not to. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant'
}

const ENDED = ['promoted', 'rolled-back', 'cancelled', 'failed']
const FINAL = ['ready', 'failed', 'cancelled']

/**
 * Looks on while a simulation runs. What it finds wrong is kept, and thrown by `check`: nobody in between can swallow it.
 */
export class Invariants implements FleetWatch {
  readonly #time: VirtualTime
  readonly #mirror: Mirror
  fleet: SimulatedFleet | undefined
  #broken: BrokenInvariant | undefined
  /** Newest spec and revision of each endpoint, as the API acknowledged them; by uid. */
  readonly acknowledged = new Map<string, { readonly revision: number; readonly spec: string }>()
  /** Runners (by index) that were ready with a version since it came into the table. */
  readonly #wasReady = new Map<string, Set<number>>()
  /** Variants that had traffic, or belong to a revision that serves. */
  readonly #proven = new Set<string>()
  /** Times of requests, newest last, by variant. */
  readonly #asked = new Map<string, number[]>()
  /** When the share of a rollout last went up. */
  readonly #shiftedAt = new Map<string, number>()
  /** Highest revision that was ever published, by project. */
  readonly #highest = new Map<string, number>()

  constructor(time: VirtualTime, mirror: Mirror) {
    this.#time = time
    this.#mirror = mirror
  }

  /** @throws {BrokenInvariant} the first that was found */
  check(): void {
    if (this.#broken !== undefined) throw this.#broken
  }

  fail(what: string): void {
    this.#broken ??= new BrokenInvariant(`${what} (at ${(this.#time.nowMs / 1000).toFixed(3)} s)`)
  }

  #expect(isTrue: boolean, what: () => string): void {
    if (!isTrue) this.fail(what())
  }

  // --- what is committed ---

  onCommit(commit: Commit): void {
    for (const change of commit.changes) {
      this.#time.note(`commit ${commit.by} ${(change.after ?? change.before)?.kind} ${change.after?.etag}`)
      if (isOf('version', change)) this.#onVersion(change, commit)
      if (isOf('rollout', change)) this.#onRollout(change, commit)
      if (isOf('endpoint', change)) this.#onEndpoint(change, commit)
    }
  }

  #onVersion({ before, after }: Pair<'version'>, commit: Commit): void {
    if (before === undefined || after === undefined) return
    const [was, is] = [before.document, after.document]
    if (FINAL.includes(was.state))
      this.#expect(
        JSON.stringify(was) === JSON.stringify(is),
        () => `version ${before.name} was ${was.state} and was changed`,
      )
    if (was.state !== is.state)
      this.#hasEvent(commit, before.name, is.state === 'making' ? 'version-started' : `version-${is.state}`)
  }

  #onRollout({ before, after }: Pair<'rollout'>, commit: Commit): void {
    if (after === undefined) return
    const { document } = after
    const isOpen = !ENDED.includes(document.state)
    if (before === undefined) {
      const others = this.#mirror
        .all('rollout')
        .filter((each) => each.project === after.project && each.document.endpoint === document.endpoint)
        .filter((each) => each.uid !== after.uid && !ENDED.includes(each.document.state))
      this.#expect(others.length === 0, () => `two rollouts of ${document.endpoint} are under way`)
      return
    }
    const was = before.document
    this.#expect(!ENDED.includes(was.state), () => `rollout ${after.name} had ended (${was.state}) and was changed`)
    const moved = was.share < document.share
    if (moved || (document.state === 'promoted' && was.state === 'baking')) {
      const since = this.#time.nowMs - (this.#shiftedAt.get(after.uid) ?? -Infinity)
      // Where many requests come a step gets its share bit by bit, and is baked from when it has all of it
      const isEasing = moved && was.step === document.step
      if (was.share > 0 && document.wish !== 'promote' && was.state === 'baking' && !isEasing)
        this.#expect(since >= document.spec.bakeMs, () => `a step of ${after.name} was baked for ${since} ms only`)
      this.#shiftedAt.set(after.uid, this.#time.nowMs)
    }
    if (isOpen || was.state === document.state) return
    this.#hasEvent(commit, document.endpoint, `rollout-${document.state}`)
    const endpoint = this.#mirror.get('endpoint', after.project, document.endpoint)
    const served = commit.changes.find((change) => isOf('endpoint', change))?.after?.document
    this.#expect(
      endpoint !== undefined && served !== undefined,
      () => `rollout ${after.name} ended without its endpoint`,
    )
    const wanted = document.state === 'promoted' ? document.toRevision : document.fromRevision
    if (document.state === 'promoted') {
      // What serves has proven itself, also where it has no traffic yet
      const { resolved = {} } =
        this.#mirror.get('revision', after.project, `${document.endpoint}/${document.toRevision}`)?.document ?? {}
      for (const [name, { digest }] of Object.entries(resolved))
        this.#proven.add(keyOf(after.project, document.endpoint, { name, digest }))
    }
    this.#expect(
      served?.servedRevision === wanted,
      () => `rollout ${after.name} is ${document.state}, but revision ${served?.servedRevision} serves, not ${wanted}`,
    )
  }

  #onEndpoint({ before, after }: Pair<'endpoint'>, commit: Commit): void {
    if (after === undefined) {
      if (before !== undefined) this.#onRemoved(before.project, before.name, commit)
      return
    }
    const spec = JSON.stringify(after.document.spec)
    if (commit.by === 'api') {
      this.acknowledged.set(after.uid, { revision: after.document.revision, spec })
      return
    }
    const known = this.acknowledged.get(after.uid)
    this.#expect(
      known?.spec === spec && known.revision === after.document.revision,
      () => `the spec of ${after.name} was acknowledged at revision ${known?.revision} and is lost`,
    )
    this.#expect(
      before?.document.state !== 'deleting' || after.document.state === 'deleting',
      () => `${after.name} was deleted and is back`,
    )
  }

  #onRemoved(project: string, name: string, commit: Commit): void {
    this.#hasEvent(commit, name, 'endpoint-deleted')
    const isIn = (table: RouteTable | undefined) => table?.endpoints.some((endpoint) => endpoint.name === name) === true
    this.#expect(!isIn(this.fleet?.tables.get(project)), () => `${name} is removed and still published`)
    for (const runner of this.fleet?.runners ?? [])
      if (runner.project === project && runner.isAlive)
        this.#expect(!isIn(runner.table), () => `${name} is removed and still routed to by ${runner.name}`)
  }

  #hasEvent({ events }: Commit, name: string, type: string): void {
    this.#expect(
      events.some((event) => event.name === name && event.type === type),
      () => `${name} changed its state without an event ${type}`,
    )
  }

  // --- what is published ---

  onPublish(before: RouteTable | undefined, table: RouteTable): void {
    const { project } = table
    const highest = this.#highest.get(project) ?? 0
    this.#expect(table.revision > highest, () => `table ${table.revision} of ${project} comes after ${highest}`)
    this.#highest.set(project, Math.max(highest, table.revision))
    const present = new Set<string>()
    for (const endpoint of table.endpoints) {
      this.#onEndpointPublished(project, endpoint, before)
      for (const variant of endpoint.variants)
        present.add(keyOf(project, endpoint.name, variant)).add(`${project} ${endpoint.name} ${variant.digest}`)
    }
    for (const known of [this.#wasReady, this.#proven])
      for (const key of known.keys()) if (key.startsWith(`${project} `) && !present.has(key)) known.delete(key)
    this.#onKeysPublished(table)
  }

  #onKeysPublished({ project, keys }: RouteTable): void {
    for (const key of keys) {
      const record = this.#mirror.all('key').find(({ uid }) => uid === key.uid)
      this.#expect(
        record !== undefined && (record.project === project || record.project === '*'),
        () => `a key of somebody else is in the table of ${project}`,
      )
      const revokedAtMs = record?.document.revokedAtMs
      // Revocations are kept by the calendar, which jumps; the simulation notes the clock beside it.
      const since = revokedAtMs === undefined ? 0 : this.#time.nowMs - (this.revokedAt.get(key.uid) ?? this.#time.nowMs)
      this.#expect(
        since < 5000 || this.controlSince() < 5000,
        () => `key ${key.name} was revoked ${since} ms ago and is published`,
      )
    }
  }

  /** By uid of key, on the clock that never goes back (ms). */
  readonly revokedAt = new Map<string, number>()
  /** How long the store has answered and control has lived (ms). */
  controlSince: () => number = () => 0

  #onEndpointPublished(project: string, endpoint: RouteEndpoint, before: RouteTable | undefined): void {
    const record = this.#mirror.get('endpoint', project, endpoint.name)
    const beforehand = before?.endpoints.find(({ name }) => name === endpoint.name)
    const sum = endpoint.variants.reduce((total, { weight }) => total + weight, 0)
    this.#expect(
      endpoint.variants.every(({ weight }) => weight >= 0),
      () => `${endpoint.name} has a negative weight`,
    )
    this.#expect(
      record?.document.servedRevision === undefined ? sum === 0 || Math.abs(sum - 1) < 1e-6 : Math.abs(sum - 1) < 1e-6,
      () => `shares of ${endpoint.name} add up to ${sum}`,
    )
    for (const variant of endpoint.variants) {
      const key = keyOf(project, endpoint.name, variant)
      const was = beforehand?.variants.find((each) => identityOf(each) === identityOf(variant))
      if (variant.weight > 0 && !this.#proven.has(key)) {
        const ready = this.#wasReady.get(`${project} ${endpoint.name} ${variant.digest}`) ?? new Set()
        const size = this.fleet?.runners.filter((runner) => runner.project === project).length ?? 0
        const needed = was === undefined ? [0] : holdersOf(endpoint.name, was, size)
        const missing = needed.filter((index) => !ready.has(index))
        this.#expect(
          was !== undefined && missing.length === 0 && needed.length > 0,
          () =>
            `${endpoint.name} routes to ${identityOf(variant).slice(0, 12)}, which was not ready on runners ${missing.join(', ')}`,
        )
        this.#proven.add(key)
      }
      if (was !== undefined && was.replicas > 0 && variant.replicas === 0 && variant.weight > 0 && !endpoint.isPaused)
        this.#onZero(project, endpoint.name, variant, key)
    }
  }

  /** Scaled to zero: nobody may have asked for it. */
  #onZero(project: string, endpoint: string, variant: RouteVariant, key: string): void {
    const idles = this.#mirror
      .all('revision')
      .filter((revision) => revision.project === project && revision.document.endpoint === endpoint)
      .flatMap(({ document }) => document.spec.variants.filter(({ name }) => name === variant.name))
      .map(({ scaling }) => scaling.idleTimeoutMs)
    const idle = Math.min(...idles)
    // Of the last seconds word may have been lost
    const [since, until] = [this.#time.nowMs - idle + 1000, this.#time.nowMs - 3000]
    const times = (this.#asked.get(key) ?? []).filter((at) => at >= since && at <= until).length
    this.#expect(
      times < 2,
      () => `${endpoint} was scaled to zero while it was asked ${times} times in its last ${idle / 1000} seconds`,
    )
  }

  // --- what the runners do ---

  onReady(runner: SimulatedRunner, endpoint: string, digest: string): void {
    const key = `${runner.project} ${endpoint} ${digest}`
    const ready = this.#wasReady.get(key) ?? new Set()
    ready.add(runner.index)
    this.#wasReady.set(key, ready)
  }

  onRequests(runner: SimulatedRunner, endpoint: RouteEndpoint, variant: RouteVariant): void {
    const key = keyOf(runner.project, endpoint.name, variant)
    const asked = this.#asked.get(key) ?? []
    asked.push(this.#time.nowMs)
    if (asked.length > 40) asked.shift()
    this.#asked.set(key, asked)
    this.routed(runner, endpoint, variant)
  }

  /** Whoever holds what is routed to must know it, unless the endpoint is gone. */
  routed(runner: SimulatedRunner, endpoint: RouteEndpoint, variant: RouteVariant): void {
    const holders = holdersOf(endpoint.name, variant, runner.count)
    for (const other of this.fleet?.runners ?? []) {
      if (other.project !== runner.project || !holders.includes(other.index) || !other.isAlive) continue
      const theirs = other.table?.endpoints.find(({ name }) => name === endpoint.name)
      if (theirs === undefined || (runner.table?.revision ?? 0) >= (other.table?.revision ?? 0)) continue
      this.#expect(
        theirs.variants.some((each) => identityOf(each) === identityOf(variant)),
        () => `${runner.name} routes to a variant of ${endpoint.name} that ${other.name} has dropped`,
      )
    }
  }

  /** All that runners route to now. */
  checkRoutes(): void {
    for (const runner of this.fleet?.runners ?? []) {
      if (!runner.isAlive) continue
      for (const endpoint of runner.table?.endpoints ?? [])
        for (const variant of endpoint.variants) if (variant.weight > 0) this.routed(runner, endpoint, variant)
    }
  }
}

type Pair<K extends keyof Kinds> = Extract<Parameters<typeof isOf<K>>[1], Change> & {
  readonly before:
    | { readonly name: string; readonly project: string; readonly uid: string; readonly document: Kinds[K] }
    | undefined
  readonly after:
    | { readonly name: string; readonly project: string; readonly uid: string; readonly document: Kinds[K] }
    | undefined
}

function keyOf(project: string, endpoint: string, variant: { readonly name: string; readonly digest: string }): string {
  return `${project} ${endpoint} ${identityOf(variant)}`
}
