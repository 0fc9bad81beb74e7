import { basename } from 'node:path'
import { sha256Hex } from '../bundle/make.ts'
import type { Manifest } from '../bundle/manifest.ts'
import { unpackBundle } from '../bundle/pack.ts'
import { ServingError } from '../core/errors.ts'
import { detectFormat, type FileFormat } from '../formats/detect.ts'
import { everyNode, everyTensor, signatureValues, type OnnxModel, type OnnxType } from '../onnx/index.ts'
import { readNamedFile } from '../storage/local.ts'
import { DEFAULT_PROCESS_LIMITS, runLimited, serveOneJob } from './limited-process.ts'
import { readModel } from './read-model.ts'

/** What is in a model file. */
export interface InspectedFile {
  readonly file: string
  readonly format: FileFormat
  readonly sizeBytes: number
  readonly sha256: string
  readonly verdict: 'compiled' | 'refused'
  /** What the file holds, as far as it could be read. */
  readonly graph?: InspectedGraph
  /** The graph of each step of a pipeline, in order, in place of `graph`. */
  readonly steps?: readonly InspectedGraph[]
  /** The bundle that the file is, packed. */
  readonly bundle?: { readonly manifest: Manifest; readonly digest: string }
  /** Why it is refused. */
  readonly error?: {
    readonly code: string
    readonly message: string
    readonly details: Readonly<Record<string, unknown>>
  }
}

export interface InspectedGraph {
  readonly producer: string
  readonly irVersion: number
  readonly opsets: readonly { readonly domain: string; readonly version: number }[]
  readonly nodes: number
  /** How many nodes there are of each operator, the most frequent first. */
  readonly operators: Readonly<Record<string, number>>
  readonly weightsBytes: number
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
}

interface InspectJob {
  readonly path: string
  readonly maxFileBytes: number
}

/**
 * Says what is in a model file or a packed bundle, in a process with limits; nothing is run. A refused file is
 * described too.
 * @throws {ServingError} `not_found`; `too_large`; `refused` when the file breaks its process
 */
export function inspectFile(path: string, maxFileBytes: number, signal: AbortSignal): Promise<InspectedFile> {
  return runLimited('inspection', { path, maxFileBytes }, { limits: DEFAULT_PROCESS_LIMITS, signal })
}

/** The process that inspects. */
export function runInspectionWorker(): void {
  serveOneJob(async ({ path, maxFileBytes }: InspectJob): Promise<InspectedFile> => {
    const bytes = await readNamedFile(path, maxFileBytes, basename(path))
    const format = detectFormat(bytes)
    const file = { file: basename(path), format, sizeBytes: bytes.byteLength, sha256: sha256Hex(bytes) }
    const graphs: InspectedGraph[] = []
    const found = () =>
      format === 'pipeline' ? { steps: graphs } : graphs[0] === undefined ? {} : { graph: graphs[0] }
    try {
      if (format === 'gzip') {
        const { manifest, digest } = await unpackBundle(bytes)
        return { ...file, verdict: 'compiled', bundle: { manifest, digest } }
      }
      await readModel(path, bytes, maxFileBytes, (read) => graphs.push(describeGraph(read)))
      return { ...file, verdict: 'compiled', ...found() }
    } catch (thrown) {
      const { error } = ServingError.from(thrown).toJSON()
      return { ...file, verdict: 'refused', error, ...found() }
    }
  })
}

function describeGraph(model: OnnxModel): InspectedGraph {
  const counts = new Map<string, number>()
  let nodes = 0
  for (const { node } of everyNode(model.graph.nodes)) {
    nodes++
    const name = node.domain === '' ? node.opType : `${node.domain}.${node.opType}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  let weightsBytes = 0
  for (const { data } of everyTensor(model)) if (ArrayBuffer.isView(data)) weightsBytes += data.byteLength
  const { inputs, outputs } = signatureValues(model)
  return {
    producer: [model.producerName, model.producerVersion].filter((part) => part !== '').join(' '),
    irVersion: model.irVersion,
    opsets: [...model.opsets].map(([domain, version]) => ({ domain, version })),
    nodes,
    operators: Object.fromEntries([...counts].sort((a, b) => b[1] - a[1])),
    weightsBytes,
    inputs: inputs.map(({ name, type }) => `${name} ${describeType(type)}`),
    outputs: outputs.map(({ name, type }) => `${name} ${describeType(type)}`),
    metadata: Object.fromEntries(model.metadata),
  }
}

function describeType(type: OnnxType | undefined): string {
  if (type === undefined) return 'of no stated type'
  if (type.kind !== 'tensor') return `a ${type.kind}`
  const shape = type.shape === undefined ? 'of unknown rank' : `[${type.shape.map((size) => size ?? '?').join(', ')}]`
  return `${type.datatype ?? 'of no stated datatype'} ${shape}`
}
