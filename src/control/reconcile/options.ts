import type { Environment } from '../environment.ts'
import type { Fleet } from '../fleet.ts'
import type { Maker } from '../maker.ts'
import type { Store } from '../store/store.ts'
import type { Changes } from './changes.ts'

/** Brings what is to what is wanted, and goes on from wherever it was cut off. */
export interface Reconciler {
  /**
   * Reads what is wanted and what is, and does the next steps. Never rejects: what fails is logged, backs off, and leaves
   * the others alone. Calls that come while one is under way share the one after it.
   */
  pass(): Promise<void>
  /** Passes when poked, and at least each `passEveryMs`, until the signal aborts; resolves when the work under way has ended. */
  run(signal: AbortSignal): Promise<void>
  /** Something has changed: pass soon. The API calls it after each change. */
  poke(): void
}

export interface ReconcilerDoors {
  readonly store: Store
  /** What is written through that store, by `watchChanges`; without it all is read anew whenever somebody pokes. */
  readonly changes?: Changes | undefined
  readonly fleet: Fleet
  readonly maker: Maker
  readonly environment: Environment
  readonly options?: Partial<ReconcilerOptions> | undefined
}

export interface ReconcilerOptions {
  /** Longest time between two passes (ms). */
  readonly passEveryMs: number
  /** Age at which what was read of the store is read again, even if nobody said that it changed (ms). */
  readonly refreshMs: number
  /** ... where it is known what is written, and what else is written is rare (ms). */
  readonly fullReadMs: number
  /** Versions that are made at once, over all projects. */
  readonly makeAtMost: number
  /** Tries to make a version that end with the control process, before it counts as failed. */
  readonly makeAttempts: number
  /** Longest time that a version may take (ms). */
  readonly makeTimeoutMs: number
  /** How long a maker that was told to stop may take to do so (ms). */
  readonly stopGraceMs: number
  /** A runner that was silent for longer counts as not heard (ms). */
  readonly staleAfterMs: number
  /** A runner that is not connected for longer is not waited for: it has ended, or reads what is published unheard (ms). */
  readonly goneAfterMs: number
  /** How long such a one is given to read it (ms): runners look at their files every 2 s. */
  readonly readWithinMs: number
  /** Time between two looks at endpoints of which nothing is new (ms). */
  readonly roundEveryMs: number
  /** Time between two looks at a rollout, and at the size of a variant (ms). */
  readonly lookEveryMs: number
  /** Time between two records of a rollout that only waits (ms). */
  readonly noteEveryMs: number
  /** How long replicas of a new revision may fail for want of room or of a process before the rollout gives up (ms). */
  readonly loadGraceMs: number
  /** Time between two clean-ups (ms). */
  readonly upkeepEveryMs: number
  /** How long events are kept (ms). */
  readonly eventsKeptMs: number
  /** How long audit entries are kept (ms). */
  readonly auditKeptMs: number
  /** A fault put in by a test to see that it is found; nothing else sets it. */
  readonly plantedBug?: PlantedBug | undefined
}

/** Faults that tests put into the reconciler, each of which its simulation must find. */
export const PLANTED_BUGS = [
  /** Traffic goes to new variants before they are loaded. */
  'shift-before-ready',
  /** Readiness of one runner is taken for that of all. */
  'ready-on-one',
  /** Old variants go with the switch: nobody waits for acknowledgements. */
  'contract-at-once',
  /** A roll-back leaves the new revision as the one that is served. */
  'roll-back-to-new',
  /** What supersedes a rollout does not end it. */
  'two-rollouts',
  /** Statuses that say nothing scale to zero. */
  'silence-is-idle',
  /** A revoked key stays in the tables. */
  'keep-revoked-keys',
  /** Records of an endpoint go before its routes. */
  'remove-before-retract',
  /** The revision of a table is counted in memory, from 1 after each start. */
  'forget-table-revision',
  /** A version that was being made when control ended stays so. */
  'orphan-making',
  /** Bakes are timed by the calendar. */
  'wall-clock-bake',
  /** A change is written over what the API wrote meanwhile. */
  'lost-update',
  /** Bundles that runners did not find are believed to be there. */
  'never-look-again',
  /** The end of a rollout is not told. */
  'silent-end',
] as const
export type PlantedBug = (typeof PLANTED_BUGS)[number]

export const DEFAULT_OPTIONS: ReconcilerOptions = {
  passEveryMs: 500,
  refreshMs: 2000,
  fullReadMs: 30_000,
  makeAtMost: 2,
  makeAttempts: 5,
  makeTimeoutMs: 3_600_000,
  stopGraceMs: 10_000,
  staleAfterMs: 5000,
  goneAfterMs: 10_000,
  readWithinMs: 5000,
  roundEveryMs: 5000,
  lookEveryMs: 1000,
  noteEveryMs: 5000,
  loadGraceMs: 60_000,
  upkeepEveryMs: 60_000,
  eventsKeptMs: 30 * 86_400_000,
  auditKeptMs: 365 * 86_400_000,
}
