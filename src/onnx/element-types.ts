import { ARRAY_OF, isDatatype } from '../tensor/datatype.ts'
import type { OnnxAttribute, OnnxElementType } from './model.ts'

/** How each element type is numbered in a file. @see onnx.proto3, TensorProto.DataType */
const ELEMENT_TYPE_NUMBERS: Readonly<Record<OnnxElementType, number>> = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
  COMPLEX64: 14,
  COMPLEX128: 15,
  BF16: 16,
  FP8E4M3FN: 17,
  FP8E4M3FNUZ: 18,
  FP8E5M2: 19,
  FP8E5M2FNUZ: 20,
  UINT4: 21,
  INT4: 22,
  FP4E2M1: 23,
}

const ELEMENT_TYPES = new Map(
  Object.entries(ELEMENT_TYPE_NUMBERS).map(([name, number]) => [number, name as OnnxElementType]),
)

export const ELEMENT_TYPE_NAMES: readonly OnnxElementType[] = [...ELEMENT_TYPES.values()]

/** The element type behind a file's number; undefined for 0 ("undefined") and for numbers that we do not speak. */
export function elementTypeOf(number: number): OnnxElementType | undefined {
  return ELEMENT_TYPES.get(number)
}

/** The number that a file has for an element type. */
export function elementTypeNumber(datatype: OnnxElementType): number {
  return ELEMENT_TYPE_NUMBERS[datatype]
}

/** Bits of one element as it lies in raw_data; 0 for BYTES, whose elements have each their own length. */
export function elementBits(datatype: OnnxElementType): number {
  if (isDatatype(datatype)) return datatype === 'BYTES' ? 0 : ARRAY_OF[datatype].BYTES_PER_ELEMENT * 8
  if (datatype === 'COMPLEX128') return 128
  if (datatype === 'COMPLEX64') return 64
  return datatype === 'UINT4' || datatype === 'INT4' || datatype === 'FP4E2M1' ? 4 : 8
}

/** Bytes that `count` elements take in raw_data: 4-bit types lie two to a byte, the last byte filled up. */
export function rawBytes(datatype: OnnxElementType, count: number): number {
  return Math.ceil((count * elementBits(datatype)) / 8)
}

/** How attribute types are numbered in a file. @see onnx.proto3, AttributeProto.AttributeType */
export const ATTRIBUTE_TYPE_NUMBERS: Readonly<Record<Exclude<OnnxAttribute['type'], 'reference'>, number>> = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  type: 13,
}

/** Attribute types that the format has and that are refused here by name. */
export const UNSUPPORTED_ATTRIBUTE_TYPES: ReadonlyMap<number, string> = new Map([
  [11, 'SPARSE_TENSOR'],
  [12, 'SPARSE_TENSORS'],
  [14, 'TYPE_PROTOS'],
])

/** The AttributeType number of an attribute; a reference has that of what it stands for. */
export function attributeTypeNumber(attribute: OnnxAttribute): number {
  return attribute.type === 'reference' ? attribute.of : ATTRIBUTE_TYPE_NUMBERS[attribute.type]
}
