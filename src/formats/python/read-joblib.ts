import { ServingError } from '../../core/errors.ts'
import { compressionOf, decompress, type Compression } from '../compression/index.ts'
import { arrayFromBytes, countOf, sizeOf } from './array-data.ts'
import { isArrayClass } from './builders.ts'
import { ReadContext } from './context.ts'
import { limitsFor } from './limits.ts'
import { Machine } from './machine.ts'
import { isFileDtype } from './numpy-values.ts'
import { readStream, type PickleDocument } from './read-pickle.ts'
import { canonicalName, isKind, shapeOf, wholeOf } from './refs.ts'
import { damaged, type Stream } from './stream.ts'
import type { NdArray, PyObject, PyValue } from './values.ts'

/** A file that Python wrote, by pickle or joblib. */
export interface PythonFile extends PickleDocument {
  /** How the whole of it was compressed. */
  readonly compression: Compression | undefined
  /** Whether arrays lie in it as joblib writes them. */
  readonly isJoblib: boolean
}

export interface ReadPythonFileOptions {
  /** Most bytes that a compressed file may unfold to. */
  readonly maxBytes?: number
}

const MAX_BYTES = 8 * 1024 ** 3

/**
 * Reads a pickle or a file of joblib, compressed or not: by its content, and without using any name in it. Arrays are
 * views of the bytes where they lie as this machine has them, so nobody may change `bytes` later.
 * @throws {ServingError} as `readPickle`; offsets are those of the uncompressed stream
 */
export function readPythonFile(bytes: Uint8Array, options: ReadPythonFileOptions = {}): PythonFile {
  refuseOldJoblib(bytes)
  const compression = compressionOf(bytes)
  const stream =
    compression === undefined ? bytes : decompress(bytes, compression, { maxBytes: options.maxBytes ?? MAX_BYTES })
  if (compression !== undefined) refuseOldJoblib(stream)
  const context = new ReadContext(limitsFor(stream.length, bytes.length))
  let isJoblib = false
  const document = readStream(stream, context, {
    built: (value, rest, offset) => {
      if (!isKind(value, 'object')) return value
      const name = canonicalName(value.class)
      if (OLD_WRAPPERS.has(name)) throw oldJoblib(offset)
      if (name !== 'joblib.numpy_pickle.NumpyArrayWrapper') return value
      isJoblib = true
      return readArray(value, rest, context, offset)
    },
  })
  return { ...document, compression, isJoblib }
}

const OLD_WRAPPERS: ReadonlySet<string> = new Set([
  'joblib.numpy_pickle.NDArrayWrapper',
  'joblib.numpy_pickle.ZNDArrayWrapper',
  'joblib.numpy_pickle_compat.NDArrayWrapper',
  'joblib.numpy_pickle_compat.ZNDArrayWrapper',
])

/** Joblib up to 0.9 began compressed files so, and put each array into a file of its own. */
function refuseOldJoblib(bytes: Uint8Array): void {
  if (bytes[0] === 0x5a && bytes[1] === 0x46 && bytes[2] === 0x30 && bytes[3] === 0x78) throw oldJoblib(0)
}

function oldJoblib(offset: number): ServingError {
  return new ServingError(
    'unsupported',
    `the file was written by joblib before 0.10, which keeps arrays in other files (byte ${offset}); load it in its environment and write it anew: joblib.dump(joblib.load(path), "model.joblib") with joblib 0.10 or later`,
    { details: { offset } },
  )
}

/**
 * The array whose bytes follow its wrapper in the stream.
 * @see joblib, numpy_pickle.py, `NumpyArrayWrapper.read_array`
 */
function readArray(wrapper: PyObject, stream: Stream, context: ReadContext, offset: number): PyValue {
  const { attributes } = wrapper
  const dtype = attributes.get('dtype')
  const shape = shapeOf(attributes.get('shape'))
  const order = attributes.get('order')
  if (!isFileDtype(dtype) || shape === undefined || (order !== 'C' && order !== 'F'))
    throw damaged('has an array of joblib without its type, shape or order', offset)
  const of = attributes.get('subclass')
  if (!isKind(of, 'global') || !isArrayClass(of))
    throw damaged('has an array of joblib of a class that is no array', offset)
  context.usedWell(of)
  context.settle(dtype)
  if (dtype.hasObjects) return nestedArray(shape, stream, context, offset)
  const alignment = attributes.get('numpy_array_alignment_bytes')
  if (alignment !== undefined && alignment !== null) {
    const padding = stream.byte()
    if (padding > (wholeOf(alignment) ?? 0)) throw damaged(`has ${padding} bytes of padding`, stream.at - 1)
    stream.skip(padding)
  }
  const bytes = stream.take(sizeOf({ dtype, shape }))
  return arrayFromBytes({ dtype, shape, isFortran: order === 'F' }, bytes, context.budget)
}

/** An array of objects is a pickle of its own inside the stream: the same limits, the same verdicts. */
function nestedArray(shape: readonly number[], stream: Stream, context: ReadContext, offset: number): NdArray {
  const { root } = new Machine(stream, context, {}).run()
  if (!isKind(root, 'ndarray') || countOf(root.shape) !== countOf(shape))
    throw damaged('has an array of objects that is none', offset)
  return root
}
