import { basename, dirname, join } from 'node:path'
import type { SourceFile } from '../bundle/store.ts'
import { sha256Hex } from '../bundle/make.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { compileLightgbm, compileXgboost } from '../compiler/boosters/compile-booster.ts'
import { compileOnnx, type CompiledModel } from '../compiler/compile-onnx.ts'
import { compilePipeline } from '../compiler/compile-pipeline.ts'
import { compileTorch } from '../compiler/torch/compile-torch.ts'
import { openArchive } from '../formats/archives/open-archive.ts'
import { modelInside } from '../formats/model-inside.ts'
import { readTorch } from '../formats/torch/read-torch.ts'
import { readPythonFile, type PythonFile } from '../formats/python/read-joblib.ts'
import { refuseUnfolding } from '../formats/python/unfolding.ts'
import { compilePythonFile } from '../compiler/compile-python-file.ts'
import {
  detectFormat,
  FORMAT_NAMES,
  refuseDisagreement,
  unsupportedFormat,
  type FileFormat,
} from '../formats/detect.ts'
import { parsePipelineFile } from '../formats/pipeline-file.ts'
import { attachExternalData, externalFiles, readOnnx, validateOnnx, type OnnxModel } from '../onnx/index.ts'
import type { HowToCompile } from './compile.ts'
import { readPlainFile } from '../storage/local.ts'

/** A model, compiled, and the files beside its own that took part. */
export interface ReadModel {
  readonly compiled: CompiledModel
  readonly beside: readonly SourceFile[]
}

export interface ReadOptions {
  readonly how?: HowToCompile | undefined
  /** Told what the file holds, as soon as that is read and before anything is made of it. */
  readonly onFound?: ((found: Found) => void) | undefined
}

/** What a file holds. */
export type Found =
  | { readonly kind: 'graph'; readonly model: OnnxModel }
  | { readonly kind: 'python'; readonly file: PythonFile }
  /** Any file that is to be read, an archive's as well as that in it, before it is. */
  | { readonly kind: 'file'; readonly name: string; readonly format: FileFormat; readonly bytes: Uint8Array }

/**
 * Reads and compiles a model's file, with all that it names in its own folder: weights, the models of a pipeline. To be
 * called in a limited process.
 * @param path of the model file, for its folder and its name
 * @param bytes of that file
 * @throws {ServingError} `unsupported` for another format; `refused`; `not_found` when a file is missing
 */
export async function readModel(
  path: string,
  bytes: Uint8Array,
  maxFileBytes: number,
  options: ReadOptions = {},
): Promise<ReadModel> {
  const folder = dirname(path)
  return readAs(basename(path), bytes, {
    ...options,
    maxFileBytes,
    neighbour: (name, shown) => readPlainFile(join(folder, name), maxFileBytes, shown),
  })
}

interface Reading extends ReadOptions {
  readonly maxFileBytes: number
  /** A file beside the model's own; `shown` is what it is called in a refusal. */
  readonly neighbour: (name: string, shown: string) => Uint8Array | Promise<Uint8Array>
}

/** One reader for one format, which the content alone decides: what it refuses is not tried by another. */
async function readAs(name: string, bytes: Uint8Array, reading: Reading): Promise<ReadModel> {
  const { onFound, how = { allowUntested: false } } = reading
  const format = detectFormat(bytes)
  onFound?.({ kind: 'file', name, format, bytes })
  refuseDisagreement(name, format)
  switch (format) {
    case 'pickle':
    case 'packed-pickle': {
      const file = readPythonFile(bytes, { maxBytes: reading.maxFileBytes })
      onFound?.({ kind: 'python', file })
      refuseUnfolding(file.root)
      return { compiled: compilePythonFile(file, name, how), beside: [] }
    }
    case 'xgboost-json':
    case 'xgboost-ubj':
      return { compiled: compileXgboost(bytes, how), beside: [] }
    case 'lightgbm':
      return { compiled: compileLightgbm(bytes, how), beside: [] }
    case 'pt2':
    case 'torchscript':
    case 'torch':
    case 'torch-legacy':
      return { compiled: compileTorch(readTorch(bytes, name)), beside: [] }
    case 'zip':
    case 'tar':
    case 'packed-tar':
      return readInside(name, bytes, reading)
    case 'pipeline':
      return readPipeline(bytes, reading)
    case 'onnx': {
      const { model, beside } = await readGraph(bytes, reading)
      return { compiled: compileOnnx(model), beside }
    }
    default:
      throw unsupportedFormat(name, format)
  }
}

/** The model in an archive. What lies beside it lies in the archive too, and is covered by its digest. */
async function readInside(name: string, bytes: Uint8Array, reading: Reading): Promise<ReadModel> {
  const archive = openArchive(bytes, { maxBytes: reading.maxFileBytes })
  const inside = modelInside(archive.names, archive.read, name)
  const content = archive.read(inside)
  if (ARCHIVES.has(detectFormat(content)))
    throw new ServingError('unsupported', `${quote(name)} holds an archive in an archive; unpack the outer one`)
  const folder = inside.slice(0, inside.lastIndexOf('/') + 1)
  const { compiled } = await readAs(inside.slice(folder.length), content, {
    ...reading,
    neighbour: (beside) => archive.read(folder + beside),
  })
  return { compiled, beside: [] }
}

const ARCHIVES: ReadonlySet<FileFormat> = new Set(['zip', 'tar', 'packed-tar'])

async function readPipeline(bytes: Uint8Array, reading: Reading): Promise<ReadModel> {
  const file = parsePipelineFile(bytes)
  const beside: SourceFile[] = []
  const models: CompiledModel[] = []
  for (const [i, step] of file.steps.entries()) {
    const graph = await reading.neighbour(step.model, step.model)
    const format = detectFormat(graph)
    if (format !== 'onnx')
      throw new ServingError(
        'unsupported',
        `step ${i + 1} of the pipeline: ${quote(step.model)} is ${FORMAT_NAMES[format]}; steps are ONNX models`,
      )
    const read = await readGraph(graph, reading)
    models.push(compileOnnx(read.model))
    beside.push({ name: step.model, sha256: sha256Hex(graph) }, ...read.beside)
  }
  return { compiled: compilePipeline(file, models), beside }
}

async function readGraph(
  bytes: Uint8Array,
  { onFound, neighbour }: Reading,
): Promise<{ model: OnnxModel; beside: SourceFile[] }> {
  const model = readOnnx(bytes)
  onFound?.({ kind: 'graph', model })
  const files = await readBeside(model, neighbour)
  const whole = attachExternalData(model, files)
  validateOnnx(whole)
  return { model: whole, beside: [...files].map(([name, file]) => ({ name, sha256: sha256Hex(file) })) }
}

async function readBeside(model: OnnxModel, neighbour: Reading['neighbour']): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for (const location of externalFiles(model)) {
    if (location.includes('/'))
      throw new ServingError(
        'refused',
        `the model's weights lie in ${quote(location)}; files beside the model are read, folders are not`,
      )
    files.set(location, await neighbour(location, location))
  }
  return files
}
