import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { FORMAT_NAMES, type FileFormat } from './format-names.ts'

const PICKLES: readonly FileFormat[] = ['pickle', 'packed-pickle']
const PACKED: readonly FileFormat[] = ['packed-pickle', 'packed-tar', 'packed']
const TORCH: readonly FileFormat[] = ['torch', 'torch-legacy', 'torchscript', 'pt2']
const ZIPS: readonly FileFormat[] = ['zip', 'npz', 'keras', 'skops', 'torch', 'torchscript', 'pt2']
const JSONS: readonly FileFormat[] = ['json', 'pipeline', 'xgboost-json', 'xgboost-dump', 'lightgbm-dump', 'catboost']

/** What each ending claims. Endings that stand for nothing in particular (`.model`, `.bin`, `.dat`, `.sav`, none) are not here. */
const CLAIMS: ReadonlyMap<string, readonly FileFormat[]> = new Map<string, readonly FileFormat[]>([
  ['onnx', ['onnx']],
  ['pkl', PICKLES],
  ['pickle', PICKLES],
  ['joblib', PICKLES],
  ['safetensors', ['safetensors']],
  ['pt', TORCH],
  ['pth', TORCH],
  ['pt2', ['pt2']],
  ['ubj', ['xgboost-ubj']],
  ['json', JSONS],
  ['cbm', ['catboost']],
  ['gguf', ['gguf']],
  ['h5', ['hdf5']],
  ['hdf5', ['hdf5']],
  ['keras', ['keras', 'hdf5']],
  ['skops', ['skops']],
  ['npy', ['npy']],
  ['npz', ['npz']],
  ['zip', ZIPS],
  ['tar', ['tar', 'torch-legacy']],
  ['tgz', PACKED],
  ['gz', PACKED],
  ['bz2', PACKED],
  ['xz', PACKED],
  ['lzma', PACKED],
  ['lz4', PACKED],
  ['tflite', ['tflite']],
  ['pb', ['saved-model']],
  ['parquet', ['parquet']],
  ['csv', ['csv', 'text']],
  ['txt', ['lightgbm', 'csv', 'text']],
])

/** Contents that say nothing: the ending may be right, and the reader says what is wrong with them. */
const UNTELLING: readonly FileFormat[] = ['unknown', 'empty']

/**
 * Whether a file's name claims another format than its content has: an `.onnx` that holds a pickle, a `.pkl` that is a
 * zip archive. Names of one format for another of its kind (`.joblib` for a plain pickle), endings that stand for nothing
 * in particular, and none at all, claim nothing.
 */
export function extensionDisagrees(fileName: string, format: FileFormat): boolean {
  const ending = /\.([a-z\d]+)$/i.exec(fileName)?.[1]?.toLowerCase()
  const claimed = ending === undefined ? undefined : CLAIMS.get(ending)
  return claimed !== undefined && !claimed.includes(format) && !UNTELLING.includes(format)
}

/**
 * @throws {ServingError} `refused` where a file's name claims another format than its content has: somebody is to take
 *   it for what it is not
 */
export function refuseDisagreement(fileName: string, format: FileFormat): void {
  if (!extensionDisagrees(fileName, format)) return
  throw new ServingError(
    'refused',
    `${quote(fileName)} is ${FORMAT_NAMES[format]}, and its name says otherwise; if that is what it should be, rename it`,
    { details: { reason: 'extension', format } },
  )
}
