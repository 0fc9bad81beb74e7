import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'

/** A file of this machine with the path that it takes in the image and the size that it had when it was listed. */
export interface ListedFile {
  readonly path: string
  readonly from: string
  readonly sizeBytes: number
  /** The digest that its bytes must have, in hexadecimal digits; undefined takes any. */
  readonly sha256?: string
}

/** Every piece but the last has this size: where pieces end must not hang on timing, as a compressor may notice it. */
const PIECE_BYTES = 1 << 20

/**
 * The bytes of one file, in pieces.
 * @throws {ServingError} `conflict` when it cannot be read, is a link, or has another size or digest than was listed
 */
export async function* readPieces(file: ListedFile, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  // A link that took the file's place would be followed to anywhere.
  const handle = await open(file.from, constants.O_RDONLY | constants.O_NOFOLLOW).catch((cause: unknown) => {
    throw changed(file, 'it can no longer be read', cause)
  })
  const hash = createHash('sha256')
  try {
    let readBytes = 0
    while (readBytes < file.sizeBytes) {
      signal.throwIfAborted()
      const piece = await readPiece(handle, Math.min(PIECE_BYTES, file.sizeBytes - readBytes))
      if (piece.byteLength === 0) throw changed(file, `it ends after ${readBytes} of ${file.sizeBytes} bytes`)
      readBytes += piece.byteLength
      if (file.sha256 !== undefined) hash.update(piece)
      yield piece
    }
    if ((await readPiece(handle, 1)).byteLength > 0) throw changed(file, `it has more than ${file.sizeBytes} bytes`)
    if (file.sha256 !== undefined && hash.digest('hex') !== file.sha256)
      throw changed(file, `its digest is no longer ${file.sha256}`)
  } finally {
    await handle.close()
  }
}

/** As many bytes as asked for, or what the file still has. */
async function readPiece(handle: FileHandle, sizeBytes: number): Promise<Uint8Array> {
  const piece = Buffer.allocUnsafe(sizeBytes)
  let filled = 0
  while (filled < sizeBytes) {
    const { bytesRead } = await handle.read(piece, filled, sizeBytes - filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return piece.subarray(0, filled)
}

function changed(file: ListedFile, what: string, cause?: unknown): ServingError {
  const message = `${quote(file.path)} changed while it was packed: ${what}; pack again when nothing writes to it`
  return new ServingError('conflict', message, { cause })
}
