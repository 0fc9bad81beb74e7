import { createHash } from 'node:crypto'
import { gzip } from './gzip.ts'
import type { LayoutWriter } from './layout.ts'
import { sizeOf, tar } from './tar.ts'
import type { TarEntry } from './tar.ts'

/** How far a layer has come, in bytes of its archive. */
export interface LayerProgress {
  readonly name: string
  readonly doneBytes: number
  /** Sum of its files; headers come on top, so `doneBytes` may pass it by a little. */
  readonly totalBytes: number
}

export interface WriteOptions {
  readonly signal: AbortSignal
  /** Called after each piece, at most once per MiB of a file. */
  readonly onProgress?: ((progress: LayerProgress) => void) | undefined
}

/** A layer that lies in a layout. */
export interface Layer {
  /** One word for people: `node`, `model`. */
  readonly name: string
  /** Digest of the compressed bytes, as the manifest names it. */
  readonly digest: string
  /** Digest of the archive before compression, as the configuration names it. */
  readonly diffId: string
  /** Compressed, in bytes. */
  readonly sizeBytes: number
  /** The archive before compression, in bytes. */
  readonly unpackedBytes: number
  /** How it is packed; gzip when absent. */
  readonly packing?: Packing
}

/** How layers are packed. */
export type Packing = 'none' | 'gzip' | 'zstd'

/** What shall become a layer. */
export interface LayerContent {
  readonly name: string
  /** As `arrange` gives them. */
  readonly entries: readonly TarEntry[]
}

/**
 * Packs one layer into the layout: archive, compression and both digests in one pass.
 * @throws {ServingError} `conflict` when a file changed since it was listed
 */
export async function writeLayer(
  { name, entries }: LayerContent,
  layout: LayoutWriter,
  { signal, onProgress }: WriteOptions,
): Promise<Layer> {
  const hash = createHash('sha256')
  const totalBytes = entries.reduce((total, entry) => total + sizeOf(entry), 0)
  let unpackedBytes = 0
  async function* archive(): AsyncGenerator<Uint8Array> {
    for await (const piece of tar(entries, signal)) {
      hash.update(piece)
      unpackedBytes += piece.byteLength
      onProgress?.({ name, doneBytes: unpackedBytes, totalBytes })
      yield piece
    }
  }
  const { digest, sizeBytes } = await layout.writeBlob(gzip(archive()))
  return { name, digest, diffId: `sha256:${hash.digest('hex')}`, sizeBytes, unpackedBytes }
}
