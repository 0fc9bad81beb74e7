import { statfs } from 'node:fs/promises'
import { ServingError } from '../core/errors.ts'
import { formatBytes } from '../core/text.ts'

/** What the system says when there is no room: on the disk, in a quota, for a file of that size. */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** An error of the file system in words for the caller, where the disk is full; else as it was. */
export function inWords(error: unknown): unknown {
  const { code } = (error ?? {}) as NodeJS.ErrnoException
  return code !== undefined && NO_ROOM.has(code) ? diskFull(error) : error
}

/** @throws {ServingError} `unavailable` (details.reason `disk_full`) when so much cannot be stored in a folder now */
export async function refuseWithoutRoom(folder: string, sizeBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const freeBytes = bavail * bsize
  if (freeBytes < sizeBytes) throw diskFull(undefined, sizeBytes, freeBytes)
}

function diskFull(cause: unknown, sizeBytes?: number, freeBytes?: number): ServingError {
  const found =
    sizeBytes === undefined || freeBytes === undefined
      ? 'the disk of the data folder is full'
      : `the file has ${formatBytes(sizeBytes)}, and ${formatBytes(freeBytes)} are free on the disk of the data folder`
  return new ServingError('unavailable', `${found}: delete versions that nobody uses, or make room, and try again`, {
    cause,
    details: { reason: 'disk_full' },
  })
}
