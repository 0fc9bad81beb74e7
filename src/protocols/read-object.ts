import { refuseRepeatedKeys } from '../codecs/repeated-keys.ts'
import { decodeUtf8 } from '../codecs/json-lines.ts'
import { ServingError } from '../core/errors.ts'

/**
 * A body that is a JSON object, whatever stands in it. For small ones: settings, and orders to the server.
 * @param wanted what to send, for an error: `send {"model_name": NAME}`
 * @throws {ServingError} `invalid_argument` when it is no JSON object, or says anything twice
 */
export function readObject(body: Uint8Array, wanted: string): Readonly<Record<string, unknown>> {
  const text = decodeUtf8(body, 'the body')
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (cause) {
    throw new ServingError('invalid_argument', `the body is not valid JSON; ${wanted}`, { cause })
  }
  if (!isObject(document)) throw new ServingError('invalid_argument', `the body is no JSON object; ${wanted}`)
  refuseRepeatedKeys(document, text, 'the body')
  return document
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
