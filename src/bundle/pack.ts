import { createGunzip, createGzip } from 'node:zlib'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { extract, pack as createPack } from 'tar-stream'
import { ServingError } from '../core/errors.ts'
import { formatBytes, quote } from '../core/text.ts'
import { MANIFEST_FILE } from './manifest.ts'
import { parseManifest } from './parse-manifest.ts'
import { sha256Hex, type MadeBundle } from './make.ts'
import { checkFile } from './open.ts'

/** Most bytes that a packed bundle may unpack to, and most files it may have. */
const MAX_UNPACKED_BYTES = 8 * 2 ** 30
const MAX_ENTRIES = 10_000

/**
 * A bundle as one `.tar.gz`: its files at the top, as SageMaker's `model.tar.gz` has them. The same bundle gives the
 * same bytes: sorted, no times, no owners.
 */
export async function packBundle(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const pack = createPack()
  const gzip = createGzip({ level: 9 })
  const chunks: Uint8Array[] = []
  const collected = pipeline(pack, gzip, async (source: AsyncIterable<Uint8Array>) => {
    for await (const chunk of source) chunks.push(chunk)
  })
  for (const path of [...files.keys()].sort()) {
    const bytes = files.get(path) ?? new Uint8Array()
    const header = { name: path, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' }
    await new Promise<void>((resolve, reject) => {
      pack.entry(header, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), (error) =>
        error ? reject(error) : resolve(),
      )
    })
  }
  pack.finalize()
  await collected
  const packed = Buffer.concat(chunks)
  packed[9] = 255 // gzip notes the operating system here: unknown, so that every machine writes the same
  return packed
}

/**
 * Reads a packed bundle back, trusting nothing in it: plain files only, each named by the manifest and equal to it.
 * @param maxBytes longest tar stream that it may unpack to (bytes)
 * @throws {ServingError} `refused`, `too_large`
 */
export async function unpackBundle(packed: Uint8Array, maxBytes: number = MAX_UNPACKED_BYTES): Promise<MadeBundle> {
  const files = await readEntries(packed, maxBytes)
  const manifestBytes = files.get(MANIFEST_FILE)
  if (manifestBytes === undefined)
    throw new ServingError('refused', `the archive is no bundle: it holds no ${MANIFEST_FILE}`)
  const manifest = parseManifest(manifestBytes)
  for (const [path, { sha256, sizeBytes }] of Object.entries(manifest.files)) {
    const bytes = files.get(path)
    if (bytes === undefined) throw new ServingError('refused', `the archive lacks the bundle's file ${quote(path)}`)
    checkFile(path, bytes, sha256, sizeBytes)
  }
  for (const path of files.keys())
    if (path !== MANIFEST_FILE && !Object.hasOwn(manifest.files, path))
      throw new ServingError('refused', `the archive holds ${quote(path)}, which its manifest does not name`)
  return { manifest, digest: sha256Hex(manifestBytes), files }
}

async function readEntries(packed: Uint8Array, maxBytes: number): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  const unpack = extract()
  const fed = pipeline(Readable.from([packed]), createGunzip(), limit(maxBytes), unpack)
  fed.catch(() => {}) // answered below, after the entries
  try {
    for await (const entry of unpack) {
      const { name, type } = entry.header
      if (type === 'directory') {
        entry.resume()
        continue
      }
      if (type !== 'file')
        throw new ServingError('refused', `the archive's entry ${quote(name)} is a ${type}; plain files only`)
      const path = name.startsWith('./') ? name.slice(2) : name
      if (files.has(path)) throw new ServingError('refused', `the archive holds ${quote(path)} twice`)
      if (files.size >= MAX_ENTRIES) throw new ServingError('too_large', `the archive has over ${MAX_ENTRIES} files`)
      const chunks: Uint8Array[] = []
      for await (const chunk of entry) chunks.push(chunk as Uint8Array)
      files.set(path, new Uint8Array(Buffer.concat(chunks)))
    }
    await fed
    return files
  } catch (error) {
    unpack.destroy()
    if (error instanceof ServingError) throw error
    throw new ServingError('refused', 'the file is no .tar.gz, or it is damaged', { cause: error })
  }
}

/** Counts all that comes out of the gzip stream, headers too: an archive can hide its size in each of them. */
function limit(maxBytes: number) {
  return async function* (source: AsyncIterable<Uint8Array>) {
    let total = 0
    for await (const chunk of source) {
      total += chunk.byteLength
      if (total > maxBytes) throw new ServingError('too_large', `the archive unpacks to over ${formatBytes(maxBytes)}`)
      yield chunk
    }
  }
}
