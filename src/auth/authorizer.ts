import { timingSafeEqual } from 'node:crypto'
import { ServingError } from '../core/errors.ts'
import { KEY_PREFIX } from '../core/text.ts'
import { digestOf, isKey, type ApiKey, type Scope } from './api-key.ts'
import { createFailureLimit } from './failure-limit.ts'
import type { KeyQuotas } from './key-record.ts'
import type { Action, Role } from './permissions.ts'

/** What of a request says who asks. */
export interface Asked {
  /** Names in lower case; repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** What stood behind `?`. */
  readonly query: string
  /** Numeric address of the caller, where there is one. */
  readonly peer?: string | undefined
  /** For signatures, which cover the whole request; where these are absent, none is taken. */
  readonly method?: string | undefined
  /** As it came: percent-encoded, without the query. */
  readonly path?: string | undefined
  /** As it came: before any content encoding is undone. Absent for none. */
  readonly body?: Uint8Array | undefined
  /** A signature need not cover the body: it is too large to be kept, and is checked by another digest. Default false. */
  readonly mayLeaveBodyUnsigned?: boolean | undefined
}

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
  readonly authorize: (asked: Asked, access: 'open' | Scope) => Principal | undefined
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

/** Longest header that can hold a key: `Bearer`, spaces, the key. */
const MAX_HEADER_LENGTH = 128

/** What everybody is told who has no valid key, whatever was wrong with it. */
export const UNAUTHENTICATED = 'a valid key is needed: send it as "Authorization: Bearer KEY" or "X-API-Key: KEY"'
export const KEY_IN_URL =
  'keys do not belong in URLs, which are logged: send it as "Authorization: Bearer KEY", and replace it'

/** Names of query parameters that elsewhere hold keys. */
export const KEY_PARAMETER = /(?:^|&)(?:api[-_]?key|x-api-key|access[-_]?token|authorization|bearer|token|key)=/i

/** Decides by a set of keys who may ask for what. Nothing is read or written: who changes the keys tells it. */
export function createAuthorizer(keys: readonly ApiKey[], { now, calendarNow }: AuthorizerOptions): Authorizer {
  let known = new Map<string, KnownKey>()
  /** By the header's text: a key that once was accepted. Its expiry is looked at every time. */
  const rememberedBearers = new Map<string, KnownKey>()
  const rememberedKeys = new Map<string, KnownKey>()
  const failures = createFailureLimit(now)

  function replaceKeys(keys: readonly ApiKey[]): void {
    known = new Map(keys.map((key) => [key.sha256, knownKey(key)]))
    rememberedBearers.clear()
    rememberedKeys.clear()
  }

  function find(
    header: string,
    remembered: Map<string, KnownKey>,
    tokenOf: (header: string) => string | undefined,
  ): KnownKey | undefined {
    const before = remembered.get(header)
    if (before !== undefined) return before
    const token = header.length > MAX_HEADER_LENGTH ? undefined : tokenOf(header)
    if (token === undefined || !isKey(token)) return undefined
    const digest = digestOf(token)
    const key = known.get(digest)
    // who guesses cannot choose a hash, so that the look-up tells nothing; the last word has the whole comparison
    if (key === undefined || !timingSafeEqual(key.digest, Buffer.from(digest, 'hex'))) return undefined
    if (remembered.size >= MAX_REMEMBERED) remembered.clear()
    remembered.set(header, key)
    return key
  }

  function authorize(asked: Asked, access: 'open' | Scope): Principal | undefined {
    if (access === 'open') return undefined
    const bearer = asked.headers['authorization']
    const apiKey = asked.headers['x-api-key']
    if (asked.query !== '' && asked.query.includes(KEY_PREFIX)) throw fail(asked.peer, KEY_IN_URL)
    // who sends nothing guesses nothing
    if (bearer === undefined && apiKey === undefined)
      throw new ServingError('unauthenticated', KEY_PARAMETER.test(asked.query) ? KEY_IN_URL : UNAUTHENTICATED)
    const byBearer = bearer === undefined ? undefined : find(bearer, rememberedBearers, bearerToken)
    const byApiKey = apiKey === undefined ? undefined : find(apiKey, rememberedKeys, trimmed)
    const key = byBearer ?? byApiKey
    const isTold = (bearer === undefined || byBearer === key) && (apiKey === undefined || byApiKey === key)
    if (key === undefined || !isTold || (key.expiresAtMs !== Infinity && key.expiresAtMs <= calendarNow()))
      throw fail(asked.peer, UNAUTHENTICATED)
    if (!key.scopes.has(access))
      throw new ServingError('permission_denied', `this key is not good for ${access}: use one whose scopes hold that`)
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

/** The token behind `Bearer`, which is written in any case (RFC 9110, section 11.1; RFC 6750, section 2.1). */
export function bearerToken(header: string): string | undefined {
  return /^bearer +(\S+) *$/i.exec(header)?.[1]
}

function trimmed(header: string): string {
  return header.trim()
}
