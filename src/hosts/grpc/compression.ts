import { promisify } from 'node:util'
import { ServingError } from '../../core/errors.ts'
import { formatBytes, quote } from '../../core/text.ts'
import { mostInflated, unpack, type Room } from '../../protocols/content-encoding.ts'

/** The codings of messages that are read, as `grpc-accept-encoding` lists them. Answers come as they are: it is faster. */
export const ACCEPTED_ENCODINGS = 'identity,deflate,gzip'

/**
 * A compressed message as it was, bounded in what it may grow to. Inflating runs beside the event loop, when it is its
 * turn.
 * @param encoding what `grpc-encoding` of the call says
 * @param isWanted whether somebody still waits for it; asked when it is its turn
 * @param room where it takes its room, until it is released
 * @throws {ServingError} `unsupported` for an unknown coding, `too_large` for a message that grows too far,
 *   `invalid_argument` for damaged bytes and for a compressed message in a call without a coding, `cancelled` where nobody
 *   waits for it any more
 * @see gRPC over HTTP2, "Message-Encoding"; gRPC, "Compression"
 */
export async function inflateMessage(
  bytes: Uint8Array,
  encoding: string | undefined,
  maxMessageBytes: number,
  isWanted: () => boolean,
  room?: Room,
): Promise<{ readonly body: Uint8Array; readonly release: () => void }> {
  if (encoding === undefined || encoding === 'identity')
    throw new ServingError('invalid_argument', 'a message is marked as compressed, and grpc-encoding names no coding')
  if (encoding !== 'gzip' && encoding !== 'deflate')
    throw new ServingError(
      'unsupported',
      `grpc-encoding ${quote(encoding, 20)} is not known: send messages as ${ACCEPTED_ENCODINGS.replaceAll(',', ', ')}`,
    )
  const { gunzip, inflate } = process.getBuiltinModule('node:zlib')
  try {
    const options = { maxOutputLength: maxMessageBytes, chunkSize: 256 * 1024 }
    return await unpack(mostInflated(bytes.length, maxMessageBytes), isWanted, room, () =>
      promisify(encoding === 'gzip' ? gunzip : inflate)(bytes, options),
    )
  } catch (error) {
    if (error instanceof ServingError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new ServingError(
        'too_large',
        `a message grows beyond ${formatBytes(maxMessageBytes)} when it is inflated, the most that is taken`,
      )
    throw new ServingError('invalid_argument', `a message is no whole ${encoding}: ${code ?? 'damaged'}`, {
      cause: error,
    })
  }
}
