import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { unpackLayer } from './base/base-image.ts'
import type { BaseImage } from './base/base-image.ts'
import { collectLayers, IMAGE_PATHS } from './contents.ts'
import type { AppFiles, ModelFiles } from './contents.ts'
import { gzip } from './gzip.ts'
import { writeCachedLayer } from './layer-cache.ts'
import { writeLayer } from './layer.ts'
import type { Layer, LayerContent, LayerProgress, Packing } from './layer.ts'
import { checkTag, openLayout } from './layout.ts'
import type { Descriptor, LayoutWriter } from './layout.ts'
import { IMAGE_USER_ID } from './system.ts'
import type { Architecture } from './system.ts'

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json'
const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json'
const LAYER_TYPES: Readonly<Record<Packing, string>> = {
  none: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
}

/** Node's words for processors, in those of images. */
const OCI_ARCHITECTURE: Readonly<Record<Architecture, string>> = { x64: 'amd64', arm64: 'arm64' }

/** Layers that are the same for all models of one Slipway on one machine, and take longest to compress. */
const CACHED_LAYERS: ReadonlySet<string> = new Set(['system', 'node', 'engine'])

const USUAL_PATH = 'PATH=/usr/local/bin:/usr/bin:/bin'
const OUR_VARIABLES = [
  'NODE_ENV=production',
  // Platforms choose user ids that no list of users knows, and Node has no home for those.
  'HOME=/tmp',
  'SLIPWAY_HOST=0.0.0.0',
  // Who may reach a container is decided by its platform, which is why listening beyond loopback is right here.
  'SLIPWAY_INSECURE=true',
  `SLIPWAY_MODEL=${IMAGE_PATHS.model}`,
  'SLIPWAY_DATA=/tmp/slipway',
]

export interface ImageOptions {
  /** Folder of the OCI layout: new, or one that gets a further tag. */
  readonly layout: string
  readonly tag: string
  readonly architecture: Architecture
  readonly app: AppFiles
  readonly model: ModelFiles
  /** The time that the image says it was made (seconds since 1970). Any but a fixed one ends reproducibility. */
  readonly createdSeconds: number
  /** The image below ours; ours has a system of its own when absent. */
  readonly base?: BaseBelow | undefined
  /** Folder that keeps compressed base layers; undefined keeps none. */
  readonly cache: string | undefined
  readonly signal: AbortSignal
  readonly onProgress?: (progress: LayerProgress) => void
  /** Called after each layer. */
  readonly onLayer?: (layer: Layer, isCached: boolean) => void
}

/** An image that ours stands on: its layers stay as they are, and its configuration holds where ours says nothing. */
export interface BaseBelow {
  readonly image: BaseImage
  /** Of each of its layers, the size of the archive (bytes). */
  readonly unpackedBytes: readonly number[]
  /** Variables besides those of every image. */
  readonly env: readonly string[]
}

export interface Image {
  /** Digest of the manifest: what a registry and a platform know the image by. */
  readonly digest: string
  readonly layers: readonly Layer[]
  /** All that a host fetches, compressed: layers, configuration and manifest (bytes). */
  readonly sizeBytes: number
  readonly unpackedBytes: number
}

/**
 * Makes one image that serves one model, in an OCI layout. The same bundle, the same Slipway, the same libraries and
 * the same time give the same bytes.
 * The tag points to the manifest itself, as AWS Lambda refuses an index.
 * @throws {ServingError} `unsupported` when parts for the architecture are missing here; `conflict` when something
 * else stands in the layout's place or a file changes meanwhile; `invalid_argument` for a bad tag
 * @see OCI image specification 1.1
 */
export async function buildImage(options: ImageOptions): Promise<Image> {
  checkTag(options.tag)
  return writeImage(await collectLayers(options.app, options.model, options.architecture), options)
}

/** The second half of `buildImage`: the image of given layers, the first one lowest. */
export async function writeImage(contents: readonly LayerContent[], options: ImageOptions): Promise<Image> {
  const layout = await openLayout(options.layout)
  try {
    const layers: Layer[] = options.base === undefined ? [] : await copyBase(options.base, layout, options)
    for (const content of contents) {
      const { layer, isCached } = await pack(content, layout, options)
      options.onLayer?.(layer, isCached)
      layers.push(layer)
    }
    const config = await writeJson(layout, CONFIG_TYPE, imageConfig(options, layers))
    const manifest = await writeJson(layout, MANIFEST_TYPE, imageManifest(options, config, layers))
    options.signal.throwIfAborted()
    await layout.publish(options.tag, { ...manifest, platform: platformOf(options.architecture) })
    const sum = (pick: (layer: Layer) => number) => layers.reduce((total, layer) => total + pick(layer), 0)
    return {
      digest: manifest.digest,
      layers,
      sizeBytes: sum((layer) => layer.sizeBytes) + config.size + manifest.size,
      unpackedBytes: sum((layer) => layer.unpackedBytes),
    }
  } finally {
    await layout.discard()
  }
}

async function pack(content: LayerContent, layout: LayoutWriter, options: ImageOptions) {
  const { cache } = options
  if (cache !== undefined && CACHED_LAYERS.has(content.name)) return writeCachedLayer(content, layout, cache, options)
  return { layer: await writeLayer(content, layout, options), isCached: false }
}

/** The layers of the image below, with the digests that they have. */
async function copyBase({ image, unpackedBytes }: BaseBelow, layout: LayoutWriter, options: ImageOptions) {
  const layers: Layer[] = []
  for (const [i, base] of image.layers.entries()) {
    options.signal.throwIfAborted()
    const { packing, diffId } = base
    const blob =
      base.digest === undefined
        ? await layout.writeBlob(gzip(unpackLayer(image, base)))
        : await layout.writeBlob(await base.open(), base.digest).catch((cause: unknown) => {
            if (!(cause instanceof ServingError) || cause.code !== 'conflict') throw cause
            throw new ServingError('refused', changedLayer(image, i), { cause, details: { reason: 'base_image' } })
          })
    const layer = {
      name: `base ${i + 1}`,
      digest: blob.digest,
      diffId,
      sizeBytes: blob.sizeBytes,
      unpackedBytes: unpackedBytes[i] ?? 0,
      packing: base.digest === undefined ? ('gzip' as const) : packing,
    }
    options.onLayer?.(layer, false)
    layers.push(layer)
  }
  return layers
}

function changedLayer({ name }: BaseImage, i: number): string {
  return `layer ${i + 1} of the base image ${quote(name)} is not what its digest says; export the image again`
}

async function writeJson(layout: LayoutWriter, mediaType: string, document: unknown): Promise<Descriptor> {
  const { digest, sizeBytes } = await layout.writeBlob([Buffer.from(JSON.stringify(document))])
  return { mediaType, digest, size: sizeBytes }
}

function platformOf(architecture: Architecture): { architecture: string; os: string } {
  return { architecture: OCI_ARCHITECTURE[architecture], os: 'linux' }
}

type Described = Pick<ImageOptions, 'architecture' | 'app' | 'model' | 'createdSeconds' | 'base'>

/**
 * The image's configuration: what runs, as whom, and what it says of itself.
 * @see OCI image specification, "Image Configuration"
 */
export function imageConfig({ architecture, app, model, createdSeconds, base }: Described, layers: readonly Layer[]) {
  const created = new Date(createdSeconds * 1000).toISOString().replace('.000Z', 'Z')
  return {
    created,
    ...platformOf(architecture),
    config: {
      User: `${IMAGE_USER_ID}:${IMAGE_USER_ID}`,
      ExposedPorts: { '8080/tcp': {} },
      Env: variables(base),
      Entrypoint: [IMAGE_PATHS.node, IMAGE_PATHS.app],
      Cmd: ['serve'],
      WorkingDir: '/app',
      Labels: { ...base?.image.config.labels, ...labelsOf(app, model) },
      StopSignal: 'SIGTERM',
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: historyOf(created, base, layers),
  }
}

/** What is told of how each layer was made: by its makers, where they did. */
function historyOf(created: string, base: BaseBelow | undefined, layers: readonly Layer[]): unknown[] {
  const told = base?.image.config.history
  const ours = told === undefined ? layers : layers.slice(base?.image.layers.length)
  return [...(told ?? []), ...ours.map((layer) => ({ created, created_by: `slipway package: ${layer.name}` }))]
}

/** The image's variables; those of an image below stay where ours have other names, and its PATH in any case. */
function variables(base: BaseBelow | undefined): string[] {
  const below = base?.image.config.env ?? []
  const ours = [...OUR_VARIABLES, ...(base?.env ?? [])]
  const nameOf = (variable: string) => variable.slice(0, variable.indexOf('='))
  const names = new Set(ours.map(nameOf))
  const hasPath = below.some((variable) => nameOf(variable) === 'PATH')
  return [...(hasPath ? [] : [USUAL_PATH]), ...below.filter((variable) => !names.has(nameOf(variable))), ...ours]
}

function labelsOf(app: AppFiles, model: ModelFiles): Record<string, string> {
  return {
    ...annotationsOf(model),
    'slipway.model.name': model.manifest.name,
    'slipway.model.digest': `sha256:${model.sha256}`,
    'slipway.version': app.version,
    // The image listens where SAGEMAKER_BIND_TO_PORT says, so it may stand in an inference pipeline.
    'com.amazonaws.sagemaker.capabilities.accept-bind-to-port': 'true',
  }
}

/** @see OCI image specification, "Annotations" */
function annotationsOf(model: ModelFiles): Record<string, string> {
  return {
    'org.opencontainers.image.title': model.manifest.name,
    'org.opencontainers.image.version': model.sha256.slice(0, 12),
    'org.opencontainers.image.description': `The model ${model.manifest.name}, served by Slipway`,
  }
}

function imageManifest({ model, base }: Described, config: Descriptor, layers: readonly Layer[]) {
  const digest = base?.image.digest
  return {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config,
    layers: layers.map((layer) => ({
      mediaType: LAYER_TYPES[layer.packing ?? 'gzip'],
      digest: layer.digest,
      size: layer.sizeBytes,
    })),
    annotations: {
      ...annotationsOf(model),
      ...(digest === undefined ? {} : { 'org.opencontainers.image.base.digest': digest }),
    },
  }
}
