import { createReadStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sha256Hex } from '../../../bundle/make.ts'
import { MANIFEST_FILE } from '../../../bundle/manifest.ts'
import { verifyBundle } from '../../../bundle/open.ts'
import { parseManifest } from '../../../bundle/parse-manifest.ts'
import { ServingError } from '../../../core/errors.ts'
import { syncFolder, writeAtomically } from '../../../storage/local.ts'
import { temporaryBeside } from '../../../storage/temporaries.ts'
import type { ObjectStorage } from '../../../storage/object-storage.ts'
import { writeAll, writingTo } from '../../../storage/new-files.ts'

/** Largest manifest that is read into memory (bytes). */
const MAX_MANIFEST_BYTES = 64 * 2 ** 20

/** Where a bundle's files lie in the storage. */
const keyOf = (digest: string, path: string) => `bundles/${digest}/${path}`

/**
 * Writes a bundle to the storage: its manifest last, so that a bundle with a manifest there is whole. One that is there
 * already costs one question.
 * @param folder of the bundle, checked
 */
export async function storeBundle(
  storage: ObjectStorage,
  folder: string,
  digest: string,
  signal: AbortSignal,
  onProgress: (fraction: number) => void = () => {},
): Promise<void> {
  const { manifest } = await verifyBundle(folder, digest)
  if ((await storage.head(keyOf(digest, MANIFEST_FILE), { signal }))?.sha256 === digest) return
  const files = Object.entries(manifest.files)
  const total = files.reduce((sum, [, { sizeBytes }]) => sum + sizeBytes, 1)
  let done = 0
  for (const [path, { sha256, sizeBytes }] of files) {
    await storage.put(keyOf(digest, path), createReadStream(join(folder, path)), { sha256, signal })
    onProgress((done += sizeBytes) / total)
  }
  await storage.put(keyOf(digest, MANIFEST_FILE), createReadStream(join(folder, MANIFEST_FILE)), {
    sha256: digest,
    signal,
  })
}

/**
 * Brings a bundle from the storage to a folder, every file of it checked; it appears there whole, in place of a damaged one.
 * @throws {ServingError} `not_found`; `refused` when the storage has other bytes than the manifest names
 */
export async function fetchBundle(
  storage: ObjectStorage,
  folder: string,
  digest: string,
  signal: AbortSignal,
): Promise<void> {
  const temporary = temporaryBeside(folder)
  try {
    await mkdir(temporary, { recursive: true })
    const manifestBytes = await readObject(storage, keyOf(digest, MANIFEST_FILE), signal)
    if (sha256Hex(manifestBytes) !== digest) throw changed(digest)
    const manifest = parseManifest(manifestBytes)
    await writeAtomically(join(temporary, MANIFEST_FILE), manifestBytes)
    const folders = new Set([temporary])
    for (const [path, { sizeBytes }] of Object.entries(manifest.files)) {
      const target = join(temporary, path)
      await mkdir(dirname(target), { recursive: true })
      folders.add(dirname(target))
      await bring(storage, keyOf(digest, path), target, sizeBytes, signal)
    }
    await verifyBundle(temporary, digest)
    for (const each of folders) await syncFolder(each)
    await rm(folder, { recursive: true, force: true })
    await rename(temporary, folder)
    await syncFolder(dirname(folder))
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** Takes a bundle out of the storage: its manifest first. */
export async function removeStoredBundle(storage: ObjectStorage, digest: string): Promise<void> {
  await storage.remove(keyOf(digest, MANIFEST_FILE))
  for await (const { key } of storage.list(`bundles/${digest}/`)) await storage.remove(key)
}

/** Digests of the bundles of which something lies in the storage. */
export async function storedBundles(storage: ObjectStorage): Promise<ReadonlySet<string>> {
  const digests = new Set<string>()
  for await (const { key } of storage.list('bundles/')) {
    const [, digest = ''] = key.split('/')
    if (/^[0-9a-f]{64}$/.test(digest)) digests.add(digest)
  }
  return digests
}

async function bring(
  storage: ObjectStorage,
  key: string,
  path: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<void> {
  const { body } = await storage.get(key, { signal })
  await writingTo(path, async (file) => {
    let received = 0
    for await (const chunk of body) {
      received += chunk.byteLength
      if (received > maxBytes) throw changed(key)
      await writeAll(file, chunk)
    }
  })
}

async function readObject(storage: ObjectStorage, key: string, signal: AbortSignal): Promise<Uint8Array> {
  const { body } = await storage.get(key, { signal })
  const chunks: Uint8Array[] = []
  let received = 0
  for await (const chunk of body) {
    received += chunk.byteLength
    if (received > MAX_MANIFEST_BYTES) throw changed(key)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function changed(what: string): ServingError {
  return new ServingError('refused', `the storage has other bytes than were put there: ${what}`, {
    details: { reason: 'corrupt' },
  })
}
