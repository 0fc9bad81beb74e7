import type { PlatformEvent } from '../../api/resources.ts'
import type { RunnerStatus, ToControl } from '../../api/runner-status.ts'
import { createAttempts } from './attempts.ts'
import { createLooks } from './looks.ts'
import { createMaking } from './making.ts'
import { DEFAULT_OPTIONS, type Reconciler, type ReconcilerDoors, type ReconcilerOptions } from './options.ts'
import { createProjectPass, type ProjectPass } from './project-pass.ts'
import { at, createSnapshotReader, type Snapshot } from './snapshot.ts'
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
 * `rollout-cancelled`, `rollout-failed`; `endpoint-changed` (settings alone), `endpoint-scaled`, `endpoint-deleted`;
 * `upload-expired`; `runner-started`, `runner-restarted`; and what the runners say of endpoints, under the names that they give it.
 */
export function createReconciler({ store, fleet, maker, environment, options: given }: ReconcilerDoors): Reconciler {
  const options: ReconcilerOptions = { ...DEFAULT_OPTIONS, ...given }
  const startedAtMs = environment.now()
  const readSnapshot = createSnapshotReader(store)
  const traffic = createTraffic()
  const looks = createLooks(environment, traffic, options)
  const attempts = createAttempts(environment, () => {
    isDirty = true
    wake()
  })
  const making = createMaking({ store, maker, environment, options, poke })
  const projects = new Map<string, ProjectPass>()
  let events: Omit<PlatformEvent, 'seq' | 'atMs'>[] = []
  let snapshot: Snapshot | undefined
  let readAtMs = -Infinity
  let upkeptAtMs = environment.now()
  let isDirty = true
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
    const before = lastOf.get(status.runner)
    lastOf.set(status.runner, status)
    if (before?.life !== status.life) tellOfLife(status, before)
    if (before === undefined || matters(before, status)) wake()
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
    const doors = { store, fleet, maker, environment, options }
    await attempts.attempt('tables of projects that are gone', () =>
      retractGone(doors, names, (name) => projects.delete(name)),
    )
    looks.keepOnly(new Set([...snapshot.rollouts.values()].map(({ uid }) => uid)))
    if (environment.now() - upkeptAtMs < options.upkeepEveryMs) return
    upkeptAtMs = environment.now()
    await attempts.attempt('upkeep', () => upkeep(doors))
  }

  function seen(): Snapshot {
    if (snapshot === undefined) throw new Error('a pass without a snapshot: this is a bug')
    return snapshot
  }

  /** Reads what is wanted, where that may have changed. @returns whether what is known now is current */
  async function refresh(): Promise<boolean> {
    if (!isDirty && environment.now() - readAtMs < options.refreshMs) return true
    isDirty = false
    try {
      snapshot = await readSnapshot()
      readAtMs = environment.now()
      return true
    } catch (error) {
      isDirty = true
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
    await making.stop()
  }

  return { pass, run, poke }
}

/** Why a sleep ends; said so that no exception with its stack is made for it. */
const WOKEN = 'woken'

/** Whether a status tells of more than traffic. */
function matters(before: RunnerStatus, now: RunnerStatus): boolean {
  if (before.revision !== now.revision || before.life !== now.life || before.replicas.length !== now.replicas.length)
    return true
  const states = new Map(before.replicas.map(({ endpoint, digest, state }) => [at(endpoint, digest), state]))
  return now.replicas.some(({ endpoint, digest, state }) => states.get(at(endpoint, digest)) !== state)
}
