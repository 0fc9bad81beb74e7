import type { RouteTable, RouteVariant } from '../../api/route-table.ts'
import type { ReplicaStatus, RunnerStatus, ToControl } from '../../api/runner-status.ts'
import type { Principal } from '../../auth/authorizer.ts'
import type { OpenBundle } from '../../bundle/open.ts'
import type { ErrorCode, ServingError } from '../../core/errors.ts'
import type { Tensors } from '../../tensor/tensor.ts'
import type { LocalPlane, PlaneLoadOptions } from '../local-plane.ts'
import type { Call, DataPlane, ServedModel } from '../plane.ts'
import type { Replicas } from '../remote/index.ts'

/** Who asks, as far as routing goes. */
export interface Caller {
  readonly principal?: Principal | undefined
  /** Names in lower case; those of gRPC's metadata too. */
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** What can be said of a version without loading it. */
export type Description = Pick<ServedModel, 'signature' | 'example' | 'batching' | 'engines' | 'choices'>

/** A program that runs in other runners. */
export type RemoteProgram = Pick<Replicas, 'run' | 'release' | 'available'>

/** Requests that wait for a version to be loaded, of all versions of the process together. */
export interface HoldLimits {
  readonly maxRequests: number
  /** Of their inputs (bytes). */
  readonly maxBytes: number
}

/** A request that was answered, for whoever captures or tests. */
export interface Observation {
  readonly endpoint: string
  readonly variant: RouteVariant
  readonly principal: Principal | undefined
  readonly inputs: Tensors
  /** Absent where it failed. */
  readonly outputs: Tensors | undefined
  readonly error: ServingError | undefined
  readonly model: ServedModel
  /** From its arrival at the plane to its answer (ms). */
  readonly ms: number
  readonly call: Call | undefined
}

export type PlaneEvent = Extract<ToControl, { type: 'event' }>

export interface EndpointPlaneOptions {
  readonly project: string
  /** Place of this runner in its group, counted from 0, and how many the group has. */
  readonly index: number
  readonly count: number
  /** Differs between two lives of a process. */
  readonly life: string
  /** Holds what is loaded in this process. Its owner sets its readiness and closes it, after the endpoint plane. */
  readonly plane: LocalPlane
  /**
   * Opens a version so that `LocalPlane.load` takes it: its bundle, and how it is run (`program` for one in processes of
   * its own). Name and labels are given by the endpoint plane.
   * @throws {ServingError} why it cannot be had
   */
  readonly open: (
    endpoint: string,
    variant: RouteVariant,
  ) => Promise<{ readonly bundle: OpenBundle; readonly options: PlaneLoadOptions }>
  /**
   * Reads what a version is without loading it: see `createDescriber`.
   * @throws {ServingError} why not
   */
  readonly describe: (variant: RouteVariant) => Description
  /** What people should know of a version as it runs here; undefined where that is nothing. */
  readonly noteOf?: ((endpoint: string, digest: string) => string | undefined) | undefined
  /** A program that runs on the holders of a version; nobody needs to listen at these sockets yet. `connectReplicas` when absent. */
  readonly connect?: (
    endpoint: string,
    variant: RouteVariant,
    sockets: readonly string[],
    description: Description,
  ) => RemoteProgram
  /** Unix sockets where the runners of the group answer frames from their `peers`, by index. */
  readonly peerSockets: readonly string[]
  /** Milliseconds, never going back: the same clock as the local plane's. */
  readonly now: () => number
  /** ms since 1970. */
  readonly wallNow: () => number
  /** 0 to 1, without 1. */
  readonly random: () => number
  /** Memory of this process (bytes), for the status. */
  readonly memoryBytes: () => number
  /** Most memory that loaded versions may take together, by what each is expected to take (bytes). Default: no limit. */
  readonly memoryBudgetBytes?: number | undefined
  /** How long a request may take at most (ms), waiting for a wake included. Default 60,000. */
  readonly timeoutMs?: number | undefined
  readonly hold?: Partial<HoldLimits> | undefined
  /** How long a version that is not wanted here any more is kept for requests that are on their way (ms). Default 2,000. */
  readonly lingerMs?: number | undefined
  /** How long a version that this runner woke by itself, and that control knows nothing of, stays without a request (ms). Default 600,000. */
  readonly idleUnloadMs?: number | undefined
  /** How often every version is looked at, whether it is to be let go or tried again (ms). Default 500. */
  readonly lookEveryMs?: number | undefined
  /** Something that a person would want to know. */
  readonly onEvent?: ((event: PlaneEvent) => void) | undefined
  /**
   * Called after each failure, and after each answer of an endpoint that has something captured, off its way; costs nothing
   * when absent.
   */
  readonly observe?: ((observation: Observation) => void) | undefined
}

/** Sums since the start, for metrics. */
export interface EndpointCounters {
  readonly variants: readonly {
    readonly endpoint: string
    readonly variant: string
    readonly digest: string
    /** Answered requests by outcome: `ok` or a stable code. */
    readonly requests: Readonly<Record<string, number>>
    /** Counts by bucket of `LATENCY_BOUNDS_MS`, one more for above; answers that gave what was asked for. */
    readonly latency: readonly number[]
    /** Sum of their latencies (ms). */
    readonly latencySumMs: number
    readonly rows: number
    readonly inFlight: number
    /** Loads that a request waited for. */
    readonly coldStarts: number
    /** Copies that a shadow did not get for want of room. */
    readonly shadowDropped: number
    readonly shadowCompared: number
    readonly shadowDiffered: number
  }[]
  /** What this runner holds now, loads, or could not load. */
  readonly replicas: readonly ReplicaStatus[]
  /** Answered requests by key and outcome; requests without a key are not in it. */
  readonly keys: readonly { readonly key: string; readonly requests: Readonly<Record<string, number>> }[]
}

/** The data plane of a runner of the platform: endpoints as models, each request to a variant, each variant where it is held. */
export interface EndpointPlane {
  /** Level-triggered. Returns at once; loads and unloads go on behind. Versions that are in both tables stay as they are. */
  apply(table: RouteTable): void
  /** Has a version that is loaded here opened anew, because `open` would open it otherwise now. Requests for it wait meanwhile. */
  reopen(endpoint: string, digest: string): void
  /** Whether the table has versions whose bundles are being brought to this machine, and whether this is one of them. */
  readonly hasComing: boolean
  isComing(model: ServedModel): boolean
  /** The plane as one request sees it: routing depends on who asks and on its headers. */
  planeFor(caller: Caller): DataPlane
  /** Counts a request that was refused once its version was known and before it could be run; one that was run is counted. */
  refused(call: Call, code: ErrorCode): void
  /**
   * What other runners of the group ask by frames (`servePlane`): the replica here of an endpoint and a digest, which is
   * loaded if need be. Never forwards.
   */
  readonly peers: DataPlane
  /** Sums since the last call. */
  status(): RunnerStatus
  counters(): EndpointCounters
  /** Fulfilled once all that the first table wants here is loaded, or has failed. */
  readonly ready: Promise<void>
  /** Lets what waits end in `unavailable`, and releases connections; what is loaded stays in the local plane, whose owner closes it. */
  close(): Promise<void>
}
