/** Datatypes of the Open Inference Protocol. @see Open Inference Protocol v2, "Tensor Data Types" */
export const DATATYPES = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'BF16',
  'FP32',
  'FP64',
  'BYTES',
] as const

export type Datatype = (typeof DATATYPES)[number]

export type NumericDatatype = Exclude<Datatype, 'BYTES'>

/** The typed array that holds a numeric datatype. BOOL is one byte, 0 or 1; FP16 and BF16 are kept as their bits. */
export interface NumericArrays {
  BOOL: Uint8Array
  UINT8: Uint8Array
  UINT16: Uint16Array
  UINT32: Uint32Array
  UINT64: BigUint64Array
  INT8: Int8Array
  INT16: Int16Array
  INT32: Int32Array
  INT64: BigInt64Array
  FP16: Uint16Array
  BF16: Uint16Array
  FP32: Float32Array
  FP64: Float64Array
}

export type NumericArray = NumericArrays[NumericDatatype]

interface ArrayConstructorOf<A> {
  readonly BYTES_PER_ELEMENT: number
  new (length: number): A
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A
}

/** Constructor of the array behind each numeric datatype. */
export const ARRAY_OF: { readonly [D in NumericDatatype]: ArrayConstructorOf<NumericArrays[D]> } = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Uint16Array,
  BF16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
}

export function isDatatype(name: unknown): name is Datatype {
  return typeof name === 'string' && (DATATYPES as readonly string[]).includes(name)
}

/** Bytes of one element; 0 for BYTES, whose elements have each their own length. */
export function elementSizeBytes(datatype: Datatype): number {
  return datatype === 'BYTES' ? 0 : ARRAY_OF[datatype].BYTES_PER_ELEMENT
}

/** Datatypes whose elements are read and written as `bigint`. */
export function isBigInt(datatype: Datatype): datatype is 'INT64' | 'UINT64' {
  return datatype === 'INT64' || datatype === 'UINT64'
}

/** Inclusive bounds of the integer datatypes that fit a `number`. */
export const INTEGER_BOUNDS: Readonly<Partial<Record<Datatype, readonly [number, number]>>> = {
  UINT8: [0, 0xff],
  UINT16: [0, 0xffff],
  UINT32: [0, 0xffff_ffff],
  INT8: [-0x80, 0x7f],
  INT16: [-0x8000, 0x7fff],
  INT32: [-0x8000_0000, 0x7fff_ffff],
}
