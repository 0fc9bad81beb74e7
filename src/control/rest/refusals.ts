import type { PlatformPrincipal } from '../../auth/permissions.ts'
import { ALL_PROJECTS } from '../../auth/permissions.ts'
import type { ApiRoute } from '../../api/routes.ts'
import type { ServingError } from '../../core/errors.ts'
import type { Environment } from '../environment.ts'
import type { Store } from '../store/store.ts'

/** Entries that those without a valid key can cause, at once and per second after that: the log must not fill the disk. */
const BURST = 100
const PER_SECOND = 1

/** What failed or was refused. */
export interface Refusal {
  readonly route: ApiRoute
  /** Undefined for nobody. */
  readonly principal: PlatformPrincipal | undefined
  readonly by: string
  readonly peer: string
  /** `endpoints/fraud`, or with `projects/other/` before it where the caller's border was met. */
  readonly resource: string
  readonly requestId: string
  readonly error: ServingError
  readonly outcome: 'refused' | 'failed'
}

/** Writes refused access and failed changes to the audit log. Nothing is thrown: the answer goes out in any case. */
export function createRefusals({ store, environment }: { readonly store: Store; readonly environment: Environment }) {
  let tokens = BURST
  let filledAtMs = environment.now()
  let left = 0

  /** @returns whether there is room for an entry that somebody unknown causes */
  function take(): boolean {
    const now = environment.now()
    tokens = Math.min(BURST, tokens + ((now - filledAtMs) / 1000) * PER_SECOND)
    filledAtMs = now
    if (tokens < 1) {
      left++
      return false
    }
    tokens--
    return true
  }

  return {
    async write({ route, principal, by, peer, resource, requestId, error, outcome }: Refusal): Promise<void> {
      const { action } = route
      if (action === 'open' || action === 'any-key') return
      if (principal === undefined && !take()) return
      const before = left
      left = 0
      try {
        await store.transact((tx) =>
          tx.addAudit({
            project: principal?.project ?? ALL_PROJECTS,
            principal: by,
            peer,
            action,
            resource,
            outcome,
            code: error.code,
            details: {
              operation: route.name,
              requestId,
              ...(before === 0 || principal !== undefined ? {} : { leftOutBefore: before }),
            },
          }),
        )
      } catch (cause) {
        environment.log('warn', 'a refusal could not be written to the audit log', { requestId, error: String(cause) })
      }
    },
  }
}
