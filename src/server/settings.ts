/** What a data plane is made of. Plain data: it crosses a process border. */
export interface PlaneSettings {
  /** Folders of the bundles to load, each under its own name unless another is given. */
  readonly bundles: readonly { readonly folder: string; readonly digest: string; readonly name?: string | undefined }[]
  /** The model that a request without a name means. */
  readonly defaultModel: string | undefined
  /** Engines in order of preference. */
  readonly engines: readonly string[]
  readonly maxBatchRows: number
  readonly maxQueueRows: number
  readonly timeoutMs: number
}

/** What a runner is told at its start by its supervisor. */
export interface RunnerSettings extends PlaneSettings {
  readonly http: {
    readonly maxBodyBytes: number
    readonly maxConnections: number
    readonly headersTimeoutMs: number
    readonly requestTimeoutMs: number
    readonly keepAliveTimeoutMs: number
  }
}

/** For a data plane that serves the process it is in: one caller, which waits. */
export const IN_PROCESS_SETTINGS: Omit<PlaneSettings, 'bundles'> = {
  defaultModel: undefined,
  engines: ['onnxruntime', 'host-kernels'],
  maxBatchRows: 4096,
  maxQueueRows: 1_000_000,
  timeoutMs: 24 * 3600 * 1000,
}

/** From the supervisor to a runner. */
export type ToRunner =
  /** The engines that will be used: time to load them while the models are still looked for. */
  | { readonly type: 'prepare'; readonly engines: readonly string[] }
  | { readonly type: 'start'; readonly settings: RunnerSettings }
  | { readonly type: 'drain' }

/** From a runner to its supervisor. */
export type FromRunner =
  | { readonly type: 'ready'; readonly models: readonly ReadyModel[] }
  /** Once in `ALIVE_INTERVAL_MS`, as long as the event loop turns. */
  | { readonly type: 'alive' }
  | {
      readonly type: 'failed'
      readonly code: string
      readonly message: string
      readonly details: Readonly<Record<string, unknown>>
    }

export interface ReadyModel {
  readonly name: string
  readonly version: string
  readonly engines: readonly string[]
}

/** How often a runner says that its event loop turns (ms). */
export const ALIVE_INTERVAL_MS = 1000

/** File descriptor under which a runner inherits the listening socket. */
export const LISTENING_FD = 4
