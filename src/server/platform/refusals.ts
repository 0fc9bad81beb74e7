import type { ErrorCode } from '../../core/errors.ts'
import { HTTP_STATUS } from '../../core/http-status.ts'
import type { Handle } from '../../protocols/protocol.ts'
import type { Call } from '../../runtime/plane.ts'

/** What statuses say of a request's content, in gRPC too: protocols that give a code another one mean something else by it. */
const CODES: ReadonlyMap<number, ErrorCode> = new Map(
  (['invalid_argument', 'unsupported', 'too_large'] as const).map((code) => [HTTP_STATUS[code], code]),
)

/**
 * Tells of requests whose content is refused, whoever refuses it: some are turned down while they are read, so that the
 * plane that counts never sees them.
 * @param tell called for requests that were found a version and were refused; also for those that the plane has counted
 */
export function tellingRefusals(own: Handle, tell: (call: Call, code: ErrorCode) => void): Handle {
  return async (request, plane, call) => {
    const answer = await own(request, plane, call)
    if (answer.status >= 400 && call.model !== undefined) {
      const code = CODES.get(answer.status)
      if (code !== undefined) tell(call, code)
    }
    return answer
  }
}
