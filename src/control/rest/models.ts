import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { Writer } from '../store/store.ts'
import { checkConditions, nothing, type Handlers } from './call.ts'
import type { ApiOptions } from './doors.ts'
import { modelText, refuseInUse, usesOf } from './in-use.ts'
import { modelOf, projectOf, versionOf } from './records.ts'
import { shown } from './shown.ts'

type Names = 'listModels' | 'createModel' | 'getModel' | 'updateModel' | 'deleteModel' | 'putLabel' | 'deleteLabel'

/** Labels that a model may have. */
const MAX_LABELS = 100

export function createModelHandlers({ store }: ApiOptions): Pick<Handlers, Names> {
  return {
    listModels: {
      async read({ params: { project }, query }) {
        const page = await store.read(async (tx) => {
          await projectOf(tx, project)
          return tx.list('model', { project, ...query })
        })
        return { body: { ...page, items: page.items.map(shown) } }
      },
    },
    createModel: {
      change: async ({ params: { project }, body: { name, description } }) => {
        return async (tx) => {
          const stored = await insertModel(tx, project, name, description)
          return { body: shown(stored), audit: { resource: `models/${name}` } }
        }
      },
    },
    getModel: {
      async read({ params: { project, model } }) {
        const stored = await store.read(async (tx) => {
          await projectOf(tx, project)
          return modelOf(tx, project, model)
        })
        return { body: shown(stored) }
      },
    },
    updateModel: {
      change: async ({ params: { project, model }, body, conditions }) => {
        return async (tx) => {
          const stored = await modelOf(tx, project, model)
          checkConditions(conditions, stored)
          const document = { ...stored.document, description: body.description }
          return { body: shown(await tx.update('model', project, model, stored.etag, document)) }
        }
      },
    },
    deleteModel: {
      change: async ({ params: { project, model }, conditions }) => {
        return async (tx) => {
          const stored = await modelOf(tx, project, model)
          checkConditions(conditions, stored)
          refuseInUse(modelText(model), await usesOf(tx, project, model))
          for (const { name } of await tx.all('version', { project, prefix: `${model}/` }))
            await tx.remove('version', project, name)
          await tx.remove('model', project, model, stored.etag)
          await event(tx, { project, model, type: 'model-deleted', message: `${modelText(model)} was deleted` })
          return { body: undefined }
        }
      },
    },
    putLabel: {
      change: async ({ params: { project, model, label }, body, conditions }) => {
        return async (tx) => {
          const stored = await modelOf(tx, project, model)
          checkConditions(conditions, stored)
          const { document } = stored
          const before = Object.hasOwn(document.labels, label) ? document.labels[label] : undefined
          const version = await versionOf(tx, { project, model, version: body.version })
          if (version.document.state !== 'ready')
            throw new ServingError(
              'conflict',
              `${modelText(model, body.version)} is ${version.document.state}: a label moves only to a version that is ready`,
              { details: { reason: 'not_ready', state: version.document.state } },
            )
          if (before === body.version) return { body: shown(stored), isUnchanged: true }
          if (before === undefined && Object.keys(document.labels).length >= MAX_LABELS)
            throw new ServingError('conflict', `${modelText(model)} has ${MAX_LABELS} labels, the most there may be`)
          const labels = { ...document.labels, [label]: body.version }
          const now = await tx.update('model', project, model, stored.etag, { ...document, labels })
          const from = before === undefined ? '' : ` from version ${before}`
          await event(tx, {
            project,
            model,
            type: 'label-moved',
            message: `the label ${quote(label)} moved${from} to version ${body.version}`,
            details: { label, to: body.version, ...(before === undefined ? {} : { from: before }) },
          })
          return { body: shown(now), audit: { details: { to: body.version } } }
        }
      },
    },
    deleteLabel: {
      change: async ({ params: { project, model, label }, conditions }) => {
        return async (tx) => {
          const stored = await modelOf(tx, project, model)
          checkConditions(conditions, stored)
          const { [label]: before, ...labels } = stored.document.labels
          if (before === undefined)
            throw nothing(
              `label ${quote(label)} on ${modelText(model)}, which has ${quoteList(Object.keys(stored.document.labels))}`,
            )
          const uses = (await usesOf(tx, project, model)).filter((use) => use.label === label)
          refuseInUse(`the label ${quote(label)}`, uses)
          const now = await tx.update('model', project, model, stored.etag, { ...stored.document, labels })
          await event(tx, {
            project,
            model,
            type: 'label-deleted',
            message: `the label ${quote(label)} was taken from version ${before}`,
            details: { label, from: before },
          })
          return { body: shown(now) }
        }
      },
    },
  }
}

/** @throws {ServingError} `conflict` when there is one of that name */
export async function insertModel(tx: Writer, project: string, name: string, description = '') {
  const stored = await tx.insert('model', project, name, { project, name, description, labels: {}, lastNumber: 0 })
  await event(tx, { project, model: name, type: 'model-created', message: `${modelText(name)} was made` })
  return stored
}

async function event(
  tx: Writer,
  said: {
    readonly project: string
    readonly model: string
    readonly type: string
    readonly message: string
    readonly details?: Readonly<Record<string, unknown>>
  },
): Promise<void> {
  const { project, model: name, type, message, details = {} } = said
  await tx.addEvent({ project, kind: 'model', name, type, level: 'info', message, details })
}
