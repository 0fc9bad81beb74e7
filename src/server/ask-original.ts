import { compilePython, layOutPython, PYTHON_FILE } from '../compiler/python/compile-python.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { createPythonEngine, describePython } from '../engines/python/engine.ts'
import type { PythonSettings } from '../engines/python/settings.ts'
import { loadProgram } from '../engines/program.ts'
import { createFitter } from '../runtime/fit-request.ts'
import type { Tensors } from '../tensor/tensor.ts'
import { MAX_FILE_BYTES } from './compile.ts'
import { readySource } from './python-models.ts'
import { openPythonSource, readFiles } from './python-source.ts'

/** What a model's own library answers. */
export interface OriginalAnswers {
  /** The library, with its version as far as it tells. */
  readonly library: string
  /** Of Python. */
  readonly version: string
  /** Names of all that it can answer. */
  readonly names: readonly string[]
  /** By the names of outputs: those that were asked for, and that it has. */
  readonly outputs: Tensors
}

/**
 * Loads a model's file by its own library, in a Python process with neither a network nor files to change where the system
 * allows that to be said, and asks it. This runs what the file says.
 * @param sha256 that the file must have; any when absent
 * @param wanted names of outputs; those that it has not are left out
 * @throws {ServingError} `invalid_argument` for another file, and for rows that do not fit; `refused` when it cannot be
 *   loaded; `unsupported` for files that no library is known to load
 */
export async function askOriginal(
  path: string,
  question: { readonly inputs: Tensors; readonly wanted: readonly string[]; readonly sha256: string | undefined },
  python: PythonSettings,
  options: { readonly signal: AbortSignal; readonly onProgress: (text: string) => void },
): Promise<OriginalAnswers> {
  const source = await openPythonSource(path, MAX_FILE_BYTES)
  if (question.sha256 !== undefined && question.sha256 !== source.sha256)
    throw new ServingError(
      'invalid_argument',
      `${quote(path)} is not the file that the bundle was made of: its sha256 is ${source.sha256}, the bundle's ${question.sha256}`,
    )
  const settings = { ...python, workers: 1 }
  await readySource(source, settings, options)
  options.onProgress('loading the original in Python')
  const files = layOutPython(source.code, await readFiles(source.paths, MAX_FILE_BYTES))
  const read = (file: string) => files.get(file) ?? new Uint8Array()
  const events = { onOutput: (_model: string, text: string) => options.onProgress(`Python: ${text}`) }
  const said = await describePython({ file: PYTHON_FILE }, read, settings, events)
  options.signal.throwIfAborted()
  const original = compilePython(source.code, files, said)
  if (original.isRaw === true)
    throw new ServingError('unsupported', `${quote(path)} is code that takes bodies: there are no rows to compare`)
  const names = original.outputs.map(({ name }) => name)
  const asked = names.filter((name) => question.wanted.includes(name))
  const answers = { library: original.producer, version: settings.interpreter.version, names }
  if (asked.length === 0) return { ...answers, outputs: new Map() }
  const outputs = original.outputs.map((spec) => ({ ...spec, shape: spec.shape ?? [-1] }))
  const fitted = createFitter({ inputs: original.inputs, outputs })(question.inputs, asked)
  options.onProgress(`asking the original about ${fitted.rows} rows`)
  const loaded = await loadProgram(original.program, [createPythonEngine(settings)], read)
  try {
    return { ...answers, outputs: await loaded.run(fitted.inputs, fitted.wanted) }
  } finally {
    loaded.release()
  }
}
