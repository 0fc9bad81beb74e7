import { ERROR_CODES, ServingError, type ErrorCode } from '../../core/errors.ts'
import { HTTP_STATUS } from '../../core/http-status.ts'
import { json, type WireResponse } from '../../protocols/protocol.ts'

/** The answer to a request that failed before, or outside, any protocol: `{"error": {code, message, details}}`. */
export function toResponse(error: ServingError): WireResponse {
  return json(HTTP_STATUS[error.code], error.toJSON())
}

/**
 * The error that a failed answer tells of, whichever protocol wrote it: the code and message that stand in its JSON
 * body, in any spelling that protocols use, else what its status means and the body's text.
 */
export function fromResponse(response: WireResponse): ServingError {
  const text = typeof response.body === 'string' ? response.body : Buffer.from(response.body).toString('utf8')
  const document = parseRecord(text)
  const inner = asRecord(document['error'])
  const candidates = [document['ErrorCode'], document['code'], inner['code'], inner['status']]
  const messages = [document['Message'], document['message'], inner['message'], document['error']]
  const code = candidates.find(isErrorCode) ?? codeOf(response.status)
  const message = messages.find((value) => typeof value === 'string' && value !== '')
  return new ServingError(code, typeof message === 'string' ? message : text.slice(0, 1000), {
    details: asRecord(inner['details'] ?? document['details']),
  })
}

function codeOf(status: number): ErrorCode {
  const code = ERROR_CODES.find((code) => HTTP_STATUS[code] === status)
  if (code !== undefined) return code
  return status < 500 ? 'invalid_argument' : 'internal'
}

function isErrorCode(value: unknown): value is ErrorCode {
  return ERROR_CODES.some((code) => code === value)
}

function parseRecord(text: string): Readonly<Record<string, unknown>> {
  try {
    return asRecord(JSON.parse(text))
  } catch {
    return {}
  }
}

/** A JSON object's members; none for anything that is not an object. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}
