import type { Environment } from '../environment.ts'
import type { Migration } from './migrations.ts'

/** What every store is opened with. */
export interface StoreOptions {
  readonly environment: Environment
  /**
   * Called right after something became durable, with its name: `migration:1`, `commit`, `sweep`. What it throws goes to
   * the caller as it is. For proofs that end the process there.
   */
  readonly onDurable?: ((step: string) => void) | undefined
  /** How long a call waits for its turn, for a lock or for the database to come back (ms). Default 5,000. */
  readonly patienceMs?: number | undefined
  /** Ours when absent; for tests of migration. */
  readonly migrations?: readonly Migration[] | undefined
}
