import type { PlatformEvent } from '../../api/resources.ts'
import type { RunnerStatus, ToControl } from '../../api/runner-status.ts'
import type { Maker } from '../maker.ts'
import { createAttempts } from './attempts.ts'
import { changedReplicas } from './fleet-view.ts'
import { createLooks } from './looks.ts'
import { createPresence, type Presence } from './presence.ts'
import { createMaking } from './making.ts'
import { DEFAULT_OPTIONS, type Reconciler, type ReconcilerDoors, type ReconcilerOptions } from './options.ts'
import { createProjectPass, type ProjectPass } from './project-pass.ts'
import { createSnapshotReader, type Snapshot } from './snapshot.ts'
import { createTraffic } from './traffic.ts'
import { retractGone, upkeep } from './upkeep.ts'

export type { Reconciler, ReconcilerDoors, ReconcilerOptions } from './options.ts'

/** Events that wait for the store at most; beyond them the oldest are dropped, and that is said. */
const EVENTS_WAITING = 1000

/**
 * Creates the reconciler; it does nothing until it is told to pass or run.
 *
 * Events that it writes: `version-started`, `version-phase`, `version-ready`, `version-failed`, `version-cancelled`;
 * `rollout-started`, `rollout-loading`, `rollout-step`, `rollout-rolling-back`, `rollout-promoted`, `rollout-rolled-back`,
 * `rollout-cancelled`, `rollout-failed`; `endpoint-changed` (settings alone), `endpoint-scaled`, `endpoint-failing`,
 * `endpoint-recovered`, `endpoint-deleted`;
 * `upload-expired`; `runner-started`, `runner-restarted`; and what the runners say of endpoints, under the names that they give it.
 */
export function createReconciler(doors: ReconcilerDoors): Reconciler {
  const { store, changes, fleet, maker, environment, options: given } = doors
  const options: ReconcilerOptions = { ...DEFAULT_OPTIONS, ...given }
  const startedAtMs = environment.now()
  const reader = createSnapshotReader(store)
  const traffic = createTraffic(environment.now)
  const looks = createLooks(environment, traffic, options)
  const attempts = createAttempts(environment, () => {
    isInDoubt = true
    wake()
  })
  const presence = createPresence({
    maker,
    environment,
    onChange() {
      brought++
      wake()
    },
    neverLooksAgain: options.plantedBug === 'never-look-again',
  })
  const making = createMaking({ store, maker: noting(maker, presence), environment, options, poke })
  const projects = new Map<string, ProjectPass>()
  let events: Omit<PlatformEvent, 'seq' | 'atMs'>[] = []
  let snapshot: Snapshot | undefined
  let readAtMs = -Infinity
  let upkeptAtMs = environment.now()
  /** Something was said to have changed, and not what. */
  let isDirty = true
  /** What was read may not be what is there, whatever is known of changes. */
  let isInDoubt = true
  /** How often something new was known of bundles. */
  let brought = 0
  let isWoken = false
  let sleeping: AbortController | undefined
  let current: Promise<void> | undefined
  let following: Promise<void> | undefined
  const unlisten = fleet.listen(hear)

  function poke(): void {
    isDirty = true
    wake()
  }

  function wake(): void {
    isWoken = true
    sleeping?.abort(WOKEN)
  }

  // --- what the fleet says ---

  const lastOf = new Map<string, RunnerStatus>()

  function hear(message: ToControl): void {
    if (message.type === 'event') {
      const { project, endpoint, event, level, details } = message
      tell({ project, kind: 'endpoint', name: endpoint, type: event, level, message: message.message, details })
      return
    }
    const { status } = message
    traffic.take(status)
    for (const { digest, problem } of status.replicas)
      if (problem?.details['reason'] === 'bundle_missing') presence.doubt(digest)
    const before = lastOf.get(status.runner)
    lastOf.set(status.runner, status)
    if (before?.life !== status.life) tellOfLife(status, before)
    const changed = before === undefined ? undefined : changedReplicas(before, status)
    for (const endpoint of changed ?? []) projects.get(status.project)?.touch(endpoint)
    const isNews = changed === undefined || changed.size > 0
    if (isNews || before?.revision !== status.revision || before.life !== status.life) wake()
  }

  function tellOfLife({ project, runner, life }: RunnerStatus, before: RunnerStatus | undefined): void {
    const isRestart = before !== undefined
    tell({
      project,
      kind: 'runner',
      name: runner,
      type: isRestart ? 'runner-restarted' : 'runner-started',
      level: isRestart ? 'warning' : 'info',
      message: isRestart ? 'it ended and is there again' : 'it is there',
      details: { life },
    })
  }

  function tell(event: Omit<PlatformEvent, 'seq' | 'atMs'>): void {
    events.push(event)
    if (events.length <= EVENTS_WAITING) return
    events.shift()
    environment.log('warn', 'an event was dropped: the store takes none', { type: event.type })
  }

  async function writeEvents(): Promise<void> {
    if (events.length === 0) return
    const written = events
    events = []
    try {
      await store.transact(async (tx) => {
        for (const event of written) await tx.addEvent(event)
      })
    } catch (error) {
      events = [...written, ...events].slice(-EVENTS_WAITING)
      throw error
    }
  }

  // --- passes ---

  async function passOnce(): Promise<void> {
    const isCurrent = await refresh()
    if (snapshot === undefined) return
    const { projects: names, versions } = snapshot
    for (const name of names) await attempts.attempt(`project ${name}`, () => passOf(name).pass(seen(), isCurrent))
    if (!isCurrent) return
    const open = [...versions.values()].filter(
      ({ document }) => document.state === 'pending' || document.state === 'making',
    )
    await making.pass(open, (resource, work) => attempts.attempt(resource, work))
    await attempts.attempt('events', writeEvents)
    const own = { store, fleet, maker, environment, options }
    await attempts.attempt('tables of projects that are gone', () =>
      retractGone(own, names, (name) => projects.delete(name)),
    )
    looks.keepOnly(new Set([...snapshot.rollouts.values()].map(({ uid }) => uid)))
    if (environment.now() - upkeptAtMs < options.upkeepEveryMs) return
    upkeptAtMs = environment.now()
    presence.keepOnly(new Set([...versions.values()].map(({ document }) => document.bundle?.digest ?? '')))
    await attempts.attempt('upkeep', () => upkeep(own))
  }

  function seen(): Snapshot {
    if (snapshot === undefined) throw new Error('a pass without a snapshot: this is a bug')
    return snapshot
  }

  /** Reads what is wanted, where that may have changed. @returns whether what is known now is current */
  async function refresh(): Promise<boolean> {
    const changed = changes?.take() ?? []
    const ageMs = environment.now() - readAtMs
    const isOld = changes === undefined ? isDirty || ageMs >= options.refreshMs : ageMs >= options.fullReadMs
    const isAll = isInDoubt || isOld
    if (!isAll && changed.length === 0) return true
    isDirty = false
    isInDoubt = false
    try {
      snapshot = isAll ? await reader.read() : await reader.update(changed)
      if (isAll) readAtMs = environment.now()
      return true
    } catch (error) {
      isInDoubt = true
      environment.log('warn', 'the store cannot be read: what was read before holds', { error })
      return false
    }
  }

  function passOf(project: string): ProjectPass {
    let pass = projects.get(project)
    if (pass === undefined) {
      pass = createProjectPass(
        {
          store,
          fleet,
          environment,
          options,
          traffic,
          looks,
          attempts,
          presence,
          brought: () => brought,
          startedAtMs,
          onWritten: poke,
          onScaled: (name, { endpoint, variant, from, to, reason }) =>
            tell({
              project: name,
              kind: 'endpoint',
              name: endpoint,
              type: 'endpoint-scaled',
              level: 'info',
              message: `variant ${variant} goes from ${from} to ${to} replicas: ${reason}`,
              details: { variant, from, to },
            }),
        },
        project,
      )
      projects.set(project, pass)
    }
    return pass
  }

  function begin(): Promise<void> {
    current = passOnce()
      .catch((error: unknown) => environment.log('error', 'a pass failed', { error }))
      .finally(() => {
        current = undefined
      })
    return current
  }

  function pass(): Promise<void> {
    if (current === undefined) return begin()
    following ??= current.then(() => {
      following = undefined
      return begin()
    })
    return following
  }

  async function run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', wake, { once: true })
    while (!signal.aborted) {
      isWoken = false
      const beganAtMs = environment.now()
      await pass()
      if (signal.aborted) break
      sleeping = new AbortController()
      // Others work in this process too: no more than half of its time goes to passes.
      const restMs = Math.min(environment.now() - beganAtMs, 100)
      if (restMs > 0) await environment.sleep(restMs, signal)
      if (!isWoken && !signal.aborted) await environment.sleep(options.passEveryMs, sleeping.signal)
    }
    unlisten()
    await Promise.all([making.stop(), presence.stop()])
  }

  return { pass, run, poke }
}

/** A maker whose bundles are known to be here once they are made. */
function noting(maker: Maker, presence: Presence): Maker {
  return {
    ...maker,
    async make(version, signal, onPhase) {
      const made = await maker.make(version, signal, onPhase)
      presence.found(made.bundle.digest, made)
      return made
    },
  }
}

/** Why a sleep ends; said so that no exception with its stack is made for it. */
const WOKEN = 'woken'
