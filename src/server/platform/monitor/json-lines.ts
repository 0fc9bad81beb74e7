import { open, type FileHandle } from 'node:fs/promises'

const NEWLINE = 10
const CHUNK_BYTES = 64 * 2 ** 10
/** Longer lines are none of ours, and are left out (bytes). */
const MAX_LINE_BYTES = 2 ** 20

/** The lines of a file that have their end, whatever characters are in them: what was cut short by a crash is none. */
export async function* wholeLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    let bytes: Buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    if (rest.byteLength > 0) bytes = Buffer.concat([rest, bytes])
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      if (end - from <= MAX_LINE_BYTES) yield bytes.toString('utf8', from, end)
      from = end + 1
    }
    rest = bytes.byteLength - from > MAX_LINE_BYTES ? bytes.subarray(0, MAX_LINE_BYTES + 1) : bytes.subarray(from)
  }
}

/** Cuts off what stands behind the last whole line of a file: its writer was killed, or found the disk full. */
export async function cutTornLine(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const { size } = await file.stat()
    const end = await endOfLines(file, size)
    if (end < size) await file.truncate(end)
  } finally {
    await file.close()
  }
}

async function endOfLines(file: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  for (let to = size; to > 0;) {
    const from = Math.max(0, to - CHUNK_BYTES)
    const { bytesRead } = await file.read(chunk, 0, to - from, from)
    const at = chunk.subarray(0, bytesRead).lastIndexOf(NEWLINE)
    if (at >= 0) return from + at + 1
    to = from
  }
  return 0
}
