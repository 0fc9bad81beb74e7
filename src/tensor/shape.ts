import { ServingError } from '../core/errors.ts'

/** Sizes of each dimension, outermost first. In a signature, -1 marks a dimension that may vary. */
export type Shape = readonly number[]

/** Most dimensions that a tensor may have here. */
export const MAX_RANK = 8

/** Most elements that one tensor may have: what a typed array can index safely. */
export const MAX_ELEMENTS = 2 ** 31 - 1

/**
 * How many elements a concrete shape holds; 1 for a scalar's `[]`.
 * @param what whose shape it is, for the message: a function where the words would cost every request
 * @throws {ServingError} `invalid_argument` for a negative, fractional or overflowing shape
 */
export function elementCount(shape: Shape, what: string | (() => string) = 'the tensor'): number {
  if (shape.length > MAX_RANK) throw bad(what, `has ${shape.length} dimensions, the most is ${MAX_RANK}`)
  let isEmpty = false
  let count = 1
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0)
      throw bad(what, `has the shape [${shape.map(show).join(',')}]; sizes are whole, from 0 up`)
    if (size === 0) isEmpty = true
    else count *= size
    if (count > MAX_ELEMENTS) throw bad(what, `of shape [${shape.join(',')}] has over ${MAX_ELEMENTS} elements`)
  }
  return isEmpty ? 0 : count
}

function bad(what: string | (() => string), why: string): ServingError {
  return new ServingError('invalid_argument', `${typeof what === 'string' ? what : what()} ${why}`)
}

/** A size for a message: what is no number came from outside, and may be as long or as deep as it likes. */
function show(size: unknown): string {
  return typeof size === 'number' ? String(size) : typeof size
}

/** Whether a concrete shape fits a signature's, where -1 takes any size. */
export function shapeFits(shape: Shape, pattern: Shape): boolean {
  return shape.length === pattern.length && pattern.every((size, axis) => size === -1 || size === shape[axis])
}

export function isSameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis])
}
