import { isUtf8 } from 'node:buffer'
import { ServingError } from '../core/errors.ts'

/**
 * Why a body is no JSON: what stands at a byte where the grammar has something else.
 * @param bytes the body, and perhaps a byte after it
 * @param length of the body alone
 */
export function syntaxRefusal(bytes: Buffer, length: number, at: number): ServingError {
  const body = bytes.subarray(0, length)
  if (!isUtf8(body)) return utf8Refusal()
  if (at >= length) return refusalAt(length, `the body is no JSON: it ends too early, at byte ${length}`)
  const hint = /^-?(?:NaN|Infinity)/.test(body.toString('latin1', at, at + 9))
    ? '; JSON has no NaN and no Infinity: send null for a missing number, or binary tensors'
    : ''
  return refusalAt(at, `the body is no JSON: unexpected ${shown(body[at] ?? 0)} at byte ${at}${hint}`)
}

export function utf8Refusal(): ServingError {
  return new ServingError('invalid_argument', 'the body is no UTF-8 text')
}

/** @param byte where in the body, counted from 0 */
export function refusalAt(byte: number, message: string): ServingError {
  return new ServingError('invalid_argument', message, { details: { byte } })
}

/** A byte for a message: no control characters, no halves of characters. */
function shown(byte: number): string {
  return byte > 0x20 && byte < 0x7f
    ? JSON.stringify(String.fromCharCode(byte))
    : `byte 0x${byte.toString(16).padStart(2, '0')}`
}
