import { createHash, hash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Upload } from '../api/resources.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Client } from './client.ts'

export interface UploadOptions {
  readonly project: string
  /** Default: the last part of the path. */
  readonly fileName?: string | undefined
  /** Told as parts arrive (bytes). */
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Parts that are on their way at once: while one is written to the disk there, the next travels. */
const PARALLEL_PARTS = 2

/** Files from this size on are looked for among the uploads that were cut short (bytes). */
const RESUMED_FROM_BYTES = 16 * 2 ** 20

/** How much is read at once for the hash (bytes). */
const READ_BYTES = 4 * 2 ** 20

/**
 * Brings a file to the platform in parts. One that was cut short before is gone on with: only the parts that are not
 * there are sent.
 * @returns the complete upload
 * @throws {ServingError} `not_found` and `refused` for what is no readable file; `conflict` for one that changes meanwhile
 */
export async function uploadFile(client: Client, path: string, options: UploadOptions): Promise<Upload> {
  const { project, fileName = basename(path), onProgress, signal } = options
  const file = await openFile(path)
  try {
    const before = await file.stat()
    if (!before.isFile()) throw new ServingError('refused', `${quote(path, 200)} is no file that could be uploaded`)
    const sizeBytes = before.size
    const sha256 = await hashOf(file, signal)
    const started =
      (await cutShort(client, { project, fileName, sizeBytes, sha256 }, signal)) ??
      (await client.call('createUpload', { params: { project }, body: { fileName, sizeBytes, sha256 }, signal }))
    await sendParts(started)
    const after = await file.stat()
    if (after.mtimeMs !== before.mtimeMs || after.size !== before.size)
      throw new ServingError('conflict', `${quote(path, 200)} was changed while it was uploaded: try again`)
    return await client.call('completeUpload', { params: { project, upload: started.name }, signal })
  } finally {
    await file.close()
  }

  async function sendParts({ name, sizeBytes, partBytes, parts }: Upload): Promise<void> {
    const count = Math.max(1, Math.ceil(sizeBytes / partBytes))
    const there = new Set(parts)
    const missing = Array.from({ length: count }, (_, i) => i + 1).filter((part) => !there.has(part))
    const sizeOf = (part: number) => Math.min(partBytes, sizeBytes - (part - 1) * partBytes)
    let doneBytes = parts.reduce((sum, part) => sum + sizeOf(part), 0)
    onProgress?.(doneBytes, sizeBytes)
    const failed = new AbortController()
    const together = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal])
    const sendNext = async (): Promise<void> => {
      for (let part = missing.shift(); part !== undefined && !failed.signal.aborted; part = missing.shift()) {
        const bytes = await readPart(file, (part - 1) * partBytes, sizeOf(part), path)
        const headers = { 'x-slipway-sha256': hash('sha256', bytes, 'hex') }
        const params = { project, upload: name, part }
        await client.call('putUploadPart', { params, body: bytes, headers, signal: together })
        doneBytes += bytes.byteLength
        onProgress?.(doneBytes, sizeBytes)
      }
    }
    // the file stays open until nobody reads it any more
    const ends = await Promise.allSettled(
      Array.from({ length: PARALLEL_PARTS }, () =>
        sendNext().catch((error: unknown) => {
          failed.abort(error)
          throw error
        }),
      ),
    )
    if (ends.some(({ status }) => status === 'rejected')) throw failed.signal.reason
  }
}

/** An upload of the very same file that was not brought to its end. */
async function cutShort(
  client: Client,
  { project, fileName, sizeBytes, sha256 }: Pick<Upload, 'project' | 'fileName' | 'sizeBytes' | 'sha256'>,
  signal: AbortSignal | undefined,
): Promise<Upload | undefined> {
  if (sizeBytes < RESUMED_FROM_BYTES) return undefined
  let cursor: string | undefined
  do {
    const query = { state: 'open', limit: 1000, cursor }
    const page = await client.call('listUploads', { params: { project }, query, signal })
    const same = page.items.find(
      (each) => each.sha256 === sha256 && each.sizeBytes === sizeBytes && each.fileName === fileName,
    )
    if (same !== undefined) return same
    cursor = page.cursor
  } while (cursor !== undefined)
  return undefined
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw isMissing
      ? new ServingError('not_found', `there is no file or folder ${quote(path, 200)}`, { cause: error })
      : new ServingError('refused', `${quote(path, 200)} cannot be read: ${(error as NodeJS.ErrnoException).code}`, {
          cause: error,
        })
  }
}

async function hashOf(file: FileHandle, signal: AbortSignal | undefined): Promise<string> {
  const digest = createHash('sha256')
  const buffer = Buffer.allocUnsafe(READ_BYTES)
  for (let position = 0; ;) {
    signal?.throwIfAborted()
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, position)
    if (bytesRead === 0) return digest.digest('hex')
    digest.update(buffer.subarray(0, bytesRead))
    position += bytesRead
  }
}

async function readPart(
  file: FileHandle,
  position: number,
  length: number,
  path: string,
): Promise<Buffer<ArrayBuffer>> {
  const bytes = Buffer.alloc(length)
  for (let read = 0; read < length;) {
    const { bytesRead } = await file.read(bytes, read, length - read, position + read)
    if (bytesRead === 0)
      throw new ServingError('conflict', `${quote(path, 200)} became shorter while it was uploaded: try again`)
    read += bytesRead
  }
  return bytes
}
