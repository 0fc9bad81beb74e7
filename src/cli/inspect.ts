import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { openBundle } from '../bundle/open.ts'
import { unpackBundle } from '../bundle/pack.ts'
import { ServingError } from '../core/errors.ts'
import { formatBytes, quote } from '../core/text.ts'
import { detectFormat, FORMAT_NAMES } from '../formats/detect.ts'
import { inspectFile, type InspectedFile, type InspectedGraph } from '../server/inspect.ts'
import { readPlainFile } from '../storage/local.ts'
import { EXIT, type Command, type CommandContext } from './command.ts'
import { JSON_OPTION } from './common-options.ts'
import { describeBundle, reportBundle } from './describe-bundle.ts'
import { UsageError } from './options.ts'

const options = { ...JSON_OPTION } as const

const MAX_FILE_BYTES = 4 * 2 ** 30

export const inspectCommand: Command<typeof options> = {
  usage: '<file or bundle>',
  options,
  async run(positionals, options, context) {
    const [path, ...more] = positionals
    if (path === undefined || more.length > 0) throw new UsageError('name one model file or bundle')
    if (await isFolder(path)) {
      const { manifest, digest } = await openBundle(path)
      return print(options.json, context, reportBundle(manifest, digest), describeBundle(manifest, digest))
    }
    const head = await readHead(path)
    if (detectFormat(head) === 'gzip') {
      const { manifest, digest } = await unpackBundle(await readPlainFile(path, MAX_FILE_BYTES, basename(path)))
      return print(options.json, context, reportBundle(manifest, digest), describeBundle(manifest, digest))
    }
    const found = await inspectFile(path, MAX_FILE_BYTES, context.signal)
    print(options.json, context, found, describeFile(found))
    return found.verdict === 'refused' ? EXIT.refused : EXIT.done
  },
}

/** The first bytes of a file, enough to tell an archive. */
async function readHead(path: string): Promise<Uint8Array> {
  for await (const chunk of createReadStream(path, { end: 511 })) return chunk as Buffer
  return new Uint8Array()
}

function print(asJson: boolean, { stdout }: CommandContext, document: unknown, text: string): number {
  stdout.write(asJson ? `${JSON.stringify(document)}\n` : text)
  return EXIT.done
}

function describeFile(found: InspectedFile): string {
  const lines = [
    `file      ${found.file} (${FORMAT_NAMES[found.format]}, ${formatBytes(found.sizeBytes)})`,
    `sha256    ${found.sha256}`,
  ]
  if (found.graph !== undefined) lines.push(...describeGraph(found.graph))
  lines.push(`verdict   ${found.verdict}${found.error === undefined ? '' : `: ${found.error.message}`}`)
  return `${lines.join('\n')}\n`
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
