import { DEFAULT_PROJECT } from '../../api/resources.ts'
import { ALL_PROJECTS } from '../../auth/permissions.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Writer } from '../store/store.ts'
import { checkConditions, type Handlers } from './call.ts'
import type { ApiOptions } from './doors.ts'
import { projectOf } from './records.ts'
import { shown } from './shown.ts'

type Names = 'listProjects' | 'createProject' | 'getProject' | 'updateProject' | 'deleteProject'

export function createProjectHandlers({ store }: ApiOptions): Pick<Handlers, Names> {
  return {
    listProjects: {
      async read({ principal, query }) {
        if (principal.project !== ALL_PROJECTS) {
          const own = await store.read((tx) => tx.get('project', '', principal.project))
          return { body: { items: own === undefined ? [] : [shown(own)] } }
        }
        const page = await store.read((tx) => tx.list('project', { project: '', ...query }))
        return { body: { ...page, items: page.items.map(shown) } }
      },
    },
    createProject: {
      change: async ({ body: { name, description = '' } }) => {
        return async (tx) => {
          await refuseOtherCase(tx, name)
          const stored = await tx.insert('project', '', name, { name, description })
          await event(tx, name, 'project-created', `the project ${quote(name)} was made`)
          return { body: shown(stored), audit: { resource: `projects/${name}` } }
        }
      },
    },
    getProject: {
      read: async ({ params }) => ({ body: shown(await store.read((tx) => projectOf(tx, params.project))) }),
    },
    updateProject: {
      change: async ({ params, body, conditions }) => {
        return async (tx) => {
          const stored = await projectOf(tx, params.project)
          checkConditions(conditions, stored)
          const document = { ...stored.document, description: body.description }
          return { body: shown(await tx.update('project', '', stored.name, stored.etag, document)) }
        }
      },
    },
    deleteProject: {
      change: async ({ params: { project }, conditions }) => {
        return async (tx) => {
          const stored = await projectOf(tx, project)
          checkConditions(conditions, stored)
          if (project === DEFAULT_PROJECT)
            throw new ServingError('conflict', `the project ${quote(project)} stays: it is there from the start`)
          await refuseUnlessEmpty(tx, project)
          for (const kind of ['rollout', 'revision', 'version', 'upload', 'key'] as const)
            for (const { name } of await tx.all(kind, { project })) await tx.remove(kind, project, name)
          await tx.remove('project', '', project, stored.etag)
          await event(tx, project, 'project-deleted', `the project ${quote(project)} was deleted`)
          return { body: undefined }
        }
      },
    },
  }
}

/** Projects have files that are called like them, and there are disks to which upper and lower case are one. */
async function refuseOtherCase(tx: Writer, name: string): Promise<void> {
  const other = (await tx.all('project')).find(
    (each) => each.name !== name && each.name.toLowerCase() === name.toLowerCase(),
  )
  if (other !== undefined)
    throw new ServingError(
      'conflict',
      `there is a project ${quote(other.name)}: the names of two projects differ by more than upper and lower case`,
      { details: { reason: 'exists', name: other.name } },
    )
}

async function refuseUnlessEmpty(tx: Writer, project: string): Promise<void> {
  for (const kind of ['endpoint', 'model'] as const) {
    const [first] = (await tx.list(kind, { project, limit: 1 })).items
    if (first !== undefined)
      throw new ServingError(
        'conflict',
        `the project ${quote(project)} holds the ${kind} ${quote(first.name)}: delete what it holds first`,
        { details: { reason: 'in_use', kind, name: first.name } },
      )
  }
}

async function event(tx: Writer, name: string, type: string, message: string): Promise<void> {
  await tx.addEvent({ project: name, kind: 'project', name, type, level: 'info', message, details: {} })
}
