import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'

/** Bodies other than uploads are at most so long (bytes). */
export const MAX_BODY_BYTES = 1_048_576
/** Lists and objects within each other. */
const MAX_DEPTH = 32

/**
 * All of a body.
 * @throws {ServingError} `too_large`; `cancelled` when the caller goes away before its end
 */
export async function readAll(stream: AsyncIterable<Uint8Array>, maxBytes = MAX_BODY_BYTES): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  try {
    for await (const chunk of stream) {
      sizeBytes += chunk.length
      if (sizeBytes > maxBytes) throw tooLarge(maxBytes)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof ServingError) throw error
    throw new ServingError('cancelled', 'the request ended before its body did', { cause: error })
  }
  return Buffer.concat(chunks)
}

export function tooLarge(maxBytes: number): ServingError {
  return new ServingError('too_large', `a body is at most ${maxBytes} bytes: send files as uploads, in parts`, {
    details: { maxBytes },
  })
}

/**
 * A JSON document of a caller's, which whoever copies or walks it can trust to be shallow and without `__proto__`.
 * @throws {ServingError} `invalid_argument`
 */
export function parseJson(bytes: Uint8Array): unknown {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    const said = error instanceof SyntaxError ? `: ${quote(error.message, 160)}` : ''
    throw new ServingError('invalid_argument', `the body is not JSON in UTF-8${said}`)
  }
  walk(value, 1)
  return value
}

function walk(value: unknown, depth: number): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new ServingError('invalid_argument', 'the body holds half of a surrogate pair')
    return
  }
  if (typeof value !== 'object' || value === null) return
  if (depth > MAX_DEPTH)
    throw new ServingError('invalid_argument', `the body is nested more than ${MAX_DEPTH} lists and objects deep`)
  if (Array.isArray(value)) {
    for (const item of value) walk(item, depth + 1)
    return
  }
  for (const [name, field] of Object.entries(value)) {
    if (name === '__proto__') throw new ServingError('invalid_argument', 'no field may be called "__proto__"')
    walk(field, depth + 1)
  }
}
