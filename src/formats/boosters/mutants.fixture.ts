import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Dice } from '../../core/dice.fixture.ts'
import { ServingError } from '../../core/errors.ts'
import { readLightgbm } from './lightgbm.ts'
import { readXgboost } from './xgboost.ts'

const file = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures', name))
const GOOD = ['xgboost-json', 'xgboost-ubj', 'lightgbm-text', 'lightgbm-linear'].map((name) => file(`${name}.model`))
const CODES = ['refused', 'unsupported', 'too_large']
const BYTES = [
  0, 1, 0x20, 0x22, 0x23, 0x24, 0x2c, 0x2d, 0x30, 0x39, 0x4c, 0x55, 0x5b, 0x5d, 0x64, 0x6c, 0x7b, 0x7d, 0x7f, 0x80,
  0xff,
]

/** A model file of XGBoost or LightGBM, changed in some places. */
export function boosterMutant(dice: Dice): Buffer {
  let bytes = Buffer.from(dice.pick(GOOD))
  for (let left = dice.pick([1, 1, 1, 2, 3, 8]); left > 0; left--) bytes = changed(dice, bytes)
  return bytes
}

/**
 * Reads a mutant by whichever reader its beginning asks for.
 * @returns whether it was read
 * @throws whatever a reader throws that is no refusal
 */
export function readBoosterMutant(bytes: Buffer): boolean {
  try {
    if (bytes[0] === 0x7b) readXgboost(bytes)
    else readLightgbm(bytes)
    return true
  } catch (error) {
    if (error instanceof ServingError && CODES.includes(error.code)) return false
    throw error
  }
}

function changed(dice: Dice, bytes: Buffer): Buffer<ArrayBuffer> {
  const at = dice.roll(bytes.length + 1)
  const end = Math.min(bytes.length, at + dice.pick([1, 1, 2, 8, 200]))
  const part = bytes.subarray(at, end)
  const fresh = Buffer.from(dice.some(4, () => dice.pick(BYTES)))
  switch (dice.roll(5)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)])
    case 1:
      return Buffer.concat([bytes.subarray(0, at), fresh, bytes.subarray(at)])
    case 2:
      return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)])
    case 3:
      return Buffer.from(bytes.subarray(0, at))
    default:
      return Buffer.concat([bytes.subarray(0, at), fresh, bytes.subarray(at + fresh.length)])
  }
}
