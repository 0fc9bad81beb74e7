import type { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { DATATYPES, isDatatype } from '../tensor/datatype.ts'
import { elementCount, type Shape } from '../tensor/shape.ts'
import type { Tensor } from '../tensor/tensor.ts'
import {
  END,
  LETTER_F,
  LETTER_T,
  noKeys,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
  startsNumber,
  type JsonScanner,
} from './json-scanner.ts'
import { decodeRaw } from './raw-tensor.ts'
import { readData } from './v2-json-data.ts'
import { readWhole } from './v2-json-parameters.ts'
import { bad, refuseValue, showValue } from './v2-json-reading.ts'
import { checkTensorCount, MAX_TENSORS, SHARED_MEMORY_PARAMETERS, sharedMemoryRefusal } from './v2-request.ts'

/** What stands behind a request's JSON: the bytes of those tensors that came so, in the order of the tensors. */
export interface BinaryPart {
  /** The whole body. */
  readonly bytes: Uint8Array
  /** The first byte that no tensor has taken yet. */
  at: number
}

export const NO_INPUTS = '"inputs" is missing: the request needs a list of input tensors'
const NO_NAME = 'each of "inputs" must have a "name"'

// the places of the keys below are what `member` answers
const INPUT_KEYS = ['name', 'shape', 'datatype', 'data', 'parameters']
const BINARY_SIZE = 'binary_data_size'
const INPUT_PARAMETERS = [BINARY_SIZE, ...SHARED_MEMORY_PARAMETERS]

/** What an input's parameters say, besides its size in bytes behind the JSON: it has none, or is in shared memory. */
const NOT_BINARY = -1
const SHARED = -2

/** Reads the list of inputs where the scanner stands, and takes their bytes from behind the JSON. */
export function readInputs(scanner: JsonScanner, binary: BinaryPart): Map<string, Tensor> {
  if (scanner.next() !== OPEN_LIST) throw refuseValue(scanner, NO_INPUTS)
  const tensors = new Map<string, Tensor>()
  let count = 0
  scanner.open()
  if (scanner.isEmptyList()) return tensors
  do {
    if (++count > MAX_TENSORS) scanner.skip()
    else readInput(scanner, tensors, binary)
  } while (scanner.hasMore())
  checkTensorCount(count, 'inputs')
  return tensors
}

function readInput(scanner: JsonScanner, tensors: Map<string, Tensor>, binary: BinaryPart): void {
  if (scanner.next() !== OPEN_OBJECT)
    throw refuseValue(scanner, 'each of "inputs" must be an object with name, shape, datatype and data')
  let name: string | undefined
  let datatype: string | undefined
  let shape: Shape | undefined
  let dataAt = -1
  let sizeBytes = NOT_BINARY
  let isRead = false
  scanner.open()
  const seen = noKeys()
  for (let key = scanner.member(INPUT_KEYS, seen); key !== END; key = scanner.member(INPUT_KEYS, seen)) {
    const byte = scanner.next()
    if (key === 0) {
      if (byte !== QUOTE) throw refuseValue(scanner, NO_NAME)
      name = scanner.name()
    } else if (key === 1 && byte === OPEN_LIST) shape = readShape(scanner)
    else if (key === 2 && byte === QUOTE) datatype = scanner.name()
    else if (key === 2) throw unknownDatatype(name, showValue(scanner))
    else if (key === 3) {
      dataAt = scanner.at
      isRead = name !== undefined && datatype !== undefined && shape !== undefined && sizeBytes === NOT_BINARY
      // data before what it is read by: it is passed over, and read when all is known
      if (isRead) addTensor(scanner, tensors, name, datatype, shape, dataAt)
      else scanner.skip()
    } else if (key === 4 && byte === OPEN_OBJECT) sizeBytes = readInputParameters(scanner)
    else scanner.skip()
  }
  if (sizeBytes !== NOT_BINARY) {
    if (dataAt >= 0 && sizeBytes !== SHARED)
      throw bad(`input ${quote(name ?? '')} has both "data" and "${BINARY_SIZE}"; it takes one of them`)
    addBinary(tensors, name, datatype, shape, sizeBytes, binary)
  } else if (!isRead) {
    const end = scanner.at
    addTensor(scanner, tensors, name, datatype, shape, dataAt)
    scanner.at = end
  }
}

/** @returns the size of the input behind the JSON (bytes), `NOT_BINARY` or `SHARED` */
function readInputParameters(scanner: JsonScanner): number {
  const seen = noKeys()
  let sizeBytes = NOT_BINARY
  let isShared = false
  scanner.open()
  for (let key = scanner.member(INPUT_PARAMETERS, seen); key !== END; key = scanner.member(INPUT_PARAMETERS, seen)) {
    if (key === 0) sizeBytes = readWhole(scanner, `the parameter "${BINARY_SIZE}" must be a whole number of bytes`)
    else {
      if (key > 0) isShared = true
      scanner.skip()
    }
  }
  return isShared ? SHARED : sizeBytes
}

/** Reads the data at `dataAt` (-1 when there is none), by the rest of the input. */
function addTensor(
  scanner: JsonScanner,
  tensors: Map<string, Tensor>,
  name: string | undefined,
  datatype: string | undefined,
  shape: Shape | undefined,
  dataAt: number,
): void {
  if (name === undefined || name === '') throw bad(NO_NAME)
  if (tensors.has(name)) throw bad(`input ${quote(name)} stands in the request twice`)
  if (!isDatatype(datatype)) throw unknownDatatype(name, datatype === undefined ? 'nothing' : quote(datatype))
  if (shape === undefined) throw bad(`input ${quote(name)}: "shape" must be a list of sizes`)
  if (dataAt < 0) throw bad(`input ${quote(name)}: "data" is missing`)
  if (datatype === 'FP16' || datatype === 'BF16')
    throw bad(
      `input ${quote(name)}: ${datatype} cannot be sent as JSON; send it as binary data behind the JSON, with ` +
        `"${BINARY_SIZE}", or send FP32 numbers that ${datatype} holds exactly`,
    )
  const count = elementCount(shape, () => `input ${quote(name)}`)
  scanner.at = dataAt
  tensors.set(name, { datatype, shape, data: readData(scanner, name, datatype, shape, count, tensors) } as Tensor)
}

/** Takes the next bytes behind the JSON as an input. */
function addBinary(
  tensors: Map<string, Tensor>,
  name: string | undefined,
  datatype: string | undefined,
  shape: Shape | undefined,
  sizeBytes: number,
  binary: BinaryPart,
): void {
  if (name === undefined || name === '') throw bad(NO_NAME)
  if (sizeBytes === SHARED) throw sharedMemoryRefusal('input', name)
  if (tensors.has(name)) throw bad(`input ${quote(name)} stands in the request twice`)
  if (!isDatatype(datatype)) throw unknownDatatype(name, datatype === undefined ? 'nothing' : quote(datatype))
  if (shape === undefined) throw bad(`input ${quote(name)}: "shape" must be a list of sizes`)
  const { bytes, at } = binary
  if (sizeBytes > bytes.length - at)
    throw bad(
      `input ${quote(name)}: "${BINARY_SIZE}" is ${sizeBytes}, ${bytes.length - at} bytes are left behind the JSON; ` +
        'the header Inference-Header-Content-Length says where the JSON ends',
    )
  tensors.set(name, decodeRaw(name, datatype, shape, bytes.subarray(at, at + sizeBytes), tensors))
  binary.at = at + sizeBytes
}

/** Bytes behind the JSON that are no input's. */
export function leftOver({ bytes, at }: BinaryPart): ServingError {
  return bad(
    `${bytes.length - at} bytes are left over at the end of the body, which no input's "${BINARY_SIZE}" speaks of`,
  )
}

function unknownDatatype(name: string | undefined, shown: string): ServingError {
  return bad(
    `input ${name === undefined ? '' : `${quote(name)}: `}"datatype" is ${shown}, known are ${DATATYPES.join(', ')}`,
  )
}

/** Sizes as they stand there; what is no number is none of a shape either, and is refused with the rest of it. */
function readShape(scanner: JsonScanner): Shape {
  const shape: unknown[] = []
  scanner.open()
  if (scanner.isEmptyList()) return []
  do {
    const byte = scanner.next()
    if (startsNumber(byte)) shape.push(scanner.number())
    else {
      scanner.skip()
      shape.push(byte === QUOTE ? '' : byte === LETTER_T || byte === LETTER_F ? false : null)
    }
  } while (scanner.hasMore())
  return shape as number[]
}
