import type { KeyQuotas } from '../auth/key-record.ts'
import type { Action, Role } from '../auth/permissions.ts'
import type {
  AuditEntry,
  Endpoint,
  EndpointRevision,
  EndpointSpec,
  Key,
  LogLevels,
  Model,
  Page,
  PlatformEvent,
  Project,
  Rollout,
  RolloutSpec,
  ScalingSpec,
  ShadowSummary,
  Upload,
  VariantSpec,
  Version,
  VersionSource,
} from './resources.ts'

/** One operation of the API, as types: what goes in and what comes out. */
export interface ApiType {
  readonly params: object
  readonly query: object
  /** `undefined`: none; `Uint8Array`: the bytes of a part of a file. */
  readonly body: unknown
  /** `undefined`: nothing comes back. */
  readonly response: unknown
}

/** Every operation of the API by its name in `ROUTES`: what goes in and what comes out. */
export interface ApiTypes {
  getHealth: Call<None, None, undefined, { readonly status: 'ok' }>
  getOpenApi: Call<None, None, undefined, Readonly<Record<string, unknown>>>
  /** The local certificate authority, as PEM text. */
  getCa: Call<None, None, undefined, string>
  getServer: Call<None, None, undefined, ServerInfo>
  getPrincipal: Call<None, None, undefined, PrincipalInfo>
  getLogLevels: Call<None, None, undefined, LogLevels>
  /** They hold until the platform is started again; what is not named stays. */
  setLogLevels: Call<None, None, Partial<LogLevels>, LogLevels>

  listProjects: Call<None, Paging, undefined, Page<Project>>
  createProject: Call<None, None, { readonly name: string; readonly description?: string | undefined }, Project>
  getProject: Call<InProject, None, undefined, Project>
  updateProject: Call<InProject, None, { readonly description: string }, Project>
  deleteProject: Call<InProject, None, undefined, undefined>

  listModels: Call<InProject, Paging & Prefix, undefined, Page<Model>>
  createModel: Call<InProject, None, { readonly name: string; readonly description?: string | undefined }, Model>
  getModel: Call<OfModel, None, undefined, Model>
  updateModel: Call<OfModel, None, { readonly description: string }, Model>
  deleteModel: Call<OfModel, None, undefined, undefined>
  putLabel: Call<OfModel & { readonly label: string }, None, { readonly version: number }, Model>
  deleteLabel: Call<OfModel & { readonly label: string }, None, undefined, Model>

  listVersions: Call<OfModel, Paging & States, undefined, Page<Version>>
  /** Makes the model as well where there is none of that name. */
  createVersion: Call<OfModel, None, NewVersion, Version>
  getVersion: Call<OfVersion, None, undefined, Version>
  cancelVersion: Call<OfVersion, None, undefined, Version>
  deleteVersion: Call<OfVersion, None, undefined, undefined>

  listUploads: Call<InProject, Paging & States, undefined, Page<Upload>>
  createUpload: Call<InProject, None, NewUpload, Upload>
  getUpload: Call<OfUpload, None, undefined, Upload>
  /** Parts are counted from 1. Headers: `content-length`, and `x-slipway-sha256` (hexadecimal) or `content-digest` where wanted. */
  putUploadPart: Call<OfUpload & { readonly part: number }, None, Uint8Array, Upload>
  completeUpload: Call<OfUpload, None, undefined, Upload>
  deleteUpload: Call<OfUpload, None, undefined, undefined>

  listEndpoints: Call<InProject, Paging & States & Prefix, undefined, Page<Endpoint>>
  getEndpoint: Call<OfEndpoint, None, undefined, Endpoint>
  /** Makes it, or replaces its whole spec. */
  putEndpoint: Call<
    OfEndpoint,
    None,
    { readonly spec: EndpointSpecInput; readonly reason?: string | undefined },
    Endpoint
  >
  /** `spec` is a JSON merge patch (RFC 7396) on the spec that it has. */
  patchEndpoint: Call<
    OfEndpoint,
    None,
    { readonly spec: Readonly<Record<string, unknown>>; readonly reason?: string | undefined },
    Endpoint
  >
  deleteEndpoint: Call<OfEndpoint, None, undefined, Endpoint>
  planEndpoint: Call<OfEndpoint, None, { readonly spec: EndpointSpecInput }, EndpointPlan>
  /** Back to an older revision, the one before when none is named; makes a new revision. */
  undoEndpoint: Call<
    OfEndpoint,
    None,
    { readonly revision?: number | undefined; readonly reason?: string | undefined } | undefined,
    Endpoint
  >
  pauseEndpoint: Call<OfEndpoint, None, undefined, Endpoint>
  resumeEndpoint: Call<OfEndpoint, None, undefined, Endpoint>
  /** The last of them first. */
  listRevisions: Call<OfEndpoint, Paging, undefined, Page<EndpointRevision>>
  getRevision: Call<OfEndpoint & { readonly revision: number }, None, undefined, EndpointRevision>

  listRollouts: Call<InProject, Paging & States & { readonly endpoint?: string | undefined }, undefined, Page<Rollout>>
  getRollout: Call<OfRollout, None, undefined, Rollout>
  promoteRollout: Call<OfRollout, None, undefined, Rollout>
  rollbackRollout: Call<OfRollout, None, undefined, Rollout>
  cancelRollout: Call<OfRollout, None, undefined, Rollout>

  listLogs: Call<OfEndpoint, Following, undefined, Followed<LogLine>>
  getTraffic: Call<InProject, None, undefined, TrafficSummary>
  getEndpointTraffic: Call<OfEndpoint, None, undefined, TrafficSummary>
  listCaptures: Call<OfEndpoint, Paging & { readonly variant?: string | undefined }, undefined, Page<CaptureRecord>>
  getCapture: Call<OfEndpoint & { readonly capture: string }, None, undefined, CaptureRecord>

  /** Project `*`: keys of the whole platform. */
  listKeys: Call<InProject, Paging, undefined, Page<Key>>
  createKey: Call<InProject, None, NewKey, NewKeySecrets>
  getKey: Call<InProject & { readonly key: string }, None, undefined, Key>
  revokeKey: Call<InProject & { readonly key: string }, None, undefined, Key>

  /** Project `*`: those of every project. */
  listEvents: Call<
    InProject,
    Following & { readonly kind?: string | undefined; readonly name?: string | undefined },
    undefined,
    Followed<PlatformEvent>
  >
  /** The last of them first. Project `*`: those of every project. */
  listAudit: Call<
    InProject,
    {
      readonly principal?: string | undefined
      readonly before?: number | undefined
      readonly limit?: number | undefined
    },
    undefined,
    { readonly items: readonly AuditEntry[]; readonly before?: number | undefined }
  >
}

interface Call<Params extends object, Query extends object, Body, Response> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly response: Response
}
type None = Readonly<Record<string, never>>

export interface InProject {
  readonly project: string
}
export interface OfModel extends InProject {
  readonly model: string
}
export interface OfVersion extends OfModel {
  /** Its number. */
  readonly version: number
}
export interface OfUpload extends InProject {
  readonly upload: string
}
export interface OfEndpoint extends InProject {
  readonly endpoint: string
}
export interface OfRollout extends InProject {
  readonly rollout: string
}

/** Which page of a list. */
export interface Paging {
  /** 1 to 1000; default 100. */
  readonly limit?: number | undefined
  /** From the page before. */
  readonly cursor?: string | undefined
}
export interface Prefix {
  /** Only names that begin so; no pattern. */
  readonly prefix?: string | undefined
}
export interface States {
  /** Only those in this state; several are joined by commas. */
  readonly state?: string | undefined
}
/** Which part of a stream of lines, and how long to wait for the next. */
export interface Following {
  /** Only what came after this `seq`; default 0. `-1`: only what comes from now on. */
  readonly after?: number | undefined
  /** Waits so many seconds, 30 at most, for something to come; default 0. */
  readonly wait?: number | undefined
  readonly limit?: number | undefined
}
export interface Followed<T> {
  readonly items: readonly T[]
  /** What to ask with as `after` next. */
  readonly after: number
}

export interface NewVersion {
  readonly source: VersionSource
  /** Default: of the upload, or the last part of the URL's path. */
  readonly fileName?: string | undefined
  readonly description?: string | undefined
  readonly how?: Partial<Version['how']> | undefined
}

export interface NewUpload {
  readonly fileName: string
  readonly sizeBytes: number
  readonly partBytes?: number | undefined
  /** Of the whole, in hexadecimal. */
  readonly sha256?: string | undefined
}

/** An `EndpointSpec` of which only `variants` must be there, and of each variant its `model` and `version`. */
export interface EndpointSpecInput extends Partial<Omit<EndpointSpec, 'variants' | 'rollout'>> {
  readonly variants: readonly (Pick<VariantSpec, 'model' | 'version'> &
    Partial<Omit<VariantSpec, 'scaling'>> & { readonly scaling?: Partial<ScalingSpec> | undefined })[]
  readonly rollout?: Partial<RolloutSpec> | undefined
}

/** What a change would do. */
export interface EndpointPlan {
  readonly effect: 'create' | 'rollout' | 'settings' | 'none'
  readonly isNothing: boolean
  /** In a sentence. */
  readonly summary: string
  readonly changes: readonly { readonly path: string; readonly from?: unknown; readonly to?: unknown }[]
  /** The spec with every default in its place. */
  readonly spec: EndpointSpec
  /** Versions that the labels stand for now: by variant. */
  readonly resolved: Readonly<
    Record<string, { readonly model: string; readonly version: number; readonly state: string }>
  >
  /**
   * Variants with traffic that take or give something else than a version that answers now, so that its callers fail. A
   * version that is still being made is not among them.
   */
  readonly otherSignatures: readonly {
    readonly variant: string
    /** `fraud/2`, and what answers. */
    readonly version: string
    readonly than: string
    /** Clauses: `the input "age" must be sent`. */
    readonly differences: readonly string[]
  }[]
}

export interface NewKey {
  readonly name: string
  readonly role: Role
  readonly actions?: readonly Action[] | undefined
  readonly endpoints?: readonly string[] | undefined
  readonly notBeforeMs?: number | undefined
  readonly expiresAtMs?: number | undefined
  readonly quotas?: KeyQuotas | undefined
}

/** A key and its secrets, which are shown this once. */
export interface NewKeySecrets {
  readonly key: Key
  /** For `Authorization: Bearer`. */
  readonly bearer: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface ServerInfo {
  readonly version: string
  /** Where invocations go. */
  readonly url?: string | undefined
  readonly grpcAddress?: string | undefined
  readonly apiUrl?: string | undefined
  readonly database: 'sqlite' | 'postgresql'
  readonly storage: 'local' | 's3'
  readonly runners: readonly {
    readonly runner: string
    readonly project: string
    readonly isConnected: boolean
    /** Revision of the route table that it follows. */
    readonly revision: number
    readonly memoryBytes: number
    readonly replicas: number
  }[]
}

/** Who asks. */
export interface PrincipalInfo {
  readonly name: string
  readonly project: string
  readonly role: Role
  readonly actions: readonly Action[]
  readonly endpoints?: readonly string[] | undefined
}

/** A line that an endpoint, or a process that served it, said. */
export interface LogLine {
  readonly seq: number
  readonly atMs: number
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly variant?: string | undefined
  /** Where it comes from: a runner's or a process's name. */
  readonly source: string
  readonly message: string
  readonly fields?: Readonly<Record<string, unknown>> | undefined
}

/** What goes through the endpoints of a project, over the last seconds. */
export interface TrafficSummary {
  readonly atMs: number
  /** What the rates are a mean of (ms). */
  readonly windowMs: number
  readonly variants: readonly VariantSummary[]
}

export interface VariantSummary {
  readonly endpoint: string
  readonly variant: string
  readonly model: string
  readonly version: number
  /** Share of the endpoint's traffic, 0 to 1, that it is meant to have. */
  readonly share: number
  readonly replicas: { readonly desired: number; readonly ready: number }
  readonly inFlight: number
  readonly requestsPerSecond: number
  readonly errorsPerSecond: number
  readonly rowsPerSecond: number
  /** Absent where nothing was answered in the window. */
  readonly p50Ms?: number | undefined
  readonly p95Ms?: number | undefined
  readonly p99Ms?: number | undefined
  /** Of a shadow. */
  readonly shadow?: ShadowSummary | undefined
}

/** A request and its answer, as they were kept. */
export interface CaptureRecord {
  readonly id: string
  readonly atMs: number
  readonly endpoint: string
  readonly variant: string
  /** Inputs and outputs; in lists absent. */
  readonly record?: Readonly<Record<string, unknown>> | undefined
}
