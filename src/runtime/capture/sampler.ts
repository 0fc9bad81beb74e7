/**
 * Decides which requests of an endpoint are kept: the same ones for the same numbers, spread evenly, in any share.
 * @param seed differs between processes, so that they do not all keep the same numbers
 */
export function createSampler(seed: number): (sample: number) => boolean {
  let asked = 0
  return (sample) => {
    asked = (asked + 1) >>> 0
    return sample >= 1 || (sample > 0 && unitOf(asked ^ seed) < sample)
  }
}

/** 0 to 1, without 1: the final mix of MurmurHash3, which spreads numbers that follow each other. */
function unitOf(number: number): number {
  let mixed = number
  mixed ^= mixed >>> 16
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  mixed ^= mixed >>> 16
  return (mixed >>> 0) / 2 ** 32
}
