import type { Datatype } from '../../tensor/datatype.ts'

/** How ONNX Runtime numbers datatypes. @see onnxruntime_c_api.h, ONNXTensorElementDataType */
export const ELEMENT_TYPE: Readonly<Record<Datatype, number>> = {
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
  BF16: 16,
}

const DATATYPES = new Map(Object.entries(ELEMENT_TYPE).map(([datatype, number]) => [number, datatype as Datatype]))

/** The datatype behind ONNX Runtime's number; undefined for those that cannot be served. */
export function datatypeOf(elementType: number): Datatype | undefined {
  return DATATYPES.get(elementType)
}

/** Kinds of values. @see onnxruntime_c_api.h, ONNXType */
export const VALUE_TYPE = { sequence: 2, map: 3 } as const
