import { ServingError } from '../../core/errors.ts'
import { formatBytes, quote } from '../../core/text.ts'
import { normalName } from './markers.ts'
import { parseSpecifiers } from './versions.ts'
import type { Specifier } from './versions.ts'

/** One package that something needs. */
export interface Requirement {
  /** As `normalName` has it. */
  readonly name: string
  readonly extras: readonly string[]
  readonly specifiers: readonly Specifier[]
  /** Condition under which it is needed; empty for always. */
  readonly marker: string
  /** Digests that its wheel may have, in hexadecimal digits; empty for any. */
  readonly sha256: readonly string[]
  /** As it is written, without its condition and digests. */
  readonly text: string
}

/** A file of requirements, read. */
export interface Requirements {
  readonly packages: readonly Requirement[]
  /** What it says of where packages are looked for, as words of pip's command line. */
  readonly options: readonly string[]
}

const MAX_BYTES = 1 << 20
const REQUIREMENT =
  /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?\s*(\([^()]*\)|[^;()]*?)\s*(?:;(.*))?$/
/** Options with a value, and without, that change where is looked; what they would build is never built. */
const PLACES = /^(?:(--index-url|--extra-index-url)(?:\s+|=)|(-i)\s+)(\S+)$/
const CHOICES = /^--(?:pre|prefer-binary|no-index)$/

/**
 * Reads one requirement, of a file of requirements or of a package.
 * @returns undefined for what is none, or leads to an address
 * @see PyPA, "Dependency specifiers" (PEP 508)
 */
export function parseRequirement(line: string): Requirement | undefined {
  const sha256 = [...line.matchAll(/\s--hash[= ]sha256:([0-9a-f]{64})(?=\s|$)/g)].map(([, digest = '']) => digest)
  const text = line.replaceAll(/\s--hash[= ]\S+/g, '').trim()
  const [, name, extras = '', conditions = '', marker = ''] = REQUIREMENT.exec(text) ?? []
  const specifiers = parseSpecifiers(conditions.replaceAll(/^\(|\)$/g, ''))
  if (name === undefined || specifiers === undefined) return undefined
  const named = extras.split(',').map((each) => each.trim())
  return {
    name: normalName(name),
    extras: named.filter((each) => each !== ''),
    specifiers,
    marker: marker.trim(),
    sha256,
    text: (text.split(';')[0] ?? text).trim(),
  }
}

/**
 * Reads a file of requirements. It takes names of packages and where to look for them: no addresses, folders or other
 * files, as these would be built, which runs their code.
 * @param where the file, for messages
 * @throws {ServingError} `unsupported` naming the first line that is not taken; `too_large`
 */
export function parseRequirements(bytes: Uint8Array, where: string): Requirements {
  if (bytes.byteLength > MAX_BYTES)
    throw new ServingError('too_large', `${quote(where)} has ${formatBytes(bytes.byteLength)}; the most is 1 MiB`)
  const packages: Requirement[] = []
  const options: string[] = []
  const text = Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\ufeff/, '')
  const lines = text.replaceAll(/\\\r?\n/g, (joined) => ' '.repeat(joined.length)).split(/\r?\n/)
  for (const [i, raw] of lines.entries()) {
    const line = raw.replace(/(^|\s)#.*$/, '').trim()
    if (line === '' || /^--only-binary\b/.test(line)) continue // which is always so
    const [, long, short, value = ''] = PLACES.exec(line) ?? []
    const option = long ?? short
    const found = option === undefined && !line.startsWith('-') ? parseRequirement(line) : undefined
    if (found !== undefined) packages.push(found)
    else if (option !== undefined) options.push(option, value)
    else if (CHOICES.test(line)) options.push(line)
    else
      throw new ServingError(
        'unsupported',
        `line ${i + 1} of ${quote(where)} is ${quote(line)}; an image takes names of packages with their versions, and ` +
          `no paths, addresses or other files: give what it stands for as a wheel, by --wheels`,
      )
  }
  return { packages, options }
}
