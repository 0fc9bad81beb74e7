import type { NewVersion } from '../../api/api-types.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Kinds, Writer } from '../store/store.ts'
import { checkConditions, type Call, type Commit, type Handlers } from './call.ts'
import type { ApiOptions } from './doors.ts'
import { modelText, refuseInUse, usesOf } from './in-use.ts'
import { insertModel } from './models.ts'
import { pageByNumber } from './pages.ts'
import { checkFileName } from './file-name.ts'
import { receiveForm } from './receive-form.ts'
import { modelOf, projectOf, versionOf } from './records.ts'
import { shownVersion } from './shown.ts'
import { sealSource, withoutQuery } from '../store/source-url.ts'
import { UPLOAD_KEPT_MS, uploadOf } from './uploads.ts'

type Names = 'listVersions' | 'createVersion' | 'getVersion' | 'cancelVersion' | 'deleteVersion'

export function createVersionHandlers(options: ApiOptions): Pick<Handlers, Names> {
  const { store } = options
  return {
    listVersions: {
      async read({ params: { project, model }, query }) {
        const body = await store.read(async (tx) => {
          await projectOf(tx, project)
          const { lastNumber: last } = (await modelOf(tx, project, model)).document
          return pageByNumber(tx, { kind: 'version', project, parent: model, last }, query, shownVersion)
        })
        return { body }
      },
    },
    createVersion: {
      change: async (call) => (call.body === undefined ? fromForm(options, call) : fromDocument(options, call)),
    },
    getVersion: {
      async read({ params }) {
        const stored = await store.read(async (tx) => {
          await projectOf(tx, params.project)
          return versionOf(tx, params)
        })
        return { body: shownVersion(stored) }
      },
    },
    cancelVersion: {
      change: async ({ params, conditions }) => {
        return async (tx) => {
          const stored = await versionOf(tx, params)
          checkConditions(conditions, stored)
          const { document, project, name } = stored
          if (document.isCancelled) return { body: shownVersion(stored), isUnchanged: true }
          if (document.state !== 'pending' && document.state !== 'making')
            throw new ServingError(
              'conflict',
              `${modelText(params.model, params.version)} is ${document.state} already`,
              {
                details: { reason: 'ended', state: document.state },
              },
            )
          const now = await tx.update('version', project, name, stored.etag, { ...document, isCancelled: true })
          await event(tx, { project, name, type: 'version-cancel-asked', message: 'it was asked to stop' })
          return { body: shownVersion(now) }
        }
      },
    },
    deleteVersion: {
      change: async ({ params, conditions }) => {
        return async (tx) => {
          const stored = await versionOf(tx, params)
          checkConditions(conditions, stored)
          const { project, model, version } = params
          const uses = await usesOf(tx, project, model)
          refuseInUse(
            modelText(model, version),
            uses.filter((use) => use.version === version),
          )
          const { labels } = (await modelOf(tx, project, model)).document
          const label = Object.keys(labels).find((label) => labels[label] === version)
          if (label !== undefined)
            throw new ServingError(
              'conflict',
              `${modelText(model, version)} has the label ${quote(label)}: move or delete the label first`,
              { details: { reason: 'in_use', label } },
            )
          await tx.remove('version', project, stored.name, stored.etag)
          await event(tx, { project, name: stored.name, type: 'version-deleted', message: 'it was deleted' })
          return { body: undefined }
        }
      },
    },
  }
}

/** @throws {ServingError} `invalid_argument`, `not_found`, `conflict` */
async function fromDocument(options: ApiOptions, call: Call<'createVersion'>): Promise<Commit<'createVersion'>> {
  const { body, params } = call
  const { source } = body
  const fileName = body.fileName === undefined ? undefined : checkFileName(body.fileName)
  if (source.type === 'url') {
    const url = checkUrl(source.url)
    const name = fileName ?? nameIn(url)
    return async (tx) => insertVersion(tx, options, params, { ...body, fileName: name, sourceSha256: source.sha256 })
  }
  return async (tx) => {
    const upload = await uploadOf(tx, params.project, source.upload)
    if (upload.document.state !== 'complete')
      throw new ServingError('conflict', `the upload ${quote(source.upload)} is not complete yet`, {
        details: { reason: 'not_complete' },
      })
    const { sha256: sourceSha256, fileName: given } = upload.document
    return insertVersion(tx, options, params, { ...body, fileName: fileName ?? given, sourceSha256 })
  }
}

async function fromForm(options: ApiOptions, call: Call<'createVersion'>): Promise<Commit<'createVersion'>> {
  const { store, environment, uploads } = options
  const { params, incoming, signal } = call
  const { project } = params
  await store.read((tx) => projectOf(tx, project))
  const id = environment.newId()
  const form = await receiveForm(incoming, { id, uploads, signal })
  const { fileName, sizeBytes, sha256 } = form.file
  return async (tx) => {
    await tx.insert('upload', project, id, {
      project,
      name: id,
      fileName,
      sizeBytes,
      partBytes: Math.max(1, sizeBytes),
      sha256,
      parts: [1],
      state: 'complete',
      expiresAtMs: environment.wallMs() + UPLOAD_KEPT_MS,
    })
    return insertVersion(tx, options, params, {
      ...form.fields,
      source: { type: 'upload', upload: id },
      fileName: form.fields.fileName ?? fileName,
      sourceSha256: sha256,
    })
  }
}

/** Gives out the next number, and makes the model where there is none. */
async function insertVersion(
  tx: Writer,
  { masterKey }: ApiOptions,
  { project, model }: { readonly project: string; readonly model: string },
  {
    source,
    sourceSha256,
    fileName,
    description = '',
    how = {},
  }: NewVersion & { readonly fileName: string; readonly sourceSha256: string | undefined },
) {
  const parent = (await tx.get('model', project, model)) ?? (await insertModel(tx, project, model))
  const number = parent.document.lastNumber + 1
  await tx.update('model', project, model, parent.etag, { ...parent.document, lastNumber: number })
  const name = `${model}/${number}`
  const document: Kinds['version'] = {
    project,
    model,
    number,
    state: 'pending',
    ...sealSource(source, { project, model, number }, masterKey),
    ...(sourceSha256 === undefined ? {} : { sourceSha256 }),
    fileName,
    description,
    how: { allowUntested: false, ...how },
    warnings: [],
    isCancelled: false,
    attempts: 0,
  }
  const stored = await tx.insert('version', project, name, document)
  const from = source.type === 'url' ? withoutQuery(source.url) : fileName
  await event(tx, {
    project,
    name,
    type: 'version-created',
    message: `${modelText(model, number)} will be made of ${quote(from, 200)}`,
  })
  return {
    body: shownVersion(stored),
    audit: { resource: `models/${model}/versions/${number}`, details: { fileName } },
  }
}

/** What can be told of a URL without asking anybody; the rest is looked at when it is fetched. */
function checkUrl(text: string): URL {
  const url = URL.parse(text)
  const refuse = (why: string) =>
    new ServingError('invalid_argument', `source.url ${why}`, { details: { reason: 'url' } })
  if (url === null) throw refuse('is no URL: it takes https://host/path')
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw refuse(`is of the kind ${quote(url.protocol, 20)}: models are fetched by https or http`)
  if (url.username !== '' || url.password !== '' || /^[^/?#]*:\/\/[^/?#]*@/.test(text))
    throw refuse('holds credentials, which do not belong in URLs')
  return url
}

/** The file's name where it comes from; `model` where it has none that could be one. */
function nameIn({ pathname }: URL): string {
  try {
    return checkFileName(decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1)))
  } catch {
    return 'model'
  }
}

async function event(
  tx: Writer,
  {
    project,
    name,
    type,
    message,
  }: { readonly project: string; readonly name: string; readonly type: string; readonly message: string },
): Promise<void> {
  await tx.addEvent({ project, kind: 'version', name, type, level: 'info', message, details: {} })
}
