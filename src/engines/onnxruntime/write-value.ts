import { MAX_RANK } from '../../tensor/shape.ts'
import type { Shape } from '../../tensor/shape.ts'
import type { BytesTensor, Tensor } from '../../tensor/tensor.ts'
import { ELEMENT_TYPE } from './datatypes.ts'
import { check, type Library } from './library.ts'

/** Words of the scratch: what a function gives back, then a shape. */
const RESULT = 0
const SHAPE = 1

/**
 * Makes a value of a tensor. Numbers stay where they are: the value is over the tensor's own memory, which must be kept
 * referenced and unchanged as long as the value is used. Text is copied, byte for byte.
 * @returns address of the OrtValue, to be released by the caller
 * @throws {OrtError}
 */
export function createValue(ort: Library, tensor: Tensor): number {
  if (tensor.datatype === 'BYTES') return createText(ort, tensor)
  const { scratch } = ort
  writeShape(ort, tensor.shape)
  // An array of nothing has no address, and the library wants one.
  const address = tensor.data.byteLength === 0 ? scratch.address : ort.address(tensor.data)
  return createNumbers(ort, address, tensor.data.byteLength, tensor.shape.length, ELEMENT_TYPE[tensor.datatype])
}

/** A value over memory that stays where it is, of the shape that has been written. */
function createNumbers(ort: Library, address: number, sizeBytes: number, rank: number, elementType: number): number {
  const { scratch, cpuMemory } = ort
  const shape = scratch.addressOf(SHAPE)
  check(
    ort,
    ort.CreateTensorWithDataAsOrtValue(cpuMemory, address, sizeBytes, shape, rank, elementType, scratch.address),
  )
  return scratch.get(RESULT)
}

function createText(ort: Library, { shape, data }: BytesTensor): number {
  const { scratch, allocator } = ort
  writeShape(ort, shape)
  check(
    ort,
    ort.CreateTensorAsOrtValue(
      allocator,
      scratch.addressOf(SHAPE),
      shape.length,
      ELEMENT_TYPE.BYTES,
      scratch.addressOf(RESULT),
    ),
  )
  const value = scratch.get(RESULT)
  try {
    for (let i = 0; i < data.length; i++) {
      const element = data[i] as Uint8Array
      if (element.length === 0) continue // as it was made
      check(ort, ort.GetResizedStringTensorElementBuffer(value, i, element.length, scratch.addressOf(RESULT)))
      ort.copy(scratch.get(RESULT), element, element.length)
    }
    return value
  } catch (error) {
    ort.ReleaseValue(value)
    throw error
  }
}

function writeShape({ scratch }: Library, shape: Shape): void {
  if (shape.length > MAX_RANK) throw new Error(`a tensor of ${shape.length} dimensions came this far; this is a bug`)
  for (let axis = 0; axis < shape.length; axis++) scratch.set(SHAPE + axis, shape[axis] as number)
}
