import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'

/** What is known of an object without reading it. */
export interface StoredObject {
  readonly key: string
  readonly sizeBytes: number
  /** Of its bytes, 64 hexadecimal digits. */
  readonly sha256: string
}

export interface StorageOptions {
  readonly signal?: AbortSignal | undefined
}

export interface PutOptions extends StorageOptions {
  /** Of the bytes, where it is known before they are read: others are refused (`refused`, details.reason `corrupt`). */
  readonly sha256?: string | undefined
}

/** Bytes, at once or piece by piece. */
export type Body = Uint8Array | AsyncIterable<Uint8Array>

/**
 * Bytes by key. A key is a path of plain names (`bundles/1f…/slipway.json`), as `checkKey` has it; no key is a folder of
 * another's. An object appears whole or not at all, and is durable once `put` resolves; the same key again replaces it. Two
 * things implement this: a folder, and a bucket of S3 or of what speaks as it does.
 *
 * All throw `ServingError`: `invalid_argument` for what is no key, `cancelled` when the signal aborts, `permission_denied`
 * when the storage says so, `unavailable` when it does not answer or is too slow (details.reason `storage`) or has no room
 * (details.reason `disk_full`).
 */
export interface ObjectStorage {
  /** For messages and logs: `folder /data/bytes`, `s3://bucket/prefix`. No credentials. */
  readonly name: string
  put(key: string, body: Body, options?: PutOptions): Promise<StoredObject>
  /**
   * An object's bytes, in pieces, checked as they come: what was changed since it was put ends in `refused`
   * (details.reason `corrupt`), at the last piece at the latest. Whoever uses the bytes waits for that.
   * @throws {ServingError} `not_found`
   */
  get(key: string, options?: StorageOptions): Promise<StoredObject & { readonly body: AsyncIterable<Uint8Array> }>
  /** @returns undefined where there is none */
  head(key: string, options?: StorageOptions): Promise<StoredObject | undefined>
  /** Keys that begin with a text, in the order of their characters, with sizes. */
  list(prefix: string, options?: StorageOptions): AsyncIterable<{ readonly key: string; readonly sizeBytes: number }>
  /** What is not there is no failure. */
  remove(key: string, options?: StorageOptions): Promise<void>
  close(): Promise<void>
}

/** S3 takes 1,024 bytes, of which a prefix needs some. */
const MAX_KEY_BYTES = 800
const MAX_NAME_BYTES = 200
const KEY_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.=@+-]*$/

/** @throws {ServingError} `invalid_argument` for what is no key */
export function checkKey(key: string): string {
  const names = key.split('/')
  const isKey = names.every(
    (name) => KEY_NAME.test(name) && name.length <= MAX_NAME_BYTES && !name.endsWith('.') && !name.endsWith('.tmp'),
  )
  if (isKey && key.length <= MAX_KEY_BYTES) return key
  throw new ServingError(
    'invalid_argument',
    `${quote(key)} is no key: names of letters, digits and "_.=@+-" with "/" between them, ${MAX_KEY_BYTES} characters at most`,
    { details: { reason: 'key' } },
  )
}

/** @param storage its name */
export function corrupt(key: string, storage: string): ServingError {
  return new ServingError('refused', `${quote(key)} in ${storage} is not what was put there: its digest differs`, {
    details: { reason: 'corrupt', key },
  })
}

/** @param storage its name */
export function noObject(key: string, storage: string): ServingError {
  return new ServingError('not_found', `there is no ${quote(key)} in ${storage}`)
}

/** The pieces of a body. */
export async function* piecesOf(body: Body): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) yield body
  else yield* body
}

/** What is read before the next piece is waited for ends as soon as the signal does. @throws {ServingError} `cancelled` */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ServingError('cancelled', 'interrupted')
}
