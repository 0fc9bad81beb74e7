import { join } from 'node:path'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { SqlStore } from './sql-store.ts'
import { openSqliteBackend } from './sqlite-backend.ts'
import type { Store } from './store.ts'
import type { StoreOptions } from './store-options.ts'

export type { StoreOptions }

const PATIENCE_MS = 5000

/** Between two tries to open a file that somebody else has locked (ms). */
const BUSY_WAIT_MS = 50

/**
 * The store that a URL names: `postgres://…` (or `postgresql://…`) a PostgreSQL database, `sqlite:PATH` a file; none the
 * file `state.db` in the data folder.
 * @throws {ServingError} `invalid_argument` for another URL; `refused` as `openSqliteStore` and `openPostgresStore`;
 * `unavailable` when the database does not answer within the patience
 */
export async function openStore(
  options: StoreOptions & { readonly url?: string | undefined; readonly dataFolder: string },
): Promise<Store> {
  const { url = '', dataFolder, ...rest } = options
  if (/^postgres(ql)?:\/\//i.test(url)) return openPostgresStore({ ...rest, url })
  if (url === '') return openSqliteStore({ ...rest, path: join(dataFolder, 'state.db') })
  const path = /^sqlite:(?:\/\/)?(.+)$/i.exec(url)?.[1]
  if (path !== undefined) return openSqliteStore({ ...rest, path })
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0] ?? ''
  throw new ServingError(
    'invalid_argument',
    `the database URL begins with ${quote(scheme)}; what is spoken is postgres://… and sqlite:PATH`,
  )
}

/**
 * A SQLite database in a file of its own (0600, in a folder that is made 0700 when it is not there), or in memory for
 * `:memory:`. WAL and synchronous=FULL: what is acknowledged outlives the loss of power.
 * One transaction writes at a time; reads go on beside it, each on a snapshot (in memory: one after the other).
 * @throws {ServingError} `refused` for a file that is damaged, that is no database of ours, or that a newer Slipway made:
 * it is left as it is
 */
export async function openSqliteStore(options: StoreOptions & { readonly path: string }): Promise<Store> {
  const { environment, path, patienceMs = PATIENCE_MS } = options
  const deadline = environment.now() + patienceMs
  for (;;) {
    try {
      return await SqlStore.open(openSqliteBackend(path, environment), options)
    } catch (error) {
      // somebody else has it locked, or has just made it
      const isBusy = error instanceof ServingError && error.details['reason'] === 'store'
      if (!isBusy || environment.now() + BUSY_WAIT_MS >= deadline) throw error
      await environment.sleep(BUSY_WAIT_MS)
    }
  }
}

/**
 * A PostgreSQL database, in a schema of its own. Transactions are serialisable; one writes at a time in this process.
 * @param options.url `postgres://user:password@host:port/database?sslmode=…`
 * @param options.schema default `slipway`
 * @throws {ServingError} `invalid_argument` for a URL that is none; `refused` for a schema that is not ours or that a newer
 * Slipway made; `unavailable` when the database cannot be reached, or refuses us
 */
export async function openPostgresStore(
  options: StoreOptions & { readonly url: string; readonly schema?: string | undefined },
): Promise<Store> {
  // its client is loaded only where it is used
  const { openPostgresBackend } = await import('./postgres-backend.ts')
  const { environment, url, schema = 'slipway', patienceMs = PATIENCE_MS } = options
  return SqlStore.open(openPostgresBackend({ url, schema, environment, patienceMs }), options)
}
