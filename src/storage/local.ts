import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, realpath, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ServingError } from '../core/errors.ts'
import { formatBytes, quote } from '../core/text.ts'
import { temporaryBeside } from './temporaries.ts'

/**
 * Writes a file so that its name holds either all of the bytes or what it held before: a temporary file beside it,
 * fsync, rename, fsync of the folder.
 * @param mode permissions of the file, before the process's umask
 */
export async function writeAtomically(path: string, bytes: Uint8Array, mode = 0o644): Promise<void> {
  const temporary = temporaryBeside(path)
  try {
    await writeDurably(temporary, bytes, mode)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

/**
 * Makes a folder of files appear whole or not at all.
 * @param files by path inside the folder, POSIX, already checked to be plain
 * @returns false when something was there already; it is left as it is
 */
export async function writeFolderAtomically(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<boolean> {
  await mkdir(dirname(folder), { recursive: true })
  const temporary = temporaryBeside(folder)
  try {
    const folders = new Set<string>([temporary])
    for (const [path, bytes] of files) {
      const target = join(temporary, path)
      await mkdir(dirname(target), { recursive: true })
      folders.add(dirname(target))
      await writeDurably(target, bytes)
    }
    for (const each of folders) await syncFolder(each)
    if (!(await renameUnlessThere(temporary, folder))) return false
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  await syncFolder(dirname(folder))
  return true
}

/** @returns false when a file or a folder with something in it stands at `to` */
async function renameUnlessThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (isCode(error, 'ENOTEMPTY') || isCode(error, 'EEXIST') || isCode(error, 'ENOTDIR')) return false
    throw error
  }
}

/**
 * Reads a file that must be a plain one: no link of either kind leads somewhere else.
 * @param maxBytes refuse a larger file before reading it
 * @throws {ServingError} `not_found`; `refused` for links, folders and devices; `too_large`
 */
export async function readPlainFile(path: string, maxBytes: number, name = path): Promise<Uint8Array> {
  return readWhole(await openPlainFile(path, name), maxBytes, name)
}

/**
 * Reads the file that a person named. Here links are followed: many keep their models behind them.
 * @param maxBytes refuse a larger file before reading it
 * @throws {ServingError} `not_found`; `refused` for folders, pipes and devices; `too_large`
 */
export async function readNamedFile(path: string, maxBytes: number, name = path): Promise<Uint8Array> {
  const target = await realpath(path).catch(() => path) // what is not there is said by the next line
  return readWhole(await openPlainFile(target, name, true), maxBytes, name)
}

/**
 * SHA-256 of a plain file, in hexadecimal, read in constant memory.
 * @throws {ServingError} as `readPlainFile`
 */
export async function digestPlainFile(path: string, maxBytes: number, name = path): Promise<string> {
  return digestWhole(await openPlainFile(path, name), maxBytes, name)
}

/**
 * The same of the file that a person named, whose links are followed.
 * @throws {ServingError} as `readNamedFile`
 */
export async function digestNamedFile(path: string, maxBytes: number, name = path): Promise<string> {
  const target = await realpath(path).catch(() => path) // what is not there is said by the next line
  return digestWhole(await openPlainFile(target, name, true), maxBytes, name)
}

/** Digests an open file as long as it is now, and closes it. */
async function digestWhole(file: FileHandle, maxBytes: number, name: string): Promise<string> {
  try {
    const { size } = await file.stat()
    if (size > maxBytes) throw tooLarge(name, size, maxBytes)
    const hash = createHash('sha256')
    if (size > 0)
      for await (const chunk of file.createReadStream({ autoClose: false, end: size - 1, highWaterMark: 2 ** 20 }))
        hash.update(chunk as Buffer)
    return hash.digest('hex')
  } finally {
    await file.close()
  }
}

function tooLarge(name: string, size: number, maxBytes: number): ServingError {
  return new ServingError('too_large', `${quote(name)} has ${formatBytes(size)}, the most is ${formatBytes(maxBytes)}`)
}

/** Reads an open file to its end, and closes it. */
async function readWhole(file: FileHandle, maxBytes: number, name: string): Promise<Uint8Array> {
  try {
    const { size } = await file.stat()
    if (size > maxBytes) throw tooLarge(name, size, maxBytes)
    const bytes = new Uint8Array(size)
    let filled = 0
    while (filled < size) {
      const { bytesRead } = await file.read(bytes, filled, size - filled, filled)
      if (bytesRead === 0) throw new ServingError('refused', `${quote(name)} became shorter while it was read`)
      filled += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}

async function openPlainFile(path: string, name: string, mayBeLinked = false): Promise<FileHandle> {
  let file: FileHandle
  try {
    // O_NONBLOCK: opening a named pipe must not wait for its writer
    file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR'))
      throw new ServingError('not_found', `there is no file ${quote(name)}`)
    if (isCode(error, 'ELOOP')) throw new ServingError('refused', `${quote(name)} is a symbolic link; plain files only`)
    if (isCode(error, 'ENXIO')) throw new ServingError('refused', `${quote(name)} is no plain file; plain files only`) // a socket
    if (isCode(error, 'EACCES'))
      throw new ServingError('permission_denied', `${quote(name)} may not be read by this user`)
    throw error
  }
  const stat = await file.stat()
  if (stat.isFile() && (mayBeLinked || stat.nlink === 1)) return file
  await file.close()
  throw new ServingError(
    'refused',
    `${quote(name)} is ${stat.isFile() ? 'a hard link' : 'no plain file'}; plain files only`,
  )
}

/** Makes the names inside a folder durable, where the system can. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } catch (error) {
    // Windows and some file systems cannot sync a folder
    if (!isCode(error, 'EINVAL') && !isCode(error, 'EPERM') && !isCode(error, 'EBADF')) throw error
  } finally {
    await handle.close()
  }
}

async function writeDurably(path: string, bytes: Uint8Array, mode = 0o644): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === code
}
