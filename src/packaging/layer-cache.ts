import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readPieces } from './file-pieces.ts'
import { writeLayer } from './layer.ts'
import type { Layer, LayerContent, WriteOptions } from './layer.ts'
import type { LayoutWriter } from './layout.ts'

/** Raised when the same files would give other bytes. */
const REVISION = 1
/** Layers of one name that stay in the cache: this version's and the last one's, for two architectures. */
const MAX_KEPT = 4

/**
 * Like `writeLayer`, but takes the compressed bytes from the cache when it holds a layer of the same content.
 * What the cache gives is checked by its digest, so a damaged cache costs no more than the time to compress again.
 * @param folder of the cache; made when missing
 * @throws {ServingError} `conflict` when a file changed since it was listed
 */
export async function writeCachedLayer(
  content: LayerContent,
  layout: LayoutWriter,
  folder: string,
  options: WriteOptions,
): Promise<{ readonly layer: Layer; readonly isCached: boolean }> {
  const key = `${content.name}-${await keyOf(content, options.signal)}`
  const known = await take(folder, key, layout)
  if (known !== undefined) return { layer: known, isCached: true }
  const layer = await writeLayer(content, layout, options)
  await keep(folder, key, layer, layout)
  await prune(folder, content.name)
  return { layer, isCached: false }
}

/** A digest of all that a layer's bytes come from. */
async function keyOf({ entries }: LayerContent, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  // Another zlib, or the same one on another processor, may compress the same bytes otherwise.
  hash.update(JSON.stringify([REVISION, process.versions.zlib, process.arch]))
  for (const entry of entries) {
    const body = createHash('sha256')
    if (entry.kind === 'bytes') body.update(entry.bytes)
    if (entry.kind === 'link') body.update(entry.target)
    if (entry.kind === 'file') for await (const piece of readPieces(entry, signal)) body.update(piece)
    hash.update(`\n${JSON.stringify([entry.kind, entry.path, entry.mode, body.digest('hex')])}`)
  }
  return hash.digest('hex')
}

async function take(folder: string, key: string, layout: LayoutWriter): Promise<Layer | undefined> {
  try {
    const layer = JSON.parse(await readFile(join(folder, `${key}.json`), 'utf8')) as Layer
    await layout.writeBlob(createReadStream(join(folder, `${key}.gz`)), layer.digest)
    return layer
  } catch {
    return undefined // not there, or damaged: it is packed anew and replaced
  }
}

/** The bytes first, then the description that makes them count. */
async function keep(folder: string, key: string, layer: Layer, layout: LayoutWriter): Promise<void> {
  await mkdir(folder, { recursive: true })
  const temporary = join(folder, `.${randomUUID()}`)
  try {
    await copyFile(layout.blobPath(layer.digest), temporary)
    await rename(temporary, join(folder, `${key}.gz`))
    await writeFile(temporary, JSON.stringify(layer))
    await rename(temporary, join(folder, `${key}.json`))
  } finally {
    await rm(temporary, { force: true })
  }
}

async function prune(folder: string, name: string): Promise<void> {
  const kept: { stem: string; time: number }[] = []
  for (const file of await readdir(folder)) {
    if (!file.startsWith(`${name}-`) || !file.endsWith('.json')) continue
    const { mtimeMs } = await stat(join(folder, file))
    kept.push({ stem: file.slice(0, -'.json'.length), time: mtimeMs })
  }
  kept.sort((a, b) => b.time - a.time)
  for (const { stem } of kept.slice(MAX_KEPT))
    for (const end of ['json', 'gz']) await rm(join(folder, `${stem}.${end}`), { force: true })
}
