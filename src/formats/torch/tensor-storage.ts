import { ARRAY_OF, elementSizeBytes, type NumericDatatype } from '../../tensor/datatype.ts'
import { viewAs, type NumericTensor } from '../../tensor/tensor.ts'
import { damaged, unsupported } from './refusals.ts'

/** Most axes of a tensor, and most elements of one that is smaller in the file than in use (an expanded one). */
const MAX_RANK = 16
const MAX_EXPANDED = 2 ** 26

/** How a tensor lies in its storage; strides and offset count elements. */
export interface Layout {
  readonly shape: readonly number[]
  readonly strides: readonly number[]
  readonly offset: number
}

/**
 * A tensor over the bytes of its storage, in C order: a view of them where they lie so, a copy else.
 * @param storage little-endian
 * @throws {ServingError} `refused` where it would reach beyond the storage
 */
export function tensorOf(
  storage: Uint8Array,
  datatype: NumericDatatype,
  { shape, strides, offset }: Layout,
): NumericTensor {
  if (shape.length > MAX_RANK || strides.length !== shape.length)
    throw damaged(`a tensor has ${shape.length} axes and ${strides.length} strides`)
  if (![offset, ...shape, ...strides].every((value) => Number.isSafeInteger(value) && value >= 0))
    throw damaged('a tensor has a negative size, stride or offset')
  const count = shape.reduce((product, size) => product * size, 1)
  const itemSize = elementSizeBytes(datatype)
  const length = Math.floor(storage.byteLength / itemSize)
  if (count === 0) return made(datatype, shape, new Uint8Array(0))
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? 0), offset)
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(last) || last >= length)
    throw damaged(`a tensor of the shape [${shape.join(',')}] reaches beyond its ${length} stored elements`)
  if (isContiguous(shape, strides)) {
    const bytes = storage.subarray(offset * itemSize, (offset + count) * itemSize)
    return made(datatype, shape, bytes)
  }
  if (count > length && count > MAX_EXPANDED)
    throw unsupported(`a tensor of ${count} elements is kept as ${length}; export it contiguous`)
  const source = viewAs(datatype, storage.subarray(0, length * itemSize))
  const target = new ARRAY_OF[datatype](count)
  const index = shape.map(() => 0)
  let from = offset
  for (let i = 0; i < count; i++) {
    target[i] = source[from] as never
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1
      const stride = strides[axis] ?? 0
      from += stride
      if (next < (shape[axis] ?? 0)) {
        index[axis] = next
        break
      }
      from -= stride * next
      index[axis] = 0
    }
  }
  return { datatype, shape, data: target }
}

function made(datatype: NumericDatatype, shape: readonly number[], bytes: Uint8Array): NumericTensor {
  return { datatype, shape, data: viewAs(datatype, bytes) }
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let due = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 1
    if (size !== 1 && strides[axis] !== due) return false
    due *= size
  }
  return true
}
