import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { DATATYPES, isDatatype } from '../tensor/datatype.ts'
import { elementCount, type Shape } from '../tensor/shape.ts'
import type { Tensor, Tensors } from '../tensor/tensor.ts'
import { END, JsonScanner, noKeys, OPEN_LIST, OPEN_OBJECT, QUOTE, startsNumber } from './json-scanner.ts'
import { readData } from './v2-json-data.ts'
import { bad, refuseValue, showValue } from './v2-json-reading.ts'

export { encodeData, encodeV2Response, type V2ResponseHead } from './v2-json-answer.ts'

/** An inference request of the Open Inference Protocol, decoded. */
export interface V2Request {
  /** Echoed in the answer; absent and empty are the same. */
  readonly id: string | undefined
  readonly inputs: Tensors
  /** Names of the outputs asked for; empty for all. */
  readonly outputs: readonly string[]
  /** Microseconds that the caller waits, from the parameter `timeout`. */
  readonly timeoutUs: number | undefined
  /** Whose turn comes first, from the parameter `priority`: 1 before 2 before 3; absent for the model's default. */
  readonly priority?: 1 | 2 | 3
}

/** Longest request id that is taken, in characters. */
const MAX_ID_LENGTH = 256
/** Most inputs, and most named outputs, of one request. */
const MAX_TENSORS = 256

const LETTER_F = 0x66
const LETTER_N = 0x6e
const LETTER_T = 0x74

// the places of the keys below are what `member` answers
const REQUEST_KEYS = ['id', 'inputs', 'outputs', 'parameters']
const INPUT_KEYS = ['name', 'shape', 'datatype', 'data']
const OUTPUT_KEYS = ['name', 'parameters']
const OUTPUT_PARAMETERS = ['classification']
const REQUEST_PARAMETERS = ['timeout', 'priority']

/**
 * Reads the JSON form of an inference request, from its bytes straight into tensors. Rows stay in order; 64-bit integers
 * are exact. Members come in any order; unknown ones are passed over, but are JSON too, and no key stands twice.
 * @throws {ServingError} `invalid_argument`, naming the tensor and the element, or the byte where the body is no JSON
 * @see Open Inference Protocol v2, "Inference Request JSON Object", "Tensor Data"; Triton's "Schedule Policy Extension"
 */
export function decodeV2Request(body: Uint8Array): V2Request {
  const scanner = new JsonScanner(body)
  let id = ''
  let inputs: Map<string, Tensor> | undefined
  let outputs: readonly string[] = []
  let scheduling: Scheduling = UNSCHEDULED
  if (scanner.next() !== OPEN_OBJECT) {
    scanner.skip()
    scanner.end()
    throw bad('the body must be a JSON object with "inputs"')
  }
  scanner.open()
  const seen = noKeys()
  for (let key = scanner.member(REQUEST_KEYS, seen); key !== END; key = scanner.member(REQUEST_KEYS, seen)) {
    const byte = scanner.next()
    // clients that write null for what they do not set are many
    if (byte === LETTER_N) scanner.word('null')
    else if (key === 0) id = readId(scanner)
    else if (key === 1) inputs = readInputs(scanner)
    else if (key === 2) outputs = readOutputs(scanner)
    else if (key === 3) scheduling = readParameters(scanner)
    else scanner.skip()
  }
  scanner.end()
  if (inputs === undefined) throw bad(NO_INPUTS)
  const { timeoutUs, priority } = scheduling
  const request = { id: id === '' ? undefined : id, inputs, outputs, timeoutUs }
  return priority === undefined ? request : { ...request, priority }
}

const NO_INPUTS = '"inputs" is missing: the request needs a list of input tensors'

const BAD_ID = `"id" must be text of at most ${MAX_ID_LENGTH} characters, none of them a control character`

function readId(scanner: JsonScanner): string {
  if (scanner.next() !== QUOTE) throw refuseValue(scanner, BAD_ID)
  const id = scanner.string()
  if (id.length > MAX_ID_LENGTH || /\p{Cc}/u.test(id)) throw bad(BAD_ID)
  return id
}

function readInputs(scanner: JsonScanner): Map<string, Tensor> {
  if (scanner.next() !== OPEN_LIST) throw refuseValue(scanner, NO_INPUTS)
  const tensors = new Map<string, Tensor>()
  let count = 0
  scanner.open()
  if (scanner.isEmptyList()) return tensors
  do {
    if (++count > MAX_TENSORS) scanner.skip()
    else readInput(scanner, tensors)
  } while (scanner.hasMore())
  if (count > MAX_TENSORS) throw bad(`${count} inputs, the most is ${MAX_TENSORS}`)
  return tensors
}

function readInput(scanner: JsonScanner, tensors: Map<string, Tensor>): void {
  if (scanner.next() !== OPEN_OBJECT)
    throw refuseValue(scanner, 'each of "inputs" must be an object with name, shape, datatype and data')
  let name: string | undefined
  let datatype: string | undefined
  let shape: Shape | undefined
  let dataAt = -1
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
      isRead = name !== undefined && datatype !== undefined && shape !== undefined
      // data before what it is read by: it is passed over, and read when all is known
      if (isRead) addTensor(scanner, tensors, name, datatype, shape, dataAt)
      else scanner.skip()
    } else scanner.skip()
  }
  if (isRead) return
  const end = scanner.at
  addTensor(scanner, tensors, name, datatype, shape, dataAt)
  scanner.at = end
}

const NO_NAME = 'each of "inputs" must have a "name"'

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
    throw bad(`input ${quote(name)}: ${datatype} cannot be sent as JSON; send FP32`)
  const count = elementCount(shape, () => `input ${quote(name)}`)
  scanner.at = dataAt
  tensors.set(name, { datatype, shape, data: readData(scanner, name, datatype, shape, count) } as Tensor)
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

function readOutputs(scanner: JsonScanner): string[] {
  if (scanner.next() !== OPEN_LIST) throw refuseValue(scanner, '"outputs" must be a list')
  const names: string[] = []
  let count = 0
  scanner.open()
  if (scanner.isEmptyList()) return names
  do {
    if (++count > MAX_TENSORS) scanner.skip()
    else names.push(readOutput(scanner, count - 1))
  } while (scanner.hasMore())
  if (count > MAX_TENSORS) throw bad(`${count} outputs, the most is ${MAX_TENSORS}`)
  return names
}

function readOutput(scanner: JsonScanner, index: number): string {
  let name: string | undefined
  let isClassified = false
  const seen = noKeys()
  if (scanner.next() === OPEN_OBJECT) {
    scanner.open()
    for (let key = scanner.member(OUTPUT_KEYS, seen); key !== END; key = scanner.member(OUTPUT_KEYS, seen)) {
      const byte = scanner.next()
      if (key === 0 && byte === QUOTE) name = scanner.name()
      else if (key === 1 && byte === OPEN_OBJECT) isClassified = readOutputParameters(scanner)
      else scanner.skip()
    }
  } else scanner.skip()
  if (name === undefined) throw bad(`"outputs"[${index}] must be an object with a "name"`)
  if (isClassified)
    throw new ServingError(
      'unsupported',
      `output ${quote(name)}: classification is not spoken here: ask for the output as it is`,
    )
  return name
}

/** Whether classification is asked for. */
function readOutputParameters(scanner: JsonScanner): boolean {
  const seen = noKeys()
  scanner.open()
  while (scanner.member(OUTPUT_PARAMETERS, seen) !== END) scanner.skip()
  return seen.known !== 0
}

interface Scheduling {
  readonly timeoutUs: number | undefined
  readonly priority: 1 | 2 | 3 | undefined
}

const UNSCHEDULED: Scheduling = { timeoutUs: undefined, priority: undefined }

function readParameters(scanner: JsonScanner): Scheduling {
  if (scanner.next() !== OPEN_OBJECT) throw refuseValue(scanner, '"parameters" must be an object')
  let timeout = 0
  let priority = 0
  const seen = noKeys()
  scanner.open()
  for (
    let key = scanner.member(REQUEST_PARAMETERS, seen);
    key !== END;
    key = scanner.member(REQUEST_PARAMETERS, seen)
  ) {
    if (key === 0) timeout = readWhole(scanner, 'the parameter "timeout" must be a whole number of microseconds')
    else if (key === 1)
      priority = readWhole(
        scanner,
        'the parameter "priority" must be a whole number: 0 for the default, 1 for the first',
      )
    else scanner.skip()
  }
  return {
    timeoutUs: timeout === 0 ? undefined : timeout,
    priority: priority === 0 ? undefined : priority < 3 ? (priority as 1 | 2) : 3,
  }
}

/** A whole number from 0 up; as text too, since some clients send all parameters so. */
function readWhole(scanner: JsonScanner, otherwise: string): number {
  const byte = scanner.next()
  let value = -1
  if (startsNumber(byte)) value = scanner.number()
  else if (byte === QUOTE) {
    const text = scanner.string()
    if (/^\d{1,16}$/.test(text)) value = Number(text)
  } else scanner.skip()
  if (!Number.isSafeInteger(value) || value < 0) throw bad(otherwise)
  return value
}
