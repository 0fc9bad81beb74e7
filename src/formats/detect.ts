import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { isTar, tarNames } from './archives/tar.ts'
import { compressionOf, decompressStart } from './compression/index.ts'
import { looksLikePickle } from './detect-pickle.ts'
import { isOnnx, isSavedModel } from './detect-protobuf.ts'
import { zipFormat } from './detect-zip.ts'
import { ADVICE, FORMAT_NAMES, type FileFormat } from './format-names.ts'
import { isSafetensors } from './safetensors.ts'
import { LEGACY_MAGIC } from './torch/legacy.ts'

export { ADVICE, FORMAT_NAMES, type FileFormat } from './format-names.ts'
export { extensionDisagrees, refuseDisagreement } from './extension.ts'

/** Why a file of a format is not compiled, and what makes one of it that is. */
export function unsupportedFormat(fileName: string, format: FileFormat): ServingError {
  const advice = ADVICE[format]
  return new ServingError(
    'unsupported',
    `${quote(fileName)} is ${FORMAT_NAMES[format]}, which is not compiled${advice === undefined ? '' : `: ${advice}`}`,
    { details: { format } },
  )
}

const MAGIC: readonly (readonly [FileFormat, string])[] = [
  ['npy', '\x93NUMPY'],
  ['hdf5', '\x89HDF\r\n\x1a\n'],
  ['gguf', 'GGUF'],
  ['catboost', 'CBM1'],
  ['parquet', 'PAR1'],
  ['other-archive', '7z\xbc\xaf\x27\x1c'],
  ['other-archive', 'Rar!\x1a\x07'],
  ['other-archive', '\x28\xb5\x2f\xfd'],
  ['program', '\x7fELF'],
  ['program', 'MZ\x90\0'],
  ['program', '\xcf\xfa\xed\xfe'],
  ['program', '\xca\xfe\xba\xbe'],
]

/** How much of a compressed file is unpacked to see what it is (bytes). */
const START_BYTES = 8192

/**
 * Tells a file's format by its content: by marks, by its structure, and by the names in an archive. Compressed files are
 * unpacked at their start alone. A format is a claim that its reader has still to check.
 * @param bytes the whole file: an archive's names lie at its end
 */
export function detectFormat(bytes: Uint8Array): FileFormat {
  if (bytes.length === 0) return 'empty'
  const start = latin1(bytes, 0, 4096)
  if (start.startsWith('PK\x03\x04') || start.startsWith('PK\x05\x06')) return zipFormat(bytes)
  for (const [format, magic] of MAGIC) if (start.startsWith(magic)) return format
  if (start.startsWith(LEGACY_MAGIC)) return 'torch-legacy'
  if (isTar(bytes)) return isTorchTar(tarNames(bytes, 4)) ? 'torch-legacy' : 'tar'
  const compression = compressionOf(bytes)
  if (compression !== undefined) return packedFormat(decompressStart(bytes, compression, START_BYTES))
  if (start.startsWith('\x1f\x8b')) return 'packed'
  if (looksLikePickle(bytes)) return 'pickle'
  if (isSafetensors(bytes)) return 'safetensors'
  if (start.slice(4, 8) === 'TFL3') return 'tflite'
  const trees = treeFormat(start)
  if (trees !== undefined) return trees
  if (isSavedModel(bytes)) return 'saved-model'
  if (isOnnx(bytes)) return 'onnx'
  return /^[\t\n\r\x20-\x7e\x80-\xff]*$/.test(start) ? textFormat(start) : 'unknown'
}

/** What PyTorch wrote before it had formats of its own. */
function isTorchTar(names: readonly string[]): boolean {
  return ['pickle', 'tensors', 'storages'].every((name) => names.includes(name))
}

function packedFormat(start: Uint8Array): FileFormat {
  if (isTar(start)) return 'packed-tar'
  return looksLikePickle(start) ? 'packed-pickle' : 'packed'
}

/** The first key of an XGBoost model in UBJSON: an object, and a name whose length is of one of five types. */
const XGBOOST_UBJSON = /^\{(?:[iU].|I..|l.{4}|L.{8})(?:learner|version|Config|Model)/s

/** Bytes of parameters that the old binary form begins with, behind a mark of four bytes where it has one. */
const XGBOOST_PARAMETERS_BYTES = 136
/** Two names with their lengths follow: what the model was trained for, and the kind of its booster. */
const XGBOOST_NAMES = /^[^a-z]{8}[a-z]+:[a-z_\d]+[^a-z]{8}(?:gbtree|gblinear|dart)/

function isXgboostBinary(start: string): boolean {
  if (/^(?:binf|bs64)/.test(start)) return true
  return XGBOOST_NAMES.test(start.slice(XGBOOST_PARAMETERS_BYTES, XGBOOST_PARAMETERS_BYTES + 128))
}

function treeFormat(start: string): FileFormat | undefined {
  if (/^tree\r?\n(?:version|num_class)=/.test(start)) return 'lightgbm'
  if (XGBOOST_UBJSON.test(start)) return 'xgboost-ubj'
  if (isXgboostBinary(start)) return 'xgboost-binary'
  if (!/^\s*[[{]/.test(start)) return undefined
  if (/^\s*\{\s*"learner"\s*:\s*\{/.test(start)) return 'xgboost-json'
  if (/^\s*\{\s*"version"\s*:\s*\[[\d,\s]*\]\s*,\s*"learner"\s*:/.test(start)) return 'xgboost-json'
  if (/^\s*\{\s*"Config"\s*:\s*\{/.test(start)) return 'xgboost-json'
  if (/^\s*\[\s*\{\s*"(?:nodeid|leaf)"\s*:/.test(start)) return 'xgboost-dump'
  if (/^\s*\{\s*"name"\s*:\s*"tree"/.test(start)) return 'lightgbm-dump'
  if (/^\s*\{\s*"(?:ctrs|features_info|model_info|oblivious_trees)"\s*:/.test(start)) return 'catboost'
  return undefined
}

function textFormat(start: string): FileFormat {
  // a pipeline says so in its first member
  if (/^\s*\{\s*"slipwayPipeline"\s*:/.test(start)) return 'pipeline'
  if (/^\s*[[{]/.test(start)) return 'json'
  return isTable(start) ? 'csv' : 'text'
}

/** Two lines or more with the same number of commas, semicolons or tabs. */
function isTable(start: string): boolean {
  const lines = start.split(/\r?\n/)
  if (lines.length < 2) return false
  return [/,/g, /;/g, /\t/g].some((mark) => {
    const [first = 0, second] = lines.slice(0, 2).map((line) => line.match(mark)?.length ?? 0)
    return first > 0 && first === second
  })
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.subarray(from, to)).toString('latin1')
}
