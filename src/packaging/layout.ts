import { createHash, randomUUID } from 'node:crypto'
import { chmod, mkdir, mkdtemp, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'

/** Some content, by its digest. @see OCI image specification, "Content Descriptors" */
export interface Descriptor {
  readonly mediaType: string
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string
  readonly size: number
  readonly platform?: { readonly architecture: string; readonly os: string }
  readonly annotations?: Readonly<Record<string, string>>
}

/** A blob that was written: its digest (`sha256:…`) and its size. */
export interface StoredBlob {
  readonly digest: string
  readonly sizeBytes: number
}

/** Bytes to store, in pieces. */
export type Content = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

interface Index {
  readonly schemaVersion: 2
  readonly mediaType: string
  readonly manifests: readonly Descriptor[]
}

const MARKER_FILE = 'oci-layout'
const INDEX_FILE = 'index.json'
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json'
const REF_NAME = 'org.opencontainers.image.ref.name'
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/

/**
 * An OCI image layout that is being written. Blobs may lie in it unseen; only `publish` makes an image of them, in one
 * rename, so whoever reads the folder finds the old state or the new one.
 */
export interface LayoutWriter {
  /**
   * Stores bytes under their digest.
   * @param expected the digest that they must have; nothing is stored when they have another
   */
  writeBlob(content: Content, expected?: string): Promise<StoredBlob>
  /** Where a blob lies until `publish`. */
  blobPath(digest: string): string
  /** Names a manifest; a tag that exists moves to it, all others stay. The layout is complete afterwards. */
  publish(tag: string, manifest: Descriptor): Promise<void>
  /** Removes what `publish` has not made visible. Does nothing after `publish`. */
  discard(): Promise<void>
}

/**
 * Begins to write to the layout at `folder`: a new one is built beside it and takes its place when it is complete, an
 * existing one gains blobs and then the tag.
 * @throws {ServingError} `conflict` when something else stands at `folder`
 * @see OCI image specification, "Image Layout"
 */
export async function openLayout(folder: string): Promise<LayoutWriter> {
  const target = resolve(folder)
  const isNew = !(await isLayout(target))
  await mkdir(dirname(target), { recursive: true })
  const root = isNew ? await mkdtemp(join(dirname(target), `.${basename(target)}-`)) : target
  const blobs = join(root, 'blobs', 'sha256')
  await mkdir(blobs, { recursive: true })
  let isPublished = false

  async function publish(tag: string, manifest: Descriptor): Promise<void> {
    checkTag(tag)
    const others = isNew ? [] : (await readIndex(root)).manifests.filter((one) => one.annotations?.[REF_NAME] !== tag)
    const named = { ...manifest, annotations: { ...manifest.annotations, [REF_NAME]: tag } }
    const index: Index = { schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [...others, named] }
    await replaceFile(join(root, MARKER_FILE), '{"imageLayoutVersion":"1.0.0"}')
    await replaceFile(join(root, INDEX_FILE), JSON.stringify(index))
    if (isNew) {
      await chmod(root, 0o755) // a temporary folder is its owner's alone
      await moveInto(root, target)
    }
    isPublished = true
  }

  async function discard(): Promise<void> {
    if (isNew && !isPublished) await rm(root, { recursive: true, force: true })
  }

  return {
    writeBlob: (content, expected) => writeBlob(blobs, content, expected),
    blobPath: (digest) => join(blobs, digest.slice('sha256:'.length)),
    publish,
    discard,
  }
}

/** @throws {ServingError} `invalid_argument` when registries would not take the tag */
export function checkTag(tag: string): void {
  if (!TAG.test(tag))
    throw new ServingError(
      'invalid_argument',
      `${quote(tag)} is no tag; a tag has 1 to 128 letters, digits, "_", "." and "-", and begins with none of the last two`,
    )
}

async function isLayout(folder: string): Promise<boolean> {
  const names: string[] = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new ServingError(
      'conflict',
      `${quote(folder)} is no folder; give the path of an OCI layout or of nothing yet`,
    )
  })
  if (names.includes(MARKER_FILE) && names.includes(INDEX_FILE)) return true
  if (names.length === 0) return false
  throw new ServingError(
    'conflict',
    `${quote(folder)} holds other files and is no OCI layout; give another path, or empty the folder`,
  )
}

async function readIndex(root: string): Promise<Index> {
  const text = await readFile(join(root, INDEX_FILE), 'utf8')
  try {
    const index = JSON.parse(text) as Partial<Index>
    if (Array.isArray(index.manifests)) return index as Index
  } catch {
    // falls through to the refusal
  }
  throw new ServingError('conflict', `${quote(INDEX_FILE)} of the layout cannot be read; give another path`)
}

async function writeBlob(blobs: string, content: Content, expected: string | undefined): Promise<StoredBlob> {
  const temporary = join(blobs, `.${randomUUID()}`)
  const hash = createHash('sha256')
  let sizeBytes = 0
  try {
    const file = await open(temporary, 'wx')
    try {
      for await (const piece of content) {
        hash.update(piece)
        sizeBytes += piece.byteLength
        await file.writeFile(piece)
      }
      await file.sync()
    } finally {
      await file.close()
    }
    const hex = hash.digest('hex')
    const digest = `sha256:${hex}`
    if (expected !== undefined && digest !== expected)
      throw new ServingError('conflict', `the bytes to store have the digest ${digest} where ${expected} was announced`)
    await rename(temporary, join(blobs, hex))
    return { digest, sizeBytes }
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Writes beside the file and renames, so nobody reads half of it. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`
  const file = await open(temporary, 'wx')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}

async function moveInto(root: string, target: string): Promise<void> {
  await rename(root, target).catch(async (error: NodeJS.ErrnoException) => {
    const isTaken = await stat(target).then(
      () => true,
      () => false,
    )
    if (!isTaken) throw error
    throw new ServingError('conflict', `${quote(target)} was made by somebody else meanwhile; pack again`)
  })
}
