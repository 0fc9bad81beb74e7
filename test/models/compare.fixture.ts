import type { Datatype } from '../../src/tensor/datatype.ts'
import type { Tensor } from '../../src/tensor/tensor.ts'
import { toNumber, type CaseArray } from './case.fixture.ts'

export interface Tolerance {
  readonly rtol: number
  readonly atol: number
}

/** An answer that is not the original's. */
export class Difference extends Error {}

/** Datatypes that a prediction of numpy's kind may have: labels keep their own. */
const FITTING: Readonly<Record<Kind | 'number', readonly Datatype[]>> = {
  int: ['INT64', 'INT32'],
  bool: ['BOOL'],
  text: ['BYTES'],
  float: ['FP64', 'FP32'],
  number: ['FP64', 'FP32', 'INT64', 'INT32', 'BOOL'],
}

type Kind = 'int' | 'bool' | 'text' | 'float'

/**
 * Compares an answer with the original's: labels of whole numbers, booleans and texts exactly, others within the tolerance.
 * @returns the largest difference, relative to numbers beyond 1; 0 where all are equal
 * @throws {Difference} naming the first element that differs
 */
export function compare(name: string, given: Tensor, wanted: CaseArray, { rtol, atol }: Tolerance): number {
  // numbers that are no labels may be given as any: one-hot columns of int32, counts
  const kind = isLabel(name) || kindOf(wanted) === 'text' ? kindOf(wanted) : 'number'
  if (!FITTING[kind].includes(given.datatype))
    throw new Difference(`${name} is ${given.datatype}, the original's ${wanted.dtype}`)
  if (given.shape.length !== wanted.shape.length || given.shape.some((size, i) => size !== wanted.shape[i]))
    throw new Difference(`${name} is [${given.shape.join(',')}], the original's [${wanted.shape.join(',')}]`)
  let largest = 0
  wanted.data.forEach((value, i) => {
    const found = given.data[i]
    if (kind !== 'float' && kind !== 'number') {
      const exact = typeof value === 'boolean' ? Number(value) : value
      const own = found instanceof Uint8Array ? Buffer.from(found).toString('utf8') : Number(found)
      if (own === exact || (kind === 'text' && own === String(value))) return
      throw new Difference(`${name}[${i}] is ${JSON.stringify(own)}, not ${JSON.stringify(value)}`)
    }
    const [own, exact] = [Number(found), toNumber(value)]
    if (Object.is(own, exact) || own === exact) return
    const difference = Math.abs(own - exact)
    const isNear = Number.isFinite(exact) && difference <= atol + rtol * Math.abs(exact)
    if (!isNear) throw new Difference(`${name}[${i}] is ${own}, not ${exact}`)
    largest = Math.max(largest, difference / Math.max(1, Math.abs(exact)))
  })
  return largest
}

function isLabel(name: string): boolean {
  return /^predict(_\d+)?$/.test(name)
}

function kindOf({ dtype, data }: CaseArray): Kind {
  if (dtype === 'bool') return 'bool'
  if (/^u?int/.test(dtype)) return 'int'
  if (dtype.startsWith('float')) return 'float'
  // what numbers and booleans become side by side
  if (dtype === 'object' && data.every((value) => typeof value !== 'string' || value === 'NaN')) return 'float'
  return 'text'
}
