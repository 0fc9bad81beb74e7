import type { RouteTable } from '../api/route-table.ts'
import type { RunnerStatus, ToControl } from '../api/runner-status.ts'

/** A runner as control last heard of it. */
export interface HeardRunner {
  readonly status: RunnerStatus
  /** When, on the clock that never goes back (ms). */
  readonly heardAtMs: number
  /** Whether it is connected now. */
  readonly isConnected: boolean
}

/** Whoever runs the replicas: processes of this machine today, pods later. Control decides what, never how. */
export interface Fleet {
  /** Makes a table durable and tells the runners of the project. Writing what is there already is nothing. */
  publish(table: RouteTable): Promise<void>
  /** What was published last, as it is kept: after a restart too. */
  published(project: string): Promise<RouteTable | undefined>
  /** Names of projects that have a table. */
  projects(): Promise<readonly string[]>
  /** Takes a project's table away; its runners end. */
  retract(project: string): Promise<void>
  runners(project: string): readonly HeardRunner[]
  /** How many runners a project's group has, or will have. */
  sizeOf(project: string): number
  /** Called with traffic and events as they come. @returns stops it */
  listen(listener: (message: ToControl) => void): () => void
}
