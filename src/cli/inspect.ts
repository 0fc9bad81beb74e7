import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Manifest } from '../bundle/manifest.ts'
import { openBundle } from '../bundle/open.ts'
import { ServingError } from '../core/errors.ts'
import { formatBytes, quote } from '../core/text.ts'
import { FORMAT_NAMES } from '../formats/detect.ts'
import { MAX_FILE_BYTES } from '../server/compile.ts'
import { inspectFile, type InspectedFile, type InspectedPython } from '../server/inspect.ts'
import type { InspectedGraph } from '../server/describe-graph.ts'
import { EXIT, type Command, type CommandContext } from './command.ts'
import { JSON_OPTION } from './common-options.ts'
import { describeBundle, reportBundle } from './describe-bundle.ts'
import { describeContents, describeObjects } from './describe-found.ts'
import { UsageError } from './options.ts'

const options = { ...JSON_OPTION } as const

export const inspectCommand: Command<typeof options> = {
  usage: '<file or bundle>',
  options,
  async run(positionals, options, context) {
    const [path, ...more] = positionals
    if (path === undefined || more.length > 0) throw new UsageError('name one model file or bundle')
    if (await isFolder(path)) return await inspectFolder(path, options.json, context)
    const { bundle, ...found } = await inspectFile(path, MAX_FILE_BYTES, context.signal)
    if (bundle !== undefined) print(options.json, context, ...describe(bundle))
    else print(options.json, context, found, describeFile(found))
    return found.verdict === 'refused' ? EXIT.refused : EXIT.done
  },
}

async function inspectFolder(path: string, asJson: boolean, context: CommandContext): Promise<number> {
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

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    throw new ServingError('not_found', `there is no file or folder ${quote(path)}`, { cause: error })
  }
}
