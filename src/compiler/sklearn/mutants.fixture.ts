import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Dice } from '../../core/dice.fixture.ts'
import { ServingError } from '../../core/errors.ts'
import { readPythonFile } from '../../formats/python/read-joblib.ts'
import type { NdArray, PyObject, PyValue } from '../../formats/python/values.ts'
import { compileEstimator } from './compile-estimator.ts'

const FIXTURES = join(import.meta.dirname, '../../../test/models/fixtures')
const MAX_BYTES = 60_000
const CODES = ['refused', 'unsupported', 'too_large', 'invalid_argument']

/** Files of real models, of one version: what changes them is made anew each time. */
const good = ['1.2.2', '1.9.1']
  .flatMap((version) => readdirSync(join(FIXTURES, version)).map((name) => join(FIXTURES, version, name)))
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((path) => /\.(pkl|joblib)$/.test(path))
  .sort()
  .map((path) => readFileSync(path))
  .filter((bytes) => bytes.length < MAX_BYTES)

const NUMBERS = [0, -1, 1, 2, 7, 1e9, -1e300, Number.NaN, Infinity, 0.5]
const INTS = [0n, -1n, 1n, 2n, 7n, 4096n, 2n ** 40n, -(2n ** 63n)]
const TEXTS = [
  '',
  'ovr',
  'linear',
  'rbf',
  'euclidean',
  'passthrough',
  'drop',
  '__proto__',
  'l2',
  'x'.repeat(300),
  'log2',
]

/**
 * Changes a model's state in some places, as no library writes it, and compiles it.
 * @returns whether it was compiled
 * @throws what is neither a program nor a refusal in words
 */
export function fuzzEstimator(dice: Dice): boolean {
  const { root } = readPythonFile(Buffer.from(dice.pick(good)))
  for (let left = dice.pick([1, 1, 1, 2, 3, 6]); left > 0; left--) damage(dice, root)
  try {
    compileEstimator(root, { producer: 'fuzz', allowUntested: true })
    return true
  } catch (error) {
    // a refusal that only catches what went wrong is none
    if (error instanceof ServingError && error.details['reason'] === 'state') throw error.cause
    if (error instanceof ServingError && CODES.includes(error.code) && error.message.length < 20_000) return false
    throw error
  }
}

/** Somewhere in a value, something becomes something else. */
function damage(dice: Dice, root: PyValue): void {
  const places: (() => void)[] = []
  const open: PyValue[] = [root]
  const seen = new Set<object>()
  for (let next = open.pop(); next !== undefined && seen.size < 5000; next = open.pop()) {
    if (typeof next !== 'object' || next === null || next instanceof Uint8Array || seen.has(next)) continue
    seen.add(next)
    if (next.kind === 'object') {
      places.push(() => damageObject(dice, next))
      for (const value of next.attributes.values()) open.push(value)
      open.push(...next.args)
    } else if (next.kind === 'list') {
      places.push(() => damageList(dice, next.items))
      open.push(...next.items.slice(0, 50))
    } else if (next.kind === 'tuple') open.push(...next.items)
    else if (next.kind === 'dict') for (const [, value] of next.entries.slice(0, 50)) open.push(value)
    else if (next.kind === 'ndarray') {
      places.push(() => damageArray(dice, next))
      if (next.holds === 'objects') open.push(...next.data.slice(0, 50))
      if (next.holds === 'records') for (const field of next.fields.values()) open.push(field)
    }
  }
  if (places.length > 0) dice.pick(places)()
}

function damageObject(dice: Dice, object: PyObject): void {
  const names = [...object.attributes.keys()]
  if (names.length === 0) return
  const name = dice.pick(names)
  const kind = dice.roll(6)
  if (kind === 0) object.attributes.delete(name)
  else if (kind === 1) object.attributes.set(name, object.attributes.get(dice.pick(names)) ?? null)
  else if (kind === 2) object.attributes.set(dice.pick(['strategy', 'new_option', 'classes_', 'coef_']), anyValue(dice))
  else if (kind === 3) object.attributes.set(name, object)
  else object.attributes.set(name, anyValue(dice, object.attributes.get(name)))
}

function damageList(dice: Dice, items: PyValue[]): void {
  const at = dice.roll(Math.max(1, items.length))
  const kind = dice.roll(4)
  if (kind === 0) items.splice(at, 1)
  else if (kind === 1) items.splice(at, 0, anyValue(dice))
  else if (kind === 2) items.push(...items.slice(0, 3))
  else items[at] = anyValue(dice, items[at])
}

/** Arrays are changed in place: numbers in them, and the shape that is claimed for them. */
function damageArray(dice: Dice, array: NdArray): void {
  if (dice.roll(3) === 0) {
    const shape = dice.pick<readonly number[]>([
      [],
      [0],
      [1, array.shape[0] ?? 1],
      [...array.shape, 1],
      array.shape.toReversed(),
      [(array.shape[0] ?? 0) + 1],
    ])
    Object.assign(array, { shape })
    return
  }
  if (array.holds !== 'numbers') return
  // the file's own bytes lie under it, and belong to this mutant alone
  const data = array.data.slice()
  Object.assign(array, { data })
  for (let left = dice.pick([1, 3, data.length]); left > 0 && data.length > 0; left--) {
    const at = dice.roll(data.length)
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[at] = dice.pick(INTS)
    else data[at] = dice.pick(NUMBERS)
  }
}

function anyValue(dice: Dice, before?: PyValue): PyValue {
  const kind = dice.roll(9)
  if (kind === 0) return null
  if (kind === 1) return dice.roll(2) === 0
  if (kind === 2) return dice.pick(INTS)
  if (kind === 3) return dice.pick(NUMBERS)
  if (kind === 4) return dice.pick(TEXTS)
  if (kind === 5) return { kind: 'list', items: before === undefined ? [] : [before, before] }
  if (kind === 6) return { kind: 'tuple', items: [dice.pick(TEXTS), null] }
  if (kind === 7) return { kind: 'dict', entries: [], byName: new Map() }
  const data = Float64Array.from({ length: 4 }, () => dice.pick(NUMBERS))
  const dtype = { kind: 'dtype', code: 'f', itemSize: 8, fields: undefined, unit: undefined } as const
  return { kind: 'ndarray', dtype, shape: dice.pick([[4], [2, 2], [4, 1], [1, 4]]), holds: 'numbers', data }
}
