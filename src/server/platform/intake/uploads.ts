import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { ServingError } from '../../../core/errors.ts'
import { quote } from '../../../core/text.ts'
import { syncFolder, writeAtomically } from '../../../storage/local.ts'
import { sweepTemporaries, temporaryBeside } from '../../../storage/temporaries.ts'
import { inWords, refuseWithoutRoom } from '../../../storage/disk.ts'
import { chunksOf } from './chunks.ts'
import { checkFileName } from './file-name.ts'
import { linkKept, namesIn, receiveFile, receivePart } from './received-files.ts'
import { concatenate, linkOrCopy, readJson } from '../../../storage/new-files.ts'
import {
  DEFAULT_UPLOAD_LIMITS,
  parseSha256,
  planUpload,
  sizeOfPart,
  type UploadLayout,
  type UploadLimits,
  type UploadWish,
} from './upload-layout.ts'

export interface UploadsOptions {
  /** Where all uploads lie, of every project. */
  readonly folder: string
  /** ms since 1970. */
  readonly now: () => number
  readonly limits?: Partial<UploadLimits> | undefined
}

/** A part that is here and durable. */
export interface StoredPart {
  readonly number: number
  readonly sizeBytes: number
  readonly sha256: string
}

/** A file that came in whole. */
export interface CompleteUpload {
  /** Alone in a folder of its own, under the name that it came with. */
  readonly path: string
  readonly fileName: string
  readonly sizeBytes: number
  readonly sha256: string
}

/** Files that come in by parts. An id names each: `[0-9a-z]`, 8 to 64 of them, never used for two files. */
export interface Uploads {
  /**
   * Makes a place for a file; again with the same wish, it changes nothing.
   * @throws {ServingError} `invalid_argument`, `too_large`; `unavailable` (details.reason `disk_full`); `conflict` for another wish
   */
  begin(id: string, wish: UploadWish): Promise<UploadLayout>
  /** @throws {ServingError} `not_found` */
  layout(id: string): Promise<UploadLayout>
  /** Numbers of the parts that are here and durable, ascending; all of them once the upload is complete. */
  parts(id: string): Promise<readonly number[]>
  /**
   * Keeps a part, durably before it resolves. The same part again gives the same; a refused one leaves nothing.
   * What is left unread of the stream when it throws is the caller's to drain or to cut off.
   * @param number from 1
   * @throws {ServingError} `not_found`; `invalid_argument` for a number, size or digest that is not the part's;
   *   `conflict` for other bytes than the part had, or once the upload is complete; `unavailable` (`disk_full`); `cancelled`
   */
  putPart(
    id: string,
    number: number,
    stream: Readable | AsyncIterable<Uint8Array>,
    options?: { readonly sha256?: string | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<StoredPart>
  /**
   * Makes one file of the parts. Again, it gives the same.
   * @throws {ServingError} `not_found`; `conflict` (details.reason `parts_missing`, details.missing); `invalid_argument`
   *   (details.reason `sha256`) when the whole is not what was announced: it can only be aborted then; `unavailable` (`disk_full`)
   */
  complete(id: string): Promise<CompleteUpload>
  /**
   * Keeps a file whose size nobody said beforehand, as a complete upload; a refused one leaves nothing.
   * @throws {ServingError} as `begin` and `putPart`; `conflict` for an id that was used
   */
  receive(
    id: string,
    fileName: string,
    stream: Readable | AsyncIterable<Uint8Array>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<CompleteUpload>
  /** Takes an upload away, whether it is complete or not. @returns whether there was one */
  remove(id: string): Promise<boolean>
  /** The file of a complete upload. @throws {ServingError} `not_found`; `conflict` while it is not complete */
  openComplete(id: string): Promise<CompleteUpload>
  /**
   * Takes away uploads that nobody knows, once they are an hour old, and what killed processes left.
   * @param used ids that are known
   * @returns how many uploads went
   */
  sweep(used: ReadonlySet<string>): Promise<number>
}

/** What nobody knows is left for so long: whoever began it may be about to write it down (ms). */
const UNKNOWN_FOR_MS = 3_600_000

const UPLOAD_FILE = 'upload.json'
const PART = /^(\d{1,5})-([0-9a-f]{64})$/

/**
 * Uploads as folders: `open/<id>/` while the parts come in, `sha256/<digest>` the bytes of those that are complete,
 * `complete/<id>/` their names, as links to them. A folder is moved to its place once all in it is durable, so that a
 * process that is killed at any moment leaves an upload that is open or complete, and nothing between.
 */
export function createUploads({ folder, now, limits: given }: UploadsOptions): Uploads {
  const limits = { ...DEFAULT_UPLOAD_LIMITS, ...given }
  const queues = new Map<string, Promise<unknown>>()
  const openOf = (id: string) => join(folder, 'open', id)
  const completeOf = (id: string) => join(folder, 'complete', id)
  const contentOf = (sha256: string) => join(folder, 'sha256', sha256)

  /** One after the other, of one upload: what is decided by what lies there must not change meanwhile. */
  function inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = queues.get(id) ?? Promise.resolve()
    const turn = before.catch(() => {}).then(work)
    const tail = turn
      .catch(() => {})
      .finally(() => {
        if (queues.get(id) === tail) queues.delete(id)
      })
    queues.set(id, tail)
    return turn
  }

  async function openLayout(id: string): Promise<UploadLayout | undefined> {
    return readJson<UploadLayout>(join(openOf(id), UPLOAD_FILE))
  }

  async function completed(id: string): Promise<(CompleteUpload & { readonly layout: UploadLayout }) | undefined> {
    const record = await readJson<{ layout: UploadLayout; sha256: string }>(join(completeOf(id), UPLOAD_FILE))
    if (record === undefined) return undefined
    const { layout, sha256 } = record
    const { fileName, sizeBytes } = layout
    return { path: join(completeOf(id), 'file', fileName), fileName, sizeBytes, sha256, layout }
  }

  async function storedParts(id: string): Promise<readonly StoredPart[]> {
    const layout = await openLayout(id)
    if (layout === undefined) return []
    const found = (await namesIn(openOf(id))).flatMap((name) => {
      const [, number, sha256] = PART.exec(name) ?? []
      return number === undefined || sha256 === undefined ? [] : [{ number: Number(number), sha256 }]
    })
    return found
      .toSorted((a, b) => a.number - b.number)
      .map((part) => ({ ...part, sizeBytes: sizeOfPart(layout, part.number) }))
  }

  async function mustBeOpen(id: string): Promise<UploadLayout> {
    checkId(id)
    const layout = await openLayout(id)
    if ((await completed(id)) !== undefined)
      throw new ServingError('conflict', `the upload ${quote(id)} is complete`, { details: { reason: 'complete' } })
    if (layout !== undefined) return layout
    throw noUpload(id)
  }

  async function begin(id: string, wish: UploadWish): Promise<UploadLayout> {
    checkId(id)
    const layout = planUpload(wish, limits)
    await mkdir(join(folder, 'open'), { recursive: true, mode: 0o700 })
    const before = (await openLayout(id)) ?? (await completed(id))?.layout
    if (before !== undefined) {
      if (JSON.stringify(before) === JSON.stringify(layout)) return before
      throw new ServingError('conflict', `the upload ${quote(id)} was begun for another file`)
    }
    await refuseWithoutRoom(folder, layout.sizeBytes)
    const temporary = temporaryBeside(openOf(id))
    try {
      await mkdir(temporary, { mode: 0o700 })
      await writeAtomically(join(temporary, UPLOAD_FILE), Buffer.from(JSON.stringify(layout)), 0o600)
      await rename(temporary, openOf(id))
      await syncFolder(join(folder, 'open'))
    } catch (error) {
      await rm(temporary, { recursive: true, force: true })
      throw error
    }
    return layout
  }

  async function putPart(id: string, number: number, ...[stream, options = {}]: PartContent): Promise<StoredPart> {
    const chunks = chunksOf(stream, options.signal)
    const layout = await mustBeOpen(id)
    const { partCount } = layout
    if (!Number.isInteger(number) || number < 1 || number > partCount)
      throw new ServingError('invalid_argument', `there is no part ${number}: the file has parts 1 to ${partCount}`, {
        details: { reason: 'part_number' },
      })
    const expected = options.sha256 === undefined ? undefined : parseSha256(options.sha256)
    const sizeBytes = sizeOfPart(layout, number)
    const temporary = temporaryBeside(join(openOf(id), String(number)))
    try {
      const sha256 = await receivePart(temporary, chunks, { number, sizeBytes })
      if (expected !== undefined && expected !== sha256)
        throw new ServingError(
          'invalid_argument',
          `part ${number} arrived with the digest ${sha256}, not ${expected}: send it again`,
          { details: { reason: 'sha256', sha256 } },
        )
      return await inTurn(id, async () => {
        await mustBeOpen(id)
        const before = (await storedParts(id)).find((part) => part.number === number)
        if (before !== undefined && before.sha256 !== sha256)
          throw new ServingError(
            'conflict',
            `part ${number} is here with other bytes (${before.sha256}): delete the upload and begin another`,
            { details: { reason: 'part_differs', sha256: before.sha256 } },
          )
        if (before === undefined) {
          await rename(temporary, join(openOf(id), `${number}-${sha256}`))
          await syncFolder(openOf(id))
        }
        return { number, sizeBytes, sha256 }
      })
    } finally {
      await rm(temporary, { force: true })
    }
  }

  async function complete(id: string): Promise<CompleteUpload> {
    checkId(id)
    const done = await completed(id)
    if (done !== undefined) {
      await rm(openOf(id), { recursive: true, force: true }) // of one that was killed right after
      return withoutLayout(done)
    }
    const layout = await mustBeOpen(id)
    const parts = await storedParts(id)
    const here = new Set(parts.map(({ number }) => number))
    const missing = Array.from({ length: layout.partCount }, (_, i) => i + 1).filter((number) => !here.has(number))
    if (missing.length > 0)
      throw new ServingError(
        'conflict',
        `${missing.length} of ${layout.partCount} parts are missing: ${missing.slice(0, 10).join(', ')}${missing.length > 10 ? ', …' : ''}`,
        { details: { reason: 'parts_missing', missing: missing.slice(0, 1000) } },
      )
    const whole = temporaryBeside(join(openOf(id), 'whole'))
    try {
      const sha256 = await assemble(id, parts, whole)
      if (layout.sha256 !== undefined && layout.sha256 !== sha256)
        throw new ServingError(
          'invalid_argument',
          `the file arrived with the digest ${sha256}, not ${layout.sha256}: delete the upload and send it again`,
          { details: { reason: 'sha256', sha256 } },
        )
      await publish(id, layout, { whole, sha256 })
    } finally {
      await rm(whole, { force: true })
    }
    await rm(openOf(id), { recursive: true, force: true })
    return openComplete(id)
  }

  async function receive(...[id, fileName, stream, options = {}]: FileContent): Promise<CompleteUpload> {
    const chunks = chunksOf(stream, options.signal)
    checkId(id)
    checkFileName(fileName)
    await mkdir(join(folder, 'open'), { recursive: true, mode: 0o700 })
    const whole = temporaryBeside(openOf(id))
    try {
      const { sizeBytes, sha256 } = await receiveFile(whole, chunks, limits.maxFileBytes)
      return await inTurn(id, async () => {
        if ((await openLayout(id)) !== undefined || (await completed(id)) !== undefined)
          throw new ServingError('conflict', `the upload ${quote(id)} was begun for another file`)
        await publish(id, { fileName, sizeBytes, partBytes: sizeBytes, partCount: 1 }, { whole, sha256 })
        return openComplete(id)
      })
    } finally {
      await rm(whole, { force: true })
    }
  }

  /** Puts the parts together in one file. @returns its digest */
  async function assemble(id: string, parts: readonly StoredPart[], whole: string): Promise<string> {
    const pathOf = ({ number, sha256 }: StoredPart) => join(openOf(id), `${number}-${sha256}`)
    const [only] = parts
    if (only === undefined || parts.length > 1) return concatenate(parts.map(pathOf), whole)
    // it is the file already, and its digest is known
    await linkOrCopy(pathOf(only), whole)
    return only.sha256
  }

  /** Makes the upload a complete one: its bytes are those under their digest, where they lie there already. */
  async function publish(
    id: string,
    layout: UploadLayout,
    { whole, sha256 }: { readonly whole: string; readonly sha256: string },
  ): Promise<void> {
    await mkdir(join(folder, 'complete'), { recursive: true, mode: 0o700 })
    await mkdir(join(folder, 'sha256'), { recursive: true, mode: 0o700 })
    const temporary = temporaryBeside(completeOf(id))
    const file = join(temporary, 'file', layout.fileName)
    try {
      await mkdir(join(temporary, 'file'), { recursive: true, mode: 0o700 })
      if (!(await linkKept(contentOf(sha256), file, layout.sizeBytes))) {
        await linkOrCopy(whole, file)
        await rename(whole, contentOf(sha256))
        await syncFolder(join(folder, 'sha256'))
      }
      await syncFolder(join(temporary, 'file'))
      await writeAtomically(join(temporary, UPLOAD_FILE), Buffer.from(JSON.stringify({ layout, sha256 })), 0o600)
      await rename(temporary, completeOf(id))
      await syncFolder(join(folder, 'complete'))
    } catch (error) {
      await rm(temporary, { recursive: true, force: true })
      throw error
    }
  }

  /** Gone at once by its name, then in itself. */
  async function discard(path: string): Promise<boolean> {
    const temporary = temporaryBeside(path)
    try {
      await rename(path, temporary)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    }
    await rm(temporary, { recursive: true, force: true })
    return true
  }

  async function remove(id: string): Promise<boolean> {
    checkId(id)
    const digest = (await completed(id))?.sha256
    const wasOpen = await discard(openOf(id))
    const wasComplete = await discard(completeOf(id))
    if (digest !== undefined) await dropUnlinked([digest])
    return wasOpen || wasComplete
  }

  /** Takes away bytes that no complete upload has any more. */
  async function dropUnlinked(digests: readonly string[]): Promise<void> {
    const used = new Set<string>()
    for (const id of await namesIn(join(folder, 'complete'))) {
      const sha256 = (await completed(id))?.sha256
      if (sha256 !== undefined) used.add(sha256)
    }
    for (const digest of digests) if (!used.has(digest)) await rm(contentOf(digest), { force: true })
  }

  async function sweep(used: ReadonlySet<string>): Promise<number> {
    let removed = 0
    const isOld = async (path: string) => {
      const mtimeMs = await stat(path).then(
        (found) => found.mtimeMs,
        () => Infinity,
      )
      return now() - mtimeMs >= UNKNOWN_FOR_MS
    }
    for (const place of ['open', 'complete'])
      for (const name of await namesIn(join(folder, place))) {
        const path = join(folder, place, name)
        if (used.has(name) || !(await isOld(path))) continue
        if (isId(name)) removed += (await inTurn(name, () => remove(name))) ? 1 : 0
        else await rm(path, { recursive: true, force: true })
      }
    for (const place of ['open', 'complete', 'sha256']) await sweepTemporaries(join(folder, place), now())
    for (const id of await namesIn(join(folder, 'open'))) await sweepTemporaries(openOf(id), now())
    const old: string[] = []
    for (const digest of await namesIn(join(folder, 'sha256')))
      if (await isOld(join(folder, 'sha256', digest))) old.push(digest)
    await dropUnlinked(old)
    return removed
  }

  async function openComplete(id: string): Promise<CompleteUpload> {
    checkId(id)
    const done = await completed(id)
    if (done !== undefined) return withoutLayout(done)
    if ((await openLayout(id)) === undefined) throw noUpload(id)
    throw new ServingError('conflict', `the upload ${quote(id)} is not complete yet`, {
      details: { reason: 'incomplete' },
    })
  }

  return {
    begin: (id, wish) => spoken(() => inTurn(id, () => begin(id, wish))),
    layout: (id) =>
      spoken(async () => {
        checkId(id)
        const layout = (await openLayout(id)) ?? (await completed(id))?.layout
        if (layout === undefined) throw noUpload(id)
        return layout
      }),
    parts: (id) =>
      spoken(async () => {
        checkId(id)
        const done = await completed(id)
        if (done !== undefined) return Array.from({ length: done.layout.partCount }, (_, i) => i + 1)
        return (await storedParts(id)).map(({ number }) => number)
      }),
    putPart: (id, number, ...content) => spoken(() => putPart(id, number, ...content)),
    complete: (id) => spoken(() => inTurn(id, () => complete(id))),
    receive: (...content) => spoken(() => receive(...content)),
    remove: (id) => spoken(() => inTurn(id, () => remove(id))),
    openComplete: (id) => spoken(() => openComplete(id)),
    sweep: (used) => spoken(() => sweep(used)),
  }
}

type PartContent = Parameters<Uploads['putPart']> extends [unknown, unknown, ...infer Rest] ? Rest : never
type FileContent = Parameters<Uploads['receive']>

/** With a full disk in words. */
async function spoken<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw inWords(error)
  }
}

function isId(id: string): boolean {
  return /^[0-9a-z]{8,64}$/.test(id)
}

/** @throws {ServingError} `not_found` for what can be no upload's id */
function checkId(id: string): void {
  if (!isId(id)) throw noUpload(id)
}

function noUpload(id: string): ServingError {
  return new ServingError('not_found', `there is no upload ${quote(id)}`)
}

function withoutLayout({ path, fileName, sizeBytes, sha256 }: CompleteUpload): CompleteUpload {
  return { path, fileName, sizeBytes, sha256 }
}
