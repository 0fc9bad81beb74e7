import { ServingError } from '../../core/errors.ts'
import type { Compression } from './index.ts'

/** How a compression is called in messages. */
export const COMPRESSION_NAMES: Readonly<Record<Compression, string>> = {
  gzip: 'gzip',
  zlib: 'zlib',
  bzip2: 'bzip2',
  xz: 'xz',
  lzma: 'LZMA',
  lz4: 'LZ4',
}

/** A stream that is not what its compression writes. @param why as in "the xz stream …" */
export function damaged(compression: Compression, why: string): ServingError {
  return new ServingError(
    'refused',
    `the ${COMPRESSION_NAMES[compression]} stream ${why}: the file is damaged or cut short; copy or write it again`,
    { details: { reason: 'compression', compression } },
  )
}

/** A stream that may be whole, with a feature that no Python library writes by itself. */
export function notRead(compression: Compression, what: string): ServingError {
  return new ServingError(
    'unsupported',
    `the ${COMPRESSION_NAMES[compression]} stream has ${what}, which is not read here; compress the file again with the defaults of Python's own module, or not at all`,
    { details: { reason: 'compression', compression } },
  )
}
