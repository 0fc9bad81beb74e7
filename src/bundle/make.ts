import { createHash } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'
import { MANIFEST_FILE, type Manifest } from './manifest.ts'
import { parseManifest } from './parse-manifest.ts'

/** A bundle in memory, on its way to a store. */
export interface MadeBundle {
  readonly manifest: Manifest
  /** SHA-256 of the manifest's bytes: the version. 64 hexadecimal digits. */
  readonly digest: string
  /** All files by path, the manifest among them. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/**
 * Closes a bundle: notes each file's digest in the manifest, whose own digest is then the version.
 * @param files without the manifest
 */
export function makeBundle(parts: Omit<Manifest, 'files'>, files: ReadonlyMap<string, Uint8Array>): MadeBundle {
  const facts = [...files].map(([path, bytes]) => [path, { sha256: sha256Hex(bytes), sizeBytes: bytes.byteLength }])
  const bytes = new TextEncoder().encode(canonicalJson({ ...parts, files: Object.fromEntries(facts) }))
  const manifest = parseManifest(bytes)
  return { manifest, digest: sha256Hex(bytes), files: new Map([[MANIFEST_FILE, bytes], ...files]) }
}

/** SHA-256 in hexadecimal. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
