import { join, resolve } from 'node:path'
import { needsPython } from '../bundle/program.ts'
import { ServingError } from '../core/errors.ts'
import { formatBytes, quote } from '../core/text.ts'
import { buildImage } from '../packaging/image.ts'
import type { Image } from '../packaging/image.ts'
import { checkTag } from '../packaging/layout.ts'
import type { Layer } from '../packaging/layer.ts'
import type { Architecture } from '../packaging/system.ts'
import { openOrCompile } from '../server/compile.ts'
import { EXIT } from './command.ts'
import type { Command } from './command.ts'
import {
  COMPILE_OPTIONS,
  DATA_OPTION,
  howToCompile,
  JSON_OPTION,
  PYTHON_OPTIONS,
  PYTHON_RUN_TIMEOUT_MS,
  codeOf,
} from './common-options.ts'
import { UsageError } from './options.ts'
import type { OptionTable } from './options.ts'
import { createProgress } from './progress.ts'
import { publishedFiles } from './published.ts'

const options = {
  out: { type: 'string', value: 'LAYOUT', doc: 'folder of the OCI image layout: new, or one that gets a further tag' },
  tag: { type: 'string', value: 'TAG', default: 'latest', doc: "the image's tag in the layout" },
  arch: { type: 'string', value: 'ARCH', doc: "x64 or arm64; this machine's when left out" },
  cache: {
    type: 'string',
    value: 'DIR',
    doc: 'keeps compressed base layers; "layers" in the data folder when left out',
  },
  ...COMPILE_OPTIONS,
  ...PYTHON_OPTIONS,
  ...DATA_OPTION,
  ...JSON_OPTION,
} as const satisfies OptionTable

/** Layers of fewer bytes are packed before anybody could read how far they are. */
const SHOWN_BYTES = 16 * 2 ** 20

/** `slipway package`: one model as one OCI image, made without a container engine and without the network. */
export const packageCommand: Command<typeof options> = {
  usage: '<model> --out <layout> [--tag latest]',
  options,
  async run(positionals, given, context) {
    const [model, ...rest] = positionals
    if (model === undefined || rest.length > 0 || given.out === undefined)
      throw new UsageError('package takes one model and --out: `slipway package <model> --out <layout>`')
    checkTag(given.tag)
    const architecture = architectureOf(given.arch)
    const createdSeconds = createdOf(context.env.SOURCE_DATE_EPOCH)
    checkPlatform(process.platform)
    const { signal, stderr } = context
    const opened = await openOrCompile(model, {
      dataFolder: given.data,
      how: howToCompile(given),
      ...(await codeOf(given, { timeoutMs: PYTHON_RUN_TIMEOUT_MS })),
      signal,
      onProgress: (text) => stderr.write(`${text}\n`),
    })
    if (needsPython(opened.manifest.program))
      throw new ServingError(
        'unsupported',
        `${quote(opened.manifest.name)} is code in Python, and images have no Python: serve it with --runtime python where there is one`,
      )
    for (const warning of opened.warnings) stderr.write(`${warning}\n`)
    const app = await publishedFiles(context)
    let shown = createProgress('', stderr, () => performance.now())
    let current = ''
    const image = await buildImage({
      layout: given.out,
      tag: given.tag,
      architecture,
      app,
      model: { folder: opened.folder, manifest: opened.manifest, sha256: opened.digest },
      createdSeconds,
      cache: given.cache ?? join(given.data, 'layers'),
      signal,
      onProgress: ({ name, doneBytes, totalBytes }) => {
        if (totalBytes < SHOWN_BYTES) return
        if (name !== current) shown = createProgress(`packing ${name}`, stderr, () => performance.now())
        current = name
        shown.update(Math.min(1, doneBytes / Math.max(1, totalBytes)), formatBytes(doneBytes))
      },
      onLayer: (layer, isCached) => {
        if (isCached) stderr.write(`packing ${layer.name} ${formatBytes(layer.sizeBytes)}, from the cache\n`)
        else if (layer.name === current) shown.finish(sizesOf(layer))
        else stderr.write(`packing ${layer.name} ${sizesOf(layer)}\n`)
      },
    })
    const facts = { layout: resolve(given.out), tag: given.tag, name: opened.manifest.name, digest: opened.digest }
    context.stdout.write(given.json ? describeAsJson(image, facts, architecture) : describe(image, facts))
    return EXIT.done
  },
}

interface Facts {
  readonly layout: string
  readonly tag: string
  /** Of the model. */
  readonly name: string
  readonly digest: string
}

function describe(image: Image, { layout, tag, name }: Facts): string {
  const rows = [...image.layers, { name: 'image', sizeBytes: image.sizeBytes, unpackedBytes: image.unpackedBytes }].map(
    (row) =>
      `  ${row.name.padEnd(8)}${formatBytes(row.sizeBytes).padStart(12)}${formatBytes(row.unpackedBytes).padStart(12)}`,
  )
  const source = shellQuote(`oci:${layout}:${tag}`)
  return [
    `${'layer'.padEnd(10)}${'compressed'.padStart(12)}${'unpacked'.padStart(12)}`,
    ...rows,
    '',
    `digest  ${image.digest}`,
    `push    skopeo copy ${source} docker://REGISTRY/${name}:${tag}`,
    `run     podman run --rm --read-only --tmpfs /tmp -p 127.0.0.1:8080:8080 ${source}`,
    '',
  ].join('\n')
}

function sizesOf({ unpackedBytes, sizeBytes }: Layer): string {
  return `${formatBytes(unpackedBytes)} to ${formatBytes(sizeBytes)}`
}

function describeAsJson(image: Image, { layout, tag, name, digest }: Facts, architecture: Architecture): string {
  const model = { name, digest: `sha256:${digest}` }
  return `${JSON.stringify({ layout, tag, architecture, model, ...image }, null, 2)}\n`
}

function shellQuote(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

function architectureOf(given: string | undefined): Architecture {
  const found = given ?? process.arch
  if (found === 'x64' || found === 'arm64') return found
  if (given !== undefined) throw new UsageError(`--arch is ${quote(given)}; it takes x64 or arm64`)
  throw new ServingError('unsupported', `images are made for x64 and arm64; this machine is ${found}, so give --arch`)
}

/** @throws {ServingError} `unsupported` where the libraries of a Linux image are not at hand */
export function checkPlatform(platform: string): void {
  if (platform === 'linux') return
  throw new ServingError(
    'unsupported',
    `this machine runs ${platform}; an image takes its C and C++ libraries from the Linux that makes it, so run ` +
      `\`slipway package\` on Linux with glibc, in a container or a virtual machine if need be`,
  )
}

/** The image's time: 1970, or what `SOURCE_DATE_EPOCH` says (seconds). */
function createdOf(epoch: string | undefined): number {
  if (epoch === undefined || epoch === '') return 0
  if (/^\d{1,11}$/.test(epoch)) return Number(epoch)
  throw new UsageError(`SOURCE_DATE_EPOCH is ${quote(epoch)}; it takes whole seconds since 1970`)
}
