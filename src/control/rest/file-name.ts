import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'

/** A name that stands for a file in one folder. @throws {ServingError} `invalid_argument` */
export function checkFileName(name: string): string {
  const isPlain = !/[/\\\p{Cc}]/u.test(name) && name !== '.' && name !== '..' && name.trim() === name && name !== ''
  if (isPlain && name.isWellFormed() && Buffer.byteLength(name) <= 255) return name
  throw new ServingError(
    'invalid_argument',
    `the file name ${quote(name)} is not taken: no folders, no control characters, 255 bytes at most`,
  )
}
