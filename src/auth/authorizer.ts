import { ServingError } from '../core/errors.ts'
import { KEY_PREFIX } from '../core/text.ts'
import type { ApiKey, Scope } from './api-key.ts'
import { createFailureLimit } from './failure-limit.ts'
import { createKeyCheck, KEY_IN_URL, type Asked } from './key-check.ts'
import type { KeyQuotas } from './key-record.ts'
import type { Action, Role } from './permissions.ts'

/** Who asks. */
export interface Principal {
  /** The key's name: for logs. */
  readonly name: string
  /** Of the key, where it is one of the platform's, as all that follows: see `PlatformPrincipal`. */
  readonly uid?: string | undefined
  readonly project?: string | undefined
  readonly role?: Role | undefined
  readonly actions?: ReadonlySet<Action> | undefined
  /** Endpoints that it is good for; all when absent. */
  readonly endpoints?: ReadonlySet<string> | undefined
  readonly quotas?: KeyQuotas | undefined
}

export interface Authorizer {
  /**
   * Whether a request may be answered: `Authorization: Bearer KEY`, or `X-API-Key: KEY`.
   * @returns who asks; undefined where anybody may
   * @throws {ServingError} `unauthenticated` without a valid key; `permission_denied` where its scopes do not hold what
   * is asked; `overloaded` in place of `unauthenticated` for a caller who fails again and again
   */
  readonly authorize: (asked: Asked, access: 'open' | 'metadata' | Scope) => Principal | undefined
  /** From now on these keys are valid, and no other. */
  readonly replaceKeys: (keys: readonly ApiKey[]) => void
}

export interface AuthorizerOptions {
  /** ms of a clock that only goes forward. */
  readonly now: () => number
  /** ms since 1970: keys expire by the calendar. */
  readonly calendarNow: () => number
}

interface KnownKey {
  readonly principal: Principal
  readonly scopes: ReadonlySet<Scope>
  readonly digest: Buffer
  readonly expiresAtMs: number
}

/** Headers that proved good and need no second hashing; a key's holder can write the same key in more than one way. */
const MAX_REMEMBERED = 1000

/** Decides by a set of keys who may ask for what. Nothing is read or written: who changes the keys tells it. */
export function createAuthorizer(keys: readonly ApiKey[], { now, calendarNow }: AuthorizerOptions): Authorizer {
  let known = new Map<string, KnownKey>()
  const failures = createFailureLimit(now)
  const checked = createKeyCheck<KnownKey>({
    keyOf: (digest) => known.get(digest),
    isInTime: ({ expiresAtMs }) => expiresAtMs === Infinity || expiresAtMs > calendarNow(),
    fail,
    maxRemembered: MAX_REMEMBERED,
  })

  function replaceKeys(keys: readonly ApiKey[]): void {
    known = new Map(keys.map((key) => [key.sha256, knownKey(key)]))
    checked.forget()
  }

  function authorize(asked: Asked, access: 'open' | 'metadata' | Scope): Principal | undefined {
    if (access === 'open') return undefined
    if (asked.query !== '' && asked.query.includes(KEY_PREFIX)) throw fail(asked.peer, KEY_IN_URL)
    const key = checked.check(asked)
    const scope = access === 'metadata' ? 'inference' : access
    if (!key.scopes.has(scope))
      throw new ServingError('permission_denied', `this key is not good for ${scope}: use one whose scopes hold that`)
    return key.principal
  }

  function fail(peer: string | undefined, message: string): ServingError {
    const retryAfterMs = failures.add(peer)
    if (retryAfterMs === undefined) return new ServingError('unauthenticated', message)
    return new ServingError('overloaded', 'too many requests without a valid key came from this address: wait', {
      details: { retryAfterMs },
    })
  }

  replaceKeys(keys)
  return { authorize, replaceKeys }
}

function knownKey({ name, scopes, sha256, expiresAtMs = Infinity }: ApiKey): KnownKey {
  return { principal: { name }, scopes: new Set(scopes), digest: Buffer.from(sha256, 'hex'), expiresAtMs }
}
