import { basename, dirname, join } from 'node:path'
import type { SourceFile } from '../bundle/store.ts'
import { sha256Hex } from '../bundle/make.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { detectFormat, refuseOthers } from '../formats/detect.ts'
import { attachExternalData, externalFiles, readOnnx, validateOnnx, type OnnxModel } from '../onnx/index.ts'
import { readPlainFile } from '../storage/local.ts'

/**
 * Reads a model's file, and the weights that it keeps in files beside it. To be called in a limited process.
 * @param path of the model file, for its folder and its name
 * @param bytes of that file
 * @param onRead told of the graph before it is validated
 * @throws {ServingError} `unsupported` for another format; `refused`; `not_found` when weights are missing
 */
export async function readModel(
  path: string,
  bytes: Uint8Array,
  maxFileBytes: number,
  onRead?: (model: OnnxModel) => void,
): Promise<{ model: OnnxModel; beside: SourceFile[] }> {
  refuseOthers(basename(path), detectFormat(bytes))
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
