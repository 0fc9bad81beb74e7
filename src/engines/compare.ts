import { isHalf, widenHalves } from '../tensor/half.ts'
import { isSameShape } from '../tensor/shape.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Tolerance } from './golden.ts'

/** How an output compares with what was expected of it. */
export interface Comparison {
  readonly output: string
  /** Elements that were compared. */
  readonly elements: number
  /** Elements outside the tolerance; labels and integers must be equal. */
  readonly wrong: number
  /** Largest |found - expected|, and largest |found - expected| / |expected|, of finite numbers. */
  readonly largestAbsolute: number
  readonly largestRelative: number
  /** The first element that is wrong: its row and its place in the row, both from 0. */
  readonly first?: { readonly row: number; readonly place: number; readonly found: string; readonly expected: string }
  /** Why nothing could be compared: it is missing, or of another shape. */
  readonly problem?: string
}

/**
 * Compares all elements of an output. Numbers of different datatypes are compared by value; [rows] and [rows, 1] are the
 * same shape.
 */
export function compareOutput(
  output: string,
  found: Tensor | undefined,
  expected: Tensor,
  tolerance: Tolerance,
): Comparison {
  const none = { output, elements: 0, wrong: 0, largestAbsolute: 0, largestRelative: 0 }
  if (found === undefined) return { ...none, problem: 'the model does not give it' }
  if ((found.datatype === 'BYTES') !== (expected.datatype === 'BYTES'))
    return { ...none, problem: `it is ${found.datatype}, expected is ${expected.datatype}` }
  if (!isSameShape(withoutOnes(found.shape), withoutOnes(expected.shape)))
    return {
      ...none,
      problem: `it has the shape [${found.shape.join(',')}], expected is [${expected.shape.join(',')}]`,
    }
  const [a, b] = [valuesOf(found), valuesOf(expected)]
  const perRow = Math.max(1, a.length / Math.max(1, expected.shape[0] ?? 1))
  let wrong = 0
  let largestAbsolute = 0
  let largestRelative = 0
  let first: Comparison['first']
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i], b[i]]
    if (typeof x === 'number' && typeof y === 'number' && Number.isFinite(x) && Number.isFinite(y)) {
      const distance = Math.abs(x - y)
      largestAbsolute = Math.max(largestAbsolute, distance)
      if (y !== 0) largestRelative = Math.max(largestRelative, distance / Math.abs(y))
    }
    if (isEqual(x, y, tolerance)) continue
    wrong++
    first ??= { row: Math.floor(i / perRow), place: i % perRow, found: shown(x), expected: shown(y) }
  }
  return { output, elements: b.length, wrong, largestAbsolute, largestRelative, ...(first && { first }) }
}

type Element = number | bigint | Uint8Array | undefined

function withoutOnes(shape: readonly number[]): readonly number[] {
  return shape.length === 2 && shape[1] === 1 ? shape.slice(0, 1) : shape
}

function valuesOf(tensor: Tensor): ArrayLike<Element> {
  if (tensor.datatype === 'BYTES') return tensor.data
  return isHalf(tensor.datatype) ? widenHalves(tensor.datatype, tensor.data as Uint16Array) : tensor.data
}

/** Integers are equal or they are not; floats may be as far apart as the tolerance says. */
function isEqual(found: Element, expected: Element, { relative, absolute }: Tolerance): boolean {
  if (found instanceof Uint8Array || expected instanceof Uint8Array)
    return found instanceof Uint8Array && expected instanceof Uint8Array && Buffer.compare(found, expected) === 0
  // oxlint-disable-next-line eqeqeq -- a bigint and a number of the same value are equal
  if (typeof found === 'bigint' || typeof expected === 'bigint') return found == expected
  if (found === undefined || expected === undefined) return false
  if (Number.isNaN(expected)) return Number.isNaN(found)
  if (!Number.isFinite(expected)) return found === expected
  return Math.abs(found - expected) <= absolute + relative * Math.abs(expected)
}

function shown(value: Element): string {
  return value instanceof Uint8Array ? JSON.stringify(Buffer.from(value).toString('utf8').slice(0, 80)) : String(value)
}
