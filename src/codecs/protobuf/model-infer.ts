import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { DATATYPES, isDatatype } from '../../tensor/datatype.ts'
import { elementCount, MAX_RANK } from '../../tensor/shape.ts'
import type { Tensor, Tensors } from '../../tensor/tensor.ts'
import { decodeRaw } from '../raw-tensor.ts'
import {
  checkClassification,
  checkTensorCount,
  MAX_TENSORS,
  priorityOf,
  requestId,
  sequenceRefusal,
  SHARED_MEMORY_PARAMETERS,
  sharedMemoryRefusal,
  timeoutOf,
  type OutputForm,
  type V2Request,
} from '../v2-request.ts'
import { numberOf, readParameter, wholeOf, type Parameter } from './infer-parameters.ts'
import { WireReader } from '../../core/protobuf/wire-reader.ts'
import { malformedMessage } from './malformed.ts'
import { readContents } from './typed-contents.ts'
import { LENGTH, tagOf, VARINT } from '../../core/protobuf/wire.ts'

export { encodeModelInferResponse, type AnswerForm } from './model-infer-answer.ts'

/** A ModelInferRequest, decoded. */
export interface DecodedInfer {
  readonly modelName: string
  /** Empty where the server is to choose. */
  readonly modelVersion: string
  readonly request: V2Request
  /** Whether the tensors came in `raw_input_contents`: their answer is raw too then. */
  readonly isRaw: boolean
  /** Whether the last answer on a stream is to be marked as such: `triton_enable_empty_final_response`. */
  readonly isFinalMarked: boolean
}

const malformed = malformedMessage('ModelInferRequest')

const REQUEST_FIELDS = [
  undefined,
  'model_name',
  'model_version',
  'id',
  'parameters',
  'inputs',
  'outputs',
  'raw_input_contents',
]
const MODEL_NAME = tagOf(1, LENGTH)
const MODEL_VERSION = tagOf(2, LENGTH)
const ID = tagOf(3, LENGTH)
const PARAMETERS = tagOf(4, LENGTH)
const INPUTS = tagOf(5, LENGTH)
const OUTPUTS = tagOf(6, LENGTH)
const RAW_CONTENTS = tagOf(7, LENGTH)

const INPUT_FIELDS = [undefined, 'name', 'datatype', 'shape', 'parameters', 'contents']
const NAME = tagOf(1, LENGTH)
const DATATYPE = tagOf(2, LENGTH)
const PACKED_SHAPE = tagOf(3, LENGTH)
const SHAPE = tagOf(3, VARINT)
const INPUT_PARAMETERS = tagOf(4, LENGTH)
const CONTENTS = tagOf(5, LENGTH)

const OUTPUT_FIELDS = [undefined, 'name', 'parameters']
const OUTPUT_PARAMETERS = tagOf(2, LENGTH)

/** An input as it stands in the message, before its elements are read. */
interface InputParts {
  name: string
  datatype: string
  /** The first sizes: those beyond the most dimensions are only counted. */
  readonly shape: number[]
  rank: number
  /** Where its contents begin and end; several where they came in several pieces. */
  readonly contents: number[]
}

/** Most pieces in which the contents of one input may come: encoders make one. */
const MAX_PIECES = 1024

/** What the parameters of a request say that is known here. */
interface Scheduling {
  timeout: number
  priority: number
  isFinalMarked: boolean
}

/**
 * Reads a ModelInferRequest from its bytes straight into tensors: views of them where they are aligned. Fields come in
 * any order; unknown ones are passed over.
 * @throws {ServingError} `invalid_argument` naming the input, or the field and the byte where the bytes are no such
 *   message; `unsupported` for sequences and shared memory; `too_large` for more elements of BYTES than a request may
 *   have
 * @see Open Inference Protocol v2, gRPC, "Inference"
 */
export function decodeModelInferRequest(bytes: Uint8Array): DecodedInfer {
  const reader = new WireReader(bytes, malformed)
  let modelName = ''
  let modelVersion = ''
  let id = ''
  let inputCount = 0
  let outputCount = 0
  let rawCount = 0
  const inputs: InputParts[] = []
  const outputs: string[] = []
  let forms: Map<string, OutputForm> | undefined
  /** Where the raw contents begin and end. */
  const raw: number[] = []
  const scheduling: Scheduling = { timeout: 0, priority: 0, isFinalMarked: false }
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag())
    switch (tag) {
      case MODEL_NAME:
        modelName = reader.name('model_name')
        break
      case MODEL_VERSION:
        modelVersion = reader.name('model_version')
        break
      case ID:
        id = reader.text('id')
        break
      case PARAMETERS:
        readRequestParameter(readParameter(reader), scheduling)
        break
      case INPUTS:
        if (++inputCount > MAX_TENSORS) reader.skip(tag)
        else inputs.push(readInput(reader))
        break
      case OUTPUTS:
        if (++outputCount > MAX_TENSORS) reader.skip(tag)
        else forms = readOutput(reader, outputs, forms)
        break
      case RAW_CONTENTS: {
        const length = reader.length('raw_input_contents')
        if (++rawCount <= MAX_TENSORS) raw.push(reader.at, reader.at + length)
        reader.at += length
        break
      }
      default:
        reader.pass(tag, REQUEST_FIELDS)
    }
  checkTensorCount(inputCount, 'inputs')
  checkTensorCount(outputCount, 'outputs')
  const isRaw = rawCount > 0
  if (isRaw && rawCount !== inputCount) throw wrongRawCount(rawCount, inputCount)
  const tensors = new Map<string, Tensor>()
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i] as InputParts
    if (tensors.has(input.name)) throw bad(`input ${quote(input.name)} stands in the request twice`)
    tensors.set(
      input.name,
      isRaw
        ? rawTensor(reader, input, raw[2 * i] as number, raw[2 * i + 1] as number, tensors)
        : typedTensor(reader, input, tensors),
    )
  }
  const priority = priorityOf(scheduling.priority)
  const timeoutUs = timeoutOf(scheduling.timeout)
  let request: V2Request = { id: id === '' ? undefined : requestId(id), inputs: tensors, outputs, timeoutUs }
  if (forms !== undefined) request = { ...request, forms }
  if (priority !== undefined) request = { ...request, priority }
  return { modelName, modelVersion, request, isRaw, isFinalMarked: scheduling.isFinalMarked }
}

/**
 * The id of a request that was refused, for an answer on its stream; empty where the bytes do not tell it, or it is one
 * that may not be echoed.
 */
export function idOfRefused(bytes: Uint8Array): string {
  const reader = new WireReader(bytes, malformed)
  let id = ''
  try {
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag())
      if (tag === ID) id = requestId(reader.text('id')) ?? ''
      else reader.skip(tag)
  } catch (error) {
    if (!(error instanceof ServingError)) throw error
  }
  return id
}

function readRequestParameter(parameter: Parameter, scheduling: Scheduling): void {
  const { key, value } = parameter
  if (key === 'timeout') scheduling.timeout = wholeOf(parameter, ' of microseconds')
  else if (key === 'priority') scheduling.priority = wholeOf(parameter, ', 0 for the default, 1 for the first')
  else if (key === 'triton_enable_empty_final_response') scheduling.isFinalMarked = value === true
  else if (key === 'sequence_id' && value !== undefined && value !== 0 && value !== '') throw sequenceRefusal()
}

function readInput(reader: WireReader): InputParts {
  const input: InputParts = { name: '', datatype: '', shape: [], rank: 0, contents: [] }
  let isShared = false
  const outer = reader.enter('inputs')
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag())
    switch (tag) {
      case NAME:
        input.name = reader.name('name')
        break
      case DATATYPE:
        input.datatype = reader.name('datatype')
        break
      case PACKED_SHAPE: {
        const around = reader.enter('shape')
        while (reader.at < reader.end) addSize(input, reader)
        reader.leave(around)
        break
      }
      case SHAPE:
        addSize(input, reader)
        break
      case INPUT_PARAMETERS:
        if (SHARED_MEMORY_PARAMETERS.includes(readParameter(reader).key)) isShared = true
        break
      case CONTENTS: {
        const length = reader.length('contents')
        if (length > 0) addContents(input, reader.at, reader.at + length)
        reader.at += length
        break
      }
      default:
        reader.pass(tag, INPUT_FIELDS)
    }
  reader.leave(outer)
  if (input.name === '') throw bad('each of "inputs" must have a "name"')
  if (isShared) throw sharedMemoryRefusal('input', input.name)
  return input
}

function addSize(input: InputParts, reader: WireReader): void {
  const size = Number(reader.int64('shape'))
  if (input.rank++ < MAX_RANK) input.shape.push(size)
}

function addContents({ name, contents }: InputParts, from: number, to: number): void {
  if (contents.length === 2 * MAX_PIECES)
    throw bad(`input ${quote(name)}: "contents" came in over ${MAX_PIECES} pieces; send it as one`)
  contents.push(from, to)
}

/** @returns the forms of outputs, with this one's when it has any */
function readOutput(
  reader: WireReader,
  names: string[],
  forms: Map<string, OutputForm> | undefined,
): Map<string, OutputForm> | undefined {
  let name = ''
  let classes: number | undefined
  let isShared = false
  const outer = reader.enter('outputs')
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag())
    if (tag === NAME) name = reader.name('name')
    else if (tag === OUTPUT_PARAMETERS) {
      const parameter = readParameter(reader)
      if (parameter.key === 'classification') classes = numberOf(parameter)
      else if (SHARED_MEMORY_PARAMETERS.includes(parameter.key)) isShared = true
    } else reader.pass(tag, OUTPUT_FIELDS)
  reader.leave(outer)
  if (name === '') throw bad(`"outputs"[${names.length}] must have a "name"`)
  names.push(name)
  if (isShared) throw sharedMemoryRefusal('output', name)
  if (classes === undefined) return forms
  checkClassification(name, classes)
  return (forms ?? new Map<string, OutputForm>()).set(name, { classification: classes, isBinary: undefined })
}

function rawTensor(reader: WireReader, input: InputParts, from: number, to: number, beside: Tensors): Tensor {
  const { name, datatype, shape, contents } = input
  checkHead(input)
  if (contents.length > 0)
    throw bad(
      `input ${quote(name)} has "contents", and the request "raw_input_contents": send all tensors in one of them`,
    )
  if (!isDatatype(datatype)) throw unknownDatatype(input)
  return decodeRaw(name, datatype, shape, reader.bytes.subarray(from, to), beside)
}

function typedTensor(reader: WireReader, input: InputParts, beside: Tensors): Tensor {
  const { name, datatype, shape, contents } = input
  checkHead(input)
  if (!isDatatype(datatype)) throw unknownDatatype(input)
  const count = elementCount(shape, () => `input ${quote(name)}`)
  return { datatype, shape, data: readContents(reader, { name, datatype, shape, count, contents }, beside) } as Tensor
}

function checkHead({ name, rank }: InputParts): void {
  if (rank > MAX_RANK) throw bad(`input ${quote(name)} has ${rank} dimensions, the most is ${MAX_RANK}`)
}

function unknownDatatype({ name, datatype }: InputParts): ServingError {
  const shown = datatype === '' ? 'nothing' : quote(datatype)
  return bad(`input ${quote(name)}: "datatype" is ${shown}, known are ${DATATYPES.join(', ')}`)
}

function wrongRawCount(found: number, inputs: number): ServingError {
  return bad(
    `"raw_input_contents" has ${found} entries for ${inputs} inputs; it takes one for each, in their order, or none where all have "contents"`,
  )
}

function bad(message: string): ServingError {
  return new ServingError('invalid_argument', message)
}
