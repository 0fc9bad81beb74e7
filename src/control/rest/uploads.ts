import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Reader, Stored } from '../store/store.ts'
import { checkConditions, nothing, type Handlers } from './call.ts'
import type { ApiOptions } from './doors.ts'
import { projectOf } from './records.ts'
import { shown } from './shown.ts'

type Names = 'listUploads' | 'createUpload' | 'getUpload' | 'putUploadPart' | 'completeUpload' | 'deleteUpload'

/** An upload goes when nothing came for so long (ms). */
export const UPLOAD_KEPT_MS = 24 * 3_600_000
/** It is written down that something came, when the last time is so long ago (ms): not for each part. */
const RENEWED_AFTER_MS = 3_600_000

export function createUploadHandlers({ store, uploads: files, environment }: ApiOptions): Pick<Handlers, Names> {
  /** Which parts are here is what lies on the disk: they are durable there before they are acknowledged. */
  async function withParts(stored: Stored<'upload'>) {
    const upload = shown(stored)
    if (upload.state === 'complete') return upload
    const parts = await files.parts(upload.name).catch(() => [])
    return { ...upload, parts }
  }

  async function find(project: string, upload: string): Promise<Stored<'upload'>> {
    return store.read(async (tx) => {
      await projectOf(tx, project)
      return uploadOf(tx, project, upload)
    })
  }

  return {
    listUploads: {
      async read({ params: { project }, query: { state, ...query } }) {
        const page = await store.read(async (tx) => {
          await projectOf(tx, project)
          return tx.list('upload', { project, states: state?.split(','), ...query })
        })
        return { body: { ...page, items: await Promise.all(page.items.map(withParts)) } }
      },
    },
    createUpload: {
      change: async ({ params: { project }, body }) => {
        await store.read((tx) => projectOf(tx, project))
        const id = environment.newId()
        const { fileName, partBytes } = await files.begin(id, body)
        return async (tx) => {
          const stored = await tx.insert('upload', project, id, {
            project,
            name: id,
            fileName,
            sizeBytes: body.sizeBytes,
            partBytes,
            ...(body.sha256 === undefined ? {} : { sha256: body.sha256 }),
            parts: [],
            state: 'open',
            expiresAtMs: environment.wallMs() + UPLOAD_KEPT_MS,
          })
          return { body: shown(stored), audit: { resource: `uploads/${id}`, details: { fileName } } }
        }
      },
    },
    getUpload: {
      read: async ({ params: { project, upload } }) => ({ body: await withParts(await find(project, upload)) }),
    },
    putUploadPart: {
      async read({ params: { project, upload, part }, incoming, signal }) {
        const stored = await find(project, upload)
        const { headers } = incoming
        if (headers['content-length'] === undefined)
          throw new ServingError('invalid_argument', 'a part says how long it is: send content-length')
        if (stored.document.state !== 'open')
          throw new ServingError('conflict', `the upload ${quote(upload)} is complete`, {
            details: { reason: 'complete' },
          })
        await files.putPart(upload, part, incoming, { sha256: sha256Of(headers), signal })
        if (stored.document.expiresAtMs - environment.wallMs() < UPLOAD_KEPT_MS - RENEWED_AFTER_MS)
          await renew(project, upload)
        return { body: await withParts(await find(project, upload)) }
      },
    },
    completeUpload: {
      change: async ({ params: { project, upload }, conditions }) => {
        const before = await find(project, upload)
        checkConditions(conditions, before)
        const { sha256, sizeBytes } = await files.complete(upload)
        return async (tx) => {
          const stored = await uploadOf(tx, project, upload)
          if (stored.document.state === 'complete') return { body: shown(stored), isUnchanged: true }
          const { partBytes } = stored.document
          const count = Math.max(1, Math.ceil(sizeBytes / partBytes))
          const now = await tx.update('upload', project, upload, stored.etag, {
            ...stored.document,
            sha256,
            parts: Array.from({ length: count }, (_, i) => i + 1),
            state: 'complete',
            expiresAtMs: environment.wallMs() + UPLOAD_KEPT_MS,
          })
          return { body: shown(now), audit: { details: { sha256, sizeBytes } } }
        }
      },
    },
    deleteUpload: {
      change: async ({ params: { project, upload }, conditions }) => {
        return async (tx) => {
          const stored = await uploadOf(tx, project, upload)
          checkConditions(conditions, stored)
          await refuseWhileRead(tx, project, upload)
          await tx.remove('upload', project, upload, stored.etag)
          return { body: undefined, after: () => files.remove(upload) }
        }
      },
    },
  }

  async function renew(project: string, upload: string): Promise<void> {
    await store.transact(async (tx) => {
      const stored = await uploadOf(tx, project, upload)
      const expiresAtMs = environment.wallMs() + UPLOAD_KEPT_MS
      await tx.update('upload', project, upload, stored.etag, { ...stored.document, expiresAtMs })
    })
  }
}

/** @throws {ServingError} `not_found` */
export async function uploadOf(tx: Reader, project: string, upload: string): Promise<Stored<'upload'>> {
  const stored = await tx.get('upload', project, upload)
  if (stored === undefined) throw nothing(`upload ${quote(upload)} in the project ${quote(project)}`)
  return stored
}

async function refuseWhileRead(tx: Reader, project: string, upload: string): Promise<void> {
  for (const { name, document } of await tx.all('version', { project, states: ['pending', 'making'] }))
    if (document.source.type === 'upload' && document.source.upload === upload)
      throw new ServingError('conflict', `the version ${quote(name)} is being made of it: cancel that first`, {
        details: { reason: 'in_use', version: name },
      })
}

/**
 * The digest that a caller says a part has: `x-slipway-sha256` in hexadecimal, or `content-digest` (RFC 9530).
 * @throws {ServingError} `invalid_argument` for one that is none, or two that differ
 */
export function sha256Of(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  const { 'x-slipway-sha256': ours, 'content-digest': standard } = headers
  const said: string[] = []
  if (ours !== undefined) {
    const text = String(ours).trim().toLowerCase()
    if (!/^[0-9a-f]{64}$/.test(text))
      throw new ServingError('invalid_argument', 'x-slipway-sha256 takes 64 hexadecimal digits')
    said.push(text)
  }
  if (standard !== undefined) {
    const base64 = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):\s*(?:,|$)/.exec(String(standard).slice(0, 1000))?.[1]
    if (base64 === undefined)
      throw new ServingError(
        'invalid_argument',
        'content-digest takes sha-256=:BASE64: here; other digests are not checked',
      )
    said.push(Buffer.from(base64, 'base64').toString('hex'))
  }
  if (said.length === 2 && said[0] !== said[1])
    throw new ServingError('invalid_argument', 'x-slipway-sha256 and content-digest say different things')
  return said[0]
}
