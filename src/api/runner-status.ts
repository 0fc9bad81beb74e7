import type { Problem } from './resources.ts'

/** What a runner tells control about itself, once a second and when something has changed. Plain data. */
export interface RunnerStatus {
  /** `default-1`: outlives restarts. */
  readonly runner: string
  readonly project: string
  /** Place in its group, counted from 0, and how many the group has. */
  readonly index: number
  readonly count: number
  /** Differs between two lives of a process. */
  readonly life: string
  /** Revision of the route table that it follows: all that the table says holds here, or is being loaded. */
  readonly revision: number
  readonly memoryBytes: number
  readonly replicas: readonly ReplicaStatus[]
  /** Of every variant that got a request since the last word; sums of this interval alone. */
  readonly traffic: readonly VariantTraffic[]
  /** Requests that came here, by the uid of their key, of keys that have quotas. */
  readonly demand?: Readonly<Record<string, number>> | undefined
  /** What this runner counted today of keys with quotas for a day, by uid. */
  readonly usedToday?: UsedToday | undefined
}

export interface UsedToday {
  /** Days since 1970, of UTC. */
  readonly day: number
  readonly used: Readonly<Record<string, readonly [requests: number, rows: number]>>
}

/** How far one key's quotas for a day were used up when they were shared out. */
export interface DayTold {
  readonly day: number
  /** Counted by the runner that is told, and by all together: requests, rows. */
  readonly own: readonly [requests: number, rows: number]
  readonly all: readonly [requests: number, rows: number]
}

/** A variant that this runner holds, loads, or could not load. */
export interface ReplicaStatus {
  readonly endpoint: string
  readonly digest: string
  readonly state: 'loading' | 'ready' | 'failed'
  /** When it was asked for last (ms since 1970); when it was loaded if never. */
  readonly lastUsedMs: number
  readonly memoryBytes: number
  readonly problem?: Problem | undefined
  /** What people should know of how it runs; absent where that is nothing. */
  readonly note?: string | undefined
}

export interface VariantTraffic {
  readonly endpoint: string
  readonly variant: string
  readonly digest: string
  /** Length of the interval (ms). */
  readonly intervalMs: number
  /** Mean number of requests under way or held during the interval; requests forwarded to other runners count where they came in. */
  readonly inFlight: number
  /** Answered in it, with whatever outcome. Shadow runs count for the shadow variant. */
  readonly requests: number
  /** Of these, failed by the model or by us: codes `internal`, `unavailable`, `deadline_exceeded`. Faults of callers and overload are no errors. */
  readonly errors: number
  /**
   * … turned down for what was in them: codes `invalid_argument`, `unsupported` and `too_large`, whether that was found
   * while they were read or by the model. Absent from runners that do not count it.
   */
  readonly rejected?: number | undefined
  readonly rows: number
  /** Latencies of those that were answered with what they asked for: counts by bucket of `LATENCY_BOUNDS_MS`, one more for above. */
  readonly latency: readonly number[]
  /** Of a shadow: how many of its answers were compared with those that were sent, and how many differed. */
  readonly compared?: number | undefined
  readonly differed?: number | undefined
  /** Of those compared, how many had not waited for a wake, and by how much they took longer than the answers that were sent, summed up (ms). */
  readonly timed?: number | undefined
  readonly longerMs?: number | undefined
}

/** Upper bounds of latency buckets (ms): 8 to a doubling from 0.05 ms to about 100 s. */
export const LATENCY_BOUNDS_MS: readonly number[] = Array.from({ length: 168 }, (_, i) => 0.05 * 2 ** (i / 8))

/** State of an endpoint's last rollout. */
export interface EndpointRollout {
  readonly endpoint: string
  /** A `RolloutState`. */
  readonly state: string
}

/** Lines that travel between control and the runners, over a Unix socket: one JSON document a line. */
export type ToControl =
  | { readonly type: 'status'; readonly status: RunnerStatus }
  /** Something that a person would want to know, for the events of an endpoint. */
  | {
      readonly type: 'event'
      readonly project: string
      readonly endpoint: string
      readonly event: string
      readonly level: 'info' | 'warning' | 'error'
      readonly message: string
      readonly details: Readonly<Record<string, unknown>>
    }

export type ToDataPlane =
  /** The file of this project has a new revision: read it. */
  | { readonly type: 'table'; readonly project: string; readonly revision: number }
  /** How much of each key's quotas this runner may give: by the uid of the key, 0 to 1. It is told anew each second. */
  | {
      readonly type: 'shares'
      readonly shares: Readonly<Record<string, number>>
      /** Of keys with quotas for a day: the share is of what is left. Absent while it is not known of all runners. */
      readonly days?: Readonly<Record<string, DayTold>> | undefined
    }
  /** How the last rollout of each endpoint of a project stands: for metrics. */
  | { readonly type: 'rollouts'; readonly project: string; readonly rollouts: readonly EndpointRollout[] }
  /** So has the one that says which project a key belongs to. */
  | { readonly type: 'directory' }
