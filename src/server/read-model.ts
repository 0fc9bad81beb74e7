import { basename, dirname, join } from 'node:path'
import type { SourceFile } from '../bundle/store.ts'
import { sha256Hex } from '../bundle/make.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { compileOnnx, type CompiledModel } from '../compiler/compile-onnx.ts'
import { compilePipeline } from '../compiler/compile-pipeline.ts'
import { detectFormat, FORMAT_NAMES, refuseOthers } from '../formats/detect.ts'
import { parsePipelineFile } from '../formats/pipeline-file.ts'
import { attachExternalData, externalFiles, readOnnx, validateOnnx, type OnnxModel } from '../onnx/index.ts'
import { readPlainFile } from '../storage/local.ts'

/** A model, compiled, and the files beside its own that took part. */
export interface ReadModel {
  readonly compiled: CompiledModel
  readonly beside: readonly SourceFile[]
}

/**
 * Reads and compiles a model's file, with all that it names in its own folder: weights, the models of a pipeline. To be
 * called in a limited process.
 * @param path of the model file, for its folder and its name
 * @param bytes of that file
 * @param onRead told of each graph before it is validated
 * @throws {ServingError} `unsupported` for another format; `refused`; `not_found` when a file is missing
 */
export async function readModel(
  path: string,
  bytes: Uint8Array,
  maxFileBytes: number,
  onRead?: (model: OnnxModel) => void,
): Promise<ReadModel> {
  const format = detectFormat(bytes)
  refuseOthers(basename(path), format)
  if (format === 'pipeline') return readPipeline(path, bytes, maxFileBytes, onRead)
  const { model, beside } = await readGraph(path, bytes, maxFileBytes, onRead)
  return { compiled: compileOnnx(model), beside }
}

async function readPipeline(
  path: string,
  bytes: Uint8Array,
  maxFileBytes: number,
  onRead?: (model: OnnxModel) => void,
): Promise<ReadModel> {
  const file = parsePipelineFile(bytes)
  const beside: SourceFile[] = []
  const models: CompiledModel[] = []
  for (const [i, step] of file.steps.entries()) {
    const inside = join(dirname(path), step.model)
    const graph = await readPlainFile(inside, maxFileBytes, step.model)
    const format = detectFormat(graph)
    if (format !== 'onnx')
      throw new ServingError(
        'unsupported',
        `step ${i + 1} of the pipeline: ${quote(step.model)} is ${FORMAT_NAMES[format]}; steps are ONNX models`,
      )
    const read = await readGraph(inside, graph, maxFileBytes, onRead)
    models.push(compileOnnx(read.model))
    beside.push({ name: step.model, sha256: sha256Hex(graph) }, ...read.beside)
  }
  return { compiled: compilePipeline(file, models), beside }
}

async function readGraph(
  path: string,
  bytes: Uint8Array,
  maxFileBytes: number,
  onRead?: (model: OnnxModel) => void,
): Promise<{ model: OnnxModel; beside: SourceFile[] }> {
  const model = readOnnx(bytes)
  onRead?.(model)
  const files = await readBeside(model, dirname(path), maxFileBytes)
  const whole = attachExternalData(model, files)
  validateOnnx(whole)
  return { model: whole, beside: [...files].map(([name, file]) => ({ name, sha256: sha256Hex(file) })) }
}

async function readBeside(model: OnnxModel, folder: string, maxFileBytes: number): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for (const location of externalFiles(model)) {
    if (location.includes('/'))
      throw new ServingError(
        'refused',
        `the model's weights lie in ${quote(location)}; files beside the model are read, folders are not`,
      )
    files.set(location, await readPlainFile(join(folder, location), maxFileBytes, location))
  }
  return files
}
