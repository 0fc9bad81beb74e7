import type { KeyObject } from 'node:crypto'
import { ServingError } from '../core/errors.ts'
import { KEY_PREFIX } from '../core/text.ts'
import type { Scope } from './api-key.ts'
import { createFailureLimit } from './failure-limit.ts'
import { createKeyCheck, KEY_IN_URL, type Asked } from './key-check.ts'
import type { KeyRecord } from './key-record.ts'
import { ALL_PROJECTS, allows, explain, grantedActions, type Action, type PlatformPrincipal } from './permissions.ts'
import { createSignatureCheck, isSigned, type SignatureCheckOptions, type SignedKey } from './sigv4/check.ts'

export interface PlatformAuthorizerOptions {
  readonly keys: readonly KeyRecord[]
  /** Opens the secrets of key pairs; without it no signature is taken. */
  readonly masterKey?: KeyObject | undefined
  /** ms of a clock that only goes forward. */
  readonly now: () => number
  /** ms since 1970: keys expire, and signatures age, by the calendar. */
  readonly calendarNow: () => number
  /** Of a runner, which answers for one: keys of others are unknown here. Absent for the platform's API. */
  readonly project?: string | undefined
  /** What signatures may be made for, and how old they may be. */
  readonly signatures?: SignatureCheckOptions | undefined
}

export interface PlatformAuthorizer {
  /**
   * Who asks: `Authorization: Bearer KEY`, `X-API-Key: KEY`, or an AWS Signature Version 4 in the header or the query.
   * @throws {ServingError} `unauthenticated`: without a valid key always in the same words; for signatures with AWS's
   * name of the reason in `details.reason`; `overloaded` in its place for a caller who fails again and again
   */
  readonly authenticate: (asked: Asked) => PlatformPrincipal
  /**
   * Whether a request may be answered that is about no particular endpoint yet: `inference` takes `endpoints:invoke`,
   * `metadata` takes that or `endpoints:read`, `operations` takes `metrics:read`. Which endpoints a key is good for is asked once the request has named one.
   * @returns who asks; undefined where anybody may
   * @throws {ServingError} as `authenticate`, and `permission_denied`
   */
  readonly authorize: (asked: Asked, access: 'open' | 'metadata' | Scope | Action) => PlatformPrincipal | undefined
  /** From now on these keys are valid, and no other. */
  readonly replaceKeys: (keys: readonly KeyRecord[]) => void
}

/** A key as it is looked up. */
interface KnownKey extends SignedKey {
  readonly principal: PlatformPrincipal
  readonly digest: Buffer
  /** Whether the calendar has to be asked at all. */
  readonly isTimed: boolean
  readonly notBeforeMs: number
  readonly expiresAtMs: number
}

/** Headers that proved good and need no second hashing; a key's holder can write the same key in more than one way. */
const MAX_REMEMBERED = 10_000

const NEEDED: Readonly<Record<'metadata' | Scope, Action>> = {
  metadata: 'endpoints:read',
  inference: 'endpoints:invoke',
  operations: 'metrics:read',
}

function isOfPlane(access: 'metadata' | Scope | Action): access is 'metadata' | Scope {
  return Object.hasOwn(NEEDED, access)
}

/** Decides by the platform's keys who asks and what they may ask for. Nothing is read or written. */
export function createPlatformAuthorizer(options: PlatformAuthorizerOptions): PlatformAuthorizer {
  const { masterKey, now, calendarNow, project } = options
  let known = new Map<string, KnownKey>()
  let byAccessKeyId = new Map<string, KnownKey>()
  const failures = createFailureLimit(now)
  const checked = createKeyCheck<KnownKey>({
    keyOf: (digest) => known.get(digest),
    isInTime: isInTime,
    fail,
    maxRemembered: MAX_REMEMBERED,
  })
  const signatures = createSignatureCheck<KnownKey>(
    {
      keyOf: (accessKeyId) => {
        const key = byAccessKeyId.get(accessKeyId)
        return key !== undefined && isInTime(key) ? key : undefined
      },
      masterKey,
      calendarNow,
    },
    options.signatures,
  )

  function replaceKeys(keys: readonly KeyRecord[]): void {
    const ours = keys.filter((key) => project === undefined || key.project === project || key.project === ALL_PROJECTS)
    const all = ours.map(knownKey)
    known = new Map(all.map((key) => [key.digest.toString('hex'), key]))
    byAccessKeyId = new Map(all.flatMap((key) => (key.accessKeyId === undefined ? [] : [[key.accessKeyId, key]])))
    checked.forget()
    signatures.forget()
  }

  function isInTime(key: KnownKey): boolean {
    if (!key.isTimed) return true
    const time = calendarNow()
    return key.notBeforeMs <= time && time < key.expiresAtMs
  }

  function authenticate(asked: Asked): PlatformPrincipal {
    if (asked.query !== '' && asked.query.includes(KEY_PREFIX)) throw fail(asked.peer, KEY_IN_URL)
    if (isSigned(asked.headers['authorization'], asked.query)) return bySignature(asked)
    return checked.check(asked).principal
  }

  function bySignature(asked: Asked): PlatformPrincipal {
    try {
      return signatures.verify(asked).principal
    } catch (error) {
      if (error instanceof ServingError && error.code === 'unauthenticated')
        throw fail(asked.peer, error.message, error.details)
      throw error
    }
  }

  function authorize(asked: Asked, access: 'open' | 'metadata' | Scope | Action): PlatformPrincipal | undefined {
    if (access === 'open') return undefined
    const principal = authenticate(asked)
    const target = { project: project ?? principal.project }
    // who may use an endpoint may know what it takes
    if (access === 'metadata' && allows(principal, 'endpoints:invoke', target)) return principal
    const action = isOfPlane(access) ? NEEDED[access] : access
    if (explain(principal, action, target) !== undefined) throw denied(action)
    return principal
  }

  function fail(peer: string | undefined, message: string, details: ServingError['details'] = {}): ServingError {
    const retryAfterMs = failures.add(peer)
    if (retryAfterMs === undefined) return new ServingError('unauthenticated', message, { details })
    return new ServingError('overloaded', 'too many requests without a valid key came from this address: wait', {
      details: { retryAfterMs },
    })
  }

  replaceKeys(options.keys)
  return { authenticate, authorize, replaceKeys }
}

/** The refusal of what a key's actions do not hold. */
export function denied(action: Action): ServingError {
  return new ServingError(
    'permission_denied',
    `this key is not good for ${action}: use one whose role or actions hold that`,
    {
      details: { action },
    },
  )
}

function knownKey(key: KeyRecord): KnownKey {
  const { uid, name, project, role, actions, endpoints, quotas, sha256, notBeforeMs, expiresAtMs } = key
  const principal: PlatformPrincipal = {
    uid,
    name,
    project,
    role,
    actions: grantedActions(role, actions, endpoints),
    endpoints: endpoints === undefined ? undefined : new Set(endpoints),
    quotas,
  }
  return {
    principal,
    digest: Buffer.from(sha256, 'hex'),
    isTimed: notBeforeMs !== undefined || expiresAtMs !== undefined,
    notBeforeMs: notBeforeMs ?? -Infinity,
    expiresAtMs: expiresAtMs ?? Infinity,
    accessKeyId: key.accessKeyId,
    encryptedSecret: key.encryptedSecret,
  }
}
