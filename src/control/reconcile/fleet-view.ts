import type { Problem } from '../../api/resources.ts'
import { placeReplicas } from '../../api/route-table.ts'
import type { ReplicaStatus, RunnerStatus } from '../../api/runner-status.ts'
import type { HeardRunner } from '../fleet.ts'

/** What a group's runners say, at one moment. */
export interface FleetView {
  readonly runners: readonly HeardRunner[]
  /** How many the group has, or will have. */
  readonly size: number
  /** On the clock that never goes back (ms). */
  readonly now: number
  readonly staleAfterMs: number
  /** When control began to listen, on the same clock: before that it has heard nobody. */
  readonly startedAtMs: number
  /** A runner that is not connected for longer is not waited for; see `isAcknowledged`. */
  readonly goneAfterMs: number
  /** By then a runner that lives has read what was published, though control does not hear from it. */
  readonly readWithinMs: number
  /** When each was seen connected last, by name, on the same clock: one that was silent for long may yet live. */
  readonly connectedAtMs: ReadonlyMap<string, number>
}

/** A revision of the table, and when it was published (ms, on the clock that never goes back). */
export interface Published {
  readonly revision: number
  readonly atMs: number
}

/**
 * Whether every runner of the group follows a table of this revision or a later one. One that is away for long is not waited
 * for, but given the time to read the file: it may live, route, and only not be heard. Runners look at their files by
 * themselves, and one that begins reads the newest first.
 */
export function isAcknowledged(view: FleetView, { revision, atMs }: Published): boolean {
  const { runners, size, now, startedAtMs, goneAfterMs, readWithinMs, connectedAtMs } = view
  const isRead = now - atMs > readWithinMs
  const isAwayForLong = (sinceMs: number) => now - sinceMs > goneAfterMs
  let connected = 0
  for (const runner of runners) {
    if (runner.isConnected) {
      if (!(runner.status.revision >= revision)) return false
      connected++
    } else if (!isRead || !isAwayForLong(connectedAtMs.get(runner.status.runner) ?? startedAtMs)) return false
  }
  return connected >= size || (isRead && isAwayForLong(startedAtMs))
}

/** Whether a runner was heard of lately enough to be believed. */
export function isFresh(runner: HeardRunner, { now, staleAfterMs }: FleetView): boolean {
  return runner.isConnected && now - runner.heardAtMs <= staleAfterMs
}

export interface Wanted {
  readonly endpoint: string
  readonly digest: string
  readonly replicas: number
}

export interface Readiness {
  /** Of the replicas that are wanted. */
  readonly ready: number
  readonly wanted: number
  /** Of one that could not be loaded; the first by order of placement. */
  readonly problem?: Problem | undefined
  /** Ready anywhere, wanted there or not. */
  readonly anywhere: number
}

/**
 * How many of the wanted replicas are loaded where they belong.
 * @param revision only runners that follow this revision of the table count: what others say is of the past
 */
export function readinessOf(view: FleetView, { endpoint, digest, replicas }: Wanted, revision: number): Readiness {
  const holders = placeReplicas(endpoint, digest, view.size).slice(0, replicas)
  let ready = 0
  let problem: Problem | undefined
  for (const index of holders) {
    const runner = view.runners.find(({ status }) => status.index === index)
    if (runner === undefined || !isFresh(runner, view) || runner.status.revision < revision) continue
    const replica = replicaOf(runner, endpoint, digest)
    if (replica?.state === 'ready') ready++
    else if (replica?.state === 'failed') problem ??= replica.problem ?? UNTOLD
  }
  return { ready, wanted: holders.length, problem, anywhere: readyAnywhere(view, endpoint, digest) }
}

/** How many replicas are loaded, wanted there or not. */
export function readyAnywhere(view: FleetView, endpoint: string, digest: string): number {
  let ready = 0
  for (const runner of view.runners)
    if (isFresh(runner, view) && replicaOf(runner, endpoint, digest)?.state === 'ready') ready++
  return ready
}

/** What people should know of how a version runs, in the words of the first runner that says something. */
export function noteOf(view: FleetView, endpoint: string, digest: string): string | undefined {
  for (const runner of view.runners) {
    const note = isFresh(runner, view) ? replicaOf(runner, endpoint, digest)?.note : undefined
    if (note !== undefined) return note
  }
  return undefined
}

/** Differs where a runner came, went, began anew, or fell silent. */
export function presenceOf(view: FleetView): string {
  const runners = view.runners.map((runner) => `${runner.status.runner} ${runner.status.life} ${isFresh(runner, view)}`)
  return [view.size, ...runners].join()
}

/** Endpoints whose replicas are in another state than before, in the words of one runner. */
export function changedReplicas(before: RunnerStatus, now: RunnerStatus): Set<string> {
  const changed = new Set<string>()
  const [was, is] = [before.replicas, now.replicas]
  // Nearly always they come in the same order
  if (was.length === is.length && is.every((replica, i) => isAlike(replica, was[i]))) return changed
  const earlier = new Map(was.map((replica) => [`${replica.endpoint} ${replica.digest}`, replica]))
  for (const replica of is) {
    const key = `${replica.endpoint} ${replica.digest}`
    if (!isAlike(replica, earlier.get(key))) changed.add(replica.endpoint)
    earlier.delete(key)
  }
  for (const { endpoint } of earlier.values()) changed.add(endpoint)
  return changed
}

function isAlike(a: ReplicaStatus, b: ReplicaStatus | undefined): boolean {
  return a.endpoint === b?.endpoint && a.digest === b.digest && a.state === b.state && a.note === b.note
}

/**
 * When a variant was asked for last, as far as its holders say so (ms since 1970, which the calendar may move either way). It
 * tells of requests even where the status that counted them was lost. Undefined where nobody holds it.
 */
export function useMarkOf(view: FleetView, endpoint: string, digest: string): number | undefined {
  let mark: number | undefined
  for (const runner of view.runners) {
    const replica = replicaOf(runner, endpoint, digest)
    if (replica !== undefined && isPlausible(replica.lastUsedMs)) mark = Math.max(mark ?? 0, replica.lastUsedMs)
  }
  return mark
}

function replicaOf(runner: HeardRunner, endpoint: string, digest: string): ReplicaStatus | undefined {
  let byKey = indices.get(runner.status)
  if (byKey === undefined) {
    byKey = new Map(runner.status.replicas.map((replica) => [`${replica.endpoint} ${replica.digest}`, replica]))
    indices.set(runner.status, byKey)
  }
  return byKey.get(`${endpoint} ${digest}`)
}

/** Replicas by endpoint and digest: a runner may hold a thousand, and each is looked up many times. */
const indices = new WeakMap<RunnerStatus, Map<string, ReplicaStatus>>()

const UNTOLD: Problem = { code: 'internal', message: 'the runner does not say why', details: {} }

/** Numbers that can be what they claim to be: a damaged status counts as none. */
export function isPlausible(value: number): boolean {
  return Number.isFinite(value) && value >= 0
}
