import type { ServingError } from '../core/errors.ts'
import { LENGTH } from '../core/protobuf/wire.ts'
import { quote } from '../core/text.ts'
import { ARRAY_OF, INTEGER_BOUNDS, isDatatype, type NumericArray } from '../tensor/datatype.ts'
import { allocate, viewAs } from '../tensor/tensor.ts'
import { checkTensor, countElements } from './check-tensor.ts'
import { ElementBuffer } from './element-buffer.ts'
import { elementTypeOf, rawBytes } from './element-types.ts'
import { overLimit } from './limits.ts'
import type { OnnxElementType, OnnxExternalData, OnnxTensor } from './model.ts'
import { safeIntegerIn, type OnnxReader } from './onnx-reader.ts'
import { readEntry, type ReadContext } from './read-context.ts'

/** The field that holds each element type where raw_data does not; any other is int32_data. */
const TYPED_FIELD: Readonly<Partial<Record<OnnxElementType, string>>> = {
  FP32: 'float_data',
  COMPLEX64: 'float_data',
  FP64: 'double_data',
  COMPLEX128: 'double_data',
  INT64: 'int64_data',
  UINT32: 'uint64_data',
  UINT64: 'uint64_data',
  BYTES: 'string_data',
}

/** Data fields by number, with the bytes of an element. @see onnx.proto3, TensorProto */
const NUMBER_FIELDS: ReadonlyMap<number, { name: string; widthBytes: 4 | 8; isFixed: boolean }> = new Map([
  [4, { name: 'float_data', widthBytes: 4, isFixed: true }],
  [5, { name: 'int32_data', widthBytes: 4, isFixed: false }],
  [7, { name: 'int64_data', widthBytes: 8, isFixed: false }],
  [10, { name: 'double_data', widthBytes: 8, isFixed: true }],
  [11, { name: 'uint64_data', widthBytes: 8, isFixed: false }],
])

/**
 * Reads a TensorProto. Raw data is a view into the file where it is aligned; typed data is decoded. The doc string and
 * metadata of a tensor are dropped: they change nothing that is computed.
 * @throws {ServingError} `refused` when shape, type and data disagree; `unsupported` for segments and unknown types
 */
export function readTensor(reader: OnnxReader, context: ReadContext): OnnxTensor {
  const { budget } = context
  const { limits } = budget
  const start = reader.at
  budget.spend('tensors', 1, start)
  let name = ''
  let typeNumber = 0
  let raw: Uint8Array | undefined
  let isExternal = false
  const shape: number[] = []
  const strings: Uint8Array[] = []
  const numbers = new Map<string, ElementBuffer>()
  const externalEntries = new Map<string, string>()

  while (reader.next()) {
    const numberField = NUMBER_FIELDS.get(reader.field)
    if (numberField !== undefined) {
      const what = `TensorProto.${numberField.name}`
      const elements = numbers.get(numberField.name) ?? new ElementBuffer(numberField.widthBytes, budget)
      if (numberField.isFixed) elements.addFixed(reader, what)
      else elements.addVarints(reader, what)
      if (elements.count > 0) numbers.set(numberField.name, elements)
    } else if (reader.field === 1) readDims(reader, shape, limits.dimensions)
    else if (reader.field === 2) typeNumber = reader.int32('TensorProto.data_type')
    else if (reader.field === 3) throw reader.unsupported('a tensor is stored as a segment of a larger one')
    else if (reader.field === 6) {
      budget.spend('strings', 1, reader.at)
      strings.push(reader.bytes('TensorProto.string_data'))
    } else if (reader.field === 8) name = reader.text('TensorProto.name', limits.nameBytes)
    else if (reader.field === 9) raw = reader.bytes('TensorProto.raw_data')
    else if (reader.field === 13) readEntry(externalEntries, reader, 'TensorProto.external_data', context)
    else if (reader.field === 14) isExternal = readLocation(reader)
    else reader.skip()
  }

  const where = `tensor ${quote(name)} at byte ${start}`
  const datatype = elementTypeOf(typeNumber)
  if (datatype === undefined) {
    const message = `${where} has the data type number ${typeNumber}`
    throw typeNumber === 0 ? reader.refuse(`${message}, none`, start) : reader.unsupported(message, start)
  }
  const count = countElements(shape, where, limits)
  const fields = [...numbers.keys()]
  if (strings.length > 0) fields.push('string_data')
  if (raw !== undefined) fields.push('raw_data')

  if (isExternal) {
    if (fields.length > 0)
      throw reader.refuse(`${where} is said to be external, but holds ${fields.join(' and ')} too`, start)
    if (datatype === 'BYTES') throw reader.refuse(`${where} holds strings, which cannot be external`, start)
    const external = externalData(externalEntries, where, reader, start)
    return { name, datatype, shape, data: numbersIn(datatype, new Uint8Array(0)), external }
  }
  if (externalEntries.size > 0)
    throw reader.refuse(`${where} names external data, but its data_location is not EXTERNAL`, start)
  if (fields.length > 1) throw reader.refuse(`${where} holds its data twice: ${fields.join(' and ')}`, start)

  const expectedField = raw === undefined ? (TYPED_FIELD[datatype] ?? 'int32_data') : 'raw_data'
  const field = fields[0]
  if (field === undefined && count > 0)
    throw reader.refuse(`${where} of shape [${shape.join(',')}] has no data of any kind`, start)
  if (field !== undefined && (field !== expectedField || (field === 'raw_data' && datatype === 'BYTES')))
    throw reader.refuse(`${where} is ${datatype}, which ${field} cannot hold`, start)

  let data: OnnxTensor['data']
  if (datatype === 'BYTES') data = strings
  else if (raw !== undefined) {
    if (raw.byteLength !== rawBytes(datatype, count))
      throw reader.refuse(
        `${where} of type ${datatype} and shape [${shape.join(',')}] needs ${rawBytes(datatype, count)} bytes of raw_data, it has ${raw.byteLength}`,
        start,
      )
    data = numbersIn(datatype, raw)
  } else {
    const typed = numbers.get(expectedField)?.finish() ?? new Uint8Array(0)
    data = fromTyped(datatype, typed, (message) => reader.refuse(`${where} ${message}`, start))
  }
  const tensor: OnnxTensor = { name, datatype, shape, data }
  checkTensor(tensor, where, limits)
  return tensor
}

function readDims(reader: OnnxReader, shape: number[], most: number): void {
  const what = 'TensorProto.dims'
  if (reader.wire !== LENGTH) shape.push(reader.safeInteger(what))
  else {
    const packed = reader.packed(what)
    while (packed.at < packed.end && shape.length <= most) {
      packed.varint(what)
      shape.push(safeIntegerIn(packed, what, reader))
    }
  }
  if (shape.length > most) throw overLimit('dimensions', shape.length, most, reader.at)
}

function readLocation(reader: OnnxReader): boolean {
  const location = reader.int32('TensorProto.data_location')
  if (location !== 0 && location !== 1)
    throw reader.refuse(`TensorProto.data_location is ${location}; 0 (in the file) and 1 (external) are allowed`)
  return location === 1
}

/** The `checksum` entry is dropped: files beside a model are held to digests of their own. */
function externalData(
  entries: ReadonlyMap<string, string>,
  where: string,
  reader: OnnxReader,
  start: number,
): OnnxExternalData {
  for (const key of entries.keys())
    if (!['location', 'offset', 'length', 'checksum'].includes(key))
      throw reader.refuse(`${where} has the external data key ${quote(key)}, which ONNX does not define`, start)
  const location = entries.get('location')
  if (location === undefined || location === '')
    throw reader.refuse(`${where} is external, but names no location`, start)
  const whole = (key: string): number | undefined => {
    const text = entries.get(key)
    if (text === undefined) return undefined
    const value = /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN
    if (!Number.isSafeInteger(value))
      throw reader.refuse(
        `${where} has the external data ${key} ${quote(text)}; a whole number from 0 up is due`,
        start,
      )
    return value
  }
  return { location, offset: whole('offset') ?? 0, length: whole('length') }
}

type NumericElementType = Exclude<OnnxElementType, 'BYTES'>

/** Little-endian bytes as the array of an element type: a view where they are aligned, a copy where they are not. */
export function numbersIn(datatype: NumericElementType, bytes: Uint8Array): NumericArray {
  if (!isDatatype(datatype)) return bytes
  const isAligned = bytes.byteOffset % ARRAY_OF[datatype].BYTES_PER_ELEMENT === 0
  return viewAs(datatype, isAligned ? bytes : bytes.slice())
}

/** Numbers of a typed data field as the array of an element type; int32_data carries all the small types. */
function fromTyped(
  datatype: NumericElementType,
  bytes: Uint8Array,
  refuse: (message: string) => ServingError,
): NumericArray {
  if (datatype === 'UINT32') {
    const wide = viewAs('UINT64', bytes)
    const tooBig = wide.findIndex((value) => value > 0xffff_ffffn)
    if (tooBig !== -1) throw refuse(`is UINT32, but its element ${tooBig} is ${wide[tooBig]}`)
    return Uint32Array.from(wide, Number)
  }
  if (datatype === 'INT32' || TYPED_FIELD[datatype] !== undefined) return numbersIn(datatype, bytes)
  const wide = viewAs('INT32', bytes)
  const target = isDatatype(datatype) ? datatype : 'UINT8'
  const [least, most] = INTEGER_BOUNDS[target] ?? [0, target === 'BOOL' ? 1 : 0xffff]
  const outside = wide.findIndex((value) => value < least || value > most)
  if (outside !== -1)
    throw refuse(`is ${datatype}, but its element ${outside} is ${wide[outside]}; ${least} to ${most} is allowed`)
  const data = allocate(target, wide.length)
  data.set(wide as never)
  return data
}
