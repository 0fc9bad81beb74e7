import { ServingError } from '../../core/errors.ts'
import type { Datatype } from '../../tensor/datatype.ts'
import { tensor, type Tensor } from '../../tensor/tensor.ts'
import type { NdArray, PyValue } from '../python/values.ts'

/** Datatypes by numpy's kind of type and size in bytes. */
const DATATYPES: Readonly<Record<string, Datatype>> = {
  b1: 'BOOL',
  i1: 'INT8',
  i2: 'INT16',
  i4: 'INT32',
  i8: 'INT64',
  u1: 'UINT8',
  u2: 'UINT16',
  u4: 'UINT32',
  u8: 'UINT64',
  f2: 'FP16',
  f4: 'FP32',
  f8: 'FP64',
}

/**
 * An array of numpy as a tensor: numbers as they are, text as BYTES in UTF-8, None among text as empty bytes.
 * @param where names the array in an error
 * @throws {ServingError} `unsupported` for dates, complex numbers, records and arrays of other objects
 */
export function tensorOf(array: NdArray, where: string): Tensor {
  const { shape, dtype } = array
  if (array.holds === 'numbers') {
    const datatype = DATATYPES[`${dtype.code}${dtype.itemSize}`]
    if (datatype !== undefined) return tensor(datatype, shape, array.data)
  } else if (array.holds === 'text')
    return tensor(
      'BYTES',
      shape,
      array.data.map((text) => Buffer.from(text)),
    )
  else if (array.holds === 'bytes') return tensor('BYTES', shape, array.data)
  else if (array.holds === 'objects') {
    const texts = array.data.map(textOf)
    if (texts.every((text) => text !== undefined)) return tensor('BYTES', shape, texts)
  }
  throw new ServingError(
    'unsupported',
    `${where} is of numpy's type ${dtype.code}${dtype.itemSize}; numbers and text can be sent`,
  )
}

function textOf(value: PyValue): Uint8Array | undefined {
  if (typeof value === 'string') return Buffer.from(value)
  if (value === null || (typeof value === 'number' && Number.isNaN(value))) return Buffer.alloc(0)
  return value instanceof Uint8Array ? value : undefined
}
