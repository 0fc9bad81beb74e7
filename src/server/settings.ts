import type { ApiKey } from '../auth/api-key.ts'
import type { PythonSettings } from '../engines/python/settings.ts'
import type { TypeScriptSettings } from '../engines/typescript/settings.ts'
import type { PlatformRoutes } from '../protocols/index.ts'
import type { Choices } from '../runtime/choices.ts'
import type { Overrides } from '../runtime/choose.ts'
import type { RunPoint } from '../runtime/run-cost.ts'
import type { Restarts } from '../telemetry/render.ts'
import type { MetricsSnapshot } from '../telemetry/snapshot.ts'
import type { BoundAddress } from './listening.ts'
import type { CrewAnswer, CrewOutput, CrewWish } from './platform/crews.ts'
import type { PlatformRunner } from './platform/settings.ts'
import type { RunDeath } from './run-deaths.ts'
import type { LogLevel } from './log.ts'
import type { Observing, Operation, OperationAnswer } from './operation-messages.ts'

/** What V2 says of the server. */
export interface OipSettings {
  /** What the server calls itself. */
  readonly serverName?: string | undefined
  /** Longest that a request may take (ms). */
  readonly timeoutMs: number
}

/** How code of users is run. */
export interface CodeSettings {
  /** In Python; none is where this is absent. */
  readonly python?: PythonSettings | undefined
  /** In TypeScript; none is where this is absent. */
  readonly typescript?: TypeScriptSettings | undefined
}

/** What a data plane is made of, but for its models. Plain data: it crosses a process border. */
export interface PlaneSettings extends CodeSettings {
  /** The model that a request without a name means. */
  readonly defaultModel: string | undefined
  /** Engines in order of preference. */
  readonly engines: readonly string[]
  /** What the operator has decided of how models are run. */
  readonly overrides: Overrides
  /** Longest that a request may take (ms). */
  readonly timeoutMs: number
}

/** One version of a model that is to be served. Plain data: it crosses a process border. */
export interface DesiredModel {
  /** The bundle's folder, and its digest, which is checked again. */
  readonly folder: string
  readonly digest: string
  /** Whether its graphs are as this very build of Slipway wrote them once it had validated them. */
  readonly isOurs?: boolean | undefined
  readonly name: string
  /** Other names of this version: a number, `stable`. */
  readonly labels: readonly string[]
  /** Whether it answers when no version is named. */
  readonly isDefault: boolean
  /** How to run it; what the process itself finds best when absent. */
  readonly choices?: Choices | undefined
  /** What was measured of its runs, by rows. */
  readonly curve?: readonly RunPoint[] | undefined
  /** The path that it was found at, and the path that was to be served: for whoever looks again. */
  readonly source?: { readonly path: string; readonly root: string } | undefined
  /** Where it runs, when that is in isolated processes: their Unix sockets, and the engines there. */
  readonly replicas?: { readonly sockets: readonly string[]; readonly engines: readonly string[] } | undefined
  /** Where it runs, when that is in another runner: its Unix socket. */
  readonly holder?: { readonly socket: string } | undefined
}

/** Certificate chain and private key, PEM. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

/** What differs in gRPC from HTTP; limits of connections and of time are the same. */
export interface GrpcSettings {
  /** Largest message (bytes). */
  readonly maxMessageBytes: number
  /** Most calls of one connection at once. */
  readonly maxConcurrentStreams: number
}

/** What a runner is told at its start by its supervisor. */
export interface RunnerSettings extends PlaneSettings, OipSettings {
  readonly http: {
    readonly maxBodyBytes: number
    readonly maxConnections: number
    readonly headersTimeoutMs: number
    readonly requestTimeoutMs: number
    readonly keepAliveTimeoutMs: number
  }
  /** Most memory for bodies of requests, of HTTP and gRPC together (MiB). */
  readonly bodyMemoryMiB: number
  /** Absent where gRPC is not spoken. */
  readonly grpc?: GrpcSettings | undefined
  readonly platformRoutes: PlatformRoutes
  /** How long it may take to finish what is under way (ms). */
  readonly drainTimeoutMs: number
  /** Whether every request is written to the log. */
  readonly accessLog: boolean
  readonly logLevel: LogLevel
}

/** What differs from runner to runner. */
export interface RunnerStart {
  /** Name among the processes of the server, which outlives restarts: `runner-1`. */
  readonly name: string
  readonly settings: RunnerSettings
  /** Where the sockets that it inherits are bound: none for one that others hand requests to; that of gRPC only where it is spoken. */
  readonly addresses: { readonly http: BoundAddress | undefined; readonly grpc: BoundAddress | undefined }
  readonly tls: TlsFiles | undefined
  /** Those who may ask; anybody where this is absent. */
  readonly keys: readonly ApiKey[] | undefined
  /** Unix socket on which it serves the models that other runners leave to it. */
  readonly socket: string | undefined
  /** Whether it ends when a model cannot be loaded; else it serves the others. */
  readonly mustLoadAll: boolean
  /** Of the platform; absent for a server that is told which models it serves. */
  readonly platform?: PlatformRunner | undefined
  /** File descriptor where it leaves word of what its native library runs; absent where nobody reads it. */
  readonly marksFd?: number | undefined
}

/** For a data plane that serves the process it is in: one caller, which waits. */
export const IN_PROCESS_SETTINGS: PlaneSettings = {
  defaultModel: undefined,
  engines: ['onnxruntime', 'host-kernels'],
  overrides: { plan: 'in-tick', maxBatchRows: 4096, maxQueueRows: 1_000_000, maxQueueDelayMs: 24 * 3600 * 1000 },
  timeoutMs: 24 * 3600 * 1000,
}

/** From the supervisor to a runner. It does what it is told in that order, one thing after the other. */
export type ToRunner =
  /** The engines that will be used: time to load them while the models are still looked for. */
  | { readonly type: 'prepare'; readonly engines: readonly string[] }
  | { readonly type: 'start'; readonly start: RunnerStart }
  /** All that it is to serve. Revisions count up. */
  | {
      readonly type: 'apply'
      readonly revision: number
      readonly models: readonly DesiredModel[]
      /** Names of models that are known and not served at present. */
      readonly unloaded: readonly string[]
    }
  | { readonly type: 'tls'; readonly tls: TlsFiles }
  | { readonly type: 'keys'; readonly keys: readonly ApiKey[] }
  /** Asks for what it has counted. */
  | { readonly type: 'snapshot'; readonly id: number }
  /** What every runner has counted. */
  | { readonly type: 'collected'; readonly id: number; readonly collected: Collected }
  /** What is logged and traced from now on. */
  | { readonly type: 'observe'; readonly observing: Observing }
  /** What came of what an operator asked for. */
  | { readonly type: 'operated'; readonly id: number; readonly answer: OperationAnswer }
  /** The processes of a version that this runner asked for. */
  | CrewAnswer
  | CrewOutput
  /** These versions are to run in processes of their own from now on. */
  | { readonly type: 'quarantine'; readonly versions: readonly RunDeath[] }
  /** Finish what is under way, and end. @param hasSuccessor whether a process has taken over its sockets */
  | { readonly type: 'drain'; readonly hasSuccessor: boolean }

/** From a runner to its supervisor. */
export type FromRunner =
  /** It listens: after the first `apply`. */
  | { readonly type: 'ready' }
  | {
      readonly type: 'applied'
      readonly revision: number
      /** One for each model that was not yet loaded. */
      readonly outcomes: readonly ModelOutcome[]
      readonly models: readonly ReadyModel[]
    }
  /** Once in `ALIVE_INTERVAL_MS`, as long as the event loop turns; with how long the longest run beside it has taken so far. */
  | { readonly type: 'alive'; readonly rssMiB: number; readonly longestRunMs?: number }
  | ({ readonly type: 'failed' } & Failure)
  /** A replica took longer for a run than a request may take, or answered what no replica would. */
  | { readonly type: 'suspect'; readonly socket: string; readonly why: 'silent' | 'damaged' }
  /** Asks for what every runner has counted. */
  | { readonly type: 'collect'; readonly id: number }
  /** An operator asks for something that concerns all. */
  | { readonly type: 'operate'; readonly id: number; readonly operation: Operation }
  | { readonly type: 'snapshot'; readonly id: number; readonly snapshot: MetricsSnapshot }
  | CrewWish

/** A `ServingError` that crosses a process border. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
}

export interface ModelOutcome {
  readonly name: string
  readonly digest: string
  /** Why it is not served; absent when it is. */
  readonly failure?: Failure
}

export interface ReadyModel {
  readonly name: string
  readonly version: string
  readonly labels: readonly string[]
  readonly engines: readonly string[]
}

/** What all processes have counted. */
export interface Collected {
  /** Of every runner as it was last heard, and of those that have ended. */
  readonly snapshots: readonly MetricsSnapshot[]
  readonly counters: Required<Pick<Restarts, 'runnerRestarts' | 'workerRestarts'>> & Pick<Restarts, 'runDeaths'>
}

/** How often a runner says that its event loop turns (ms). */
export const ALIVE_INTERVAL_MS = 1000

/** File descriptors under which a runner inherits the listening sockets; that of gRPC only where it is spoken. */
export const LISTENING_FD = 4
export const GRPC_LISTENING_FD = 5
