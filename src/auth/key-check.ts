import { timingSafeEqual } from 'node:crypto'
import { ServingError } from '../core/errors.ts'
import { digestOf, isKey } from './api-key.ts'

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
  /**
   * The body is still to come, and `body` says nothing of it. A signature over a digest that the head names is checked; of
   * one over a body without that only whose it is, when it was made and what it covers.
   */
  readonly isBodyToCome?: boolean | undefined
}

export interface KeyCheckOptions<Key> {
  /** @param digest SHA-256 of a key, in hexadecimal */
  readonly keyOf: (digest: string) => Key | undefined
  /** Whether a key is good now. Asked every time. */
  readonly isInTime: (key: Key) => boolean
  /** The refusal of a credential that is none. */
  readonly fail: (peer: string | undefined, message: string) => ServingError
  /** Headers that proved good and need no second hashing; a key's holder can write the same key in more than one way. */
  readonly maxRemembered: number
}

/** Finds the key of a request: `Authorization: Bearer KEY`, or `X-API-Key: KEY`. */
export interface KeyCheck<Key> {
  /** @throws {ServingError} `unauthenticated` where nothing was sent; what `fail` gives where it is no good */
  check(asked: Asked): Key
  /** The keys are others from now on. */
  forget(): void
}

/** What everybody is told who has no valid key, whatever was wrong with it. */
export const UNAUTHENTICATED = 'a valid key is needed: send it as "Authorization: Bearer KEY" or "X-API-Key: KEY"'
export const KEY_IN_URL =
  'keys do not belong in URLs, which are logged: send it as "Authorization: Bearer KEY", and replace it'

/** Names of query parameters that elsewhere hold keys. */
const KEY_PARAMETER = /(?:^|&)(?:api[-_]?key|x-api-key|access[-_]?token|authorization|bearer|token|key)=/i

/** Longest header that can hold a key: `Bearer`, spaces, the key. */
const MAX_HEADER_LENGTH = 128

export function createKeyCheck<Key extends { readonly digest: Buffer }>(options: KeyCheckOptions<Key>): KeyCheck<Key> {
  const { keyOf, isInTime, fail, maxRemembered } = options
  /** By the header's text: a key that once was accepted. */
  const rememberedBearers = new Map<string, Key>()
  const rememberedKeys = new Map<string, Key>()

  function find(
    header: string,
    remembered: Map<string, Key>,
    tokenOf: (header: string) => string | undefined,
  ): Key | undefined {
    const before = remembered.get(header)
    if (before !== undefined) return before
    const token = header.length > MAX_HEADER_LENGTH ? undefined : tokenOf(header)
    if (token === undefined || !isKey(token)) return undefined
    const digest = digestOf(token)
    const key = keyOf(digest)
    // who guesses cannot choose a hash, so that the look-up tells nothing; the last word has the whole comparison
    if (key === undefined || !timingSafeEqual(key.digest, Buffer.from(digest, 'hex'))) return undefined
    if (remembered.size >= maxRemembered) remembered.clear()
    remembered.set(header, key)
    return key
  }

  return {
    check({ headers, query, peer }) {
      const bearer = headers['authorization']
      const apiKey = headers['x-api-key']
      // who sends nothing guesses nothing
      if (bearer === undefined && apiKey === undefined)
        throw new ServingError('unauthenticated', KEY_PARAMETER.test(query) ? KEY_IN_URL : UNAUTHENTICATED)
      const byBearer = bearer === undefined ? undefined : find(bearer, rememberedBearers, bearerToken)
      const byApiKey = apiKey === undefined ? undefined : find(apiKey, rememberedKeys, trimmed)
      const key = byBearer ?? byApiKey
      const isTold = (bearer === undefined || byBearer === key) && (apiKey === undefined || byApiKey === key)
      if (key === undefined || !isTold || !isInTime(key)) throw fail(peer, UNAUTHENTICATED)
      return key
    },
    forget() {
      rememberedBearers.clear()
      rememberedKeys.clear()
    },
  }
}

function trimmed(header: string): string {
  return header.trim()
}

/** The token behind `Bearer`, which is written in any case (RFC 9110, section 11.1; RFC 6750, section 2.1). */
function bearerToken(header: string): string | undefined {
  return /^bearer +(\S+) *$/i.exec(header)?.[1]
}
