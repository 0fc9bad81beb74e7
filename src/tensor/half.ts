/** Datatypes of two bytes a float, which are kept as their bits. */
export type HalfDatatype = 'FP16' | 'BF16'

export function isHalf(datatype: string): datatype is HalfDatatype {
  return datatype === 'FP16' || datatype === 'BF16'
}

/** The numbers behind the bits of half floats: each fits FP32 exactly. */
export function widenHalves(datatype: HalfDatatype, bits: Uint16Array): Float32Array {
  if (datatype === 'FP16') return Float32Array.from(new Float16Array(bits.buffer, bits.byteOffset, bits.length))
  // the upper half of an FP32
  return new Float32Array(Uint32Array.from(bits, (half) => half << 16).buffer)
}

/** The bits of the half floats that are nearest to numbers, the even one of two; what is too large is infinite. */
export function narrowToHalves(datatype: HalfDatatype, numbers: ArrayLike<number>): Uint16Array {
  if (datatype === 'FP16') return new Uint16Array(Float16Array.from(numbers).buffer)
  return Uint16Array.from(numbers, toBrainBits)
}

const float = new Float32Array(1)
const word = new Uint32Array(float.buffer)
const QUIET_NAN = 0x7fc0

/** By way of FP32, but rounded once: to odd first, so that no tie is made. */
function toBrainBits(value: number): number {
  if (Number.isNaN(value)) return QUIET_NAN
  float[0] = value
  let bits = word[0] as number
  const isExact = float[0] === value
  if (!isExact) {
    // towards zero, and then odd
    if (Math.abs(float[0]) > Math.abs(value)) bits--
    bits |= 1
  }
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16
}
