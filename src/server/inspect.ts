import { basename } from 'node:path'
import { sha256Hex } from '../bundle/make.ts'
import type { Manifest } from '../bundle/manifest.ts'
import { unpackBundle } from '../bundle/pack.ts'
import { ServingError } from '../core/errors.ts'
import { detectFormat, type FileFormat } from '../formats/detect.ts'
import type { CompiledModel } from '../compiler/compile-onnx.ts'
import type { PythonFile } from '../formats/python/read-joblib.ts'
import { objectTree, type ObjectTree } from '../formats/python/tree.ts'
import type { PyGlobal, Verdict } from '../formats/python/values.ts'
import { readNamedFile } from '../storage/local.ts'
import { addContents, type Contents } from './describe-contents.ts'
import { describeGraph, type InspectedGraph } from './describe-graph.ts'
import { DEFAULT_PROCESS_LIMITS, runLimited, serveOneJob } from './limited-process.ts'
import { readModel } from './read-model.ts'
import { isPackedBundle } from './unpacking-worker.ts'

/** What is in a model file. */
export interface InspectedFile {
  readonly file: string
  readonly format: FileFormat
  readonly sizeBytes: number
  readonly sha256: string
  readonly verdict: 'compiled' | 'refused' | 'needs-python'
  /** What the file holds, as far as it could be read. */
  readonly graph?: InspectedGraph
  /** The graph of each step of a pipeline, in order, in place of `graph`. */
  readonly steps?: readonly InspectedGraph[]
  /** What a pickle names and holds, found without running any of it. */
  readonly python?: InspectedPython
  /** What archives, boosters, networks and files of tensors hold; an archive's file stands behind the archive. */
  readonly contents?: readonly Contents[]
  /** What the model takes and gives once it is compiled. */
  readonly signature?: { readonly inputs: readonly string[]; readonly outputs: readonly string[] }
  readonly warnings?: readonly string[]
  /** The bundle that the file is, packed. */
  readonly bundle?: { readonly manifest: Manifest; readonly digest: string }
  /** Why it is refused. */
  readonly error?: {
    readonly code: string
    readonly message: string
    readonly details: Readonly<Record<string, unknown>>
  }
}

export interface InspectedPython {
  readonly protocol: number | undefined
  readonly compression: string | undefined
  readonly isJoblib: boolean
  /** Every name that the file would have Python look up, at the first byte that does. */
  readonly globals: readonly InspectedGlobal[]
  /** The objects that it holds, with what they were told and what they have learned. */
  readonly objects: readonly ObjectTree[]
}

export interface InspectedGlobal {
  readonly name: string
  readonly offset: number
  readonly verdict: Verdict
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
  serveOneJob(describeModelFile)
}

/** Says what is in a model file, in this very process: it is to be one with limits. @throws {ServingError} `not_found`; `too_large` */
export async function describeModelFile({ path, maxFileBytes }: InspectJob): Promise<InspectedFile> {
  const bytes = await readNamedFile(path, maxFileBytes, basename(path))
  const format = detectFormat(bytes)
  const file = { file: basename(path), format, sizeBytes: bytes.byteLength, sha256: sha256Hex(bytes) }
  const graphs: InspectedGraph[] = []
  let python: InspectedPython | undefined
  const contents: Contents[] = []
  const found = () => ({
    ...(format === 'pipeline' ? { steps: graphs } : graphs[0] === undefined ? {} : { graph: graphs[0] }),
    ...(python && { python }),
    ...(contents.length > 0 && { contents }),
  })
  try {
    if (format === 'packed-tar' && isPackedBundle(bytes, maxFileBytes)) {
      const { manifest, digest } = await unpackBundle(bytes)
      return { ...file, verdict: 'compiled', bundle: { manifest, digest } }
    }
    const { compiled } = await readModel(path, bytes, maxFileBytes, {
      onFound: (read) => {
        if (read.kind === 'graph') graphs.push(describeGraph(read.model))
        else if (read.kind === 'python') python = describePython(read.file)
        else addContents(contents, read, maxFileBytes)
      },
    })
    const { warnings = [] } = compiled
    return { ...file, verdict: 'compiled', ...found(), signature: describeSignature(compiled), warnings }
  } catch (thrown) {
    const failure = ServingError.from(thrown)
    python ??= halfRead(failure)
    // what its own library may still run: it was read, it is not hostile, and only the compiler has no words for it
    const isPythons = python !== undefined || contents.some(runsInPython)
    const verdict = isPythons && failure.code === 'unsupported' ? 'needs-python' : 'refused'
    return { ...file, verdict, error: failure.toJSON().error, ...found() }
  }
}

/** An archive that MLflow's own library can run. */
function runsInPython(contents: Contents): boolean {
  return contents.kind === 'archive' && contents.flavours?.includes('python_function') === true
}

function describePython({ root, globals, protocol, compression, isJoblib }: PythonFile): InspectedPython {
  return { protocol, compression, isJoblib, globals: globals.map(describeGlobal), objects: objectTree(root) }
}

function describeGlobal({ module, name, offset, verdict }: PyGlobal): InspectedGlobal {
  return { name: `${module}.${name}`.slice(0, 300), offset, verdict }
}

/** The names of a pickle that could not be read to its end. */
function halfRead({ details }: ServingError): InspectedPython | undefined {
  const { globals } = details as { globals?: readonly PyGlobal[] }
  if (!Array.isArray(globals)) return undefined
  const names = (globals as readonly PyGlobal[]).map(describeGlobal)
  return { protocol: undefined, compression: undefined, isJoblib: false, globals: names, objects: [] }
}

function describeSignature({ inputs, outputs }: CompiledModel): NonNullable<InspectedFile['signature']> {
  const describe = ({ name, datatype, shape, columns }: CompiledModel['outputs'][number]) =>
    `${name} ${datatype} [${shape?.join(', ') ?? '?'}]${columns === undefined ? '' : `: ${columns.slice(0, 12).join(', ')}${columns.length > 12 ? ', …' : ''}`}`
  return { inputs: inputs.map(describe), outputs: outputs.map(describe) }
}
