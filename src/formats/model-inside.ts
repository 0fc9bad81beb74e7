import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import { pathProblem } from './archives/entry-names.ts'
import { archiveContents } from './archives/open-archive.ts'
import { detectFormat, FORMAT_NAMES, type FileFormat } from './detect.ts'

/** Formats that hold a model which is compiled, or say why it is not. */
const MODELS: ReadonlySet<FileFormat> = new Set<FileFormat>([
  'onnx',
  'pickle',
  'packed-pickle',
  'pt2',
  'torchscript',
  'torch',
  'torch-legacy',
  'safetensors',
  'xgboost-json',
  'xgboost-ubj',
  'xgboost-binary',
  'lightgbm',
  'catboost',
  'keras',
  'hdf5',
  'saved-model',
  'tflite',
  'gguf',
  'skops',
])

/** Code in TypeScript around a model, at the top of its folder. */
export const CODE_AROUND = /^predict\.m?[jt]s$/

/** The files that hold a model, by their content. */
export function modelsAmong(names: readonly string[], read: (name: string) => Uint8Array): string[] {
  return names.filter((name) => MODELS.has(detectFormat(read(name))))
}

/** Members of an MLmodel's flavours that name the file of the model itself. */
const MODEL_MEMBER: Readonly<Record<string, readonly string[]>> = {
  sklearn: ['pickled_model'],
  xgboost: ['data'],
  lightgbm: ['data'],
  onnx: ['data'],
}

/**
 * The one model among the files of an archive or folder: the one that an MLflow folder's `MLmodel` names, else the only
 * file that holds a model by its content.
 * @param names paths, with slashes
 * @param what how the archive or folder is called in a refusal
 * @throws {ServingError} `unsupported` where there is none, or several and nothing says which
 */
export function modelInside(names: readonly string[], read: (name: string) => Uint8Array, what: string): string {
  const { kind, root } = archiveContents(names)
  const code = names.find((name) => CODE_AROUND.test(name.slice(root.length)))
  if (code !== undefined)
    throw new ServingError(
      'unsupported',
      `${quote(what)} holds code around its model, ${quote(code)}: unpack it, and name the folder`,
      {
        details: { reason: 'code_around' },
      },
    )
  if (kind === 'mlflow') {
    const named = modelOfMlflow(Buffer.from(read(`${root}MLmodel`)).toString('utf8'))
    if (named !== undefined && !names.includes(root + named))
      throw new ServingError(
        'refused',
        `the MLmodel of ${quote(what)} names ${quote(named)} as its model, and there is no such file in it: ${quoteList(names, 6)}; save the model again`,
      )
    if (named !== undefined) return root + named
  }
  if (kind === 'inference-code')
    throw new ServingError(
      'unsupported',
      `${quote(what)} holds inference code in Python, which runs in a process of its own with --runtime python`,
    )
  const models = modelsAmong(names, read)
  const [only] = models
  if (only === undefined)
    throw new ServingError(
      'unsupported',
      `${quote(what)} holds no model: ${names.length === 0 ? 'it is empty' : `there are ${quoteList(names, 6)}`}`,
    )
  // an .onnx model and its weights lie side by side: the weights are no model by their content
  if (models.length > 1)
    throw new ServingError(
      'unsupported',
      `${quote(what)} holds ${models.length} models: ${quoteList(
        models.map((name) => `${name}: ${FORMAT_NAMES[detectFormat(read(name))]}`),
        4,
      )}; name the one that you mean, outside of the archive`,
    )
  return only
}

/** Names of the flavours that an `MLmodel` has. */
export function flavoursOfMlflow(text: string): readonly string[] {
  const section = /^flavors:[ \t]*\r?\n((?:[ \t].*(?:\r?\n|$)|\r?\n)*)/m.exec(text.slice(0, 2 ** 20))?.[1] ?? ''
  return [...section.matchAll(/^ {2}(\w{1,100}):/gm)].map(([, name = '']) => name).slice(0, 20)
}

/**
 * The model's file as an `MLmodel` names it, for flavours that are compiled. MLflow writes the file itself, always in the
 * same lines: flavours two spaces in, their members four.
 * @throws {ServingError} `refused` for a name that leads out of the folder
 * @see MLflow, "MLmodel file format"
 */
export function modelOfMlflow(text: string): string | undefined {
  let flavour: string | undefined
  for (const line of text.slice(0, 2 ** 20).split(/\r?\n/)) {
    const head = /^ {2}(\w+):\s*$/.exec(line)?.[1]
    if (head !== undefined) flavour = head
    else if (/^\S/.test(line)) flavour = undefined
    const [, member, value] = /^ {4}(\w+):\s*['"]?([^'"]+?)['"]?\s*$/.exec(line) ?? []
    if (flavour === undefined || member === undefined || value === undefined) continue
    if (MODEL_MEMBER[flavour]?.includes(member) !== true) continue
    const problem = pathProblem(value)
    if (problem === undefined) return value
    throw new ServingError(
      'refused',
      `the MLmodel names ${quote(value)} as its model, ${problem}; a file of the model's own folder is allowed`,
    )
  }
  return undefined
}
