import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { ServingError } from '../core/errors.ts'
import { KEY_PREFIX } from '../core/text.ts'

/** AES-256: bytes of the key. */
const MASTER_KEY_BYTES = 32
/** GCM's own length of a nonce (bytes). Random ones are good for 2^32 secrets under a key (NIST SP 800-38D, 8.3). */
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** How a sealed text begins: the next way of sealing gets another. */
const SEALED_PREFIX = 'v1.'

/** What access key ids begin with: AWS's own are `AKIA`, of the same length. */
export const ACCESS_KEY_ID_PREFIX = 'SLWA'
const ACCESS_KEY_ID = /^SLWA[A-Z2-7]{16}$/
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** An AWS-style key pair. */
export interface AccessKeyPair {
  /** Public: it stands in each request. */
  readonly accessKeyId: string
  /** 40 characters. They begin as all our keys do, so that logs and messages leave them out (`hideKeys`). */
  readonly secretAccessKey: string
}

/** A new master key as it is kept in its file: 256 random bits, in base64. */
export function createMasterKey(): string {
  return randomBytes(MASTER_KEY_BYTES).toString('base64')
}

/**
 * The master key of its file's text.
 * @throws {ServingError} `refused` for what is none
 */
export function parseMasterKey(text: string): KeyObject {
  const bytes = /^[A-Za-z0-9+/]{43}=$/.test(text.trim()) ? Buffer.from(text, 'base64') : Buffer.alloc(0)
  if (bytes.length !== MASTER_KEY_BYTES)
    throw new ServingError(
      'refused',
      'the file of the master key holds none: it takes 32 bytes in base64. Restore it: without it, access key pairs must be made anew',
    )
  return createSecretKey(bytes)
}

/**
 * Encrypts a secret, so that a copy of the store is worth nothing without the master key (AES-256-GCM).
 * @param context what it belongs to (an access key id): it opens there alone, so that whoever can write to the store
 * cannot move one secret to another key
 */
export function seal(secret: string, masterKey: KeyObject, context: string): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', masterKey, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.from(context, 'utf8'))
  const parts = [nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]
  return SEALED_PREFIX + Buffer.concat(parts).toString('base64url')
}

/**
 * A secret as it was before `seal`.
 * @throws {ServingError} `refused` for what was damaged, or sealed under another key or for another context
 */
export function open(sealed: string, masterKey: KeyObject, context: string): string {
  const bytes = Buffer.from(sealed.slice(SEALED_PREFIX.length), 'base64url')
  try {
    if (!sealed.startsWith(SEALED_PREFIX) || bytes.length < NONCE_BYTES + TAG_BYTES) throw new Error('not sealed by us')
    const nonce = bytes.subarray(0, NONCE_BYTES)
    const decipher = createDecipheriv('aes-256-gcm', masterKey, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(context, 'utf8'))
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
    const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES))
    return Buffer.concat([text, decipher.final()]).toString('utf8')
  } catch (cause) {
    throw new ServingError(
      'refused',
      'a secret does not open: it was damaged, or sealed under another master key; restore that, or make the key anew',
      { cause },
    )
  }
}

/** A new pair: 80 random bits in the id, which need only be unique, and 216 in the secret. */
export function createAccessKeyPair(): AccessKeyPair {
  const letters = Array.from(randomBytes(16), (byte) => BASE32[byte & 31] ?? '').join('')
  return {
    accessKeyId: ACCESS_KEY_ID_PREFIX + letters,
    secretAccessKey: KEY_PREFIX + randomBytes(27).toString('base64url'),
  }
}

/** Whether a text has the form of an access key id of ours. */
export function isAccessKeyId(text: string): boolean {
  return ACCESS_KEY_ID.test(text)
}
