import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { PythonFlavour } from '../../bundle/python-file.ts'

/** Code in Python, or a model that it loads, as its files tell what it is. */
export interface PythonCode {
  readonly flavour: PythonFlavour
  /** The file that is run, or that holds the object; empty where the folder as a whole is the model. */
  readonly entry: string
  /** Folder that code is imported from, besides that of all files; empty for that one. */
  readonly code: string
  /** File of packages that the code needs. */
  readonly requirements: string | undefined
}

/** What each flavour is called among people. */
export const FLAVOUR_NAMES: Record<PythonFlavour, string> = {
  sagemaker: 'a SageMaker inference.py',
  azure: 'an Azure ML scoring script',
  huggingface: 'a Hugging Face handler.py',
  mlflow: 'an MLflow model',
  object: 'a saved model',
}

/** Folders in which platforms have the code of a model. */
const CODE_FOLDERS = ['', 'code', 'src', 'onlinescoring']

/** Files whose object the runner loads, by the end of their names. */
const OBJECT = /\.(pkl|pickle|joblib|sav|dill|pt|pth|cbm|keras|h5)$/i

/** Most of a script that is looked at to tell what it is (bytes). */
const LOOKED_AT_BYTES = 2 ** 20

/**
 * What kind of code some files are, by the names that platforms give their files, and what stands in those; nothing is
 * run. Undefined where they are none.
 * @param files of one folder, by their paths in it
 * @throws {ServingError} `invalid_argument` where they are of two kinds
 */
export function findPythonCode(files: ReadonlyMap<string, Uint8Array>): PythonCode | undefined {
  const found: PythonCode[] = []
  const add = (flavour: PythonFlavour, entry: string, code = folderOf(entry)) =>
    found.push({ flavour, entry, code, requirements: requirementsOf(files, code) })
  const mlmodel = files.get('MLmodel')
  // an MLflow folder keeps code of its own in code/, which MLflow itself finds
  if (mlmodel !== undefined && /^ {2,}python_function:/m.test(textOf(mlmodel))) {
    add('mlflow', '', '')
    return found[0]
  }
  const handlers = inCodeFolders(files, 'handler.py').filter((path) => has(files, path, /^class\s+EndpointHandler\b/m))
  for (const path of handlers) add('huggingface', path)
  for (const path of inCodeFolders(files, 'inference.py')) add('sagemaker', path)
  for (const path of scoringScripts(files)) add('azure', path)
  const [first, second] = found
  if (second !== undefined)
    throw new ServingError(
      'invalid_argument',
      `the folder holds ${quoteList(found.map(({ entry }) => entry))}: leave one of them, so that it is clear which is to be run`,
    )
  if (first !== undefined) return first
  const objects = [...files.keys()].filter((path) => OBJECT.test(path) && !path.includes('/'))
  const [only] = objects
  const hasCode = [...files.keys()].some((path) => path.endsWith('.py'))
  if (only === undefined || objects.length > 1 || hasCode) return undefined
  add('object', only, '')
  return found[0]
}

/**
 * The same, of files that were to be code.
 * @param what how they are called in the refusal
 * @throws {ServingError} `unsupported`, saying what is looked for; as `findPythonCode`
 */
export function needPythonCode(files: ReadonlyMap<string, Uint8Array>, what: string): PythonCode {
  const found = findPythonCode(files)
  if (found !== undefined) return found
  throw new ServingError(
    'unsupported',
    `${quote(what)} holds nothing that runs in Python here: inference.py (SageMaker) or score.py (Azure ML) at its top or in code/, handler.py (Hugging Face), MLmodel (MLflow), or one model file alone (.pkl, .joblib, .pt, .cbm, .keras)`,
  )
}

function inCodeFolders(files: ReadonlyMap<string, Uint8Array>, name: string): string[] {
  return CODE_FOLDERS.map((folder) => (folder === '' ? name : `${folder}/${name}`)).filter((path) => files.has(path))
}

/** Scripts with `init()` and `run(…)`: `score.py`, or the only one with both. */
function scoringScripts(files: ReadonlyMap<string, Uint8Array>): string[] {
  const scripts = [...files.keys()].filter(
    (path) =>
      /^(?:[^/]+\/)?[^/]+\.py$/.test(path) &&
      has(files, path, /^(?:async\s+)?def\s+init\s*\(/m) &&
      has(files, path, /^(?:async\s+)?def\s+run\s*\(/m),
  )
  const named = scripts.filter((path) => /(^|\/)score\.py$/.test(path))
  return named.length > 0 ? named : scripts
}

function has(files: ReadonlyMap<string, Uint8Array>, path: string, pattern: RegExp): boolean {
  const bytes = files.get(path)
  return bytes !== undefined && pattern.test(textOf(bytes))
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, LOOKED_AT_BYTES)).toString('utf8')
}

function folderOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '' : path.slice(0, slash)
}

function requirementsOf(files: ReadonlyMap<string, Uint8Array>, code: string): string | undefined {
  const places = [
    code === '' ? 'requirements.txt' : `${code}/requirements.txt`,
    'requirements.txt',
    'code/requirements.txt',
  ]
  return places.find((path) => files.has(path))
}
