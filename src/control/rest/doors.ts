import type { KeyObject } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { CaptureRecord, LogLine, ServerInfo, TrafficSummary } from '../../api/api-types.ts'
import type { LogLevels, Page } from '../../api/resources.ts'
import type { Environment } from '../environment.ts'
import type { Store } from '../store/store.ts'

/** Where the bytes of uploads lie. Ids are `Environment.newId`'s. */
export interface UploadFiles {
  /** @throws {ServingError} `invalid_argument`, `too_large`; `unavailable` (details.reason `disk_full`) */
  begin(id: string, wish: UploadWish): Promise<{ readonly fileName: string; readonly partBytes: number }>
  /** Numbers of the parts that are here and durable, ascending. */
  parts(id: string): Promise<readonly number[]>
  /** Keeps a part, durably before it resolves. */
  putPart(
    id: string,
    part: number,
    stream: Readable | AsyncIterable<Uint8Array>,
    options?: { readonly sha256?: string | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<unknown>
  /** Makes one file of the parts. Again, it gives the same. */
  complete(id: string): Promise<{ readonly fileName: string; readonly sizeBytes: number; readonly sha256: string }>
  remove(id: string): Promise<boolean>
  /**
   * Keeps a file whose size nobody said beforehand, as a complete upload; a refused one leaves nothing. Where it is absent,
   * such files are held in memory, up to 32 MiB.
   */
  receive?(
    id: string,
    fileName: string,
    stream: AsyncIterable<Uint8Array>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<{ readonly fileName: string; readonly sizeBytes: number; readonly sha256: string }>
}

export interface UploadWish {
  readonly fileName: string
  readonly sizeBytes: number
  readonly partBytes?: number | undefined
  readonly sha256?: string | undefined
}

/** What endpoints logged. */
export interface EndpointLogs {
  /** Lines after `after` (a `seq`; 0 for the first that is kept), oldest first. */
  read(query: {
    readonly project: string
    readonly endpoint: string
    readonly after: number
    readonly limit: number
  }): Promise<readonly LogLine[]>
  /** The newest line's `seq`; 0 where there is none. */
  last(project: string, endpoint: string): Promise<number>
}

export interface Captures {
  list(query: {
    readonly project: string
    readonly endpoint: string
    readonly variant?: string | undefined
    readonly limit: number
    readonly cursor?: string | undefined
  }): Promise<Page<CaptureRecord>>
  get(project: string, endpoint: string, id: string): Promise<CaptureRecord | undefined>
}

/** What the platform's own log shows. */
export interface LogLevelsDoor {
  read(): LogLevels
  /** In all processes there are, and come. */
  set(levels: LogLevels): void
}

/** What the API is made of. What is absent answers as if there were nothing of it. */
export interface ApiOptions {
  readonly store: Store
  readonly environment: Environment
  readonly uploads: UploadFiles
  /** What secrets in the store are encrypted under. */
  readonly masterKey: KeyObject
  /** Called after each change that was committed: whoever brings things about looks at once. */
  readonly poke: () => void
  /** Version of Slipway. */
  readonly version: string
  readonly server: () => ServerInfo | Promise<ServerInfo>
  readonly traffic?: ((project: string) => TrafficSummary | Promise<TrafficSummary>) | undefined
  readonly logs?: EndpointLogs | undefined
  readonly captures?: Captures | undefined
  readonly logLevels: LogLevelsDoor
  /** The local certificate authority's certificate as PEM, where there is one. */
  readonly openCa?: (() => Promise<string | undefined>) | undefined
}
