import type { KeyQuotas } from '../auth/key-record.ts'
import type { Action, Role } from '../auth/permissions.ts'

/**
 * The platform's resources, as the API shows them. Every resource has a `project` (the tenant border; a project is its own),
 * a `name` that is unique among those of its kind in the project, and `meta`. Times are ms since 1970.
 */
export interface Meta {
  /** Never used again, also when a resource of the same name is made later. */
  readonly uid: string
  /** Grows with each change; the API's ETag. */
  readonly etag: number
  readonly createdAtMs: number
  readonly updatedAtMs: number
}

export interface Project {
  readonly name: string
  readonly description: string
  readonly meta: Meta
}

export interface Model {
  readonly project: string
  readonly name: string
  readonly description: string
  /** Names for versions: `{"stable": 3}`. A label moves only to a version that is ready. */
  readonly labels: Readonly<Record<string, number>>
  /** The number that was given out last; numbers are never used again. */
  readonly lastNumber: number
  readonly meta: Meta
}

/** Where the bytes of a version come from. */
export type VersionSource =
  /** A finished upload. */
  | { readonly type: 'upload'; readonly upload: string }
  /** Fetched by the platform. Credentials in it are refused. */
  | { readonly type: 'url'; readonly url: string; readonly sha256?: string | undefined }

/** What a version goes through, in this order; each is an event. */
export const VERSION_PHASES = ['fetching', 'reading', 'compiling', 'probation', 'storing'] as const
export type VersionPhase = (typeof VERSION_PHASES)[number]

/** `ready` and `failed` and `cancelled` are for ever. */
export type VersionState = 'pending' | 'making' | 'ready' | 'failed' | 'cancelled'

/** An error as it is kept and shown: why, and what to change. */
export interface Problem {
  /** One of `ERROR_CODES`. */
  readonly code: string
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
  /** Last lines of what the process that failed had said. */
  readonly logTail?: readonly string[] | undefined
}

/** An immutable bundle under a model. */
export interface Version {
  readonly project: string
  readonly model: string
  /** Counted from 1 for each model. */
  readonly number: number
  readonly state: VersionState
  /** While it is being made. */
  readonly phase?: VersionPhase | undefined
  /** Share of the phase that is done, 0 to 1, where that is known. */
  readonly progress?: number | undefined
  readonly source: VersionSource
  /** SHA-256 of the file that it is made of, in hexadecimal, where that was known when the version was asked for. */
  readonly sourceSha256?: string | undefined
  /** Name that the model file had where it came from. */
  readonly fileName: string
  readonly description: string
  /** What the user says of how it is compiled. */
  readonly how: {
    readonly allowUntested: boolean
    readonly steps?: readonly string[] | undefined
    readonly runtime?: 'python' | 'typescript' | undefined
  }
  readonly bundle?: BundleSummary | undefined
  readonly problem?: Problem | undefined
  readonly warnings: readonly string[]
  /** Set while somebody wants it to end before it is ready. */
  readonly isCancelled: boolean
  /** Tries so far: a try that was cut short by the end of the control process is tried again. */
  readonly attempts: number
  readonly meta: Meta
}

/** What a ready version is, as far as it is told without opening it. */
export interface BundleSummary {
  /** 64 hexadecimal digits. */
  readonly digest: string
  readonly sizeBytes: number
  /** As in the manifest. */
  readonly signature: unknown
  readonly engines: readonly string[]
  /** Memory that one replica takes, as measured in probation (bytes). */
  readonly memoryBytes: number
  /** How long it takes to load, as measured (ms). */
  readonly loadMs: number
  /** In-flight requests that one replica answers well, from the profile; with the reason. */
  readonly targetInFlight: { readonly value: number; readonly reason: string }
  /** `in-tick` or `off-loop`, with the reason. */
  readonly plan: { readonly value: string; readonly reason: string }
  /** A line to try, V2 JSON of the example; absent where it would fill the screen. */
  readonly exampleBody?: string | undefined
}

/** A file on its way, in parts. Nothing sees it before it is complete. */
export interface Upload {
  readonly project: string
  /** Its id. */
  readonly name: string
  readonly fileName: string
  /** Of the whole file (bytes). */
  readonly sizeBytes: number
  /** Size of every part but the last (bytes). */
  readonly partBytes: number
  /** Of the whole, where the caller said so: it is checked at the end. */
  readonly sha256?: string | undefined
  /** Numbers of the parts that are here and durable, counted from 1, ascending. */
  readonly parts: readonly number[]
  readonly state: 'open' | 'complete'
  readonly expiresAtMs: number
  readonly meta: Meta
}

export interface ScalingSpec {
  /** Replicas that are always loaded; 0 scales to zero. Default 0. */
  readonly minReplicas: number
  /** Absent: as many as there are runners. */
  readonly maxReplicas?: number | undefined
  /** In-flight requests that one replica shall have; from the profile when absent. */
  readonly targetInFlight?: number | undefined
  /** How long it is without a request before the last replica goes (ms). Default 300,000. */
  readonly idleTimeoutMs: number
  readonly upscaleDelayMs: number
  readonly downscaleDelayMs: number
}

export interface VariantSpec {
  readonly name: string
  readonly model: string
  /** A number, or a label that is resolved when the revision is made. */
  readonly version: number | string
  /** Share of the traffic relative to the others, a finite number of 0 or more. */
  readonly weight: number
  /** Gets a copy of this share (0 to 1) of the traffic in place of traffic of its own; its `weight` is 0 then. */
  readonly shadow?: number | undefined
  readonly scaling: ScalingSpec
  /** In the runner, or in a process of its own with limits. Default `runner`. */
  readonly isolation: 'runner' | 'process'
}

export interface CaptureSpec {
  /** Share of the requests, 0 to 1. */
  readonly sample: number
  /** Columns (inputs, outputs, or columns of frames) whose values are replaced by `[redacted]`. */
  readonly redact: readonly string[]
  readonly retentionDays: number
  /** Most that is kept of it: then the oldest go. `DEFAULT_RETENTION_MIB` when absent. */
  readonly retentionMiB?: number | undefined
}

/** How a change of variants is brought about. */
export interface RolloutSpec {
  readonly strategy: 'all-at-once' | 'canary' | 'linear' | 'blue-green'
  /** Of canary: first share of the traffic; of linear: size of each step. 0 to 1. */
  readonly step: number
  /** How long each step is watched at least (ms). */
  readonly bakeMs: number
  /** How long the whole may take (ms); then it is rolled back. */
  readonly timeoutMs: number
  /** Requests of the new variants that are seen before a step is judged. */
  readonly minSamples: number
  /** Chance that a good version is rolled back, over the whole rollout. */
  readonly falseAlarm: number
  /** Rise of the share of errors that is borne (0.01 is a percentage point). */
  readonly maxErrorIncrease: number
  /** Rise of the latency that is borne (0.5 is half as much again). */
  readonly maxLatencyIncrease: number
}

export interface EndpointSpec {
  readonly description: string
  readonly variants: readonly VariantSpec[]
  /** Which requests stay with one variant: those of a key, or of one value of a header. */
  readonly sticky?: { readonly by: 'key' } | { readonly by: 'header'; readonly header: string } | undefined
  readonly capture?: CaptureSpec | undefined
  readonly rollout: RolloutSpec
  /** Answers nothing and is not woken, but keeps its place. */
  readonly isPaused: boolean
}

export interface VariantStatus {
  readonly name: string
  readonly model: string
  readonly version: number
  readonly digest: string
  /** Share of the traffic now, 0 to 1. */
  readonly share: number
  readonly replicas: { readonly desired: number; readonly ready: number }
  /** `idle`: scaled to zero, the next request has it loaded. `loading`: replicas, or its bundle, are on their way. */
  readonly state: 'ready' | 'idle' | 'loading' | 'failing'
  readonly problem?: Problem | undefined
  /** What people should know of how it runs: that it was moved to processes of its own, and why. */
  readonly note?: string | undefined
  /** Of a shadow, in the answer of `getEndpoint` alone: it is not kept. */
  readonly shadow?: ShadowSummary | undefined
}

/** How a shadow's answers compare with those that were sent. */
export interface ShadowSummary {
  /** Counted since then (ms since 1970): since the version became a shadow, or control started. */
  readonly sinceMs: number
  /** Its answers that were compared. */
  readonly compared: number
  /** Of these, those that were other than what was sent. */
  readonly differed: number
  /** Mean of how much longer it took than the answer that was sent (ms), without copies that waited for a wake; absent where there is none yet. */
  readonly latencyDifferenceMs?: number | undefined
}

export interface Endpoint {
  readonly project: string
  readonly name: string
  readonly spec: EndpointSpec
  /** Of the spec; each has an `EndpointRevision`. */
  readonly revision: number
  /** Revision whose variants answer now; undefined before the first. */
  readonly servedRevision?: number | undefined
  /** `ready`: it answers, also where its variants are `idle` and a request waits for the load. `failed`: nothing ever answered, or a variant that takes traffic cannot be loaded any more. */
  readonly state: 'creating' | 'ready' | 'updating' | 'rolling-back' | 'failed' | 'paused' | 'deleting'
  /** Why it is in that state, in a sentence; empty where there is nothing to say. */
  readonly reason: string
  readonly variants: readonly VariantStatus[]
  /** The rollout that is under way. */
  readonly rollout?: string | undefined
  /** Revision whose rollout ended last, with whatever outcome: it is not tried again. Control's own. */
  readonly settledRevision?: number | undefined
  readonly meta: Meta
}

/** What an endpoint was told to be, once; never changed. */
export interface EndpointRevision {
  readonly project: string
  readonly endpoint: string
  readonly revision: number
  readonly spec: EndpointSpec
  /** Who. */
  readonly by: string
  readonly reason: string
  /** With labels resolved: digest by variant. */
  readonly resolved: Readonly<
    Record<string, { readonly model: string; readonly version: number; readonly digest: string }>
  >
  readonly meta: Meta
}

export type RolloutState =
  | 'pending'
  | 'loading'
  | 'shifting'
  | 'baking'
  | 'promoted'
  | 'rolling-back'
  | 'rolled-back'
  | 'cancelled'
  | 'failed'

/** One look at a step, and what was decided of it. */
export interface RolloutDecision {
  readonly atMs: number
  readonly step: number
  /** Share of the new variants at that time. */
  readonly share: number
  readonly decision: 'wait' | 'advance' | 'promote' | 'roll-back'
  readonly reason: string
  /** The figures that it was decided by. */
  readonly figures: Readonly<Record<string, number>>
}

/** A supervised change of an endpoint from one revision to another. */
export interface Rollout {
  readonly project: string
  /** Its id. */
  readonly name: string
  readonly endpoint: string
  /** Absent for an endpoint's first. */
  readonly fromRevision?: number | undefined
  readonly toRevision: number
  readonly spec: RolloutSpec
  readonly state: RolloutState
  /** Counted from 0. */
  readonly step: number
  /** Share of the new variants, 0 to 1. */
  readonly share: number
  readonly stepBeganAtMs?: number | undefined
  readonly endedAtMs?: number | undefined
  /** The last of them first; the most recent 50 are kept. */
  readonly decisions: readonly RolloutDecision[]
  /** Why it ended as it did. */
  readonly reason: string
  /** What somebody asked of it meanwhile; the reconciler does it. */
  readonly wish?: 'promote' | 'roll-back' | 'cancel' | undefined
  readonly meta: Meta
}

/** A key, without its secrets: these are shown once, when it is made. */
export interface Key {
  /** `*` for a key of the whole platform. */
  readonly project: string
  readonly name: string
  readonly role: Role
  /** Fewer than its role has; absent for all of them. */
  readonly actions?: readonly Action[] | undefined
  /** Endpoints that it may call or change; all when absent. */
  readonly endpoints?: readonly string[] | undefined
  /** First characters of the bearer key, to tell it by. */
  readonly hint: string
  /** The AWS-style pair's public half. */
  readonly accessKeyId?: string | undefined
  readonly notBeforeMs?: number | undefined
  readonly expiresAtMs?: number | undefined
  readonly revokedAtMs?: number | undefined
  readonly quotas: KeyQuotas
  readonly meta: Meta
}

/** What the platform said of something it did. */
export interface PlatformEvent {
  /** Grows; the place in the list. */
  readonly seq: number
  readonly atMs: number
  readonly project: string
  readonly kind: 'project' | 'model' | 'version' | 'upload' | 'endpoint' | 'rollout' | 'key' | 'runner'
  /** Of the resource: `fraud`, `fraud/3`. */
  readonly name: string
  /** In kebab case: `version-phase`, `version-ready`, `rollout-step`, `replica-failed`. */
  readonly type: string
  readonly level: 'info' | 'warning' | 'error'
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
}

/** Who did, or was refused to do, what. */
export interface AuditEntry {
  readonly seq: number
  readonly atMs: number
  readonly project: string
  /** Name of the key: `default/ci`; empty for nobody. */
  readonly principal: string
  readonly peer: string
  readonly action: Action
  /** `endpoints/fraud`. */
  readonly resource: string
  readonly outcome: 'done' | 'refused' | 'failed'
  /** Stable code of the refusal or failure. */
  readonly code?: string | undefined
  readonly details: Readonly<Record<string, unknown>>
}

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[]
  /** For the next page; absent on the last. */
  readonly cursor?: string | undefined
}

export const DEFAULT_SCALING: ScalingSpec = {
  minReplicas: 0,
  idleTimeoutMs: 300_000,
  upscaleDelayMs: 0,
  downscaleDelayMs: 30_000,
}

export const DEFAULT_ROLLOUT: RolloutSpec = {
  strategy: 'all-at-once',
  step: 0.1,
  bakeMs: 10_000,
  timeoutMs: 3_600_000,
  minSamples: 100,
  falseAlarm: 0.01,
  maxErrorIncrease: 0.01,
  maxLatencyIncrease: 0.5,
}

/** What is kept of an endpoint's captures at most (MiB), where it does not say. */
export const DEFAULT_RETENTION_MIB = 1024
/** … and where it does. */
export const MOST_RETENTION_MIB = 2 ** 30

/** From the least to the most important; `silent` for a log without lines. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What the platform's own log shows: of control, and of the supervisor and all runners. */
export interface LogLevels {
  readonly control: LogLevel
  readonly runners: LogLevel
}

/** The project that is there from the start. */
export const DEFAULT_PROJECT = 'default'
