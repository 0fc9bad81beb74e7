import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Store } from '../../control/store/store.ts'

/** Its record, of the whole platform. */
const NAME = 'control'
/** A holder that has said nothing for so long has gone (ms). Clocks of machines that share a database differ by less. */
const HELD_MS = 15_000
const RENEW_EVERY_MS = 5000

export interface LeaseOptions {
  readonly store: Store
  /** Who asks, in words: the same for every life of one platform. */
  readonly holder: string
  /** ms since 1970. */
  readonly wallMs: () => number
  /** Another has taken it, while nothing was heard of us. */
  readonly onLost: (error: ServingError) => void
}

/**
 * Makes a database that several machines can reach one platform's: two that both bring about what it says would load, move
 * and take away each other's endpoints. It is kept in a record, so that poolers in between do not matter.
 * @returns gives it back
 * @throws {ServingError} `conflict` while another platform has it
 */
export async function holdLease({ store, holder, wallMs, onLost }: LeaseOptions): Promise<() => Promise<void>> {
  async function take(heldMs: number): Promise<void> {
    await store.transact(async (tx) => {
      const stored = await tx.get('lease', '', NAME)
      const now = wallMs()
      const other = stored?.document
      if (other !== undefined && other.holder !== holder && other.untilMs > now)
        throw new ServingError(
          'conflict',
          `the database is in use by another platform (${quote(other.holder, 200)}): one at a time uses a database; stop that one, or name another database. When it is gone this one takes over within ${HELD_MS / 1000} s`,
          { details: { reason: 'database_in_use', holder: other.holder, retryAfterMs: other.untilMs - now } },
        )
      const document = { holder, untilMs: now + heldMs }
      if (stored === undefined) await tx.insert('lease', '', NAME, document)
      else await tx.update('lease', '', NAME, stored.etag, document)
    })
  }

  await take(HELD_MS)
  const timer = setInterval(() => {
    take(HELD_MS).catch((thrown: unknown) => {
      const error = ServingError.from(thrown)
      if (error.code === 'conflict') onLost(error) // a database that is away is tried again
    })
  }, RENEW_EVERY_MS).unref()
  return async () => {
    clearInterval(timer)
    await take(0).catch(() => {})
  }
}
