import { Readable } from 'node:stream'
import { ServingError } from '../../../core/errors.ts'

/**
 * What comes out of a stream, chunk by chunk; the stream is left standing when nobody wants more, so that its connection
 * can still carry an answer. When the signal aborts it is destroyed: the other side has gone. To be called as soon as there
 * is a stream: it may break before anybody reads it.
 * @throws {ServingError} `cancelled`, from the chunks, when it breaks off
 */
export function chunksOf(
  stream: Readable | AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): AsyncIterable<Uint8Array> {
  if (!(stream instanceof Readable)) return stream
  stream.on('error', () => {}) // whoever reads it is told
  return chunksOfStream(stream, signal)
}

async function* chunksOfStream(stream: Readable, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const abort = () => stream.destroy(new ServingError('cancelled', 'interrupted'))
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array
  } catch (cause) {
    if (cause instanceof ServingError) throw cause
    throw new ServingError('cancelled', 'the body broke off before its end', { cause })
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}
