import { ALL_PROJECTS } from '../../auth/permissions.ts'
import { nothing, type Handlers } from './call.ts'
import type { ApiOptions } from './doors.ts'
import { openApi } from './openapi.ts'

/** What is of the platform itself, and who asks. */
export function createPlatformHandlers({
  server,
  openCa,
  version,
}: ApiOptions): Pick<Handlers, 'getHealth' | 'getOpenApi' | 'getCa' | 'getServer' | 'getPrincipal'> {
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
    getPrincipal: {
      async read({ principal: { name, project, role, actions, endpoints } }) {
        const body = { name, project, role, actions: [...actions].toSorted() }
        return { body: endpoints === undefined ? body : { ...body, endpoints: [...endpoints].toSorted() } }
      },
    },
  }
}
