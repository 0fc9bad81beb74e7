import type { Dice } from './dice.fixture.ts'

/** A place in bytes, with what stands there left out or replaced. */
export interface Place {
  readonly bytes: Buffer
  readonly at: number
  readonly to: number
  /** The bytes with these in place of what stands between `at` and `to`. */
  readonly around: (...middle: Uint8Array[]) => Buffer<ArrayBuffer>
}

/** A place of some bytes, few or none of them at times. @param within how far in it begins, at the most */
export function anyPlace(dice: Dice, bytes: Buffer, within = bytes.length): Place {
  const at = dice.roll(within + 1)
  const to = Math.min(bytes.length, at + dice.roll(dice.pick([2, 8, 64])))
  return { bytes, at, to, around: (...middle) => Buffer.concat([bytes.subarray(0, at), ...middle, bytes.subarray(to)]) }
}

/** How many changes `spliced` knows. */
export const SPLICES = 4

/**
 * A change that is one for bytes of every kind: they end there, a part is left out or stands twice, or one of another's has come in.
 * @param kind below `SPLICES`
 * @param most bytes that come in (but one)
 */
export function spliced(
  dice: Dice,
  { bytes, at, to, around }: Place,
  kind: number,
  other: () => Buffer,
  most = 64,
): Buffer<ArrayBuffer> {
  if (kind === 0) return Buffer.from(bytes.subarray(0, at))
  if (kind === 1) return around()
  if (kind === 2) return around(bytes.subarray(at, to), bytes.subarray(at, to))
  const guest = other()
  return around(guest.subarray(dice.roll(guest.length + 1)).subarray(0, dice.roll(most)))
}
