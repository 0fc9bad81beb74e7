import { ALL_PROJECTS } from '../../auth/permissions.ts'
import { nothing, type Handlers } from './call.ts'
import type { ApiOptions } from './doors.ts'
import { openApi } from './openapi.ts'

type Names = 'getHealth' | 'getOpenApi' | 'getCa' | 'getServer' | 'getPrincipal' | 'getLogLevels' | 'setLogLevels'

/** What is of the platform itself, and who asks. */
export function createPlatformHandlers({ server, openCa, version, logLevels }: ApiOptions): Pick<Handlers, Names> {
  const description = openApi(version)
  return {
    getHealth: { read: async () => ({ body: { status: 'ok' } }) },
    getOpenApi: { read: async () => ({ body: description }) },
    getCa: {
      async read() {
        const pem = await openCa?.()
        if (pem === undefined) throw nothing('certificate authority of its own here')
        return { body: pem }
      },
    },
    getServer: {
      async read({ principal }) {
        const info = await server()
        const runners = info.runners.filter(({ project }) => [ALL_PROJECTS, project].includes(principal.project))
        return { body: { ...info, runners } }
      },
    },
    getLogLevels: { read: async () => ({ body: logLevels.read() }) },
    setLogLevels: {
      change: async ({ body }) => {
        return async () => {
          const before = logLevels.read()
          const levels = { ...before, ...body }
          return {
            body: levels,
            audit: { details: { from: before, to: levels } },
            isUnchanged: levels.control === before.control && levels.runners === before.runners,
            after: async () => logLevels.set(levels),
          }
        }
      },
    },
    getPrincipal: {
      async read({ principal: { name, project, role, actions, endpoints } }) {
        const body = { name, project, role, actions: [...actions].toSorted() }
        return { body: endpoints === undefined ? body : { ...body, endpoints: [...endpoints].toSorted() } }
      },
    },
  }
}
