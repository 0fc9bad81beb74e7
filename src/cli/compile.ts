import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import type { Manifest } from '../bundle/manifest.ts'
import { openBundle } from '../bundle/open.ts'
import { packBundle } from '../bundle/pack.ts'
import { ServingError } from '../core/errors.ts'
import { formatBytes, quote } from '../core/text.ts'
import { readOnnx } from '../onnx/index.ts'
import type { FoundInFile } from '../server/describe-contents.ts'
import { sizeOfGraph, type GraphSize } from '../server/describe-graph.ts'
import { openOrCompile } from '../server/compile.ts'
import { writeAtomically, writeFolderAtomically } from '../storage/local.ts'
import { EXIT, type Command } from './command.ts'
import { checkName, MODEL_OPTIONS, howToOpen } from './common-options.ts'
import { describeBundle, reportBundle } from './describe-bundle.ts'
import { describeContents, outlineObjects } from './describe-found.ts'
import { choicesHere, describeChoices } from './describe-choices.ts'
import { UsageError } from './options.ts'
import { createProgress } from './progress.ts'

const options = {
  out: {
    type: 'string',
    value: 'PATH',
    doc: 'where the bundle goes: a folder, or a file when it ends in .tar.gz; <stem>.bundle here when absent',
  },
  name: { type: 'string', value: 'NAME', doc: "name of the model, in place of its file's stem" },
  example: { type: 'string', value: 'FILE', doc: 'rows to run first and to record, as a V2 request in JSON' },
  force: { type: 'boolean', doc: 'replace what lies at --out, if it is a bundle' },
  ...MODEL_OPTIONS,
} as const

export const compileCommand: Command<typeof options> = {
  usage: '<file> [--out <folder or .tar.gz>]',
  options,
  async run(positionals, options, context) {
    const [path, ...more] = positionals
    if (path === undefined || more.length > 0) throw new UsageError('name one model file or bundle')
    const out = options.out ?? placeOf(path)
    checkName(options.name)
    await refuseExisting(out, options.force)
    const progress = createProgress(basename(path), context.stderr, () => performance.now())
    const bundle = await openOrCompile(path, {
      ...(await howToOpen(options)),
      name: options.name,
      example: options.example === undefined ? undefined : await readExample(options.example),
      signal: context.signal,
      onProgress: (text) => progress.phase(text),
    })
    if (options.name !== undefined && bundle.manifest.name !== options.name)
      throw new UsageError(
        `${quote(path)} is a bundle called ${quote(bundle.manifest.name)}; its name cannot be changed`,
      )
    const { files } = await openBundle(bundle.folder, bundle.digest)
    const sizeBytes = await writeOut(resolve(out), files, options.force)
    progress.finish(`${bundle.wasKnown ? 'opened' : 'compiled'}, ${formatBytes(sizeBytes)} at ${out}`)
    for (const warning of bundle.warnings) context.stderr.write(`warning: ${warning}\n`)
    const { manifest, digest, profile, warnings, found = {} } = bundle
    const graphs = sizesOfGraphs(manifest, files)
    const choices = choicesHere(profile, manifest)
    context.stdout.write(
      options.json
        ? `${JSON.stringify({ ...reportBundle(manifest, digest), out, found, graphs, warnings, profile, choices })}\n`
        : describeBundle(manifest, digest, { found: outline(found), graphs }) + describeChoices(profile, choices),
    )
    return EXIT.done
  },
}

/** What the model file held, on one screen. */
function outline({ contents = [], objects = [] }: FoundInFile): string[] {
  return [...contents.flatMap(describeContents), ...outlineObjects(objects)]
}

/** Nodes of each graph in a bundle, and bytes of its constants. */
function sizesOfGraphs(
  { program }: Manifest,
  files: ReadonlyMap<string, Uint8Array>,
): Readonly<Record<string, GraphSize>> {
  const sizes: Record<string, GraphSize> = {}
  for (const step of program.steps) {
    const bytes = step.kind === 'onnx' ? files.get(step.file) : undefined
    if (step.kind === 'onnx' && bytes !== undefined) sizes[step.file] = sizeOfGraph(readOnnx(bytes))
  }
  return sizes
}

/** Where a bundle goes when nobody says: `fraud.bundle` in the working folder, for `models/fraud.onnx`. */
function placeOf(path: string): string {
  return `${basename(resolve(path)).replace(/(\.tar\.gz|(\.pipeline)?\.[^.]+)$/, '')}.bundle`
}

async function readExample(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new ServingError('not_found', `the example ${quote(path)} cannot be read`, { cause: error })
  }
}

async function refuseExisting(out: string, force: boolean): Promise<void> {
  const there = await stat(out).catch(() => undefined)
  if (there === undefined || force) return
  if (there.isDirectory() && (await readdir(out)).length === 0) return
  throw new ServingError('conflict', `${quote(out)} is there already: say --force to replace it`)
}

/** @returns bytes written */
async function writeOut(out: string, files: ReadonlyMap<string, Uint8Array>, force: boolean): Promise<number> {
  await mkdir(dirname(out), { recursive: true })
  if (/\.(tar\.gz|tgz)$/.test(out)) {
    const packed = await packBundle(files)
    await writeAtomically(out, packed)
    return packed.byteLength
  }
  if (!(await writeFolderAtomically(out, files))) {
    await refuseExisting(out, force) // it has appeared meanwhile
    await openBundle(out) // only what is a bundle is replaced
    await rm(out, { recursive: true })
    await writeFolderAtomically(out, files)
  }
  return [...files.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0)
}
