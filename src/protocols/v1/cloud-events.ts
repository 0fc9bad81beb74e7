import { ServingError } from '../../core/errors.ts'
import type { WireRequest } from '../protocol.ts'

const STRUCTURED = /^application\/cloudevents(?:-batch)?\+json/i
const SPEC_VERSIONS: readonly string[] = ['1.0', '0.3']
/** Longest text of an attribute that is answered, in characters. */
const MAX_LENGTH = 256

/**
 * The headers of an answer to a CloudEvent in the binary mode, whose body is that of any other request; undefined for a
 * request that is no event. The answer has the event's `id`, from another source, so that the two are told apart.
 * @throws {ServingError} `invalid_argument` for an event without what every event has; `unsupported` for the structured
 *   mode, where the event stands in the body
 * @see CloudEvents, "HTTP Protocol Binding", section 3.1; KServe, "V1 Inference Protocol" with CloudEvents
 */
export function eventHeaders(
  headers: WireRequest['headers'],
  modelName: string,
): Readonly<Record<string, string>> | undefined {
  const version = headers['ce-specversion']
  if (version === undefined) {
    if (!STRUCTURED.test(headers['content-type'] ?? '')) return undefined
    throw new ServingError(
      'unsupported',
      'events in the structured mode are not read here; send the binary mode: the data as the body, and the attributes as ce- headers',
    )
  }
  if (!SPEC_VERSIONS.includes(version))
    throw new ServingError(
      'invalid_argument',
      `the header ce-specversion is unknown; it is ${SPEC_VERSIONS.join(' or ')}`,
    )
  for (const name of ['ce-source', 'ce-type']) attribute(headers, name)
  return {
    'ce-specversion': version,
    'ce-id': attribute(headers, 'ce-id'),
    'ce-source': `io.kserve.inference.${modelName}`,
    'ce-type': 'io.kserve.inference.response',
  }
}

/** An attribute that every event has, fit to be a header of the answer. */
function attribute(headers: WireRequest['headers'], name: string): string {
  const text = headers[name]
  if (text !== undefined && text.length <= MAX_LENGTH && /^[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*$/.test(text)) return text
  throw new ServingError(
    'invalid_argument',
    `the header ${name} is ${text === undefined ? 'missing' : 'no text that an event may have'}; it is 1 to ${MAX_LENGTH} printable ASCII characters`,
  )
}
