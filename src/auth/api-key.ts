import { hash, randomBytes } from 'node:crypto'
import { MODEL_NAME } from '../core/names.ts'
import { KEY_PREFIX } from '../core/text.ts'

/** What a key may be good for: calling models, or operating the server (metrics). */
export const SCOPES = ['inference', 'operations'] as const

export type Scope = (typeof SCOPES)[number]

/** A key as the server knows it: by its hash. Plain data: it crosses a process border. */
export interface ApiKey {
  /** Whose it is: one name, one key. */
  readonly name: string
  readonly scopes: readonly Scope[]
  /** SHA-256 of the key, in hexadecimal. */
  readonly sha256: string
  /** From then on it is no good (ms since 1970); never when absent. */
  readonly expiresAtMs?: number
}

/** Random bytes in a key: as hard to guess as SHA-256 is to invert, so that a fast, plain hash is enough. */
const KEY_BYTES = 32

/** Characters of a key: the prefix, and its bytes in base64url. */
export const KEY_LENGTH = KEY_PREFIX.length + 43

const KEY = /^slw_[\w-]{43}$/

/** A new key: 256 random bits behind the prefix. */
export function createKey(): string {
  return KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url')
}

/** Whether a text has the form of a key. */
export function isKey(text: string): boolean {
  return text.length === KEY_LENGTH && KEY.test(text)
}

/** SHA-256 of a key, in hexadecimal: what is kept of it. */
export function digestOf(key: string): string {
  return hash('sha256', key, 'hex')
}

/** Whether a key may be called so: as models are, so that the name can stand in logs and labels. */
export function isKeyName(name: string): boolean {
  return MODEL_NAME.test(name)
}

/**
 * A day (`2027-01-31`, from its first moment in UTC) or a moment (`2027-01-31T12:00:00Z`).
 * @returns ms since 1970; undefined for anything else
 */
export function parseExpiry(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?$/.test(text)) return undefined
  const time = Date.parse(text)
  // a day that the calendar does not have would become another one
  return Number.isNaN(time) || !new Date(time).toISOString().startsWith(text.slice(0, 10)) ? undefined : time
}

/** The shortest form that `parseExpiry` reads as this moment. */
export function formatExpiry(expiresAtMs: number): string {
  const text = `${new Date(expiresAtMs).toISOString().slice(0, 19)}Z`
  return text.endsWith('T00:00:00Z') ? text.slice(0, 10) : text
}
