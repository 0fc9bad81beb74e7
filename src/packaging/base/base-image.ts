import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { posix } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { Packing } from '../layer.ts'
import type { Architecture } from '../system.ts'
import { openBlobs, readDocument, refusedBase } from './blobs.ts'
import type { BlobSource } from './blobs.ts'

/** One layer of an image that somebody else made. */
export interface BaseLayer {
  /** How its bytes are packed; a layer that comes with a digest stays as it is. */
  readonly packing: Packing
  /** Digest of the bytes as they are packed; undefined where Docker saved them, which packs nothing. */
  readonly digest: string | undefined
  /** Digest of the archive before compression. */
  readonly diffId: string
  /** The bytes as they are packed. */
  open(): Promise<AsyncIterable<Uint8Array>>
}

/** What a base image's configuration says, as far as it is kept. */
export interface BaseConfig {
  readonly env: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  /** As the configuration has it, where it fits the layers. */
  readonly history: readonly unknown[] | undefined
}

/** An image with a system and Python, as its makers exported it; its layers are not yet read. */
export interface BaseImage {
  readonly name: string
  readonly architecture: Architecture
  /** Of its manifest; undefined for a Docker archive, which has none. */
  readonly digest: string | undefined
  readonly config: BaseConfig
  readonly layers: readonly BaseLayer[]
}

const ARCHITECTURES: Readonly<Record<string, Architecture>> = { amd64: 'x64', arm64: 'arm64' }
const PACKINGS: Readonly<Record<string, Packing>> = {
  'application/vnd.oci.image.layer.v1.tar': 'none',
  'application/vnd.oci.image.layer.v1.tar+gzip': 'gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd': 'zstd',
  'application/vnd.docker.image.rootfs.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'zstd',
}
const DIGEST = /^sha256:[0-9a-f]{64}$/
/** An index may lead to another one; more than this is a circle. */
const MAX_INDEXES = 4
const MAX_LAYERS = 1000

/** What an image's documents hold; every member is looked at before it is used. */
type Fields = Readonly<Record<string, unknown>>

interface Pointer {
  readonly digest: string
  readonly mediaType: string
  readonly platform: Fields
  readonly tag: string | undefined
}

/**
 * Opens a base image.
 * @param given path of an OCI layout, of a tar archive of one, or of a Docker archive; `:TAG` behind it chooses one of several
 * @param wanted processor, of an image for several
 * @throws {ServingError} `not_found`, `invalid_argument` where several images fit; `unsupported` for another system or
 *   processor; `refused` for damage
 * @see OCI image specification 1.1, "Image Layout"; Docker, "Docker Image Specification v1.2"
 */
export async function openBaseImage(given: string, wanted: Architecture | undefined): Promise<BaseImage> {
  const { path, tag } = await splitTag(given)
  try {
    return await openImage(path, tag, wanted)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (cause instanceof ServingError || typeof code !== 'string') throw cause
    throw new ServingError('not_found', `the base image ${quote(path)} cannot be read (${code})`, { cause })
  }
}

async function openImage(path: string, tag: string | undefined, wanted: Architecture | undefined): Promise<BaseImage> {
  const source = await openBlobs(path)
  if (await source.has('oci-layout')) return openLayoutImage(source, tag, wanted)
  if (await source.has('manifest.json')) return openDockerImage(source, tag, wanted)
  throw new ServingError(
    'unsupported',
    `${quote(path)} is no base image; give the folder of an OCI layout, or a .tar of one or of "docker save"`,
  )
}

/** A tag stands behind the last colon, unless that is part of a name that exists. */
async function splitTag(given: string): Promise<{ path: string; tag: string | undefined }> {
  const plain = given.replace(/^(?:oci|oci-archive|docker-archive):/, '')
  const colon = plain.lastIndexOf(':')
  const isThere = await stat(plain).then(
    () => true,
    () => false,
  )
  if (isThere || colon <= plain.lastIndexOf('/')) return { path: plain, tag: undefined }
  return { path: plain.slice(0, colon), tag: plain.slice(colon + 1) }
}

async function openLayoutImage(
  source: BlobSource,
  tag: string | undefined,
  wanted: Architecture | undefined,
): Promise<BaseImage> {
  const { document } = await readDocument(source, 'index.json')
  let pointers = pointersOf(source, document)
  if (tag !== undefined) {
    const tags = pointers.flatMap((one) => (one.tag === undefined ? [] : [one.tag]))
    pointers = pointers.filter((one) => one.tag === tag)
    if (pointers.length === 0)
      throw new ServingError(
        'not_found',
        `the base image ${quote(source.name)} has no tag ${quote(tag)}; it has ${quoteList(tags)}`,
      )
  }
  for (let depth = 0; depth < MAX_INDEXES; depth++) {
    const pointer = choose(source, pointers, wanted)
    const { bytes, document: found } = await readDocument(source, blobPath(source, pointer.digest))
    checkDigest(source, bytes, pointer.digest)
    const fields = fieldsOf(found)
    if (!Array.isArray(fields.manifests)) return openManifest(source, fields, pointer.digest, wanted)
    pointers = pointersOf(source, found)
  }
  throw refusedBase(source.name, 'its indexes lead to each other')
}

function pointersOf(source: BlobSource, index: unknown): Pointer[] {
  const { manifests } = fieldsOf(index)
  if (!Array.isArray(manifests)) throw refusedBase(source.name, 'its index lists no manifests')
  return manifests.map((one: unknown) => {
    const { digest, mediaType, platform, annotations } = fieldsOf(one)
    const tag = fieldsOf(annotations)['org.opencontainers.image.ref.name']
    return {
      digest: checkedDigest(source, digest),
      mediaType: typeof mediaType === 'string' ? mediaType : '',
      platform: fieldsOf(platform),
      tag: typeof tag === 'string' ? tag : undefined,
    }
  })
}

/** The one that fits: of several, that for the processor. */
function choose(source: BlobSource, pointers: readonly Pointer[], wanted: Architecture | undefined): Pointer {
  const [only] = pointers
  if (only !== undefined && pointers.length === 1) return only
  const architecture = wanted ?? process.arch
  const fitting = pointers.filter(
    ({ platform }) => platform.os === 'linux' && ARCHITECTURES[String(platform.architecture)] === architecture,
  )
  const [first] = fitting
  if (first !== undefined && fitting.every(({ digest }) => digest === first.digest)) return first
  const tags = pointers.flatMap((one) => (one.tag === undefined ? [] : [one.tag]))
  if (tags.length > 1)
    throw new ServingError(
      'invalid_argument',
      `the base image ${quote(source.name)} has the tags ${quoteList(tags)}; say which: --base ${source.name}:TAG`,
    )
  const platforms = pointers.map(({ platform }) => `${String(platform.os)}/${String(platform.architecture)}`)
  throw new ServingError(
    'unsupported',
    `the base image ${quote(source.name)} has no image for linux and ${architecture}; it has ${quoteList(platforms)}: ` +
      `choose one of them by --arch, or export another`,
  )
}

async function openManifest(
  source: BlobSource,
  manifest: Fields,
  digest: string,
  wanted: Architecture | undefined,
): Promise<BaseImage> {
  const { layers } = manifest
  if (!Array.isArray(layers)) throw refusedBase(source.name, 'its manifest lists no layers')
  const configDigest = checkedDigest(source, fieldsOf(manifest.config).digest)
  const { bytes, document } = await readDocument(source, blobPath(source, configDigest))
  checkDigest(source, bytes, configDigest)
  const config = readConfig(source, document, layers.length, wanted)
  const isSaved = await source.has('manifest.json')
  return {
    ...config,
    name: source.name,
    digest,
    layers: layers.map((one: unknown, i) => {
      const { mediaType, digest: named } = fieldsOf(one)
      const packing = PACKINGS[String(mediaType)]
      if (packing === undefined)
        throw new ServingError(
          'unsupported',
          `layer ${i + 1} of the base image ${quote(source.name)} is of the kind ${quote(String(mediaType))}; ` +
            `tar archives are taken, plain or packed by gzip or zstd`,
        )
      const layerDigest = checkedDigest(source, named)
      const path = blobPath(source, layerDigest)
      // what Docker saves is not packed, though it was and will be
      const isKept = packing !== 'none' || !isSaved
      return {
        packing,
        digest: isKept ? layerDigest : undefined,
        diffId: config.diffIds[i] ?? '',
        open: () => source.open(path),
      }
    }),
  }
}

async function openDockerImage(
  source: BlobSource,
  tag: string | undefined,
  wanted: Architecture | undefined,
): Promise<BaseImage> {
  const { document } = await readDocument(source, 'manifest.json')
  const images = (Array.isArray(document) ? document : []).map((one: unknown) => fieldsOf(one))
  const tagsOf = ({ RepoTags: tags }: Fields): string[] => (Array.isArray(tags) ? tags.map(String) : [])
  const fitting =
    tag === undefined
      ? images
      : images.filter((one) => tagsOf(one).some((name) => name.slice(name.lastIndexOf(':') + 1) === tag))
  const [image] = fitting
  const all = images.flatMap(tagsOf)
  if (image === undefined)
    throw tag === undefined
      ? refusedBase(source.name, 'its manifest.json lists no image')
      : new ServingError(
          'not_found',
          `the base image ${quote(source.name)} has no tag ${quote(tag)}; it has ${quoteList(all)}`,
        )
  if (fitting.length > 1)
    throw new ServingError(
      'invalid_argument',
      `the base image ${quote(source.name)} holds ${quoteList(all)}; say which: --base ${source.name}:TAG`,
    )
  const { Config: configPath, Layers: layers } = image
  if (typeof configPath !== 'string' || !Array.isArray(layers))
    throw refusedBase(source.name, 'its manifest.json names no layers')
  const config = readConfig(source, (await readDocument(source, configPath)).document, layers.length, wanted)
  return {
    ...config,
    name: source.name,
    digest: undefined,
    layers: layers.map((path: unknown, i) => ({
      packing: 'none',
      digest: undefined,
      diffId: config.diffIds[i] ?? '',
      open: () => source.open(posix.normalize(String(path))),
    })),
  }
}

function readConfig(source: BlobSource, document: unknown, layers: number, wanted: Architecture | undefined) {
  const { os, architecture: processor, config, rootfs, history } = fieldsOf(document)
  const found = ARCHITECTURES[String(processor)]
  if (os !== 'linux' || found === undefined)
    throw new ServingError(
      'unsupported',
      `the base image ${quote(source.name)} is for ${String(os)}/${String(processor)}; images are made for linux/amd64 and linux/arm64`,
    )
  if (wanted !== undefined && wanted !== found)
    throw new ServingError(
      'unsupported',
      `the base image ${quote(source.name)} is for ${found}, and --arch says ${wanted}; leave --arch out, or export ` +
        `the image for ${wanted} (skopeo copy --override-arch ${wanted === 'x64' ? 'amd64' : 'arm64'} …)`,
    )
  const ids: unknown = fieldsOf(rootfs).diff_ids
  const diffIds = (Array.isArray(ids) ? ids : []).map((one: unknown) => checkedDigest(source, one))
  if (layers === 0 || layers > MAX_LAYERS || diffIds.length !== layers)
    throw refusedBase(source.name, `it has ${layers} layers, and its configuration tells of ${diffIds.length}`)
  const { Env: env, Labels: labels } = fieldsOf(config)
  const steps = Array.isArray(history) ? history : []
  const isWhole = steps.filter((one) => fieldsOf(one).empty_layer !== true).length === layers
  return {
    architecture: found,
    diffIds,
    config: {
      env: (Array.isArray(env) ? env : []).filter(
        (one: unknown): one is string => typeof one === 'string' && one.includes('='),
      ),
      labels: Object.fromEntries(
        Object.entries(fieldsOf(labels)).filter((one): one is [string, string] => typeof one[1] === 'string'),
      ),
      history: isWhole ? steps : undefined,
    },
  }
}

/** A layer's archive before compression, checked by its digest. @throws {ServingError} `refused` for damage */
export async function* unpackLayer(image: BaseImage, layer: BaseLayer): AsyncGenerator<Uint8Array> {
  const number = image.layers.indexOf(layer) + 1
  const hash = createHash('sha256')
  try {
    for await (const piece of unpacked(await layer.open(), layer.packing)) {
      hash.update(piece)
      yield piece
    }
  } catch (cause) {
    if (cause instanceof ServingError) throw cause
    throw new ServingError('refused', refusedBase(image.name, `its layer ${number} is damaged`).message, { cause })
  }
  if (`sha256:${hash.digest('hex')}` !== layer.diffId)
    throw refusedBase(image.name, `its layer ${number} has another digest than its configuration says`)
}

async function* unpacked(source: AsyncIterable<Uint8Array>, packing: Packing): AsyncGenerator<Uint8Array> {
  if (packing === 'none') return yield* source
  const unpacker = packing === 'gzip' ? createGunzip() : createZstdDecompress()
  const fed = pipeline(Readable.from(source, { objectMode: false }), unpacker)
  fed.catch(() => {}) // what fails there destroys the unpacker, so the loop below throws it
  try {
    for await (const piece of unpacker) yield piece as Uint8Array
    await fed
  } finally {
    unpacker.destroy()
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

function checkedDigest(source: BlobSource, digest: unknown): string {
  if (typeof digest === 'string' && DIGEST.test(digest)) return digest
  throw refusedBase(source.name, `${quote(String(digest))} is no digest of SHA-256`)
}

function blobPath(source: BlobSource, digest: string): string {
  return `blobs/sha256/${checkedDigest(source, digest).slice('sha256:'.length)}`
}

function checkDigest(source: BlobSource, bytes: Uint8Array, digest: string): void {
  const found = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  if (found !== digest) throw refusedBase(source.name, `what should have the digest ${digest} has ${found}`)
}
