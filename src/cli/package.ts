import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { MANIFEST_FILE } from '../bundle/manifest.ts'
import { verifyBundle } from '../bundle/open.ts'
import { needsPython } from '../bundle/program.ts'
import { parsePythonFile } from '../bundle/python-file.ts'
import { ServingError } from '../core/errors.ts'
import { formatBytes, quote } from '../core/text.ts'
import { USUAL_PYTHON } from '../engines/python/settings.ts'
import { openBaseImage } from '../packaging/base/base-image.ts'
import { planOnBase } from '../packaging/base/on-base.ts'
import { buildImage, writeImage } from '../packaging/image.ts'
import type { Image, ImageOptions } from '../packaging/image.ts'
import { checkTag } from '../packaging/layout.ts'
import type { Layer } from '../packaging/layer.ts'
import type { Architecture } from '../packaging/system.ts'
import { openOrCompile } from '../server/compile.ts'
import type { LocatedBundle } from '../server/compile.ts'
import { findPython } from '../server/python-settings.ts'
import type { PythonWishes } from '../server/python-settings.ts'
import { readPlainFile } from '../storage/local.ts'
import { EXIT } from './command.ts'
import type { Command, CommandContext } from './command.ts'
import { PYTHON_RUN_TIMEOUT_MS, MODEL_OPTIONS, howToOpen } from './common-options.ts'
import { UsageError } from './options.ts'
import type { Options, OptionTable } from './options.ts'
import { createProgress } from './progress.ts'
import { publishedFiles } from './published.ts'

const options = {
  out: { type: 'string', value: 'LAYOUT', doc: 'folder of the OCI image layout: new, or one that gets a further tag' },
  tag: { type: 'string', value: 'TAG', default: 'latest', doc: "the image's tag in the layout" },
  arch: { type: 'string', value: 'ARCH', doc: "x64 or arm64; this machine's, or the base's, when left out" },
  base: {
    type: 'string',
    value: 'IMAGE',
    doc: 'an image to stand on, which a model in Python needs: folder of an OCI layout, or .tar of one or of docker save; :TAG behind it chooses one of several',
  },
  requirements: {
    type: 'string',
    value: 'PATH',
    doc: "file of the packages that a model in Python needs, with --base; the model's own requirements.txt when left out",
  },
  wheels: {
    type: 'string',
    value: 'DIR',
    doc: 'folder of the wheels that the requirements need, with --base; pip downloads them when left out',
  },
  cache: {
    type: 'string',
    value: 'DIR',
    doc: 'keeps compressed base layers; "layers" in the data folder when left out',
  },
  precompile: {
    type: 'boolean',
    doc: "with --base, compile the packages beforehand, for a quicker start, by this machine's Python (--python), which has to be of the base's version; the image then depends on it",
  },
  ...MODEL_OPTIONS,
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
    const wanted = given.base === undefined || given.arch !== undefined ? architectureOf(given.arch) : undefined
    for (const name of ['wheels', 'requirements', 'precompile'] as const)
      if (given[name] !== undefined && given[name] !== false && given.base === undefined)
        throw new UsageError(`--${name} is for models in Python, which need an image to stand on: say --base too`)
    const createdSeconds = createdOf(context.env.SOURCE_DATE_EPOCH)
    checkPlatform(process.platform)
    const { signal, stderr } = context
    const say = (text: string) => stderr.write(`${text}\n`)
    const base = given.base === undefined ? undefined : await openBaseImage(given.base, wanted)
    const opened = (await openBundle(model)) ?? (await openModel(model, given, signal, say))
    const needs = needsPython(opened.manifest.program)
    if (needs && base === undefined)
      throw new ServingError(
        'unsupported',
        `${quote(opened.manifest.name)} is code in Python, and images of our own have no Python: give an image that has it, by --base ` +
          `(skopeo copy docker://docker.io/library/python:3.11-slim oci:base, then --base base), or serve it with --runtime python where there is one`,
      )
    for (const warning of opened.warnings) say(warning)
    const app = await publishedFiles(context)
    const files = { folder: opened.folder, manifest: opened.manifest, sha256: opened.digest }
    const cache = given.cache ?? join(given.data, 'layers')
    const common = {
      layout: given.out,
      tag: given.tag,
      app,
      model: files,
      createdSeconds,
      cache,
      signal,
      ...shownOn(stderr),
    }
    if (base === undefined) {
      const architecture = architectureOf(given.arch)
      return report(await buildImage({ ...common, architecture }), architecture, {})
    }
    await mkdir(cache, { recursive: true })
    const folder = await mkdtemp(join(cache, '.base-'))
    try {
      const python = needs
        ? {
            requirements: await requirementsOf(opened, given.requirements),
            wheels: given.wheels,
            cache: join(given.data, 'wheels'),
            isPrecompiled: given.precompile,
            findPython: async () => (await findPython(pythonWishes(given.python), given.data)).interpreter.executable,
            env: context.env,
          }
        : undefined
      const plan = await planOnBase({
        image: base,
        app,
        model: files,
        python,
        folder,
        signal,
        onProgress: say,
      })
      const { below, layers, python: version, wheels } = plan
      const { architecture } = base
      const image = await writeImage(layers, { ...common, architecture, base: below })
      return report(image, architecture, {
        base: { name: base.name, digest: base.digest },
        ...(version === undefined ? {} : { python: version, wheels }),
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }

    function report(image: Image, architecture: Architecture, more: object): number {
      const facts = {
        layout: resolve(given.out ?? ''),
        tag: given.tag,
        name: opened.manifest.name,
        digest: opened.digest,
      }
      context.stdout.write(given.json ? describeAsJson(image, facts, architecture, more) : describe(image, facts))
      return EXIT.done
    }
  },
}

type Given = Options<typeof options>
type Opened = Pick<LocatedBundle, 'folder' | 'manifest' | 'digest' | 'warnings'>

/** A bundle in Python that is there already needs no Python here to be packed: nothing of it is run. */
async function openBundle(model: string): Promise<Opened | undefined> {
  if (!existsSync(join(model, MANIFEST_FILE))) return undefined
  const found = await verifyBundle(model)
  return needsPython(found.manifest.program) ? { folder: resolve(model), warnings: [], ...found } : undefined
}

async function openModel(
  model: string,
  given: Given,
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Promise<Opened> {
  return openOrCompile(model, {
    ...(await howToOpen(given)),
    signal,
    onProgress,
  })
}

/** Text of the file of packages that a model in Python needs. @param named by the user */
async function requirementsOf({ folder, manifest }: Opened, named?: string): Promise<Uint8Array | undefined> {
  if (named !== undefined) return readPlainFile(named, 2 ** 24, named)
  const step = manifest.program.steps.find(({ kind }) => kind === 'python')
  if (step === undefined) return undefined
  const read = (path: string, maxBytes: number) => readPlainFile(join(folder, path), maxBytes, path)
  const { requirements, files } = parsePythonFile(await read(step.file, 2 ** 26), step.file)
  const path = requirements === undefined ? undefined : files.get(requirements)
  return path === undefined ? undefined : read(path, 2 ** 24)
}

function pythonWishes(python: string | undefined): PythonWishes {
  return { ...USUAL_PYTHON, python, runTimeoutMs: PYTHON_RUN_TIMEOUT_MS }
}

/** How far each layer is, for people. */
function shownOn(stderr: CommandContext['stderr']): Pick<ImageOptions, 'onProgress' | 'onLayer'> {
  let shown = createProgress('', stderr, () => performance.now())
  let current = ''
  return {
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
  }
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

function describeAsJson(
  image: Image,
  { layout, tag, name, digest }: Facts,
  architecture: Architecture,
  more: object,
): string {
  const model = { name, digest: `sha256:${digest}` }
  return `${JSON.stringify({ layout, tag, architecture, model, ...more, ...image }, null, 2)}\n`
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
