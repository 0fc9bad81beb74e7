import { readFile, stat } from 'node:fs/promises'
import { basename, posix } from 'node:path'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { readElf, readElfVersions } from '../elf.ts'
import { collectRecords, findLibrary, IMAGE_USER_ID, LIBRARY_FOLDERS, missingLibrary } from '../system.ts'
import { MODE } from '../tar.ts'
import type { TarEntry } from '../tar.ts'
import { variableOf } from './base-python.ts'
import { extract } from './base-tree.ts'
import type { BaseTree, Found, ReadOptions } from './base-tree.ts'
import type { BaseImage } from './base-image.ts'

/** The C library, by which systems are told apart. */
const C_LIBRARY = 'libc.so.6'
const LOADER = /^ld-linux/

export interface BaseSystem {
  /** Release of the image's C library: `[2, 36]`. */
  readonly glibc: readonly [number, number]
  /** What the image lacks of what Node and the engine need: libraries of this machine, a user, a folder for temporary files. */
  readonly entries: readonly TarEntry[]
}

export interface BaseSystemOptions extends ReadOptions {
  readonly image: BaseImage
  readonly tree: BaseTree
  /** Programs and libraries that will run in the image: ours. */
  readonly binaries: readonly string[]
  /** The image's Python, which has to be a program for the same system; undefined where none is needed. */
  readonly python: Found | undefined
  /** Folder to put files of the image into while they are looked at. */
  readonly folder: string
  /** Root of the file system that missing libraries come from; `/` but in tests. */
  readonly root?: string
}

/**
 * Checks that Node and the engine run on a base image's system: its libraries are there, and new enough. What it lacks
 * beside the C library is brought from this machine, where it fits.
 * @throws {ServingError} `unsupported` for another C library, and for libraries that are too old
 */
export async function collectBaseSystem(options: BaseSystemOptions): Promise<BaseSystem> {
  const { image, tree, folder, python } = options
  const libraryOf = libraryFinder(image, tree)
  const libc = libraryOf(C_LIBRARY)
  if (libc === undefined) throw withoutGlibc(options)
  // the names of all that may be asked for: what the image has of them is looked at in one pass
  const wanted = await namesOf(options)
  const present = new Map<string, Found>()
  for (const name of wanted) {
    const found = libraryOf(name)
    if (found !== undefined) present.set(name, found)
  }
  const lists = ['/etc/passwd', '/etc/group'].flatMap((path) => tree.find(path) ?? [])
  const places = await extract(
    image,
    [...present.values(), ...(python === undefined ? [] : [python]), ...lists],
    folder,
    options,
  )
  const placeOf = ({ path }: Found) => places.get(path) ?? ''
  if (python !== undefined) await checkPython(options, python, placeOf(python))
  const provided = new Map<string, ReadonlySet<string>>()
  for (const [name, found] of present) provided.set(name, (await versionsOf(image, found, placeOf(found))).provided)
  const { glibc, text } = glibcOf(provided.get(C_LIBRARY) ?? new Set())
  const brought = new Map<string, string>()
  for (const waiting = [...options.binaries]; ;) {
    const path = waiting.shift()
    if (path === undefined) break
    const { needed } = await readElf(path)
    for (const name of needed) {
      if (present.has(name) || brought.has(name)) continue
      const own = await findLibrary(name, image.architecture, options.root ?? '/')
      if (own === undefined) throw missingLibrary(name, image.architecture)
      brought.set(name, own.from)
      provided.set(name, (await readElfVersions(own.from)).provided)
      waiting.push(own.from)
    }
  }
  for (const path of [...options.binaries, ...brought.values()])
    for (const [name, releases] of (await readElfVersions(path)).needed) {
      const has = provided.get(name)
      const lacking = releases.find((release) => has !== undefined && !has.has(release))
      if (lacking !== undefined)
        throw tooOld(image, { path, name, lacking, text, isBrought: [...brought.values()].includes(path) })
    }
  const entries = await entriesOf(options, posix.dirname(libc.path), brought, {
    passwd: await textAt(places.get(tree.find('/etc/passwd')?.path ?? '')),
    group: await textAt(places.get(tree.find('/etc/group')?.path ?? '')),
  })
  return { glibc, entries }
}

/** Where the loader of the image finds a library. */
function libraryFinder(image: BaseImage, tree: BaseTree): (name: string) => Found | undefined {
  const own = (variableOf(image, 'LD_LIBRARY_PATH') ?? '').split(':').filter((folder) => folder.startsWith('/'))
  const folders = [...own, ...LIBRARY_FOLDERS[image.architecture]]
  return (name) => {
    for (const folder of folders) {
      const found = tree.find(posix.join(folder, name))
      if (found?.node.kind === 'file') return found
    }
    return undefined
  }
}

/** Names of all libraries that ours need, on this machine's word for those that these need in turn. */
async function namesOf({ binaries, image, root = '/' }: BaseSystemOptions): Promise<Set<string>> {
  const names = new Set<string>([C_LIBRARY])
  for (const waiting = [...binaries]; ;) {
    const path = waiting.shift()
    if (path === undefined) return names
    const { needed } = await readElf(path)
    for (const name of needed) {
      if (names.has(name)) continue
      names.add(name)
      const own = await findLibrary(name, image.architecture, root)
      if (own !== undefined) waiting.push(own.from)
    }
  }
}

async function versionsOf(image: BaseImage, { path }: Found, place: string) {
  return readElfVersions(place).catch((cause: unknown) => {
    throw new ServingError(
      'unsupported',
      `${quote(path)} of the base image ${quote(image.name)} is no library for ${image.architecture}`,
      { cause, details: { reason: 'base_image' } },
    )
  })
}

async function checkPython({ image }: BaseSystemOptions, python: Found, place: string): Promise<void> {
  const elf = await readElf(place).catch(() => undefined)
  const isRight = elf?.machine === image.architecture && LOADER.test(basename(elf.interpreter ?? 'ld-linux'))
  if (isRight) return
  throw new ServingError(
    'unsupported',
    `${quote(python.path)} of the base image ${quote(image.name)} is no program for glibc and ${image.architecture}` +
      `${elf === undefined ? ' (a script, or damaged)' : ''}; take an image whose python3 is one, such as python:3.11-slim`,
    { details: { reason: 'base_image' } },
  )
}

function withoutGlibc({ image, tree }: BaseSystemOptions): ServingError {
  const isMusl = [...(tree.find('/lib')?.node.children.keys() ?? [])].some((name) => name.startsWith('ld-musl'))
  return new ServingError(
    'unsupported',
    `the base image ${quote(image.name)} ${isMusl ? 'has the C library musl, as Alpine does' : `has no ${C_LIBRARY} for ${image.architecture}`}; ` +
      `Node and most wheels need glibc: take an image of Debian's kind, such as python:3.11-slim`,
    { details: { reason: 'base_image' } },
  )
}

function glibcOf(provided: ReadonlySet<string>): { glibc: readonly [number, number]; text: string } {
  const minors = [...provided].flatMap((name) => {
    const [, minor] = /^GLIBC_2\.(\d{1,3})$/.exec(name) ?? []
    return minor === undefined ? [] : [Number(minor)]
  })
  const minor = Math.max(0, ...minors)
  return { glibc: [2, minor], text: `glibc 2.${minor}` }
}

interface Lack {
  readonly path: string
  readonly name: string
  readonly lacking: string
  readonly text: string
  readonly isBrought: boolean
}

function tooOld(image: BaseImage, { path, name, lacking, text, isBrought }: Lack): ServingError {
  return new ServingError(
    'unsupported',
    `the base image ${quote(image.name)} is too old (${text}): ${quote(basename(path))} needs ${lacking} of its ${name}` +
      (isBrought
        ? `, and has to come from this machine, as the image has none; take an image that has it, or make this one on an older system`
        : `; take a newer one, such as python:3.11-slim`),
    { details: { reason: 'base_image', library: name, version: lacking } },
  )
}

/** @param folder of the image's C library, where the loader looks for others too */
async function entriesOf(
  { image, tree, root = '/' }: BaseSystemOptions,
  folder: string,
  brought: ReadonlyMap<string, string>,
  lists: { readonly passwd: string; readonly group: string },
): Promise<TarEntry[]> {
  const entries: TarEntry[] = []
  const ofThisMachine: string[] = []
  for (const [name, from] of brought) {
    const { size } = await stat(from)
    entries.push({ kind: 'file', path: posix.join(folder, name).slice(1), mode: MODE.file, from, sizeBytes: size })
    const own = await findLibrary(name, image.architecture, root)
    if (own !== undefined) ofThisMachine.push(own.path)
  }
  if (brought.size > 0)
    for (const entry of await collectRecords(root, ofThisMachine))
      if (tree.find(entry.path) === undefined && entry.path !== 'etc/os-release') entries.push(entry)
  const id = IMAGE_USER_ID
  if (!new RegExp(`^[^:\n]*:[^:\n]*:${id}:`, 'm').test(lists.passwd))
    entries.push(textEntry('etc/passwd', `${ended(lists.passwd)}slipway:x:${id}:${id}:slipway:/tmp:/sbin/nologin\n`))
  if (!new RegExp(`^[^:\n]*:[^:\n]*:${id}:`, 'm').test(lists.group))
    entries.push(textEntry('etc/group', `${ended(lists.group)}slipway:x:${id}:\n`))
  if (tree.find('/tmp') === undefined) entries.push({ kind: 'directory', path: 'tmp', mode: 0o1777 })
  return entries
}

function textEntry(path: string, text: string): TarEntry {
  return { kind: 'bytes', path, mode: MODE.file, bytes: Buffer.from(text) }
}

function ended(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}

async function textAt(path: string | undefined): Promise<string> {
  return path === undefined ? '' : readFile(path, 'utf8')
}
