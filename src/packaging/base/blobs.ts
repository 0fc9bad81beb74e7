import { createReadStream } from 'node:fs'
import { readFile, realpath, stat } from 'node:fs/promises'
import { join, posix, sep } from 'node:path'
import { ServingError } from '../../core/errors.ts'
import { formatBytes, quote } from '../../core/text.ts'
import { readTar } from './read-tar.ts'

/** The files of an image as it was exported: a folder, or an archive that need not be unpacked. */
export interface BlobSource {
  /** As the user named it, for messages. */
  readonly name: string
  has(path: string): boolean | Promise<boolean>
  /** A stream of a file's bytes. @throws {ServingError} `refused` where there is none */
  open(path: string): Promise<AsyncIterable<Uint8Array>>
}

/** Documents of an image are some KiB. */
const MAX_DOCUMENT_BYTES = 16 << 20

/**
 * Opens an exported image.
 * @param path of the folder of an OCI layout, or of a tar archive of one or of a Docker image
 * @throws {ServingError} `not_found`; `unsupported` for what is neither
 */
export async function openBlobs(path: string): Promise<BlobSource> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new ServingError(
      'not_found',
      `there is no base image at ${quote(path)}; export one, for example by ` +
        `"skopeo copy docker://docker.io/library/python:3.11-slim oci:base"`,
      { cause },
    )
  })
  if (found.isDirectory()) return openFolder(path)
  const head = await firstBytes(path)
  if (head.length >= 262 && head.toString('latin1', 257, 262) === 'ustar') return openArchive(path)
  const isCompressed = head.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b])) || head.readUInt32BE(0) === 0x28b52ffd
  throw new ServingError(
    'unsupported',
    isCompressed
      ? `the base image ${quote(path)} is a compressed archive; unpack it to a .tar first: "gunzip" or "unzstd"`
      : `${quote(path)} is no base image; give the folder of an OCI layout, or a .tar of one or of "docker save"`,
  )
}

async function openFolder(folder: string): Promise<BlobSource> {
  const root = await realpath(folder)
  const inside = async (path: string): Promise<string | undefined> => {
    const real = await realpath(join(root, path)).catch(() => undefined)
    return real?.startsWith(root + sep) === true ? real : undefined
  }
  return {
    name: folder,
    has: async (path) => (await inside(path)) !== undefined,
    open: async (path) => createReadStream((await inside(path)) ?? missing(folder, path)),
  }
}

/** Finds where each file of the archive lies, so that it is read in place. */
async function openArchive(archive: string): Promise<BlobSource> {
  const places = new Map<string, { readonly offset: number; readonly sizeBytes: number }>()
  const links = new Map<string, string>()
  await readTar(
    createReadStream(archive),
    ({ kind, path, target, offset, sizeBytes }) => {
      if (kind === 'file') places.set(path, { offset, sizeBytes })
      if (kind === 'symlink') links.set(path, posix.join(posix.dirname(path), target))
      if (kind === 'hardlink') links.set(path, posix.normalize(target))
    },
    100_000,
  )
  const find = (path: string) => places.get(path) ?? places.get(links.get(path) ?? '')
  return {
    name: archive,
    has: (path) => find(path) !== undefined,
    open(path) {
      const { offset, sizeBytes } = find(path) ?? missing(archive, path)
      if (sizeBytes === 0) return Promise.resolve(nothing())
      return Promise.resolve(createReadStream(archive, { start: offset, end: offset + sizeBytes - 1 }))
    },
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** A small file of the image, as JSON. @throws {ServingError} `refused` for what is none */
export async function readDocument(source: BlobSource, path: string): Promise<{ bytes: Buffer; document: unknown }> {
  const pieces: Uint8Array[] = []
  let sizeBytes = 0
  for await (const piece of await source.open(path)) {
    sizeBytes += piece.byteLength
    if (sizeBytes > MAX_DOCUMENT_BYTES)
      throw refusedBase(source.name, `its ${quote(path)} has over ${formatBytes(MAX_DOCUMENT_BYTES)}`)
    pieces.push(piece)
  }
  const bytes = Buffer.concat(pieces)
  try {
    return { bytes, document: JSON.parse(bytes.toString('utf8')) as unknown }
  } catch (cause) {
    throw new ServingError('refused', refusedBase(source.name, `its ${quote(path)} is no JSON`).message, { cause })
  }
}

/** @param why what is wrong with it */
export function refusedBase(name: string, why: string): ServingError {
  return new ServingError('refused', `the base image ${quote(name)} cannot be read: ${why}; export it again`, {
    details: { reason: 'base_image' },
  })
}

function missing(name: string, path: string): never {
  throw refusedBase(name, `it has no ${quote(path)}`)
}

async function firstBytes(path: string): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of createReadStream(path, { end: 511 })) pieces.push(piece as Buffer)
  const head = Buffer.concat(pieces)
  return head.length >= 4 ? head : readFile(path).then((bytes) => Buffer.concat([bytes, Buffer.alloc(4)]))
}
