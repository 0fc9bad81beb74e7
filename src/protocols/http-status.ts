import type { ServingError } from '../core/errors.ts'
import { HTTP_STATUS } from '../core/http-status.ts'

/** HTTP status of a failure: 406 where the answer cannot be in the form that the caller takes, else that of its code. */
export function httpStatusOf({ code, details }: ServingError): number {
  return code === 'unsupported' && details['reason'] === 'accept' ? 406 : HTTP_STATUS[code]
}
