import type { Principal } from '../../auth/authorizer.ts'
import { UNAUTHENTICATED } from '../../auth/key-check.ts'
import { ALL_PROJECTS } from '../../auth/permissions.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { WireRequest } from '../../protocols/protocol.ts'
import type { Operations } from '../../runtime/operations.ts'
import { versionNumber, type ServedModel } from '../../runtime/plane.ts'
import { PROJECT_HEADER } from './directory.ts'

/**
 * Refuses a request that names another project than the one that is about to answer it: one without endpoints has no
 * runner, and nobody else's endpoint of the same name may stand in for its own.
 * @throws {ServingError} `not_found`; `permission_denied` for a key that is not good for any project but its own
 */
export function refuseOtherProject(
  principal: Principal | undefined,
  { headers }: Pick<WireRequest, 'headers'>,
  project: string,
): void {
  const named = headers[PROJECT_HEADER]
  if (named === undefined || named === project) return
  if (principal === undefined) throw new ServingError('unauthenticated', UNAUTHENTICATED)
  if (principal.project !== ALL_PROJECTS) throw namesAnother()
  throw new ServingError('not_found', `there is no endpoint in the project ${quote(named)}`)
}

/** The refusal of a key that is good, with a header that is not for it; whether there is such a project it does not tell. */
export function namesAnother(): ServingError {
  return new ServingError(
    'permission_denied',
    `this key is good for its own project alone, and the header ${PROJECT_HEADER} names another: leave the header out`,
    { details: { reason: 'project' } },
  )
}

/**
 * Of the operations of V2, what a key of one project may do: nothing that control alone does, and nothing that holds for
 * other projects too.
 * @param models the endpoints of the project
 */
export function operationsOfProject(operations: Operations, models: () => readonly ServedModel[]): Operations {
  return {
    ...operations,
    canControl: false,
    index: async () =>
      models().map((model) => ({
        name: model.name,
        version: versionNumber(model),
        state: model.state === 'ready' ? 'READY' : 'UNLOADING',
        reason: '',
      })),
    load: byControlAlone,
    unload: byControlAlone,
    logSettings: (change) =>
      change === undefined
        ? operations.logSettings()
        : forAllProjects(
            'what is logged holds for all projects: an admin of the platform says it, by PATCH /api/v1/log-levels',
          ),
    traceSettings: (model, change) =>
      change === undefined
        ? operations.traceSettings(model)
        : forAllProjects(
            'what is traced holds for all projects: whoever starts the platform says it, by OTEL_… variables',
          ),
  }
}

async function byControlAlone(): Promise<never> {
  throw new ServingError(
    'unsupported',
    "endpoints are deployed and taken away by the platform's API: see `slipway deploy`",
  )
}

async function forAllProjects(message: string): Promise<never> {
  throw new ServingError('unsupported', message)
}
