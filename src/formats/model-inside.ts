import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import { archiveContents } from './archives/open-archive.ts'
import { CODE_AROUND, modelOfMlflow } from './folders.ts'
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

/** The files that hold a model, by their content. */
export function modelsAmong(names: readonly string[], read: (name: string) => Uint8Array): string[] {
  return names.filter((name) => MODELS.has(detectFormat(read(name))))
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
