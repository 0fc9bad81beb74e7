import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ServingError } from '../core/errors.ts'
import { writeAtomically, writeFolderAtomically } from '../storage/local.ts'
import type { Manifest } from './manifest.ts'
import { openBundle, verifyBundle, type OpenBundle } from './open.ts'
import type { MadeBundle } from './make.ts'

const DIGEST = /^[0-9a-f]{64}$/

/**
 * Bundles by digest in a local folder: `sha256/<digest>/`. Beside them, `sources/<key>` remembers which bundle a model
 * file became, so that the same file is compiled once.
 */
export class BundleStore {
  /** The store's folder. */
  readonly root: string

  constructor(root: string) {
    this.root = root
  }

  /** Where a bundle lies, or would lie. */
  folderOf(digest: string): string {
    if (!DIGEST.test(digest)) throw new ServingError('invalid_argument', 'a bundle digest is 64 hexadecimal digits')
    return join(this.root, 'sha256', digest)
  }

  /** Keeps a bundle. Keeping it again changes nothing, unless what lies there is damaged: then it is replaced. */
  async put(bundle: MadeBundle): Promise<string> {
    const folder = this.folderOf(bundle.digest)
    if (await writeFolderAtomically(folder, bundle.files)) return folder
    try {
      await verifyBundle(folder, bundle.digest)
    } catch (error) {
      if (ServingError.from(error).code === 'internal') throw error
      await rm(folder, { recursive: true, force: true })
      await writeFolderAtomically(folder, bundle.files)
    }
    return folder
  }

  /** @throws {ServingError} `not_found`, or `refused` when it was changed on disk */
  open(digest: string): Promise<OpenBundle> {
    return openBundle(this.folderOf(digest), digest)
  }

  /** Checks a bundle, in constant memory. @throws {ServingError} `not_found`, or `refused` when it was changed on disk */
  async verify(digest: string): Promise<Manifest> {
    return (await verifyBundle(this.folderOf(digest), digest)).manifest
  }

  /** Notes what a source became. @param key hexadecimal: digest of all that the source alone decides */
  async remember(key: string, source: KnownSource): Promise<void> {
    await mkdir(join(this.root, 'sources'), { recursive: true })
    await writeAtomically(join(this.root, 'sources', key), Buffer.from(JSON.stringify(source)))
  }

  /** What a source became, with its manifest, if that is known and the bundle is still whole. */
  async recall(key: string): Promise<(KnownSource & { readonly manifest: Manifest }) | undefined> {
    try {
      const source = JSON.parse(await readFile(join(this.root, 'sources', key), 'utf8')) as KnownSource
      return { ...source, manifest: await this.verify(source.digest) }
    } catch {
      // not there, or damaged: it is made anew
      return undefined
    }
  }
}

/** What a model file became, and which files beside it took part. */
export interface KnownSource {
  readonly digest: string
  readonly beside: readonly SourceFile[]
  /** The build of Slipway that validated the source's graphs and wrote them anew into the bundle, where it has a name. */
  readonly writtenBy?: string | undefined
  /** What there was to say of it when it was compiled. */
  readonly warnings?: readonly string[] | undefined
  /** What the source holds, for people to look at. */
  readonly found?: object | undefined
}

export interface SourceFile {
  /** Name in the model file's own folder. */
  readonly name: string
  readonly sha256: string
}
