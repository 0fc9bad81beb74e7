import type { CompiledModel } from '../compiler/compile-onnx.ts'
import { compilePython, layOutPython, PYTHON_FILE } from '../compiler/python/compile-python.ts'
import { describePython } from '../engines/python/engine.ts'
import type { PythonSettings } from '../engines/python/settings.ts'
import { readFiles, type PythonSource } from './python-source.ts'

/**
 * A model of code in Python: its files, and what it says of itself once it is loaded. To be called in a limited process.
 * @throws {ServingError} `refused` when it cannot be loaded; `unsupported` for what no signature can be
 */
export async function compilePythonSource(
  { code, paths }: PythonSource,
  settings: PythonSettings,
  maxBytes: number,
  onOutput: (text: string) => void,
): Promise<CompiledModel> {
  const files = layOutPython(code, await readFiles(paths, maxBytes))
  const read = (path: string) => files.get(path) ?? new Uint8Array()
  const said = await describePython({ file: PYTHON_FILE }, read, settings, {
    onOutput: (_model, text) => onOutput(text),
  })
  return compilePython(code, files, said)
}
