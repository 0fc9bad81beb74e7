import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { MANIFEST_FILE, type Manifest } from '../bundle/manifest.ts'
import { openBundle } from '../bundle/open.ts'
import { ServingError } from '../core/errors.ts'
import { formatBytes, quote } from '../core/text.ts'
import { FORMAT_NAMES } from '../formats/detect.ts'
import { MAX_FILE_BYTES } from '../server/compile.ts'
import { inspectCodeFolder } from '../server/inspect-folder.ts'
import { inspectFile, type InspectedFile, type InspectedPython } from '../server/inspect.ts'
import { DEFAULT_PROCESS_LIMITS } from '../server/limited-process.ts'
import { unpackFiles } from '../server/unpack.ts'
import type { InspectedGraph } from '../server/describe-graph.ts'
import { EXIT, type Command, type CommandContext } from './command.ts'
import { JSON_OPTION } from './common-options.ts'
import { describeBundle, reportBundle } from './describe-bundle.ts'
import { describeFolder } from './describe-folder.ts'
import { describeContents, describeObjects } from './describe-found.ts'
import { UsageError } from './options.ts'

const options = { ...JSON_OPTION } as const

export const inspectCommand: Command<typeof options> = {
  usage: '<file, bundle or folder with code>',
  options,
  async run(positionals, options, context) {
    const [path, ...more] = positionals
    if (path === undefined || more.length > 0) throw new UsageError('name one model file, bundle or folder with code')
    if (await isFolder(path)) return await inspectFolder(path, options.json, context)
    const { bundle, ...found } = await inspectFile(path, MAX_FILE_BYTES, context.signal)
    const [archive] = found.contents ?? []
    if (archive?.kind === 'archive' && archive.holds === 'inference-code' && found.format === 'packed-tar')
      return await inspectPackedCode(path, options.json, context)
    if (bundle !== undefined) print(options.json, context, ...describe(bundle))
    else print(options.json, context, found, describeFile(found))
    return found.verdict === 'refused' ? EXIT.refused : EXIT.done
  },
}

/** Code that is packed with its model, such as SageMaker's `model.tar.gz`. */
async function inspectPackedCode(path: string, asJson: boolean, context: CommandContext): Promise<number> {
  const store = await mkdtemp(join(tmpdir(), 'slipway-inspect-'))
  try {
    const job = { path: resolve(path), store, maxFileBytes: MAX_FILE_BYTES }
    const folder = await unpackFiles(job, { limits: DEFAULT_PROCESS_LIMITS, signal: context.signal })
    return await inspectFolder(folder ?? path, asJson, context)
  } finally {
    await rm(store, { recursive: true, force: true })
  }
}

async function inspectFolder(path: string, asJson: boolean, context: CommandContext): Promise<number> {
  if (!(await isThere(join(path, MANIFEST_FILE)))) {
    const found = await inspectCodeFolder(path, MAX_FILE_BYTES, context.signal)
    if (found !== undefined) {
      print(asJson, context, found, describeFolder(found, describeFile))
      return found.verdict === 'refused' ? EXIT.refused : EXIT.done
    }
  }
  try {
    print(asJson, context, ...describe(await openBundle(path)))
    return EXIT.done
  } catch (thrown) {
    const { code, message, details } = ServingError.from(thrown)
    if (code !== 'refused') throw thrown
    const file = basename(path)
    const document = { file, kind: 'bundle', verdict: 'refused', error: { code, message, details } }
    print(asJson, context, document, `bundle    ${file}\nverdict   refused: ${message}\n`)
    return EXIT.refused
  }
}

function describe({ manifest, digest }: { manifest: Manifest; digest: string }): [document: unknown, text: string] {
  return [reportBundle(manifest, digest), describeBundle(manifest, digest)]
}

function print(asJson: boolean, { stdout }: CommandContext, document: unknown, text: string): void {
  stdout.write(asJson ? `${JSON.stringify(document)}\n` : text)
}

/** What was found in a file, for people. */
export function describeFile(found: InspectedFile): string {
  const lines = [
    `file      ${found.file} (${FORMAT_NAMES[found.format]}, ${formatBytes(found.sizeBytes)})`,
    `sha256    ${found.sha256}`,
  ]
  if (found.graph !== undefined) lines.push(...describeGraph(found.graph))
  found.steps?.forEach((graph, i) => lines.push('', `step ${i + 1}`, ...describeGraph(graph)))
  if (found.steps !== undefined) lines.push('')
  for (const contents of found.contents ?? []) lines.push(...describeContents(contents))
  if (found.python !== undefined) lines.push(...describePython(found.python))
  if (found.signature !== undefined)
    lines.push(
      ...found.signature.inputs.map((value) => `input     ${value}`),
      ...found.signature.outputs.map((value) => `output    ${value}`),
    )
  for (const warning of found.warnings ?? []) lines.push(`warning   ${warning}`)
  lines.push(`verdict   ${found.verdict}${found.error === undefined ? '' : `: ${found.error.message}`}`)
  return `${lines.join('\n')}\n`
}

/** Names that a healthy file has are many and dull: those of another kind are listed all. */
const NAMES_SHOWN = 12

function describePython({ protocol, compression, isJoblib, globals, objects }: InspectedPython): string[] {
  const how = [
    isJoblib ? 'joblib' : 'pickle',
    ...(protocol === undefined ? ['not read to its end'] : [`protocol ${protocol}`]),
    ...(compression === undefined ? [] : [compression]),
  ]
  const dangerous = globals.filter(({ verdict }) => verdict === 'dangerous')
  const others = globals.filter(({ verdict }) => verdict === 'ignorable')
  const known = globals.filter(({ verdict }) => verdict === 'data')
  return [
    `written   by Python (${how.join(', ')})`,
    `names     ${globals.length}: ${dangerous.length} dangerous, ${others.length} that are not needed or yours, ${known.length} known`,
    ...dangerous.map(({ name, offset }) => `DANGER    ${name} at byte ${offset}`),
    ...others.slice(0, NAMES_SHOWN).map(({ name, offset }) => `other     ${name} at byte ${offset}`),
    ...(others.length > NAMES_SHOWN ? [`other     … and ${others.length - NAMES_SHOWN} more (--json lists all)`] : []),
    ...describeObjects(objects),
  ]
}

function describeGraph({
  producer,
  irVersion,
  opsets,
  nodes,
  weightsBytes,
  operators,
  inputs,
  outputs,
}: InspectedGraph): string[] {
  const sets = opsets.map(({ domain, version }) => `${domain === '' ? 'ai.onnx' : domain} ${version}`).join(', ')
  const counts = Object.entries(operators).map(([name, count]) => `${count} ${name}`)
  return [
    `producer  ${producer === '' ? 'unknown' : producer}, IR version ${irVersion}, operator sets ${sets}`,
    `graph     ${nodes} nodes, ${formatBytes(weightsBytes)} of weights: ${counts.join(', ')}`,
    ...inputs.map((value) => `input     ${value}`),
    ...outputs.map((value) => `output    ${value}`),
  ]
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    throw new ServingError('not_found', `there is no file or folder ${quote(path)}`, { cause: error })
  }
}
