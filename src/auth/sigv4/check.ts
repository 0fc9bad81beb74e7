import { hash, timingSafeEqual, type KeyObject } from 'node:crypto'
import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { Asked } from '../key-check.ts'
import { open } from '../master-key.ts'
import { signatureOf, signingKey } from './canonical.ts'
import { parseClaim, type Claim } from './claim.ts'
import { refusal } from './refusal.ts'

export { isSigned } from './claim.ts'

export interface SignatureCheckOptions {
  /** Services whose signatures are taken. Default `DEFAULT_SERVICES`. */
  readonly services?: readonly string[] | undefined
  /** How far the signer's clock may be from ours (ms). Default 300,000; AWS's own services bear 300,000 to 900,000. */
  readonly maxSkewMs?: number | undefined
}

/** Services that clients of AWS may take us for, and our own name. */
export const DEFAULT_SERVICES: readonly string[] = ['sagemaker', 's3', 'execute-api', 'slipway']

const MAX_SKEW_MS = 300_000

/** Stands for the digest of a body that is not signed. */
const UNSIGNED = 'UNSIGNED-PAYLOAD'

/** Signing keys that are kept: one for each key pair, day, region and service in use. */
const MAX_SIGNING_KEYS = 1000

/** The parts of a key that signatures need. */
export interface SignedKey {
  readonly accessKeyId?: string | undefined
  /** Sealed in the context of its access key id. */
  readonly encryptedSecret?: string | undefined
}

export interface SignatureSources<Key extends SignedKey> {
  /** A key that is in force now. */
  readonly keyOf: (accessKeyId: string) => Key | undefined
  readonly masterKey?: KeyObject | undefined
  /** ms since 1970. */
  readonly calendarNow: () => number
}

/**
 * Checks AWS Signature Version 4, in the header and in presigned queries. What is signed cannot be changed on the way; it
 * can be sent again while the signature is fresh, as AWS's own services bear it too.
 */
export interface SignatureCheck<Key extends SignedKey> {
  /**
   * @returns whose signature it is
   * @throws {ServingError} `unauthenticated` with AWS's name of the reason in `details.reason`
   */
  verify(asked: Asked): Key
  /** Keys have changed: what is remembered of them is not good any more. */
  forget(): void
}

export function createSignatureCheck<Key extends SignedKey>(
  sources: SignatureSources<Key>,
  { services = DEFAULT_SERVICES, maxSkewMs = MAX_SKEW_MS }: SignatureCheckOptions = {},
): SignatureCheck<Key> {
  const signingKeys = new Map<string, Buffer>()

  function verify(asked: Asked): Key {
    const { method, path, query, headers } = asked
    const claim = parseClaim(asked)
    const key = sources.keyOf(claim.accessKeyId)
    const { accessKeyId, encryptedSecret } = key ?? {}
    if (
      key === undefined ||
      accessKeyId === undefined ||
      encryptedSecret === undefined ||
      sources.masterKey === undefined
    )
      throw refusal('InvalidClientTokenId', 'the access key id is not one of a key in force here')
    requireScope(claim)
    requireTime(claim)
    requireSigned(claim, headers)
    if (method === undefined || path === undefined)
      throw refusal('IncompleteSignature', 'signatures are taken over HTTP alone: send a key here')
    if (asked.isBodyToCome === true && !saysDigest(asked)) return key
    const name = `${accessKeyId}/${claim.date}/${claim.region}/${claim.service}`
    const known = signingKeys.get(name)
    const signer = known ?? signingKey(secretOf(encryptedSecret, sources.masterKey, accessKeyId), claim)
    const request = { method, path, query, headers, payload: payloadOf(claim, asked) }
    // hosts join the values of a repeated header by a comma and a space, signers by a comma
    if (!isSame(claim, signatureOf(request, claim, signer)) && !isSame(claim, signatureOf(request, claim, signer, ',')))
      throw refusal(
        'SignatureDoesNotMatch',
        'the signature computed here is another: check the secret access key, and that nothing between signer and server changes method, path, query, signed headers (host is one) or body',
      )
    if (known === undefined) remember(name, signer)
    return key
  }

  function requireScope({ date, time, service }: Claim): void {
    if (!time.startsWith(date))
      throw refusal('SignatureDoesNotMatch', "the credential's date is another than that of X-Amz-Date")
    if (!services.includes(service))
      throw refusal(
        'SignatureDoesNotMatch',
        `it is signed for the service ${quote(service)}: sign for one of ${quoteList(services)}`,
      )
  }

  function requireTime({ atMs, expiresMs }: Claim): void {
    const now = sources.calendarNow()
    const isEarly = atMs - now > maxSkewMs
    if (isEarly || (expiresMs === undefined && now - atMs > maxSkewMs))
      throw refusal(
        'RequestTimeTooSkewed',
        `it was made ${isEarly ? 'later' : 'earlier'} than now by more than ${maxSkewMs / 1000} s: set the clock, and sign each request anew`,
      )
    if (expiresMs !== undefined && now >= atMs + expiresMs)
      throw refusal('ExpiredToken', 'the presigned URL was good for a time that is over: have another made')
  }

  function remember(name: string, signer: Buffer): void {
    if (signingKeys.size >= MAX_SIGNING_KEYS) signingKeys.clear()
    signingKeys.set(name, signer)
  }

  return { verify, forget: () => signingKeys.clear() }
}

/** Headers that decide what a request means must be under the signature: else whoever is in between could change them. */
function requireSigned({ form, signedHeaders }: Claim, headers: Asked['headers']): void {
  const missing = signedHeaders.find((name) => typeof headers[name] !== 'string')
  if (missing !== undefined)
    throw refusal('SignatureDoesNotMatch', `the signed header ${quote(missing)} is not in the request`)
  const needed = Object.keys(headers).filter((name) => name.startsWith('x-amz-') && headers[name] !== undefined)
  // the holder of a presigned URL is whoever it was given to: what they send is theirs to choose
  if (form === 'header' && headers['content-type'] !== undefined) needed.push('content-type')
  const left = ['host', ...needed].filter((name) => !signedHeaders.includes(name))
  if (left.length > 0) throw refusal('IncompleteSignature', `headers that must be signed are not: ${quoteList(left)}`)
}

/** What stands for the body in the signed text; a digest that was sent is compared with the body. */
function payloadOf(
  { form, service }: Claim,
  { headers, query, body, mayLeaveBodyUnsigned = false, isBodyToCome = false }: Asked,
): string {
  const said = headers['x-amz-content-sha256'] ?? (form === 'query' ? saidInQuery(query, service) : undefined)
  if (said === UNSIGNED) {
    if (mayLeaveBodyUnsigned || (!isBodyToCome && (body === undefined || body.length === 0))) return UNSIGNED
    throw refusal('IncompleteSignature', `the body must be signed here: send its SHA-256, not ${UNSIGNED}`)
  }
  if (said !== undefined && !/^[0-9a-f]{64}$/.test(said))
    throw refusal(
      'IncompleteSignature',
      'X-Amz-Content-Sha256 must be the SHA-256 of the whole body, 64 hexadecimal digits',
    )
  if (said !== undefined && (isBodyToCome || (mayLeaveBodyUnsigned && body === undefined))) return said
  const digest = hash('sha256', body ?? new Uint8Array(), 'hex')
  if (said !== undefined && said !== digest)
    throw refusal('XAmzContentSHA256Mismatch', 'the body is another than the one whose digest was signed')
  return digest
}

/** Whether the head names the digest of the body, so that a signature can be checked before the body has come. */
export function saysDigest({ headers }: Pick<Asked, 'headers'>): boolean {
  return headers['x-amz-content-sha256'] !== undefined
}

/** S3's presigned URLs leave the body to their holder unless they say otherwise. */
function saidInQuery(query: string, service: string): string | undefined {
  const said = /(?:^|&)X-Amz-Content-Sha256=([^&]*)/.exec(query)?.[1]
  return said ?? (service === 's3' ? UNSIGNED : undefined)
}

function secretOf(encryptedSecret: string, masterKey: KeyObject, accessKeyId: string): string {
  try {
    return open(encryptedSecret, masterKey, accessKeyId)
  } catch (cause) {
    // not the caller's fault
    throw new ServingError('internal', 'the secret of this access key does not open here; the log says why', { cause })
  }
}

function isSame({ signature }: Claim, computed: string): boolean {
  return timingSafeEqual(Buffer.from(signature, 'hex'), Buffer.from(computed, 'hex'))
}
