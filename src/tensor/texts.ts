import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Tensors } from './tensor.ts'

/** Most elements of BYTES in one request: each is an object of its own, which costs time and `TEXT_BYTES`. */
export const MAX_TEXTS = 2 ** 20

/** Memory of one element of BYTES, besides its bytes: the object and its place in the list (measured; bytes). */
export const TEXT_BYTES = 120

/**
 * Refuses an input before its elements are read, where a request would have more than `MAX_TEXTS` of them.
 * @param count elements of BYTES that the input's shape holds
 * @param room most that its bytes can hold: a shape may claim what it likes, and is told that it does not fit
 * @param beside the inputs that have been read already
 * @throws {ServingError} `too_large` naming the input
 */
export function checkTexts(name: string, count: number, room: number, beside: Tensors): void {
  let before = 0
  for (const { datatype, data } of beside.values()) if (datatype === 'BYTES') before += data.length
  if (before + Math.min(count, room) <= MAX_TEXTS) return
  const others = before === 0 ? '' : `, with ${before} in the inputs before it`
  throw new ServingError('too_large', `input ${quote(name)} has ${count} elements of BYTES${others}; ${MOST_TEXTS}`, {
    details: { input: name },
  })
}

/** What is allowed, and what to do, for the end of a message. */
export const MOST_TEXTS = `the most in one request is ${MAX_TEXTS}: send several requests`

/** What a missing value is as an element of BYTES: empty, and this very array where a caller has said that it is missing. */
export const MISSING_TEXT: Uint8Array = new Uint8Array(0)
