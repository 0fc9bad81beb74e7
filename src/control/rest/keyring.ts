import type { KeyObject } from 'node:crypto'
import type { Asked } from '../../auth/key-check.ts'
import type { KeyRecord } from '../../auth/key-record.ts'
import type { PlatformPrincipal } from '../../auth/permissions.ts'
import { createPlatformAuthorizer } from '../../auth/platform-authorizer.ts'
import { ServingError } from '../../core/errors.ts'
import type { Environment } from '../environment.ts'
import type { Store, Stored } from '../store/store.ts'

/** Keys that somebody else wrote to the store are known after so long (ms). */
const FRESH_MS = 2000
/** Keys that are known stay good for so long while the store cannot be reached (ms); then nobody is let in. */
const STALE_MS = 60_000

/** The keys in the store, as whoever lets callers in knows them. */
export interface Keyring {
  /** @throws {ServingError} `unauthenticated`, `overloaded`; `unavailable` while it is not known which keys there are */
  authenticate(asked: Asked): Promise<PlatformPrincipal>
  /** Whether the key of a request that waits is still there and in its time, as far as is known. */
  isStillGood(uid: string): boolean
  /** Reads the store now: after a key was made or revoked. */
  reload(): Promise<void>
}

export function createKeyring({
  store,
  environment,
  masterKey,
}: {
  readonly store: Store
  readonly environment: Environment
  readonly masterKey: KeyObject
}): Keyring {
  const { now, wallMs } = environment
  const authorizer = createPlatformAuthorizer({ keys: [], masterKey, now, calendarNow: wallMs })
  let known = new Map<string, KeyRecord>()
  let readAtMs = -Infinity
  let reading: Promise<void> | undefined
  let isReadAgain = false

  async function read(): Promise<void> {
    const at = now()
    const stored = await store.read((tx) => tx.all('key'))
    const keys = stored.filter(({ document }) => document.revokedAtMs === undefined).map(keyRecord)
    known = new Map(keys.map((key) => [key.uid, key]))
    authorizer.replaceKeys(keys)
    readAtMs = at
  }

  /** One at a time; whoever comes while one is under way gets the one after it, which sees what they wrote. */
  async function reload(): Promise<void> {
    if (reading !== undefined) {
      isReadAgain = true
      await reading.catch(() => {})
      if (!isReadAgain) return reading
      isReadAgain = false
    }
    reading = read().finally(() => (reading = undefined))
    return reading
  }

  async function refresh(): Promise<void> {
    const age = now() - readAtMs
    if (age < FRESH_MS) return
    try {
      await (reading ?? reload())
    } catch (error) {
      if (now() - readAtMs >= STALE_MS) throw unknownKeys(error)
    }
  }

  return {
    async authenticate(asked) {
      await refresh()
      return authorizer.authenticate(asked)
    },
    isStillGood(uid) {
      const key = known.get(uid)
      const time = wallMs()
      return key !== undefined && (key.notBeforeMs ?? -Infinity) <= time && time < (key.expiresAtMs ?? Infinity)
    },
    reload,
  }
}

/** Nobody is let in, for a reason that the store's own failure tells: that its database is away. */
function unknownKeys(cause: unknown): ServingError {
  const why = cause instanceof ServingError && cause.code === 'unavailable' ? cause : undefined
  const text = why === undefined ? 'try again' : why.message
  return new ServingError('unavailable', `it cannot be read which keys there are: ${text}`, {
    cause,
    details: { reason: 'store', ...why?.details },
  })
}

function keyRecord({ uid, document }: Stored<'key'>): KeyRecord {
  const { hint: _hint, revokedAtMs: _revokedAtMs, ...record } = document
  return { uid, ...record }
}
