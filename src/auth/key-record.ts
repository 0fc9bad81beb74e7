import type { Action, Role } from './permissions.ts'

/** Limits of one key; what is absent is not limited. */
export interface KeyQuotas {
  readonly requestsPerSecond?: number | undefined
  /** Requests that may come at once above the rate; as many as a second's when absent. */
  readonly burst?: number | undefined
  readonly concurrent?: number | undefined
  readonly rowsPerSecond?: number | undefined
  /** A day is one of UTC. */
  readonly requestsPerDay?: number | undefined
  readonly rowsPerDay?: number | undefined
}

/** A key of the platform as whoever checks it knows it. Plain data: it is kept in files and crosses process borders. */
export interface KeyRecord {
  /** Of the resource: never used again. */
  readonly uid: string
  readonly name: string
  /** `*` for a key of the whole platform. */
  readonly project: string
  readonly role: Role
  /** Fewer than its role has; absent for all of them. */
  readonly actions?: readonly Action[] | undefined
  /** Endpoints that it is good for; all when absent. */
  readonly endpoints?: readonly string[] | undefined
  /** SHA-256 of the bearer key, in hexadecimal. */
  readonly sha256: string
  readonly accessKeyId?: string | undefined
  /** The AWS-style secret, encrypted under the master key. */
  readonly encryptedSecret?: string | undefined
  /** ms since 1970. */
  readonly notBeforeMs?: number | undefined
  readonly expiresAtMs?: number | undefined
  readonly quotas: KeyQuotas
}
