import { ServingError } from '../../core/errors.ts'
import { formatBytes } from '../../core/text.ts'
import type { Tensor, Tensors } from '../../tensor/tensor.ts'
import { rawSize, writeRaw } from '../raw-tensor.ts'
import type { V2ResponseHead } from '../v2-json-answer.ts'
import { textSize, writeText } from '../../core/protobuf/wire-text.ts'
import { contentsSize, writeContents } from './typed-contents-writing.ts'
import {
  LENGTH,
  tagOf,
  upperWord,
  varint64Size,
  varintSize,
  writeVarint,
  writeVarint64,
} from '../../core/protobuf/wire.ts'

/** How an answer is written. */
export interface AnswerForm {
  /** Whether it goes out on a stream, and so in a ModelStreamInferResponse. */
  readonly isStreamed?: boolean
  /** Whether it says that it is the last of its request: the parameter `triton_final_response`. */
  readonly isFinal?: boolean
}

/** Longest message that protobuf allows, in bytes. @see Protocol Buffers, "Proto Limits" */
const MAX_MESSAGE_BYTES = 2 ** 31 - 1

const MODEL_NAME = tagOf(1, LENGTH)
const MODEL_VERSION = tagOf(2, LENGTH)
const ID = tagOf(3, LENGTH)
const PARAMETERS = tagOf(4, LENGTH)
const OUTPUTS = tagOf(5, LENGTH)
const RAW_CONTENTS = tagOf(6, LENGTH)
const NAME = tagOf(1, LENGTH)
const DATATYPE = tagOf(2, LENGTH)
const SHAPE = tagOf(3, LENGTH)
const CONTENTS = tagOf(5, LENGTH)
const INFER_RESPONSE = tagOf(2, LENGTH)

/** An entry of `parameters`: the key `triton_final_response` with the value `bool_param: true`. */
const FINAL_ENTRY = Buffer.from(`\u000a\u0015triton_final_response\u0012\u0002\u0008\u0001`, 'latin1')

/** How many bytes each part of an output takes. */
interface OutputSizes {
  readonly name: number
  readonly shape: number
  /** Of its elements: in the output, or in the list of raw contents. */
  readonly data: number
  /** Of all that stands in the output. */
  readonly all: number
}

/**
 * Writes a ModelInferResponse into one buffer of exactly its size.
 * @param isRaw whether the elements go into `raw_output_contents`, as those of the request came; half floats make all
 *   outputs go there, since they have no other form
 * @throws {ServingError} `too_large` above 2 GiB, which no message may be
 * @see Open Inference Protocol v2, gRPC, "Inference"
 */
export function encodeModelInferResponse(
  { modelName, modelVersion, id = '' }: V2ResponseHead,
  outputs: Tensors,
  isRaw: boolean,
  { isStreamed = false, isFinal = false }: AnswerForm = {},
): Buffer {
  const isAllRaw = isRaw || hasHalfFloats(outputs)
  const nameSize = textSize(modelName)
  const versionSize = textSize(modelVersion)
  const idSize = textSize(id)
  let size = fieldSize(nameSize) + fieldSize(versionSize) + fieldSize(idSize)
  if (isFinal) size += fieldSize(FINAL_ENTRY.length)
  const sizes: OutputSizes[] = []
  for (const [name, tensor] of outputs) {
    const found = outputSizes(name, tensor, isAllRaw)
    sizes.push(found)
    size += 1 + varintSize(found.all) + found.all
    if (isAllRaw) size += 1 + varintSize(found.data) + found.data
  }
  const around = isStreamed ? 1 + varintSize(size) : 0
  if (size + around > MAX_MESSAGE_BYTES)
    throw new ServingError(
      'too_large',
      `the answer takes ${formatBytes(size)}, a message has at most 2 GiB; ask for fewer outputs or rows`,
    )
  const target = Buffer.allocUnsafe(around + size)
  let at = 0
  if (isStreamed) {
    target[at] = INFER_RESPONSE
    at = writeVarint(target, at + 1, size)
  }
  at = writeField(target, at, MODEL_NAME, modelName, nameSize)
  at = writeField(target, at, MODEL_VERSION, modelVersion, versionSize)
  at = writeField(target, at, ID, id, idSize)
  if (isFinal) {
    target[at] = PARAMETERS
    at = writeVarint(target, at + 1, FINAL_ENTRY.length)
    at += FINAL_ENTRY.copy(target, at)
  }
  let i = 0
  for (const [name, tensor] of outputs) at = writeOutput(target, at, name, tensor, sizes[i++] as OutputSizes, isAllRaw)
  if (!isAllRaw) return target
  i = 0
  for (const tensor of outputs.values()) {
    target[at] = RAW_CONTENTS
    at = writeVarint(target, at + 1, (sizes[i++] as OutputSizes).data)
    at = writeRaw(tensor, target, at)
  }
  return target
}

function hasHalfFloats(outputs: Tensors): boolean {
  for (const { datatype } of outputs.values()) if (datatype === 'FP16' || datatype === 'BF16') return true
  return false
}

/** Bytes of a text, or of a message, with its tag and length; none where it is empty. */
function fieldSize(sizeBytes: number): number {
  return sizeBytes === 0 ? 0 : 1 + varintSize(sizeBytes) + sizeBytes
}

function outputSizes(outputName: string, tensor: Tensor, isRaw: boolean): OutputSizes {
  const name = textSize(outputName)
  let shape = 0
  for (const length of tensor.shape) shape += varint64Size(length, upperWord(length))
  const data = isRaw ? rawSize(tensor) : contentsSize(tensor)
  const all = fieldSize(name) + fieldSize(tensor.datatype.length) + fieldSize(shape) + (isRaw ? 0 : fieldSize(data))
  return { name, shape, data, all }
}

function writeOutput(
  target: Buffer,
  from: number,
  name: string,
  tensor: Tensor,
  sizes: OutputSizes,
  isRaw: boolean,
): number {
  let at = from
  target[at] = OUTPUTS
  at = writeVarint(target, at + 1, sizes.all)
  at = writeField(target, at, NAME, name, sizes.name)
  at = writeField(target, at, DATATYPE, tensor.datatype, tensor.datatype.length)
  if (sizes.shape > 0) {
    target[at] = SHAPE
    at = writeVarint(target, at + 1, sizes.shape)
    for (const length of tensor.shape) at = writeVarint64(target, at, length, upperWord(length))
  }
  if (isRaw || sizes.data === 0) return at
  target[at] = CONTENTS
  at = writeVarint(target, at + 1, sizes.data)
  return writeContents(target, at, tensor)
}

function writeField(target: Buffer, at: number, tag: number, text: string, sizeBytes: number): number {
  if (sizeBytes === 0) return at
  target[at] = tag
  return writeText(target, writeVarint(target, at + 1, sizeBytes), text, sizeBytes)
}
