import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ApiRoute } from '../../api/routes.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { check } from './check.ts'
import { MAX_BODY_BYTES, parseJson, readAll, tooLarge } from './read-json.ts'

/**
 * A JSON body as its route has it.
 * @throws {ServingError} `invalid_argument`, `unsupported`
 */
export function parseBody(route: ApiRoute, request: FastifyRequest, bytes: Buffer): unknown {
  const { body: schema } = route
  if (bytes.length === 0) {
    if (schema === undefined || schema === 'bytes' || route.isBodyOptional === true) return undefined
    throw new ServingError('invalid_argument', `the body is empty: ${route.name} takes a JSON object`)
  }
  if (schema === undefined || schema === 'bytes')
    throw new ServingError('invalid_argument', `${route.name} takes no body: ${bytes.length} bytes came`)
  const type = request.headers['content-type']
  if (type !== undefined && !/^\s*application\/(?:[\w.-]{1,60}\+)?json\s*(?:;|$)/i.test(type))
    throw new ServingError(
      'unsupported',
      `the body is ${quote(type)}: ${route.name} takes application/json${route.takesForm === true ? ' or multipart/form-data' : ''}`,
    )
  const value = parseJson(bytes)
  check(schema, value, 'body')
  return value
}

/**
 * All of a body, which is read only now.
 * @throws {ServingError} `too_large`, `unsupported`, `cancelled`
 */
export async function bodyOf(request: FastifyRequest): Promise<Buffer> {
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity')
    throw new ServingError('unsupported', `a body of the encoding ${quote(encoding)} is not taken: send it as it is`)
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge(MAX_BODY_BYTES)
  return readAll(request.raw)
}

/** Whether a content type is that of a form with files. */
export function isFormType(type: string | undefined): boolean {
  return type !== undefined && /^\s*multipart\/form-data\s*(?:;|$)/i.test(type)
}

/** Whether a body comes with a request. */
export function hasBody(request: FastifyRequest): boolean {
  const { 'content-length': length, 'transfer-encoding': transfer } = request.headers
  return transfer !== undefined || (length !== undefined && length !== '0')
}

/** Repeated headers joined, names in lower case. */
export function headersOf(request: FastifyRequest): Record<string, string | undefined> {
  const joined: Record<string, string | undefined> = {}
  // node drops a second Authorization header; here two of them are no credential
  for (const [name, values] of Object.entries(request.raw.headersDistinct ?? {})) joined[name] = values?.join(', ')
  for (const [name, value] of Object.entries(request.headers))
    joined[name] ??= Array.isArray(value) ? value.join(', ') : value
  return joined
}

/** The id that the caller gave the request, where it is fit to be logged. */
export function requestIdOf(request: FastifyRequest): string | undefined {
  const id = request.headers['x-request-id']
  return typeof id === 'string' && /^[\w.-]{1,64}$/.test(id) ? id : undefined
}

/** Path and query, as they came. */
export function splitUrl(url: string): [string, string] {
  const at = url.indexOf('?')
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
}

/** What the audit log calls that which a path names: `endpoints/fraud`. */
export function resourceOf(request: FastifyRequest): string {
  const [path] = splitUrl(request.raw.url ?? '')
  const within = path.replace(/^\/api\/v1\//, '')
  const own = within.replace(/^projects\/[^/]{1,200}\//, '')
  return quote(own, 300).slice(1, -1)
}

/** Numeric address of the caller. */
export function peerOf(request: FastifyRequest): string {
  return request.raw.socket.remoteAddress ?? ''
}

/** Aborts when the caller goes away, or has the answer. */
export function signalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.once('close', () => controller.abort())
  return controller.signal
}
