import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, link, open, readFile, type FileHandle } from 'node:fs/promises'

/** Writes files into a new one, one after the other, durably. @returns the digest of all */
export async function concatenate(paths: readonly string[], target: string): Promise<string> {
  const hash = createHash('sha256')
  await writingTo(target, async (file) => {
    for (const path of paths)
      for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
        hash.update(chunk as Buffer)
        await writeAll(file, chunk as Buffer)
      }
  })
  return hash.digest('hex')
}

/** Makes a new file, durably; what did not come to its end is for the caller to remove. */
export async function writingTo(path: string, write: (file: FileHandle) => Promise<void>, mode = 0o600): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    await write(file)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** `write` may write less than it is given, on a disk that is nearly full. */
export async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength;)
    done += (await file.write(bytes, done, bytes.byteLength - done)).bytesWritten
}

/** A second name for a file, or a second file where the system knows no such names. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EMLINK' && code !== 'EXDEV') throw error
    await copyFile(from, to)
    const file = await open(to, 'r+')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
  }
}

/** @returns undefined where there is no such file */
export async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
