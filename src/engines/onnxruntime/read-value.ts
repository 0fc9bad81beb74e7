import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { ARRAY_OF, type NumericDatatype } from '../../tensor/datatype.ts'
import { elementCount, isSameShape, MAX_RANK, type Shape } from '../../tensor/shape.ts'
import { bytesOf, type Tensor } from '../../tensor/tensor.ts'
import { datatypeOf, VALUE_TYPE } from './datatypes.ts'
import { check, type Library } from './library.ts'
import { Words } from './words.ts'

/** Words of the scratch: what a function gives back, where a shape lies and of how many sizes, and the shape. */
const RESULT = 0
const SHAPE_AT = 1
const RANK = 2
const SHAPE = 3

/**
 * A value that the model gave, copied. Besides tensors, these come as tensors: a sequence of tensors of one shape, stacked
 * along a new first axis; a sequence of maps from labels to FP32 that all have the same keys, as FP32 [maps, keys]: the
 * library keeps a map in the order of its keys (numbers by value, text by bytes), whatever order they were given in.
 * @param name of the output, for the message
 * @throws {ServingError} `unsupported` for anything else
 * @throws {OrtError}
 */
export function readValue(ort: Library, value: number, name: string): Tensor {
  if (value === 0) throw unsupported(name, 'was not given')
  const tensor = readTensor(ort, value, name)
  if (tensor !== undefined) return tensor
  if (kindOf(ort, value) === VALUE_TYPE.sequence) return readSequence(ort, value, name)
  throw unsupported(name, 'is no tensor and no sequence')
}

function unsupported(name: string, why: string): ServingError {
  return new ServingError('unsupported', `output ${quote(name)} ${why}, which cannot be served`, {
    details: { output: name },
  })
}

function kindOf(ort: Library, value: number): number {
  check(ort, ort.GetValueType(value, ort.scratch.addressOf(RESULT)))
  return ort.scratch.int(RESULT)
}

/** A tensor, copied; undefined when the value is of another kind. */
function readTensor(ort: Library, value: number, name: string): Tensor | undefined {
  const { scratch } = ort
  const status = ort.GetTensorElementTypeAndShapeDataReference(
    value,
    scratch.addressOf(RESULT),
    scratch.addressOf(SHAPE_AT),
    scratch.addressOf(RANK),
  )
  if (status !== 0) {
    ort.ReleaseStatus(status)
    return undefined
  }
  const datatype = datatypeOf(scratch.int(RESULT))
  if (datatype === undefined) throw unsupported(name, 'has a datatype of its own')
  const rank = scratch.get(RANK)
  if (rank > MAX_RANK) throw unsupported(name, `has ${rank} dimensions`)
  const shape: number[] = []
  if (rank > 0) ort.copy(scratch.addressOf(SHAPE), scratch.get(SHAPE_AT), 8 * rank)
  for (let axis = 0; axis < rank; axis++) shape.push(scratch.get(SHAPE + axis))
  const count = elementCount(shape, () => `output ${quote(name)}`)
  if (datatype === 'BYTES') return { datatype, shape, data: readText(ort, value, count) }
  return { datatype, shape, data: readNumbers(ort, value, datatype, count) } as Tensor
}

function readNumbers<D extends NumericDatatype>(ort: Library, value: number, datatype: D, count: number) {
  const data = new ARRAY_OF[datatype](count)
  if (count === 0) return data
  check(ort, ort.GetTensorMutableData(value, ort.scratch.addressOf(RESULT)))
  ort.copy(data, ort.scratch.get(RESULT), data.byteLength)
  return data
}

/** Elements lie one after the other in one copy, byte for byte. */
function readText(ort: Library, value: number, count: number): Uint8Array[] {
  if (count === 0) return []
  check(ort, ort.GetStringTensorDataLength(value, ort.scratch.addressOf(RESULT)))
  const sizeBytes = ort.scratch.get(RESULT)
  // not of Buffer's pool, which other data shares, and never empty
  const text = Buffer.allocUnsafeSlow(Math.max(sizeBytes, 1))
  const starts = new Words(count, ort.address)
  check(ort, ort.GetStringTensorContent(value, ort.address(text), sizeBytes, starts.address, count))
  return Array.from({ length: count }, (_, i) =>
    text.subarray(starts.get(i), i + 1 < count ? starts.get(i + 1) : sizeBytes),
  )
}

function readSequence(ort: Library, value: number, name: string): Tensor {
  const parts: Tensor[] = []
  let keys: Tensor | undefined
  check(ort, ort.GetValueCount(value, ort.scratch.addressOf(RESULT)))
  const count = ort.scratch.get(RESULT)
  for (let i = 0; i < count; i++)
    withPart(ort, value, i, (part) => {
      const tensor = readTensor(ort, part, name)
      if (tensor !== undefined) {
        parts.push(tensor)
        return
      }
      if (kindOf(ort, part) !== VALUE_TYPE.map) throw unsupported(name, 'is a sequence of neither tensors nor maps')
      const found = readPart(ort, part, 0, name)
      if (keys !== undefined && !isSameTensor(keys, found))
        throw unsupported(name, 'is a sequence of maps that differ in their keys')
      keys = found
      parts.push(readPart(ort, part, 1, name))
    })
  if (keys !== undefined && parts.some(({ datatype }) => datatype !== 'FP32'))
    throw unsupported(name, 'is a sequence of maps to other values than FP32')
  return stack(parts, name)
}

/** The keys of a map, its part 0, or its values. */
function readPart(ort: Library, map: number, index: number, name: string): Tensor {
  const tensor = withPart(ort, map, index, (part) => readTensor(ort, part, name))
  if (tensor === undefined) throw unsupported(name, 'is a sequence of maps to other values than FP32')
  return tensor
}

/** Takes out a part of a sequence or map, which is a value of its own. */
function withPart<T>(ort: Library, value: number, index: number, use: (part: number) => T): T {
  check(ort, ort.GetValue(value, index, ort.allocator, ort.scratch.addressOf(RESULT)))
  const part = ort.scratch.get(RESULT)
  try {
    return use(part)
  } finally {
    ort.ReleaseValue(part)
  }
}

function isSameTensor(a: Tensor, b: Tensor): boolean {
  if (a.datatype !== b.datatype || !isSameShape(a.shape, b.shape)) return false
  if (a.datatype === 'BYTES' || b.datatype === 'BYTES')
    return a.data.every((element, i) => Buffer.compare(element as Uint8Array, b.data[i] as Uint8Array) === 0)
  return Buffer.compare(bytesOf(a.data), bytesOf(b.data)) === 0
}

/** Tensors of one datatype and shape as one, along a new first axis. */
function stack(parts: readonly Tensor[], name: string): Tensor {
  const first = parts[0]
  if (first === undefined) throw unsupported(name, 'is a sequence of nothing, whose shape is not known')
  for (const { datatype, shape } of parts)
    if (datatype !== first.datatype || !isSameShape(shape, first.shape))
      throw unsupported(name, 'is a sequence of tensors of unlike shapes')
  const shape: Shape = [parts.length, ...first.shape]
  if (shape.length > MAX_RANK) throw unsupported(name, `is a sequence of tensors of ${MAX_RANK} dimensions`)
  const count = elementCount(shape, `output ${quote(name)}`)
  if (first.datatype === 'BYTES')
    return { datatype: 'BYTES', shape, data: parts.flatMap((part) => part.data as readonly Uint8Array[]) }
  const data = new ARRAY_OF[first.datatype](count)
  parts.forEach((part, i) => data.set(part.data as never, i * first.data.length))
  return { datatype: first.datatype, shape, data } as Tensor
}
