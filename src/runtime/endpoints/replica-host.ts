import type { Deadlines } from '../deadlines.ts'
import type { LoadGate } from './load-gate.ts'
import type { Replica } from './replica.ts'
import type { EndpointPlaneOptions, HoldLimits, PlaneEvent } from './types.ts'

/** Requests of the whole process that wait for versions to be ready. */
export interface Held extends HoldLimits {
  requests: number
  bytes: number
}

/** What the versions of a runner have in common. */
export interface ReplicaHost extends Pick<
  EndpointPlaneOptions,
  'index' | 'count' | 'plane' | 'open' | 'noteOf' | 'describe' | 'peerSockets' | 'now' | 'wallNow' | 'random'
> {
  readonly connect: NonNullable<EndpointPlaneOptions['connect']>
  readonly timeoutMs: number
  readonly lingerMs: number
  readonly idleUnloadMs: number
  readonly deadlines: Deadlines
  readonly gate: LoadGate
  readonly held: Held
  /**
   * Lets idle versions go until there is memory for this one.
   * @throws {ServingError} `unavailable` when those in use leave too little
   */
  makeRoom(replica: Replica): Promise<void>
  /** Has the local plane let go of it. */
  unload(replica: Replica): void
  /** Has its `look` called within milliseconds. */
  lookSoon(replica: Replica): void
  /** A load has ended, well or not. */
  settled(replica: Replica): void
  tell(
    replica: Replica,
    event: string,
    level: PlaneEvent['level'],
    message: string,
    details?: PlaneEvent['details'],
  ): void
}
