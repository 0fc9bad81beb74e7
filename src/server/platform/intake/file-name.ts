import { ServingError } from '../../../core/errors.ts'
import { quote } from '../../../core/text.ts'

/** What file systems take as one name (bytes of UTF-8). */
const MAX_NAME_BYTES = 255

/** Begins with a letter, a digit or `_`; letters of any script. Nothing in it means anything to a shell, a path or a template. */
const FILE_NAME = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N} ._+@=(),~[\]!-]*$/u

/**
 * Checks the name that a model file comes with: it becomes a file's name here, and stands in manifests and messages.
 * @throws {ServingError} `invalid_argument`
 */
export function checkFileName(fileName: string): string {
  if (isFileName(fileName)) return fileName
  const isPlain = hasPlainCharacters(fileName)
  throw new ServingError(
    'invalid_argument',
    isPlain
      ? `a file's name has ${Buffer.byteLength(fileName)} bytes, the most is ${MAX_NAME_BYTES}`
      : `${quote(fileName)} cannot be a file's name: letters, digits, spaces and "._+@=(),~[]!-", beginning with a letter or a digit, and no folders; several files go into one .tar or .tar.gz`,
    { details: { reason: 'file_name' } },
  )
}

/** Whether a file may be called so. */
export function isFileName(fileName: string): boolean {
  return hasPlainCharacters(fileName) && Buffer.byteLength(fileName) <= MAX_NAME_BYTES
}

function hasPlainCharacters(fileName: string): boolean {
  return FILE_NAME.test(fileName) && !/[ .]$/.test(fileName) && !fileName.includes('..')
}
