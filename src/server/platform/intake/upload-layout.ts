import { ServingError } from '../../../core/errors.ts'
import { formatBytes } from '../../../core/text.ts'
import { checkFileName } from './file-name.ts'

/** What a caller says of a file before it sends it. */
export interface UploadWish {
  readonly fileName: string
  /** Of the whole file (bytes). */
  readonly sizeBytes: number
  /** Size of every part but the last (bytes); chosen when absent. */
  readonly partBytes?: number | undefined
  /** Of the whole file, 64 hexadecimal digits; checked at the end. */
  readonly sha256?: string | undefined
}

/** How a file is cut into parts. */
export interface UploadLayout {
  readonly fileName: string
  readonly sizeBytes: number
  readonly partBytes: number
  readonly partCount: number
  readonly sha256?: string | undefined
}

export interface UploadLimits {
  /** Largest file (bytes). */
  readonly maxFileBytes: number
  /** Size of parts when the caller names none (bytes). */
  readonly usualPartBytes: number
  /** Largest part (bytes): it is sent again as a whole when the connection breaks. */
  readonly maxPartBytes: number
  /** Most parts of a file. */
  readonly maxParts: number
}

export const DEFAULT_UPLOAD_LIMITS: UploadLimits = {
  maxFileBytes: 4 * 2 ** 30,
  usualPartBytes: 16 * 2 ** 20,
  maxPartBytes: 2 ** 30,
  maxParts: 10_000,
}

/**
 * How a file will be cut, once its name, its size and the size of its parts are found to be possible.
 * @throws {ServingError} `invalid_argument`, `too_large`
 */
export function planUpload(wish: UploadWish, limits: UploadLimits = DEFAULT_UPLOAD_LIMITS): UploadLayout {
  const fileName = checkFileName(wish.fileName)
  const sizeBytes = wholeNumber(wish.sizeBytes, 'sizeBytes', Number.MAX_SAFE_INTEGER)
  if (sizeBytes > limits.maxFileBytes)
    throw new ServingError(
      'too_large',
      `the file has ${formatBytes(sizeBytes)}, the most is ${formatBytes(limits.maxFileBytes)}`,
      { details: { maxBytes: limits.maxFileBytes } },
    )
  const partBytes =
    wish.partBytes === undefined
      ? Math.max(limits.usualPartBytes, Math.ceil(sizeBytes / limits.maxParts))
      : wholeNumber(wish.partBytes, 'partBytes', limits.maxPartBytes)
  const partCount = Math.ceil(sizeBytes / partBytes)
  if (partCount > limits.maxParts)
    throw new ServingError(
      'invalid_argument',
      `parts of ${formatBytes(partBytes)} would be ${partCount}, the most is ${limits.maxParts}: make them larger`,
    )
  const sha256 = wish.sha256 === undefined ? undefined : parseSha256(wish.sha256)
  return { fileName, sizeBytes, partBytes, partCount, ...(sha256 !== undefined && { sha256 }) }
}

/** Bytes that a part has to have. */
export function sizeOfPart({ sizeBytes, partBytes, partCount }: UploadLayout, number: number): number {
  return number === partCount ? sizeBytes - partBytes * (partCount - 1) : partBytes
}

/** @throws {ServingError} `invalid_argument` */
export function parseSha256(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase()
  throw new ServingError('invalid_argument', 'a sha256 is 64 hexadecimal digits', { details: { reason: 'sha256' } })
}

function wholeNumber(value: number, name: string, most: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new ServingError('invalid_argument', `${name} is ${value}: it is a whole number from 1 to ${most}`)
}
