import { basename, join } from 'node:path'
import { sha256Hex } from '../bundle/make.ts'
import { MANIFEST_FILE } from '../bundle/manifest.ts'
import { unpackBundle } from '../bundle/pack.ts'
import { BundleStore } from '../bundle/store.ts'
import { archiveContents, openArchive } from '../formats/archives/open-archive.ts'
import { readTar } from '../formats/archives/tar.ts'
import { decompress } from '../formats/compression/index.ts'
import { detectFormat } from '../formats/detect.ts'
import { readNamedFile, writeFolderAtomically } from '../storage/local.ts'
import { serveOneJob } from './limited-process.ts'
import type { UnpackJob } from './unpack.ts'

/** The process that unpacks. */
export function runUnpackingWorker(): void {
  serveOneJob(async ({ path, store, maxFileBytes, asFiles = false }: UnpackJob): Promise<string | undefined> => {
    const packed = await readNamedFile(path, maxFileBytes, basename(path))
    if (asFiles) return layOutFiles(packed, path, store, maxFileBytes)
    if (!isPackedBundle(packed, maxFileBytes)) return undefined
    const bundle = await unpackBundle(packed)
    await new BundleStore(store).put(bundle)
    return bundle.digest
  })
}

/** What is neither a bundle nor another archive of files is left to the bundle's reader, which says what is wrong with it. */
export function isPackedBundle(packed: Uint8Array, maxBytes: number): boolean {
  const format = detectFormat(packed)
  if (format === 'packed-pickle') return false
  if (format !== 'packed-tar') return true
  const { names } = openArchive(packed, { maxBytes })
  return archiveContents(names).kind === 'bundle'
}

/** Into a folder that is called as the archive is. */
async function layOutFiles(
  packed: Uint8Array,
  path: string,
  store: string,
  maxBytes: number,
): Promise<string | undefined> {
  const files = readTar(decompress(packed, 'gzip', { maxBytes }))
  if (files.has(MANIFEST_FILE)) return undefined
  const stem = basename(path).replace(/\.(tar\.gz|tgz)$/i, '')
  const own = join(store, sha256Hex(packed).slice(0, 40), stem)
  await writeFolderAtomically(own, files)
  return own
}
