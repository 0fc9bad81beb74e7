import { ServingError } from '../../core/errors.ts'
import type { Malformed } from '../../core/protobuf/wire-reader.ts'

/** Refuses bytes that are no message of a type, as the caller's fault: `invalid_argument`. */
export function malformedMessage(type: string): Malformed {
  return (field, at, why) =>
    new ServingError('invalid_argument', `these bytes are no ${type}: ${field} at byte ${at} ${why}`, {
      details: { field, byte: at },
    })
}
