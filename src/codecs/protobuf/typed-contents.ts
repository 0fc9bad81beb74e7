import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { elementSizeBytes, INTEGER_BOUNDS, type Datatype } from '../../tensor/datatype.ts'
import type { Shape } from '../../tensor/shape.ts'
import type { Tensor, Tensors } from '../../tensor/tensor.ts'
import { checkTexts } from '../../tensor/texts.ts'
import { allocateSmall, copyBytes, viewOrCopy } from '../small-arrays.ts'
import type { WireReader } from '../../core/protobuf/wire-reader.ts'
import { FIXED32, FIXED64, LENGTH, VARINT } from '../../core/protobuf/wire.ts'

/** Fields of InferTensorContents by number. */
export const CONTENTS_FIELDS: readonly (string | undefined)[] = [
  undefined,
  'bool_contents',
  'int_contents',
  'int64_contents',
  'uint_contents',
  'uint64_contents',
  'fp32_contents',
  'fp64_contents',
  'bytes_contents',
]

/** The field of InferTensorContents that holds each datatype; half floats have none. @see Open Inference Protocol v2, gRPC */
export const CONTENTS_FIELD: Readonly<Record<Datatype, number>> = {
  BOOL: 1,
  INT8: 2,
  INT16: 2,
  INT32: 2,
  INT64: 3,
  UINT8: 4,
  UINT16: 4,
  UINT32: 4,
  UINT64: 5,
  FP32: 6,
  FP64: 7,
  BYTES: 8,
  FP16: 0,
  BF16: 0,
}

/** The wire type of a single element of each field of InferTensorContents. */
const ELEMENT_WIRES = [-1, VARINT, VARINT, VARINT, VARINT, VARINT, FIXED32, FIXED64, LENGTH]

/** What a message's tensor says of itself, and where its elements stand. */
export interface TypedTensor {
  readonly name: string
  readonly datatype: Datatype
  readonly shape: Shape
  /** Elements of the shape. */
  readonly count: number
  /** Places in the message where InferTensorContents begin and end, two for each: all are one. */
  readonly contents: readonly number[]
}

const NOTHING = new Uint8Array(0)

/**
 * The elements of a tensor from its InferTensorContents: packed, one by one, in any number of pieces. Views where floats
 * are aligned, and for BYTES.
 * @param beside the request's inputs that have been read already
 * @throws {ServingError} `invalid_argument` naming the input: elements of another datatype, too many or too few, out of
 *   the datatype's range; `too_large` for more elements of BYTES than a request may have
 */
export function readContents(reader: WireReader, tensor: TypedTensor, beside: Tensors): Tensor['data'] {
  const { name, datatype, count, contents } = tensor
  if (datatype === 'FP16' || datatype === 'BF16')
    throw refuse(name, `${datatype} has no typed contents; send it in raw_input_contents, and all other inputs too`)
  const whole = wholePiece(reader, tensor)
  if (whole !== undefined) return whole
  const sizeBytes = contents.reduce((sum, place, i) => sum + (i % 2 === 0 ? -place : place), 0)
  // a shape may claim what it likes, but each element takes a byte of the message, a float all of its own
  const most = Math.floor(sizeBytes / (datatype === 'FP32' ? 4 : datatype === 'FP64' ? 8 : 1))
  if (datatype === 'BYTES') checkTexts(name, count, most >> 1, beside)
  const sink = sinkFor(tensor, Math.min(count, most))
  const outer = reader.end
  for (let i = 0; i < contents.length; i += 2) {
    reader.at = contents[i] as number
    reader.end = contents[i + 1] as number
    readPieces(reader, tensor, sink)
  }
  reader.end = outer
  if (sink.found !== count)
    throw refuse(
      name,
      `shape [${tensor.shape.join(',')}] holds ${count} elements, ${CONTENTS_FIELDS[CONTENTS_FIELD[datatype]]} has ${sink.found}`,
    )
  return sink.data
}

/** The elements, where they are floats in one piece, as nearly all clients send them. */
function wholePiece(reader: WireReader, { datatype, count, contents }: TypedTensor): Tensor['data'] | undefined {
  if ((datatype !== 'FP32' && datatype !== 'FP64') || contents.length !== 2) return undefined
  const field = CONTENTS_FIELD[datatype]
  const from = contents[0] as number
  const to = contents[1] as number
  const sizeBytes = count * elementSizeBytes(datatype)
  if (sizeBytes === 0 || to - from <= sizeBytes || reader.bytes[from] !== ((field << 3) | LENGTH)) return undefined
  const outer = reader.end
  reader.at = from + 1
  reader.end = to
  const length = reader.length(CONTENTS_FIELDS[field] as string)
  reader.end = outer
  if (length !== sizeBytes || reader.at + length !== to) return undefined
  return viewOrCopy(datatype, reader.bytes.subarray(reader.at, to))
}

/** Where elements go; those that find no room are only counted. */
interface Sink {
  readonly data: Tensor['data']
  /** The numbers as they are stored: 64-bit integers as two words, the lower one first; floats as bytes. */
  readonly target: Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Uint8Array[]
  readonly room: number
  /** Whether numbers are 64-bit integers; of others, the least and the most that there may be. */
  readonly isLong: boolean
  readonly least: number
  readonly most: number
  found: number
}

function sinkFor({ datatype }: TypedTensor, room: number): Sink {
  const bounds = INTEGER_BOUNDS[datatype]
  const rest = { room, isLong: false, least: bounds?.[0] ?? 0, most: bounds?.[1] ?? 1, found: 0 }
  if (datatype === 'BYTES') {
    const data: Uint8Array[] = []
    return { data, target: data, ...rest }
  }
  const data = allocateSmall(datatype, room)
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    return { data, target: new Int32Array(data.buffer, data.byteOffset, 2 * room), ...rest, isLong: true }
  if (data instanceof Float32Array || data instanceof Float64Array)
    return { data, target: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), ...rest }
  return { data, target: data, ...rest }
}

/** Reads one InferTensorContents. */
function readPieces(reader: WireReader, tensor: TypedTensor, sink: Sink): void {
  const { datatype } = tensor
  const own = CONTENTS_FIELD[datatype]
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const number = tag >>> 3
    const field = CONTENTS_FIELDS[number]
    if (field === undefined) {
      reader.skip(tag)
      continue
    }
    const isPacked = (tag & 7) === LENGTH && number !== CONTENTS_FIELD.BYTES
    if (!isPacked && (tag & 7) !== ELEMENT_WIRES[number]) throw reader.wrongWire(field, tag)
    if (number !== own) {
      // a list without elements says nothing
      if (isPacked && reader.length(field) === 0) continue
      throw refuse(tensor.name, `${datatype} is sent in ${CONTENTS_FIELDS[own]}, ${field} came`)
    }
    if (number === CONTENTS_FIELD.BYTES) readElement(reader, field, sink)
    else if (number === CONTENTS_FIELD.FP32 || number === CONTENTS_FIELD.FP64)
      readFloats(reader, field, tensor, sink, isPacked)
    else if (isPacked) {
      const outer = reader.enter(field)
      while (reader.at < reader.end) readInteger(reader, field, tensor, sink)
      reader.leave(outer)
    } else readInteger(reader, field, tensor, sink)
  }
}

function readElement(reader: WireReader, field: string, sink: Sink): void {
  const length = reader.length(field)
  const from = reader.at
  reader.at = from + length
  const isKept = sink.found++ < sink.room
  if (isKept) (sink.target as Uint8Array[]).push(length === 0 ? NOTHING : reader.bytes.subarray(from, reader.at))
}

/** Floats are copied as the bytes that they are: their bits stay, those of NaN too. */
function readFloats(reader: WireReader, field: string, { datatype }: TypedTensor, sink: Sink, isPacked: boolean): void {
  const size = elementSizeBytes(datatype)
  const from = reader.at
  if (!isPacked) reader.skip(datatype === 'FP32' ? FIXED32 : FIXED64)
  const length = isPacked ? reader.length(field) : size
  if (length % size !== 0)
    throw reader.malformed(field, from, `is ${length} bytes long, no whole number of ${datatype} elements`)
  if (isPacked) reader.at += length
  const { at } = reader
  const kept = Math.min(length, (sink.room - sink.found) * size)
  if (kept > 0)
    copyBytes(reader.bytes.subarray(at - length, at - length + kept), sink.target as Uint8Array, sink.found * size)
  sink.found += length / size
}

function readInteger(reader: WireReader, field: string, tensor: TypedTensor, sink: Sink): void {
  reader.varint(field)
  const i = sink.found++
  if (i >= sink.room) return
  const target = sink.target as Int32Array
  const { low, high } = reader
  if (sink.isLong) {
    target[2 * i] = low
    target[2 * i + 1] = high
    return
  }
  // BOOL is any number but 0; all others are as wide as the lower word
  const value = tensor.datatype === 'BOOL' ? Number((low | high) !== 0) : sink.least < 0 ? low : low >>> 0
  if (value < sink.least || value > sink.most) throw refuseInteger(tensor, i, value, sink)
  target[i] = value
}

function refuseInteger({ name, datatype }: TypedTensor, i: number, value: number, { least, most }: Sink): ServingError {
  return new ServingError(
    'invalid_argument',
    `input ${quote(name)}: element ${i} is ${value}; ${datatype} takes whole numbers from ${least} to ${most}`,
    { details: { input: name, element: i } },
  )
}

function refuse(name: string, why: string): ServingError {
  return new ServingError('invalid_argument', `input ${quote(name)}: ${why}`, { details: { input: name } })
}
