import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'

const MAX_NAME_LENGTH = 1024

/** Most entries that an archive may have. */
export const MAX_ENTRIES = 10_000

/** Kinds of archive, as messages call them. */
export type ArchiveKind = 'zip archive' | 'tar archive'

/**
 * Names of the entries of one archive. A name is a path below the archive's top: parts joined by `/`, none of them empty,
 * `.` or `..`, without control characters, backslashes or a drive's letter. No two may be the same, or be so on a
 * disk that ignores case or the forms of accents.
 */
export class EntryNames {
  readonly #kind: ArchiveKind
  readonly #seen = new Set<string>()

  constructor(kind: ArchiveKind) {
    this.#kind = kind
  }

  /**
   * Takes the next name.
   * @param name as the archive has it; a folder's ends in `/`
   * @throws {ServingError} `refused`; `too_large` for too many
   */
  add(name: string): void {
    if (this.#seen.size >= MAX_ENTRIES)
      throw new ServingError('too_large', `the ${this.#kind} has over ${MAX_ENTRIES} entries`, {
        details: { reason: 'archive' },
      })
    const path = name.endsWith('/') ? name.slice(0, -1) : name
    const problem = pathProblem(path)
    if (problem !== undefined) throw archiveRefused(this.#kind, `has an entry called ${quote(name)}, ${problem}`)
    const folded = path.normalize('NFC').toLowerCase()
    if (this.#seen.has(folded))
      throw archiveRefused(this.#kind, `has two entries called ${quote(path)}, or that differ by case or accents alone`)
    this.#seen.add(folded)
  }
}

/** Why a name is no path below the place that it stands in, as in "…, which is no name"; undefined where it is one. */
export function pathProblem(path: string): string | undefined {
  if (path === '') return 'which is no name'
  if (path.length > MAX_NAME_LENGTH) return `which is longer than ${MAX_NAME_LENGTH} characters`
  if (/[\p{Cc}\\]/u.test(path)) return 'with a backslash or a control character in it'
  if (!path.isWellFormed() || path.includes('\ufffd')) return 'which is no text'
  if (path.startsWith('/') || /^[a-z]:/i.test(path)) return 'which is no path below the archive'
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..'))
    return 'which leaves the archive or goes in circles'
  return undefined
}

/** An archive that is damaged, or made to be read in two ways. @param why as in "the zip archive …" */
export function archiveRefused(kind: ArchiveKind, why: string): ServingError {
  return new ServingError('refused', `the ${kind} ${why}; pack it again from its files`, {
    details: { reason: 'archive' },
  })
}
