import { open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { syncFolder } from '../storage/local.ts'

/** A file that appears under its name only when it is complete. */
export interface PendingFile {
  write(text: string): Promise<void>
  /** Makes what was written durable, and gives it its name. */
  commit(): Promise<void>
  /** Leaves nothing behind; harmless after `commit`. */
  discard(): Promise<void>
}

const BUFFER_BYTES = 256 * 1024

/**
 * Begins a file under a hidden name in the same folder; what killed runs have left there is cleared away.
 * @param owner the process's id: temporary files of living processes are left alone
 * @throws {ServingError} `not_found` for a missing folder, `permission_denied`, `conflict` while another run writes it
 */
export async function createPendingFile(path: string, owner: number): Promise<PendingFile> {
  const folder = dirname(path)
  await removeLeftovers(folder, basename(path), owner)
  const temporary = join(folder, `.${basename(path)}.${owner}.partial`)
  const file = await open(temporary, 'wx').catch((error: unknown) => {
    throw fileError(error, path, 'written')
  })
  let waiting: Buffer[] = []
  let waitingBytes = 0
  let isOpen = true

  async function flush(): Promise<void> {
    if (waitingBytes === 0) return
    const bytes = Buffer.concat(waiting, waitingBytes)
    waiting = []
    waitingBytes = 0
    await file.writeFile(bytes)
  }

  async function close(): Promise<void> {
    if (isOpen) {
      isOpen = false
      await file.close()
    }
  }

  return {
    async write(text) {
      const bytes = Buffer.from(text)
      waiting.push(bytes)
      waitingBytes += bytes.length
      if (waitingBytes >= BUFFER_BYTES)
        await flush().catch((error: unknown) => {
          throw fileError(error, path, 'written')
        })
    },
    async commit() {
      try {
        await flush()
        await file.sync()
        await close()
        await rename(temporary, path)
        await syncFolder(folder)
      } catch (error) {
        throw fileError(error, path, 'written')
      }
    },
    async discard() {
      await close()
      await rm(temporary, { force: true })
    },
  }
}

async function removeLeftovers(folder: string, name: string, owner: number): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw fileError(error, folder, 'read')
  })
  for (const each of names) {
    if (!each.startsWith(`.${name}.`) || !each.endsWith('.partial')) continue
    const process = /^\d+$/.exec(each.slice(name.length + 2, -'.partial'.length))
    if (process === null || (Number(process[0]) !== owner && isAlive(Number(process[0])))) continue
    await rm(join(folder, each), { force: true })
  }
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EIO: 'the disk reported an error',
  EMFILE: 'too many files are open',
}

/** What the file system said, as an error for the caller who named the path. */
export function fileError(error: unknown, path: string, verb: 'read' | 'written'): ServingError {
  if (error instanceof ServingError) return error
  const code = codeOf(error) ?? ''
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new ServingError('not_found', `${quote(path, 200)} cannot be ${verb}: there is no such file or folder`)
  if (code === 'EACCES' || code === 'EPERM')
    return new ServingError('permission_denied', `${quote(path, 200)} may not be ${verb} by this user`)
  if (code === 'EEXIST') return new ServingError('conflict', `${quote(path, 200)} is being written by another run`)
  if (code === 'EISDIR') return new ServingError('invalid_argument', `${quote(path, 200)} is a folder; name a file`)
  return new ServingError(
    'internal',
    `${quote(path, 200)} could not be ${verb}: ${REASONS[code] ?? (code || 'unknown error')}`,
    {
      cause: error,
    },
  )
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}
