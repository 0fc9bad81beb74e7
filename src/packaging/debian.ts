import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** An installed Debian package that files of an image come from. */
export interface DebianPackage {
  readonly name: string
  /** What dpkg's database says about it: one paragraph. */
  readonly record: string
  /** Its licence file's text; undefined when it is not installed. */
  readonly copyright: string | undefined
}

/** Fields that tell a scanner which release of what is there. */
const RECORD_FIELDS = ['Package', 'Status', 'Maintainer', 'Architecture', 'Source', 'Version', 'Homepage']

/**
 * The packages that own files, by name; empty where dpkg keeps no database.
 * @param root of the file system, `/` but in tests
 * @param files absolute paths; `/lib/x` and `/usr/lib/x` are taken for the same file, as in Debian since 12
 */
export async function findPackages(root: string, files: readonly string[]): Promise<DebianPackage[]> {
  const info = join(root, 'var/lib/dpkg/info')
  const lists = (await readdir(info).catch(() => [])).filter((name) => name.endsWith('.list'))
  const wanted = new Set(files.map(merged))
  const owners = new Set<string>()
  for (const list of lists) {
    const owned = (await readFile(join(info, list), 'utf8')).split('\n')
    if (owned.some((path) => wanted.has(merged(path)))) owners.add(list.slice(0, -'.list'.length))
  }
  if (owners.size === 0) return []
  return describe(root, owners)
}

function merged(path: string): string {
  return path.startsWith('/usr/') ? path.slice('/usr'.length) : path
}

/** @param owners names as dpkg's files have them: `libc6:amd64`, or `ca-certificates` where one serves all */
async function describe(root: string, owners: ReadonlySet<string>): Promise<DebianPackage[]> {
  const packages: DebianPackage[] = []
  for (const paragraph of (await readFile(join(root, 'var/lib/dpkg/status'), 'utf8')).split('\n\n')) {
    const fields = readFields(paragraph)
    const name = fields.get('Package')
    if (name === undefined || !(owners.has(name) || owners.has(`${name}:${fields.get('Architecture')}`))) continue
    const lines = RECORD_FIELDS.flatMap((key) => (fields.has(key) ? [`${key}: ${fields.get(key)}`] : []))
    const copyright = await readFile(join(root, 'usr/share/doc', name, 'copyright'), 'utf8').catch(() => undefined)
    packages.push({ name, record: `${lines.join('\n')}\n`, copyright })
  }
  return packages.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function readFields(paragraph: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of paragraph.split('\n')) {
    const match = /^([A-Za-z-]+): (.*)$/.exec(line)
    if (match?.[1] !== undefined && match[2] !== undefined) fields.set(match[1], match[2])
  }
  return fields
}

/** Names of the licences under `/usr/share/common-licenses` that licence files refer to. */
export function commonLicences(copyrights: Iterable<string>): string[] {
  const names = new Set<string>()
  for (const text of copyrights)
    for (const match of text.matchAll(/\/usr\/share\/common-licenses\/([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)/g))
      if (match[1] !== undefined) names.add(match[1])
  return [...names].sort()
}
