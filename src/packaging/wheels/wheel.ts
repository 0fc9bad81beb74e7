import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { ServingError } from '../../core/errors.ts'
import { formatBytes, quote } from '../../core/text.ts'
import { MODE } from '../tar.ts'
import type { TarEntry } from '../tar.ts'
import { DamagedZip, readZipDirectory, readZipFile } from './read-zip.ts'
import type { ZipFile } from './read-zip.ts'
import { parseWheelName } from './wheel-name.ts'
import type { WheelName } from './wheel-name.ts'
import { parseRequirement } from './requirements.ts'
import type { Requirement } from './requirements.ts'

/** A package as a wheel brings it, not yet unpacked. */
export interface Wheel extends WheelName {
  /** Where the file lies. */
  readonly path: string
  readonly sha256: string
  readonly files: readonly ZipFile[]
  /** Folder of what the wheel says of itself. */
  readonly info: string
  readonly requires: readonly Requirement[]
  /** What it says of the Pythons that it runs on; empty for all. */
  readonly requiresPython: string
}

/** Where the packages of an image lie in it, relative to its root. */
export interface PackagePaths {
  /** Of the environment: `opt/slipway/python`. */
  readonly root: string
  /** Of its packages: `opt/slipway/python/lib/python3.11/site-packages`. */
  readonly packages: string
  /** First line of programs. */
  readonly interpreter: string
}

const MAX_TEXT_BYTES = 64 << 20
const MAX_UNPACKED_BYTES = 64 * 2 ** 30
/** A wheel's list of its files has no digest of these. */
const UNLISTED = /^(?:RECORD|RECORD\.jws|RECORD\.p7s)$/

/**
 * Opens a wheel: what it is, what it needs, which files it has.
 * @throws {ServingError} `refused` for damage
 * @see PyPA, "Binary distribution format"
 */
export async function openWheel(path: string): Promise<Wheel> {
  const named = parseWheelName(basename(path))
  if (named === undefined) throw refused(path, 'its name is none of a wheel')
  return orRefused(path, async () => {
    const files = await readZipDirectory(path)
    const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    if (total > MAX_UNPACKED_BYTES) throw refused(path, `it unpacks to ${formatBytes(total)}`)
    const infos = new Set(files.flatMap(({ name }) => /^([^/]+\.dist-info)\//.exec(name)?.[1] ?? []))
    const [info] = infos
    if (info === undefined || infos.size > 1) throw refused(path, 'it has no description, or several')
    const read = async (name: string): Promise<string> => {
      const file = files.find((one) => one.name === `${info}/${name}`)
      if (file === undefined) throw refused(path, `it has no ${quote(`${info}/${name}`)}`)
      if (file.sizeBytes > MAX_TEXT_BYTES) throw refused(path, `its ${quote(file.name)} is too long`)
      return readText(readZipFile(path, file))
    }
    const about = fieldsOf(await read('METADATA'))
    const version = fieldsOf(await read('WHEEL')).get('wheel-version')?.[0] ?? ''
    if (!version.startsWith('1.')) throw refused(path, `it is of the version ${quote(version)} of the format`)
    const requires = (about.get('requires-dist') ?? []).map((line) => parseRequirement(line) ?? unreadable(path, line))
    const digest = createHash('sha256')
    for await (const piece of createReadStream(path)) digest.update(piece as Uint8Array)
    return {
      ...named,
      path,
      sha256: digest.digest('hex'),
      files,
      info,
      requires,
      requiresPython: about.get('requires-python')?.[0] ?? '',
    }
  })
}

/**
 * Unpacks a wheel, as installers lay it out; nothing of it is run.
 * @param folder to put the files into, under names of no meaning; it is new, or holds those of other wheels
 * @throws {ServingError} `refused` when a file is not what the wheel's own list says, or would lie outside the environment
 */
export async function unpackWheel(
  wheel: Wheel,
  { root, packages, interpreter }: PackagePaths,
  folder: string,
  signal: AbortSignal,
): Promise<(TarEntry & { readonly kind: 'file' })[]> {
  const { path, info } = wheel
  return orRefused(path, async () => {
    const record = wheel.files.find(({ name }) => name === `${info}/RECORD`)
    if (record === undefined || record.sizeBytes > MAX_TEXT_BYTES) throw refused(path, 'it has no list of its files')
    const listed = parseRecord(await readText(readZipFile(path, record)))
    const data = info.replace(/\.dist-info$/, '.data/')
    const entries: (TarEntry & { readonly kind: 'file' })[] = []
    for (const [i, file] of wheel.files.entries()) {
      signal.throwIfAborted()
      const target = targetOf(file.name, { data, root, packages, wheel })
      if (file.name.split('/').some((part) => part === '' || part === '.' || part === '..') || /[\0\\]/.test(file.name))
        throw refused(path, `it has a file called ${quote(file.name)}`)
      const from = join(folder, `${wheel.sha256.slice(0, 16)}-${i}`)
      const isScript = file.name.startsWith(`${data}scripts/`)
      const wanted = listed.get(file.name)
      if (wanted === undefined && !(file.name.startsWith(`${info}/`) && UNLISTED.test(basename(file.name))))
        throw refused(path, `its list of files has no digest of ${quote(file.name)}`)
      const found = await write(readZipFile(path, file), from, isScript ? interpreter : undefined)
      if (wanted !== undefined && found.listed !== wanted)
        throw refused(path, `${quote(file.name)} has another digest than its list of files says`)
      const mode = isScript || (file.mode & 0o111) !== 0 ? MODE.program : MODE.file
      entries.push({ kind: 'file', path: target, mode, from, sizeBytes: found.sizeBytes, sha256: found.sha256 })
    }
    return entries
  })
}

interface Places {
  readonly data: string
  readonly root: string
  readonly packages: string
  readonly wheel: Wheel
}

/** @see PyPA, "Binary distribution format", "Installing a wheel": Spread */
function targetOf(name: string, { data, root, packages, wheel }: Places): string {
  if (!name.startsWith(data)) return `${packages}/${name}`
  const [scheme = '', ...rest] = name.slice(data.length).split('/')
  const below = rest.join('/')
  switch (scheme) {
    case 'purelib':
    case 'platlib':
      return `${packages}/${below}`
    case 'scripts':
      return `${root}/bin/${below}`
    case 'data':
      return `${root}/${below}`
    case 'headers':
      return `${root}/include/${wheel.name}/${below}`
    default:
      throw refused(wheel.path, `${quote(name)} belongs to no place that is known`)
  }
}

/** Writes a file. @param interpreter for the first line of a program that asks for one */
async function write(source: AsyncIterable<Uint8Array>, to: string, interpreter: string | undefined) {
  const listed = createHash('sha256')
  const written = createHash('sha256')
  let sizeBytes = 0
  const file = await open(to, 'wx')
  try {
    let isFirst = true
    for await (const piece of source) {
      listed.update(piece)
      let bytes = piece
      if (isFirst && interpreter !== undefined) bytes = withInterpreter(piece, interpreter)
      isFirst = false
      written.update(bytes)
      sizeBytes += bytes.byteLength
      await file.writeFile(bytes)
    }
  } finally {
    await file.close()
  }
  return { listed: listed.digest('base64url'), sha256: written.digest('hex'), sizeBytes }
}

function withInterpreter(piece: Uint8Array, interpreter: string): Uint8Array {
  const head = Buffer.from(piece).toString('latin1', 0, 64)
  const [line] = /^#!pythonw?(?=[ \r\n])/.exec(head) ?? []
  return line === undefined ? piece : Buffer.concat([Buffer.from(`#!${interpreter}`), piece.subarray(line.length)])
}

/** Digest, in base64url, by path. @see PyPA, "Recording installed projects" */
function parseRecord(text: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const [, quoted, plain, digest] =
      /^(?:"((?:[^"]|"")*)"|([^",]*)),sha256=([A-Za-z0-9_-]{43})=?,\d*$/.exec(line) ?? []
    if (digest !== undefined) found.set(quoted?.replaceAll('""', '"') ?? plain ?? '', digest)
  }
  return found
}

/** Headers of a text of mail's kind, by their names in small letters. */
function fieldsOf(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  const [head = ''] = text.split(/\r?\n\r?\n/, 1)
  for (const line of head.replaceAll(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const [, name, value] = /^([A-Za-z-]+):\s*(.*)$/.exec(line) ?? []
    if (name === undefined || value === undefined) continue
    const key = name.toLowerCase()
    found.set(key, [...(found.get(key) ?? []), value.trim()])
  }
  return found
}

async function orRefused<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DamagedZip) throw refused(path, `it ${error.message}`)
    const { code } = error as NodeJS.ErrnoException
    if (typeof code !== 'string' || error instanceof ServingError) throw error
    throw refused(path, `it cannot be read (${code})`)
  }
}

function unreadable(path: string, line: string): never {
  throw refused(path, `it requires ${quote(line)}, which is no package`)
}

function refused(path: string, why: string): ServingError {
  return new ServingError('refused', `the wheel ${quote(basename(path))} cannot be taken: ${why}; get it again`, {
    details: { reason: 'wheel', file: basename(path) },
  })
}
