import { ModelInferRequest, ModelInferResponse } from '../../src/codecs/protobuf/infer-messages.ts'
import { decodeMessage, encodeMessage } from '../../src/codecs/protobuf/messages.ts'
import { quote } from '../../src/core/text.ts'
import { checkTensors, type JsonTensor, type Outputs, type Question } from './question.ts'

/** The procedure that every server of the Open Inference Protocol has. */
const MODEL_INFER = '/inference.GRPCInferenceService/ModelInfer'

/** A question as one message of gRPC. */
export interface GrpcExchange {
  readonly path: string
  readonly metadata: Readonly<Record<string, string>>
  /** The message behind its prefix, as it goes over the wire. */
  readonly frame: Buffer
  /** Says what is wrong with an answer; undefined when it is right. */
  readonly check: (answer: GrpcAnswer) => string | undefined
}

/** What came back of a call. */
export interface GrpcAnswer {
  /** As the trailers say it; NaN where they say nothing. */
  readonly status: number
  readonly message: string
  /** All messages behind their prefixes, as they came. */
  readonly body: Buffer
}

/** A question with its tensors as raw bytes, as clients send them. */
export function grpcExchange(question: Question, metadata: Readonly<Record<string, string>> = {}): GrpcExchange {
  const { model: model_name, inputs } = question
  const message = encodeMessage(ModelInferRequest, {
    model_name,
    inputs: inputs.map(describeTensor),
    raw_input_contents: inputs.map(toRaw),
  })
  return { path: MODEL_INFER, metadata, frame: frame(message), check: (answer) => checkAnswer(question, answer) }
}

/** The right answer to a question, behind its prefix, as a server with raw outputs sends it. */
export function rightFrame({ model: model_name, outputs }: Question): Buffer {
  return frame(
    encodeMessage(ModelInferResponse, {
      model_name,
      model_version: '1',
      outputs: outputs.map(describeTensor),
      raw_output_contents: outputs.map(toRaw),
    }),
  )
}

/** A message behind the five bytes that say it is not compressed, and how long it is. @see gRPC over HTTP/2, "Length-Prefixed-Message" */
function frame(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(5 + message.length)
  framed.writeUInt32BE(message.length, 1)
  framed.set(message, 5)
  return framed
}

function describeTensor({ name, datatype, shape }: JsonTensor) {
  return { name, datatype, shape: [...shape] }
}

function checkAnswer(question: Question, { status, message, body }: GrpcAnswer): string | undefined {
  if (status !== 0) return `status ${status}: ${quote(message, 300)}`
  if (body.length < 5 || body[0] !== 0 || body.readUInt32BE(1) !== body.length - 5)
    return `no single message without compression: ${body.length} bytes, 0x${body.toString('hex', 0, 5)}`
  let outputs: Outputs
  try {
    outputs = readOutputs(body.subarray(5))
  } catch (error) {
    return `no answer of the expected form: ${error instanceof Error ? error.message : String(error)}`
  }
  return checkTensors(question, outputs)
}

/** The fields of a ModelInferResponse that are read here. */
interface InferDocument {
  readonly outputs?: readonly {
    readonly name?: string
    readonly datatype?: string
    readonly contents?: Readonly<Record<string, readonly (number | bigint)[]>>
  }[]
  readonly raw_output_contents?: readonly Uint8Array[]
}

/** Outputs that came as raw bytes, or as typed numbers. */
function readOutputs(message: Uint8Array): Outputs {
  const { outputs = [], raw_output_contents: raw = [] } = decodeMessage(ModelInferResponse, message) as InferDocument
  const entries = outputs.map(({ name = '', datatype = '', contents = {} }, i): [string, number[]] => {
    const bytes = raw[i]
    const typed = Object.values(contents).find((values) => values.length > 0) ?? []
    return [name, bytes === undefined ? typed.map(Number) : fromRaw(datatype, bytes)]
  })
  return new Map(entries)
}

/** The datatypes of the bench's models: how many bytes a value has, and how it is written and read. */
const RAW = {
  FP32: [4, (view: DataView, at: number, value: number) => view.setFloat32(at, value, true), floatAt],
  FP64: [8, (view: DataView, at: number, value: number) => view.setFloat64(at, value, true), doubleAt],
  INT64: [8, (view: DataView, at: number, value: number) => view.setBigInt64(at, BigInt(value), true), longAt],
} as const

function floatAt(view: DataView, at: number): number {
  return view.getFloat32(at, true)
}

function doubleAt(view: DataView, at: number): number {
  return view.getFloat64(at, true)
}

function longAt(view: DataView, at: number): number {
  return Number(view.getBigInt64(at, true))
}

function rawOf(datatype: string): (typeof RAW)[keyof typeof RAW] {
  const found = Object.entries(RAW).find(([name]) => name === datatype)?.[1]
  if (found === undefined)
    throw new Error(`the bench has no raw ${quote(datatype)}, only ${Object.keys(RAW).join(', ')}`)
  return found
}

/** Values in little-endian order. @see Open Inference Protocol v2, "Raw Tensor Data" */
function toRaw({ datatype, data }: JsonTensor): Uint8Array {
  const [size, write] = rawOf(datatype)
  const bytes = new Uint8Array(data.length * size)
  const view = new DataView(bytes.buffer)
  data.forEach((value, i) => write(view, i * size, value))
  return bytes
}

function fromRaw(datatype: string, bytes: Uint8Array): number[] {
  const [size, , read] = rawOf(datatype)
  if (bytes.length % size !== 0) throw new Error(`${bytes.length} bytes are no whole number of ${datatype}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length / size }, (_, i) => read(view, i * size))
}
