/** Images that ours may stand on, written by our own writer and packed as other tools pack them. */
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { zstdCompressSync } from 'node:zlib'
import { gzip } from '../../src/packaging/gzip.ts'
import { openLayout } from '../../src/packaging/layout.ts'
import type { LayoutWriter } from '../../src/packaging/layout.ts'
import { arrange, MODE, tar, type TarEntry } from '../../src/packaging/tar.ts'

export type Packing = 'none' | 'gzip' | 'zstd'

export interface BaseOptions {
  readonly env?: readonly string[]
  /** In the words of images; this machine's when absent. */
  readonly architecture?: string
  readonly os?: string
  readonly tag?: string
  /** How its last layer is packed; by gzip when absent, as the others always are. */
  readonly packing?: Packing
  /** Digests of the unpacked layers, instead of the right ones. */
  readonly diffIds?: readonly string[]
}

const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar'
const OWN_ARCHITECTURE = process.arch === 'x64' ? 'amd64' : 'arm64'

/** Writes an OCI layout, or a further tag of one. @returns digests of its layers, as its manifest has them */
export async function writeBase(
  folder: string,
  contents: readonly (readonly TarEntry[] | Buffer)[],
  options: BaseOptions = {},
): Promise<string[]> {
  const layout = await openLayout(folder)
  const archives = await Promise.all(
    contents.map(async (entries) =>
      Buffer.isBuffer(entries) ? entries : buffer(tar(arrange(entries), new AbortController().signal)),
    ),
  )
  const layers = []
  for (const [i, archive] of archives.entries())
    layers.push(await packed(layout, archive, i === archives.length - 1 ? (options.packing ?? 'gzip') : 'gzip'))
  const config = {
    architecture: options.architecture ?? OWN_ARCHITECTURE,
    os: options.os ?? 'linux',
    config: {
      Env: options.env ?? ['PATH=/usr/local/bin:/usr/bin:/bin', 'LANG=C.UTF-8', 'MADE_BY=the base'],
      Labels: { 'org.example.base': 'yes' },
      Entrypoint: ['/usr/local/bin/python3'],
    },
    rootfs: { type: 'layers', diff_ids: options.diffIds ?? archives.map(digestOf) },
    history: [{ created_by: 'nothing', empty_layer: true }, ...archives.map((_, i) => ({ created_by: `step ${i}` }))],
  }
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const configuration = await writeJson(layout, 'application/vnd.oci.image.config.v1+json', config)
  const manifest = await writeJson(layout, mediaType, { schemaVersion: 2, mediaType, config: configuration, layers })
  const platform = { architecture: config.architecture, os: config.os }
  await layout.publish(options.tag ?? 'latest', { ...manifest, platform })
  return layers.map(({ digest }) => digest)
}

async function packed(layout: LayoutWriter, bytes: Buffer, packing: Packing) {
  if (packing === 'none') return blob(layout, LAYER_TYPE, bytes)
  if (packing === 'zstd') return blob(layout, `${LAYER_TYPE}+zstd`, zstdCompressSync(bytes))
  return blob(layout, `${LAYER_TYPE}+gzip`, await buffer(gzip(once(bytes))))
}

function writeJson(layout: LayoutWriter, mediaType: string, document: unknown) {
  return blob(layout, mediaType, Buffer.from(JSON.stringify(document)))
}

async function blob(layout: LayoutWriter, mediaType: string, bytes: Uint8Array) {
  const { digest, sizeBytes } = await layout.writeBlob([bytes])
  return { mediaType, digest, size: sizeBytes }
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** A file of some text. */
export function textFile(path: string, text = '', mode: number = MODE.file): TarEntry {
  return { kind: 'bytes', path, mode, bytes: Buffer.from(text) }
}

export function linkTo(path: string, target: string): TarEntry {
  return { kind: 'link', path, mode: MODE.link, target }
}
