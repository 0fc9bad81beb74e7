import { ServingError } from '../../core/errors.ts'

/**
 * Why a signature is not taken, in AWS's words: adapters that speak AWS answer with them.
 * @see AWS, "Common error types" of each API, and the error codes of S3
 */
export const SIGNATURE_REASONS = [
  /** No credential at all. */
  'MissingAuthenticationToken',
  /** Parts are missing, stand twice, or do not have the form that they must have. */
  'IncompleteSignature',
  /** The access key id is not known, not in force, or belongs to temporary credentials. */
  'InvalidClientTokenId',
  /** Computed anew, it is another; or it is for another service. */
  'SignatureDoesNotMatch',
  /** Made at another time than now. */
  'RequestTimeTooSkewed',
  /** A presigned URL after its end. */
  'ExpiredToken',
  /** The body is not the one whose digest was signed. */
  'XAmzContentSHA256Mismatch',
] as const

export type SignatureReason = (typeof SIGNATURE_REASONS)[number]

/** @param message holds nothing that is secret, and nothing of what the server computed */
export function refusal(reason: SignatureReason, message: string): ServingError {
  return new ServingError('unauthenticated', message, { details: { reason } })
}
