import { createHash } from 'node:crypto'
import { link, readdir, rm, stat } from 'node:fs/promises'
import { ServingError } from '../../../core/errors.ts'
import { formatBytes } from '../../../core/text.ts'
import { writeAll, writingTo } from '../../../storage/new-files.ts'

/**
 * Writes a part that comes into a new file, durably.
 * @returns its digest
 * @throws {ServingError} `invalid_argument` (details.reason `part_size`)
 */
export async function receivePart(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  { number, sizeBytes }: { readonly number: number; readonly sizeBytes: number },
): Promise<string> {
  const hash = createHash('sha256')
  const wrongSize = (found: string) =>
    new ServingError('invalid_argument', `part ${number} has ${found} bytes: it must have ${sizeBytes}`, {
      details: { reason: 'part_size', sizeBytes },
    })
  await writingTo(path, async (file) => {
    let received = 0
    for await (const chunk of chunks) {
      received += chunk.byteLength
      if (received > sizeBytes) throw wrongSize(`over ${sizeBytes}`)
      hash.update(chunk)
      await writeAll(file, chunk)
    }
    if (received < sizeBytes) throw wrongSize(String(received))
  })
  return hash.digest('hex')
}

/**
 * Writes a file whose size nobody said into a new one, durably.
 * @throws {ServingError} `too_large`; `invalid_argument` for an empty one
 */
export async function receiveFile(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ readonly sizeBytes: number; readonly sha256: string }> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  await writingTo(path, async (file) => {
    for await (const chunk of chunks) {
      sizeBytes += chunk.byteLength
      if (sizeBytes > maxBytes)
        throw new ServingError('too_large', `the file has over ${formatBytes(maxBytes)}, which is the most`, {
          details: { maxBytes },
        })
      hash.update(chunk)
      await writeAll(file, chunk)
    }
    if (sizeBytes === 0) throw new ServingError('invalid_argument', 'the file is empty')
  })
  return { sizeBytes, sha256: hash.digest('hex') }
}

/** Names kept bytes a second time. @returns false where they are not there, or cannot be named so */
export async function linkKept(content: string, path: string, sizeBytes: number): Promise<boolean> {
  try {
    await link(content, path)
  } catch {
    return false
  }
  if ((await stat(path)).size === sizeBytes) return true
  await rm(path)
  return false
}

/** Names in a folder; none where there is no such folder. */
export async function namesIn(path: string): Promise<readonly string[]> {
  return readdir(path).catch(() => [])
}
