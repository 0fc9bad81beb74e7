import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { ARRAY_OF, isDatatype } from '../tensor/datatype.ts'
import { MAX_ELEMENTS } from '../tensor/shape.ts'
import { ELEMENT_TYPE_NAMES, rawBytes } from './element-types.ts'
import { overLimit, type OnnxLimits } from './limits.ts'
import type { OnnxTensor } from './model.ts'

/**
 * How many elements a tensor's shape holds; 1 for a scalar's `[]`.
 * @param where the tensor, for errors
 * @throws {ServingError} `refused` for negative or fractional sizes, too many dimensions, or a product that overflows
 */
export function countElements(shape: readonly number[], where: string, limits: OnnxLimits): number {
  if (shape.length > limits.dimensions) throw overLimit('dimensions', shape.length, limits.dimensions)
  let isEmpty = false
  let count = 1
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0)
      throw refused(`${where} has the shape [${shape.join(',')}]; sizes are whole, from 0 up`)
    if (size === 0) isEmpty = true
    else count *= size
    if (count > MAX_ELEMENTS)
      throw refused(`${where} of shape [${shape.join(',')}] has over ${MAX_ELEMENTS} elements, the most of one tensor`)
  }
  return isEmpty ? 0 : count
}

/** How many array elements `data` has for so many tensor elements: bytes for types that are carried raw. */
export function storedLength(datatype: OnnxTensor['datatype'], count: number): number {
  return isDatatype(datatype) ? count : rawBytes(datatype, count)
}

/**
 * Checks that a tensor is what its type and shape say: the right kind of array, as many elements as the shape holds,
 * BOOL bytes 0 or 1; or, for external data, none yet.
 * @throws {ServingError} `refused`
 */
export function checkTensor(tensor: OnnxTensor, where: string, limits: OnnxLimits): void {
  const { datatype, shape, data, external } = tensor
  if (!ELEMENT_TYPE_NAMES.includes(datatype))
    throw refused(`${where} has the datatype ${quote(datatype)}, which ONNX does not know`)
  const count = countElements(shape, where, limits)
  const isStrings = Array.isArray(data)
  if (datatype === 'BYTES' ? !isStrings : !(data instanceof (isDatatype(datatype) ? ARRAY_OF[datatype] : Uint8Array)))
    throw refused(`${where} is ${datatype}, but its data is ${isStrings ? 'a list' : data.constructor.name}`)
  const expected = external === undefined ? storedLength(datatype, count) : 0
  if (data.length !== expected)
    throw refused(
      `${where} of type ${datatype} and shape [${shape.join(',')}] should have ${expected} array elements, it has ${data.length}`,
    )
  if (datatype !== 'BOOL') return
  const wrong = (data as Uint8Array).findIndex((byte) => byte > 1)
  if (wrong !== -1)
    throw refused(`${where} is BOOL, but its element ${wrong} is ${String(data[wrong])}; 0 and 1 are allowed`)
}

function refused(message: string): ServingError {
  return new ServingError('refused', message)
}
