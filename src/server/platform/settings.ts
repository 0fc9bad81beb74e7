import type { CodeSettings, Failure, TlsFiles } from '../settings.ts'
import type { BoundAddress } from '../listening.ts'
import type { RunDeath } from '../run-deaths.ts'
import type { LogLevels } from '../../api/resources.ts'

/** What a runner of the platform knows besides its settings. Plain data: it crosses a process border. */
export interface PlatformRunner {
  readonly project: string
  /** Place in its project's group, counted from 0. */
  readonly index: number
  /** How many the group has. */
  readonly count: number
  /** Holds the project's route table and what else control publishes. */
  readonly routesFolder: string
  /** Unix socket at which control listens, as long as it lives. */
  readonly controlSocket: string
  /** File of the key that secrets are encrypted under. */
  readonly masterKeyFile: string
  /** Unix sockets of the group's runners, by index. */
  readonly peerSockets: readonly string[]
  /** Most memory that loaded models may take in this runner, as far as that is known (bytes). */
  readonly memoryBudgetBytes: number
  readonly dataFolder: string
  /** Folder of the Unix sockets at which runners of other projects take requests: see `gateOf`. */
  readonly gateFolder: string
  /** Whether it takes connections, and hands over what is for other projects; else it takes what is handed over. */
  readonly isFront: boolean
  /** Versions that ran when runners died, twice: they run in processes of their own. */
  readonly quarantined: readonly RunDeath[]
  /** Deaths of runners that control has not been told of. */
  readonly deaths: readonly RunDeath[]
}

/** The Unix socket of a project's runner. */
export function gateOf(gateFolder: string, project: string): string {
  return `${gateFolder}/p-${project}`
}

/** What the control process is told at its start by the supervisor. Plain data. */
export interface ControlSettings {
  readonly dataFolder: string
  /** Of the state; SQLite in the data folder when absent. */
  readonly databaseUrl: string | undefined
  /** Whether endpoints are served by tables of before: control then waits for a database that is away. */
  readonly hasTables: boolean
  /** Of the bytes; the data folder when absent. */
  readonly storageUrl: string | undefined
  readonly controlSocket: string
  readonly address: BoundAddress
  /** Runners of the default project's group. */
  readonly runners: number
  readonly code: CodeSettings
  /** What a runner prefers, for the choices that are made here. */
  readonly engines: readonly string[]
  readonly timeoutMs: number
  readonly tls: TlsFiles | undefined
  /** Hosts in private networks that models may be fetched from. */
  readonly fetchFrom: readonly string[]
  readonly logLevels: LogLevels
  /** Where the data plane answers: what callers are told. */
  readonly dataPlane: { readonly url: string; readonly grpcAddress: string | undefined }
}

/** From the supervisor to control. */
export type ToControlProcess =
  | { readonly type: 'start'; readonly settings: ControlSettings }
  | { readonly type: 'tls'; readonly tls: TlsFiles }
  | { readonly type: 'drain' }

/** From control to the supervisor, besides what every kept process tells. */
export type FromControlProcess =
  /** These projects need runners of their own. */
  | { readonly type: 'projects'; readonly projects: readonly string[] }
  /** It answers, and can do nothing until its database is back. */
  | { readonly type: 'waiting'; readonly problem: Failure }
  /** What is logged from now on: control itself does so already. */
  | { readonly type: 'levels'; readonly levels: LogLevels }

/** File descriptor under which control inherits the API's listening socket. */
export const API_LISTENING_FD = 4

/** Names in the data folder. */
export const ROUTES_FOLDER = 'routes'
/** The database, where that is SQLite. */
export const STATE_FILE = 'state.db'
export const MASTER_KEY_FILE = 'master.key'
export const CREDENTIALS_FILE = 'credentials.json'
/** The admin key as a header, for `curl -H @file`. */
export const HEADER_FILE = 'credentials.header'
export const QUOTAS_FOLDER = 'quotas'
export const SERVER_FILE = 'run/server.json'
export const LOCK_FILE = 'run/up.lock'
