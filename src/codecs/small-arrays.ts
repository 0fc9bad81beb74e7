import { ARRAY_OF, type NumericArrays, type NumericDatatype } from '../tensor/datatype.ts'

/** Arrays up to here lie together, in pieces of memory of the second size. */
const SMALL_BYTES = 1024
const SLAB_BYTES = 16_384
/** Up to here, bytes are sooner copied one by one than by a call into the engine. */
const FEW_BYTES = 96

let slab = new Uint8Array(SLAB_BYTES)
let used = 0

/** As `allocate`; small arrays lie together in one piece of memory, which is several times sooner had. */
export function allocateSmall<D extends NumericDatatype>(datatype: D, count: number): NumericArrays[D] {
  const constructor = ARRAY_OF[datatype]
  const sizeBytes = count * constructor.BYTES_PER_ELEMENT
  if (sizeBytes > SMALL_BYTES) return new constructor(count)
  const at = reserve(sizeBytes)
  return new constructor(slab.buffer, at, count)
}

/**
 * Little-endian bytes as numbers: a view where the bytes are aligned, a copy where they are not.
 * @param bytes a whole number of elements
 */
export function viewOrCopy<D extends NumericDatatype>(datatype: D, bytes: Uint8Array): NumericArrays[D] {
  const constructor = ARRAY_OF[datatype]
  const size = constructor.BYTES_PER_ELEMENT
  const { length, byteOffset } = bytes
  if (byteOffset % size === 0) return new constructor(bytes.buffer, byteOffset, length / size)
  if (length > SMALL_BYTES) return new constructor(new Uint8Array(bytes).buffer, 0, length / size)
  const at = reserve(length)
  copyBytes(bytes, slab, at)
  return new constructor(slab.buffer, at, length / size)
}

/** Copies all of `source` into `target` from place `at` on. */
export function copyBytes(source: Uint8Array, target: Uint8Array, at: number): void {
  const { length } = source
  if (length > FEW_BYTES) target.set(source, at)
  else for (let i = 0; i < length; i++) target[at + i] = source[i] as number
}

/** The place of so many bytes in the slab, aligned for every datatype. */
function reserve(sizeBytes: number): number {
  if (used + sizeBytes > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES)
    used = 0
  }
  const at = used
  used += (sizeBytes + 7) & -8
  return at
}
