import { createWriteStream } from 'node:fs'
import { join, posix } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ServingError } from '../../core/errors.ts'
import { formatBytes, quote } from '../../core/text.ts'
import { unpackLayer } from './base-image.ts'
import type { BaseImage } from './base-image.ts'
import { refusedBase } from './blobs.ts'
import { readTar } from './read-tar.ts'
import type { TarRecord } from './read-tar.ts'

/** One thing in the file system that an image's layers make together. */
export interface TreeNode {
  readonly kind: 'file' | 'directory' | 'symlink' | 'other'
  /** What a link leads to; empty for others. */
  readonly target: string
  readonly mode: number
  readonly sizeBytes: number
  /** The layer, and the path in its archive, that hold its bytes. */
  readonly layer: number
  readonly stored: string
  readonly children: Map<string, TreeNode>
}

/** Where something lies once links are followed. */
export interface Found {
  /** Absolute, without links. */
  readonly path: string
  readonly node: TreeNode
}

/** The files of an image, by their names; their bytes stay where they are. */
export interface BaseTree {
  /** Follows every link. @returns undefined where there is nothing */
  find(path: string): Found | undefined
  /** What lies at a path, itself a link perhaps, where no folder of the path is one. */
  look(path: string): TreeNode | undefined
  /** Of each layer, the size of its archive (bytes). */
  readonly unpackedBytes: readonly number[]
}

/** Paths that go round in circles lead nowhere. */
const MAX_LINKS = 40
const MAX_DEPTH = 512
/** Most that is taken out of a base image to be looked at (bytes): libraries, programs and lists. */
const MAX_EXTRACTED_BYTES = 512 << 20
const WHITEOUT = '.wh.'
const OPAQUE = '.wh..wh..opq'

export interface ReadOptions {
  readonly signal: AbortSignal
  /** Called now and then. @param doneBytes of the layers' archives */
  readonly onProgress?: ((doneBytes: number) => void) | undefined
}

/**
 * Reads which files an image has: all layers are unpacked in passing, and their digests checked.
 * @throws {ServingError} `refused` for damage
 * @see OCI image specification, "Image Layer Filesystem Changeset"
 */
export async function readBaseTree(image: BaseImage, { signal, onProgress }: ReadOptions): Promise<BaseTree> {
  const root = directory(-1)
  const unpackedBytes: number[] = []
  let doneBytes = 0
  for (const [i, layer] of image.layers.entries()) {
    let size = 0
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const piece of unpackLayer(image, layer)) {
        signal.throwIfAborted()
        size += piece.byteLength
        onProgress?.(doneBytes + size)
        yield piece
      }
    }
    await readTar(counted(), (record) => place(root, record, i))
    doneBytes += size
    unpackedBytes.push(size)
  }
  return { find: (path) => find(root, path), look: (path) => look(root, path), unpackedBytes }
}

function directory(layer: number, mode = 0o755, children = new Map<string, TreeNode>()): TreeNode {
  return { kind: 'directory', target: '', mode, sizeBytes: 0, layer, stored: '', children }
}

function place(root: TreeNode, record: TarRecord, layer: number): void {
  const parts = record.path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..') || parts.length > MAX_DEPTH)
    throw new ServingError('refused', `the base image has an entry called ${quote(record.path)}, which is no path`)
  const name = parts.pop()
  if (name === undefined) return
  const folder = folderAt(root, parts, layer)
  if (name === OPAQUE) {
    for (const [child, node] of folder.children) if (node.layer !== layer) folder.children.delete(child)
    return
  }
  if (name.startsWith(WHITEOUT)) {
    folder.children.delete(name.slice(WHITEOUT.length))
    return
  }
  const { kind, target, mode, sizeBytes } = record
  if (kind === 'hardlink') {
    const to = look(root, target)
    if (to !== undefined) folder.children.set(name, to)
    return
  }
  const before = folder.children.get(name)
  const children = kind === 'directory' && before?.kind === 'directory' ? before.children : new Map<string, TreeNode>()
  folder.children.set(name, { kind, target, mode, sizeBytes, layer, stored: record.path, children })
}

/** The folder at a path, made where it is missing; a link there is followed, as runtimes do. */
function folderAt(root: TreeNode, parts: readonly string[], layer: number): TreeNode {
  let at = root
  for (const [i, part] of parts.entries()) {
    const child = at.children.get(part)
    const next = child?.kind === 'symlink' ? find(root, posix.join('/', ...parts.slice(0, i + 1)))?.node : child
    if (next?.kind === 'directory') at = next
    else {
      const made = directory(layer)
      at.children.set(part, made)
      at = made
    }
  }
  return at
}

function find(root: TreeNode, path: string): Found | undefined {
  const waiting = partsOf(path)
  const done: { readonly name: string; readonly node: TreeNode }[] = []
  for (let links = 0; ;) {
    const part = waiting.shift()
    const at = done.at(-1)?.node ?? root
    if (part === undefined) return { path: `/${done.map(({ name }) => name).join('/')}`, node: at }
    if (part === '..') {
      done.pop()
      continue
    }
    const node = at.children.get(part)
    if (node === undefined) return undefined
    if (node.kind !== 'symlink') {
      done.push({ name: part, node })
      continue
    }
    if (++links > MAX_LINKS || waiting.length > MAX_DEPTH) return undefined
    if (node.target.startsWith('/')) done.length = 0
    waiting.unshift(...partsOf(node.target))
  }
}

function look(root: TreeNode, path: string): TreeNode | undefined {
  let at: TreeNode | undefined = root
  for (const part of partsOf(path)) at = at?.children.get(part)
  return at
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}

/**
 * Takes files out of an image, to look at them.
 * @param wanted files as `find` gives them
 * @param folder to write them to, under names of no meaning
 * @returns where each lies, by its path in the image
 * @throws {ServingError} `refused` for damage, and for files that are too large for what they are said to be
 */
export async function extract(
  image: BaseImage,
  wanted: readonly Found[],
  folder: string,
  { signal }: ReadOptions,
): Promise<Map<string, string>> {
  const total = wanted.reduce((sum, { node }) => sum + node.sizeBytes, 0)
  if (total > MAX_EXTRACTED_BYTES)
    throw refusedBase(
      image.name,
      `its libraries and lists of packages have ${formatBytes(total)}, the most is ${formatBytes(MAX_EXTRACTED_BYTES)}`,
    )
  const places = new Map<string, string>()
  for (const [i, layer] of image.layers.entries()) {
    const here = new Map<string, string[]>()
    for (const { path, node } of wanted)
      if (node.layer === i && node.kind === 'file') here.set(node.stored, [...(here.get(node.stored) ?? []), path])
    if (here.size === 0) continue
    await readTar(unpackLayer(image, layer), async (record, bytes) => {
      const paths = record.kind === 'file' ? here.get(record.path) : undefined
      if (paths === undefined) return
      signal.throwIfAborted()
      // a path that stands twice in a layer is what it is the last time
      const known = places.get(paths[0] ?? '')
      const place = known ?? join(folder, String(places.size))
      await pipeline(bytes, createWriteStream(place))
      for (const path of paths) places.set(path, place)
    })
  }
  return places
}
