import { http } from '../node-http.ts'
import { ServingError } from '../../core/errors.ts'
import type { WireResponse } from '../../protocols/protocol.ts'
import { fromResponse, toResponse } from './failure.ts'

/** Who sent an event, which decides the form of its answer. `direct`: somebody invoked the function itself. */
export type EventKind = 'api-gateway-v1' | 'api-gateway-v2' | 'function-url' | 'alb' | 'direct'

/** Most bytes of an answer, as the JSON that the function returns. @see AWS Lambda quotas, synchronous payload */
const MAX_ANSWER_BYTES = 6_291_556

/** The same for a load balancer's target. @see AWS Elastic Load Balancing, "Lambda functions as targets": 1 MB */
const MAX_ALB_ANSWER_BYTES = 1_048_576

/** Media types whose bytes are text: they travel as a JSON string, all others as base64. */
const TEXT =
  /^\s*(text\/|application\/([\w.-]+\+)?(json|xml|jsonlines|x-ndjson|yaml|javascript)\b|[\w.-]+\/[\w.-]+\+json\b)/i

/**
 * An answer as the JSON text that the function returns to Lambda.
 * @param isMultiValue write headers as lists: a load balancer that sent lists reads nothing else
 * @throws {ServingError} for `direct` only: what a failed answer says, and `too_large` when Lambda would not carry the
 * answer. The other kinds turn an answer too large into a smaller one that says so.
 */
export function encodeAnswer(kind: EventKind, isMultiValue: boolean, response: WireResponse): string {
  if (kind === 'direct') return encodeDirect(response)
  const maxBytes = kind === 'alb' ? MAX_ALB_ANSWER_BYTES : MAX_ANSWER_BYTES
  const text = encodeHttp(kind, isMultiValue, response)
  const error = tooLarge(text, maxBytes)
  return error === undefined ? text : encodeHttp(kind, isMultiValue, toResponse(error))
}

function encodeHttp(kind: EventKind, isMultiValue: boolean, response: WireResponse): string {
  return JSON.stringify({
    statusCode: response.status,
    ...(kind === 'alb' && {
      statusDescription: `${response.status} ${http.STATUS_CODES[response.status] ?? 'Unknown'}`,
    }),
    ...(isMultiValue
      ? {
          multiValueHeaders: Object.fromEntries(
            Object.entries(response.headers).map(([name, value]) => [name, [value]]),
          ),
        }
      : { headers: response.headers }),
    // Every member of format 2.0, empty ones too: an emulator refuses answers without them.
    ...((kind === 'api-gateway-v2' || kind === 'function-url') && { cookies: [] }),
    ...encodeBody(response),
  })
}

function encodeBody({ body, headers }: WireResponse): { body: string; isBase64Encoded: boolean } {
  if (typeof body === 'string') return { body, isBase64Encoded: false }
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  // compressed bytes of a text are no text, even where they could pass for it
  if (headers['content-encoding'] === undefined && TEXT.test(headers['content-type'] ?? '')) {
    const text = decodeUtf8(bytes)
    if (text !== undefined) return { body: text, isBase64Encoded: false }
  }
  return { body: bytes.toString('base64'), isBase64Encoded: true }
}

/** A direct caller gets the answer's JSON itself, unchanged: numbers keep every digit. */
function encodeDirect(response: WireResponse): string {
  if (response.status >= 400) throw fromResponse(response)
  const text = typeof response.body === 'string' ? response.body : decodeUtf8(response.body)
  if (text === undefined)
    throw new ServingError('unsupported', 'the answer is binary and a direct invocation carries JSON: ask for JSON')
  const answer = text === '' ? 'null' : isJson(response) ? text : JSON.stringify(text)
  const error = tooLarge(answer, MAX_ANSWER_BYTES)
  if (error !== undefined) throw error
  return answer
}

function isJson({ headers }: WireResponse): boolean {
  return /^\s*application\/([\w.-]+\+)?json\b/i.test(headers['content-type'] ?? '')
}

function tooLarge(answer: string, maxBytes: number): ServingError | undefined {
  const sizeBytes = Buffer.byteLength(answer)
  if (sizeBytes <= maxBytes) return undefined
  return new ServingError(
    'too_large',
    `the answer is ${sizeBytes} bytes as a lambda event, at most ${maxBytes} can be returned: ` +
      'send fewer rows in a request, or ask for fewer outputs',
    { details: { sizeBytes, maxBytes } },
  )
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text, or undefined where the bytes are no UTF-8. */
function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}
