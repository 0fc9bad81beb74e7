import { readFile, readdir, realpath, stat } from 'node:fs/promises'
import { basename, join, posix } from 'node:path'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { commonLicences, findPackages } from './debian.ts'
import { readElf } from './elf.ts'
import { MODE } from './tar.ts'
import type { TarEntry } from './tar.ts'

/** Processors that images are made for, in Node's words. */
export type Architecture = 'x64' | 'arm64'

/** The user that an image runs as unless its platform chooses another one: nobody's number on usual systems. */
export const IMAGE_USER_ID = 65_532

/** Where the C library looks without a cache of its own, in its order; a library keeps the folder where it was found. */
export const LIBRARY_FOLDERS: Readonly<Record<Architecture, readonly string[]>> = {
  x64: ['/usr/lib/x86_64-linux-gnu', '/lib/x86_64-linux-gnu', '/usr/lib64', '/lib64', '/usr/lib', '/lib'],
  arm64: ['/usr/lib/aarch64-linux-gnu', '/lib/aarch64-linux-gnu', '/usr/lib64', '/lib64', '/usr/lib', '/lib'],
}

/** The C library opens these by name when it looks up a host; some releases have them built in. */
const NAME_LOOKUP = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2']

/** Certificates as Debian's package ships them: the assembled file would hold this machine's private ones too. */
const CERTIFICATES = 'usr/share/ca-certificates/mozilla'

export interface SystemOptions {
  readonly architecture: Architecture
  /** Programs and libraries of the other layers: what they need is collected. */
  readonly binaries: readonly string[]
  /** Root of the file system that libraries come from; `/` but in tests. */
  readonly root?: string
}

/**
 * What stands below Node in an image: the loader and shared libraries of this machine, certificates, a user, and the
 * licences of it all. A Debian machine's package records come along, so that scanners know what to look for.
 * @throws {ServingError} `unsupported` when a library for the architecture is missing here
 */
export async function collectSystem(options: SystemOptions): Promise<TarEntry[]> {
  const root = options.root ?? '/'
  const libraries = await collectLibraries(options.binaries, options.architecture, root)
  const certificates = (await readdir(join(root, CERTIFICATES)).catch(() => [])).toSorted((a, b) => (a < b ? -1 : 1))
  const owned = [...libraries.keys(), ...certificates.map((name) => posix.join('/', CERTIFICATES, name))]
  const entries: TarEntry[] = [...fixedFiles(), ...(await collectRecords(root, owned))]
  for (const [path, from] of libraries) {
    const { size } = await stat(from)
    const mode = basename(path).startsWith('ld-') ? MODE.program : MODE.file
    entries.push({ kind: 'file', path: path.slice(1), mode, from, sizeBytes: size })
  }
  if (certificates.length > 0) {
    const parts = await Promise.all(certificates.map((name) => readFile(join(root, CERTIFICATES, name))))
    entries.push(bytes('etc/ssl/certs/ca-certificates.crt', Buffer.concat(parts)))
  }
  return entries
}

/** The files of all libraries that `binaries` need, by the path that they take in the image. */
async function collectLibraries(
  binaries: readonly string[],
  architecture: Architecture,
  root: string,
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const known = new Set(binaries.map((path) => basename(path)))
  const waiting: string[] = []
  async function visit(path: string): Promise<void> {
    const elf = await readElf(path)
    if (elf.machine !== architecture)
      throw new ServingError('unsupported', `${quote(path)} is for ${elf.machine}; this image is for ${architecture}`)
    if (elf.interpreter !== undefined && !known.has(basename(elf.interpreter))) {
      known.add(basename(elf.interpreter))
      const loader = await realpath(join(root, elf.interpreter)).catch(() =>
        missingLibrary(elf.interpreter ?? '', architecture),
      )
      found.set(elf.interpreter, loader)
    }
    waiting.push(...elf.needed)
  }
  for (const path of binaries) await visit(path)
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (known.has(name)) continue
    known.add(name)
    const { path, from } = (await findLibrary(name, architecture, root)) ?? missingLibrary(name, architecture)
    found.set(path, from)
    await visit(from)
  }
  for (const name of NAME_LOOKUP) {
    const optional = await findLibrary(name, architecture, root)
    if (optional !== undefined) found.set(optional.path, optional.from)
  }
  return found
}

/** A library of this machine. @returns where the loader expects it, and where it lies */
export async function findLibrary(
  name: string,
  architecture: Architecture,
  root: string,
): Promise<{ path: string; from: string } | undefined> {
  for (const folder of LIBRARY_FOLDERS[architecture]) {
    const path = posix.join(folder, name)
    const from = await realpath(join(root, path)).catch(() => undefined)
    if (from === undefined) continue
    const machine = await readElf(from).then(
      (elf) => elf.machine,
      () => undefined,
    )
    if (machine === architecture) return { path, from }
  }
  return undefined
}

/** @throws {ServingError} `unsupported` telling how this machine gets a library */
export function missingLibrary(name: string, architecture: Architecture): never {
  throw new ServingError(
    'unsupported',
    `this machine has no ${quote(name)} for ${architecture}; an image takes the C and C++ libraries from the machine ` +
      `that makes it, so install them (on Debian: libc6, libstdc++6 and libatomic1 of that architecture) or make the ` +
      `image on such a machine`,
    { details: { library: name, architecture } },
  )
}

/** Package records and licences, where Debian's database tells them. */
export async function collectRecords(root: string, owned: readonly string[]): Promise<TarEntry[]> {
  const packages = await findPackages(root, owned)
  const entries: TarEntry[] = []
  for (const { name, record, copyright } of packages) {
    entries.push(bytes(`var/lib/dpkg/status.d/${name}`, Buffer.from(record)))
    if (copyright !== undefined) entries.push(bytes(`usr/share/doc/${name}/copyright`, Buffer.from(copyright)))
  }
  for (const name of commonLicences(packages.map(({ copyright }) => copyright ?? ''))) {
    const text = await readFile(join(root, 'usr/share/common-licenses', name)).catch(() => undefined)
    if (text !== undefined) entries.push(bytes(`usr/share/common-licenses/${name}`, text))
  }
  const release = await readFile(join(root, 'etc/os-release')).catch(() => undefined)
  if (packages.length > 0 && release !== undefined) entries.push(bytes('etc/os-release', release))
  return entries
}

function fixedFiles(): TarEntry[] {
  const user = `slipway:x:${IMAGE_USER_ID}:${IMAGE_USER_ID}`
  return [
    bytes('etc/passwd', Buffer.from(`root:x:0:0:root:/:/sbin/nologin\n${user}:slipway:/tmp:/sbin/nologin\n`)),
    bytes('etc/group', Buffer.from(`root:x:0:\nslipway:x:${IMAGE_USER_ID}:\n`)),
    bytes('etc/hosts', Buffer.from('127.0.0.1 localhost\n::1 localhost\n')),
    bytes('etc/nsswitch.conf', Buffer.from('passwd: files\ngroup: files\nhosts: files dns\n')),
    { kind: 'directory', path: 'tmp', mode: 0o1777 },
  ]
}

function bytes(path: string, content: Uint8Array): TarEntry {
  return { kind: 'bytes', path, mode: MODE.file, bytes: content }
}
