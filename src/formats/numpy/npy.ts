import { readNpyHeader, type NpyDescription, type NpyField, type RawNpyHeader } from '../../codecs/npy-header.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { arrayFromBytes, sizeOf } from '../python/array-data.ts'
import { parseDtype, structureOf, subarrayOf, type FileDtype, type FileField } from '../python/dtype.ts'
import { Budget, limitsFor } from '../python/limits.ts'
import { readPickle, refuseDangers } from '../python/read-pickle.ts'
import { isKind } from '../python/refs.ts'
import type { NdArray } from '../python/values.ts'

/**
 * Reads an `.npy` file of any version and any plain type: numbers, text, dates, records, in either order of bytes and of
 * dimensions. An array of Python objects is a pickle, and is read as inert data under the rules of pickles.
 * @param name of the file, for messages
 * @returns a view of the file where its elements lie as this machine has them, else a copy
 * @throws {ServingError} `refused` for damage, for bytes behind the end, and for pickles with dangerous names;
 *   `unsupported` for types that differ from machine to machine; `too_large`
 * @see numpy, "NEP 1: A Simple File Format for NumPy Arrays"
 */
export function readNpy(bytes: Uint8Array, name = 'the .npy file'): NdArray {
  const { description, isFortranOrder, shape, dataOffset } = headerOf(bytes)
  const dtype = dtypeOf(description)
  const content = bytes.subarray(dataOffset)
  if (dtype.hasObjects) return readObjects(content, shape, name)
  const size = sizeOf({ dtype, shape })
  if (size !== content.length)
    throw refused(`has ${content.length} bytes behind its header, and its shape [${shape.join(',')}] takes ${size}`)
  const budget = new Budget(limitsFor(bytes.length))
  return arrayFromBytes({ dtype, shape, isFortran: isFortranOrder }, content, budget)
}

/** The header, as one of a model's file: what a caller could have sent better was here written by somebody else. */
function headerOf(bytes: Uint8Array): RawNpyHeader {
  try {
    return readNpyHeader(bytes)
  } catch (error) {
    if (error instanceof ServingError && error.code === 'invalid_argument')
      throw new ServingError('refused', error.message, { details: { reason: 'npy' } })
    throw error
  }
}

function dtypeOf(description: NpyDescription): FileDtype {
  if (typeof description === 'string') return parseDtype(description)
  const fields = new Map<string, FileField>()
  let offset = 0
  for (const field of description) {
    const dtype = fieldDtype(field)
    if (field.name !== '') {
      if (fields.has(field.name)) throw refused(`has two fields called ${quote(field.name)}`)
      fields.set(field.name, { dtype, offset })
    } else if (dtype.code !== 'V' || dtype.fields !== undefined) throw refused('has a field without a name')
    offset += dtype.itemSize
    if (!Number.isSafeInteger(offset) || offset > MAX_ITEM_BYTES) throw refused(`has elements of ${offset} bytes`)
  }
  return structureOf(fields, offset)
}

const MAX_ITEM_BYTES = 2 ** 31 - 1

function fieldDtype({ description, shape }: NpyField): FileDtype {
  const dtype = dtypeOf(description)
  return shape.length === 0 ? dtype : subarrayOf(dtype, shape, sizeOf({ dtype, shape }))
}

/** Behind the header of an array of objects stands a pickle of it. */
function readObjects(content: Uint8Array, shape: readonly number[], name: string): NdArray {
  const document = readPickle(content)
  refuseDangers(document, name)
  const { root } = document
  if (!isKind(root, 'ndarray') || root.shape.length !== shape.length || root.shape.some((size, i) => size !== shape[i]))
    throw refused(`says that it holds an array of objects of the shape [${shape.join(',')}], and holds something else`)
  return root
}

function refused(why: string): ServingError {
  return new ServingError('refused', `the .npy file ${why}; save the array with numpy.save`, {
    details: { reason: 'npy' },
  })
}
