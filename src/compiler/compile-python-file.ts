import { quote } from '../core/text.ts'
import { refuseDangers } from '../formats/python/read-pickle.ts'
import type { PythonFile } from '../formats/python/read-joblib.ts'
import type { PyObject, PyValue } from '../formats/python/values.ts'
import type { CompiledModel } from './compile-onnx.ts'
import { compileEstimator } from './sklearn/compile-estimator.ts'

export interface PythonFileOptions {
  /** Compile what untested versions of a library have written too. */
  readonly allowUntested: boolean
  /** Of a dict or list: keys or places of the estimators that run one after the other. */
  readonly steps?: readonly string[] | undefined
}

/**
 * Compiles what a pickle or a file of joblib holds: an estimator, or a dict or list of them.
 * @throws {ServingError} `refused` for a file that names dangerous things or is damaged; `unsupported` for what the compiler
 *   does not cover
 */
export function compilePythonFile(
  file: PythonFile,
  fileName: string,
  { allowUntested, steps = [] }: PythonFileOptions,
): CompiledModel {
  refuseDangers(file, fileName)
  const { compression } = file
  const written = `${file.isJoblib ? 'joblib' : `pickle protocol ${file.protocol}`}${compression === undefined ? '' : `, ${compression}`}`
  const libraries = librariesIn(file.root)
  const compiled = compileEstimator(file.root, {
    producer: [...libraries, written].join(', '),
    allowUntested,
    steps,
  })
  if (!allowUntested) return compiled
  const warning = `${quote(fileName)} was compiled with --allow-untested: its library's version may compute otherwise than the ones that were tested`
  return { ...compiled, warnings: [...(compiled.warnings ?? []), warning] }
}

/** The first versions that are found on the way down: every estimator of a file has the same. */
function librariesIn(root: PyValue): string[] {
  const found = new Set<string>()
  const open: PyValue[] = [root]
  const seen = new Set<object>()
  for (let next = open.pop(); next !== undefined && seen.size < 100; next = open.pop()) {
    if (typeof next !== 'object' || next === null || next instanceof Uint8Array || seen.has(next)) continue
    seen.add(next)
    if (next.kind === 'object') {
      const version = versionOf(next)
      if (version !== undefined) found.add(version)
      for (const value of next.attributes.values()) open.push(value)
    } else if (next.kind === 'list' || next.kind === 'tuple') open.push(...next.items.slice(0, 20))
    else if (next.kind === 'dict') for (const [, value] of next.entries.slice(0, 20)) open.push(value)
  }
  return [...found].slice(0, 4)
}

function versionOf({ attributes, class: { module } }: PyObject): string | undefined {
  const version = attributes.get('_sklearn_version')
  if (typeof version === 'string') return `scikit-learn ${version.slice(0, 20)}`
  const library = module.split('.')[0]
  return library === 'xgboost' || library === 'lightgbm' ? library : undefined
}
