import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { digestPlainFile, readPlainFile } from '../storage/local.ts'
import { MANIFEST_FILE, type Manifest } from './manifest.ts'
import { parseManifest } from './parse-manifest.ts'
import { sha256Hex } from './make.ts'

/** A bundle whose every byte has been checked against its manifest, held in memory while it is loaded. */
export interface OpenBundle {
  readonly manifest: Manifest
  /** SHA-256 of the manifest's bytes, 64 hexadecimal digits. */
  readonly digest: string
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** Largest manifest, and largest file of a bundle, that are read (bytes). */
const MAX_MANIFEST_BYTES = 64 * 2 ** 20
const MAX_FILE_BYTES = 2 ** 32

/**
 * Opens a bundle's folder: manifest, then every file it names, each checked. Nothing else may lie there.
 * @param expectedDigest refuse another version than this
 * @throws {ServingError} `not_found` when this is no bundle; `refused` when a file is missing, changed, linked or extra
 */
export async function openBundle(folder: string, expectedDigest?: string): Promise<OpenBundle> {
  const { manifestBytes, ...bundle } = await openManifest(folder, expectedDigest)
  const files = new Map<string, Uint8Array>([[MANIFEST_FILE, manifestBytes]])
  for (const [path, { sha256, sizeBytes }] of Object.entries(bundle.manifest.files)) {
    const bytes = await namedByManifest(path, sizeBytes, (most) => readPlainFile(join(folder, path), most, path))
    checkFile(path, bytes, sha256, sizeBytes)
    files.set(path, bytes)
  }
  await refuseStrangers(folder, files)
  return { ...bundle, files }
}

/**
 * Checks a bundle's folder as `openBundle` does, in constant memory.
 * @throws {ServingError} as `openBundle`
 */
export async function verifyBundle(folder: string, expectedDigest?: string): Promise<Omit<OpenBundle, 'files'>> {
  const { manifest, digest } = await openManifest(folder, expectedDigest)
  for (const [path, { sha256, sizeBytes }] of Object.entries(manifest.files)) {
    const found = await namedByManifest(path, sizeBytes, (most) => digestPlainFile(join(folder, path), most, path))
    if (found !== sha256) throw changed(path)
  }
  await refuseStrangers(folder, new Map([[MANIFEST_FILE, undefined], ...Object.entries(manifest.files)]))
  return { manifest, digest }
}

async function openManifest(folder: string, expectedDigest: string | undefined) {
  const manifestBytes = await readPlainFile(join(folder, MANIFEST_FILE), MAX_MANIFEST_BYTES, MANIFEST_FILE)
  const digest = sha256Hex(manifestBytes)
  if (expectedDigest !== undefined && digest !== expectedDigest)
    throw new ServingError(
      'refused',
      `the bundle was changed: its digest is ${digest}, its name says ${expectedDigest}`,
    )
  return { manifest: parseManifest(manifestBytes), digest, manifestBytes }
}

/** Reads a file that the manifest names; that it is missing or longer is then the bundle's fault. */
async function namedByManifest<T>(path: string, sizeBytes: number, read: (maxBytes: number) => Promise<T>): Promise<T> {
  try {
    return await read(Math.min(sizeBytes, MAX_FILE_BYTES))
  } catch (error) {
    const { code } = ServingError.from(error)
    if (code === 'not_found')
      throw new ServingError('refused', `the bundle lacks ${quote(path)}, which its manifest names`, { cause: error })
    if (code === 'too_large' && sizeBytes <= MAX_FILE_BYTES) throw changed(path, error)
    throw error
  }
}

/** @throws {ServingError} `refused` when the bytes are not those that the manifest names */
export function checkFile(path: string, bytes: Uint8Array, sha256: string, sizeBytes: number): void {
  if (bytes.byteLength !== sizeBytes || sha256Hex(bytes) !== sha256) throw changed(path)
}

function changed(path: string, cause?: unknown): ServingError {
  return new ServingError(
    'refused',
    `the bundle's file ${quote(path)} is not the one its manifest names: its digest differs`,
    { cause },
  )
}

async function refuseStrangers(folder: string, files: ReadonlyMap<string, unknown>): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    if (entry.isDirectory()) continue
    const path = relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/')
    if (!files.has(path))
      throw new ServingError('refused', `the bundle holds ${quote(path)}, which its manifest does not name`)
  }
}
