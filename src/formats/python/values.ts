import type { NumericArray } from '../../tensor/datatype.ts'

/**
 * What a pickle holds, as inert data: nothing in it can be called, and no name in it stands for code.
 * `int` is a bigint and `float` a number, so that 1 and 1.0 stay apart; `bytes` and `bytearray` are a Uint8Array.
 * Values may be shared and may contain themselves: whoever walks them must know where it has been and may not recurse
 * without a bound.
 */
export type PyValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | PyTuple
  | PyList
  | PyDict
  | PySet
  | PyGlobal
  | PyObject
  | Dtype
  | NdArray
  | NumpyScalar
  | SparseMatrix

export interface PyTuple {
  readonly kind: 'tuple'
  readonly items: readonly PyValue[]
}

export interface PyList {
  readonly kind: 'list'
  readonly items: PyValue[]
}

/** A dict of any kind (OrderedDict and defaultdict too), in the order of its keys; a repeated key keeps its place and its last value. */
export interface PyDict {
  readonly kind: 'dict'
  readonly entries: (readonly [key: PyValue, value: PyValue])[]
  /** The entries whose keys are text. */
  readonly byName: Map<string, PyValue>
}

export interface PySet {
  readonly kind: 'set'
  readonly items: PyValue[]
  readonly isFrozen: boolean
}

/**
 * How far a name in a file may be trusted to be harmless. `data`: known, and read as what it stands for. `ignorable`:
 * unknown, kept as an inert object, an error only for whoever needs it. `dangerous`: known to run code, to touch files or
 * the network, or to look other names up: the file is refused.
 */
export type Verdict = 'data' | 'ignorable' | 'dangerous'

/** A name of a class or function, as the file writes it. It is never looked up. */
export interface PyGlobal {
  readonly kind: 'global'
  readonly module: string
  readonly name: string
  /** Byte of the (decompressed) stream at which the file names it. */
  readonly offset: number
  readonly verdict: Verdict
}

/** What the file would have made by calling a name: kept as the name and what it was to be called with. */
export interface PyObject {
  readonly kind: 'object'
  readonly class: PyGlobal
  /** Whether a class was to be instantiated (`NEWOBJ`, `copyreg.__newobj__`, `copyreg._reconstructor`) or a name called (`REDUCE`). */
  readonly made: 'instance' | 'call'
  readonly args: readonly PyValue[]
  /** Keyword arguments, of `NEWOBJ_EX`. */
  readonly keywords: PyDict | undefined
  /** The object's attributes, of `BUILD`: `__dict__` and slots together. */
  readonly attributes: Map<string, PyValue>
  /** What `BUILD` gave where it was no dict of names; undefined otherwise. */
  state: PyValue | undefined
  /** What was appended or added to it, and set in it by key. */
  readonly items: PyValue[]
  readonly entries: (readonly [key: PyValue, value: PyValue])[]
}

/** An element type of numpy. Data is always handed on in this machine's byte order. */
export interface Dtype {
  readonly kind: 'dtype'
  /**
   * numpy's kind of type: b bool, i and u integers, f float, c complex, O object, U text, S bytes, M datetime, m timedelta,
   * V structured (`fields`) or raw.
   */
  readonly code: 'b' | 'i' | 'u' | 'f' | 'c' | 'O' | 'U' | 'S' | 'M' | 'm' | 'V'
  /** Bytes of one element; of U, four for each character. */
  readonly itemSize: number
  /** Of a structured type, in order. */
  readonly fields: ReadonlyMap<string, { readonly dtype: Dtype; readonly offset: number }> | undefined
  /** Of a datetime or timedelta: `ns`, `D`, …; `''` where it has none. */
  readonly unit: string | undefined
}

/** An array of numpy, in C order whatever the file's. */
export type NdArray = NumericNdArray | ObjectNdArray | TextNdArray | BytesNdArray | StructuredNdArray

interface AnyNdArray {
  readonly kind: 'ndarray'
  readonly dtype: Dtype
  readonly shape: readonly number[]
}

/**
 * b as Uint8Array of 0 and 1; i and u as the typed array of their size (BigInt64Array and BigUint64Array for 8 bytes); f
 * as Float64Array, Float32Array or, for 2 bytes, the bits in a Uint16Array; c as pairs; M and m as BigInt64Array.
 */
export interface NumericNdArray extends AnyNdArray {
  readonly holds: 'numbers'
  readonly data: NumericArray
}

export interface ObjectNdArray extends AnyNdArray {
  readonly holds: 'objects'
  readonly data: readonly PyValue[]
}

/** Text of dtype U, without the NULs that pad it. */
export interface TextNdArray extends AnyNdArray {
  readonly holds: 'text'
  readonly data: readonly string[]
}

export interface BytesNdArray extends AnyNdArray {
  readonly holds: 'bytes'
  readonly data: readonly Uint8Array[]
}

/** Records, by column: each field is an array of the same shape (a field that is an array itself has more dimensions). */
export interface StructuredNdArray extends AnyNdArray {
  readonly holds: 'records'
  readonly fields: ReadonlyMap<string, NdArray>
}

/** A numpy scalar; its value is what `item()` gives: bool, int (bigint), float, text, bytes. */
export interface NumpyScalar {
  readonly kind: 'scalar'
  readonly dtype: Dtype
  readonly value: PyValue
}

/** A two-dimensional sparse matrix or array of scipy, of any of its layouts, as CSR. */
export interface SparseMatrix {
  readonly kind: 'sparse'
  readonly shape: readonly [rows: number, columns: number]
  /** Where each row begins in `columns` and `values`; one more than there are rows. */
  readonly starts: Int32Array
  readonly columns: Int32Array
  readonly values: NumericArray
}
