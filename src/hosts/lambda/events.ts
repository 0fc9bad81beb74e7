import { ServingError } from '../../core/errors.ts'
import type { WireRequest, WireResponse } from '../../protocols/protocol.ts'
import { encodeAnswer, type EventKind } from './answers.ts'
import { asRecord } from './failure.ts'

/** One Lambda event, read. */
export interface Invocation {
  readonly kind: EventKind
  /** What to ask the protocols; or why the event is no request, to be answered by `respond` like any other failure. */
  readonly request: WireRequest | ServingError
  /**
   * The answer as the JSON text that the function returns.
   * @throws {ServingError} for a `direct` event whose answer failed or is too large: Lambda then reports a function error
   */
  readonly respond: (response: WireResponse) => string
}

export interface EventOptions {
  /** Leading segments that a custom domain's mapping puts before every path, as `/ml`; taken off where they stand. Default none. */
  readonly basePath?: string
}

type Members = Readonly<Record<string, unknown>>

/**
 * Reads a Lambda event as the request that an HTTP server would have seen, from API Gateway (REST and HTTP APIs),
 * a function URL or an application load balancer. Any other event is a direct invocation: its bytes, untouched, are
 * the JSON body of `POST /invocations`.
 * It never throws: an event that is no request says so in `request`.
 * @param payload the event's JSON, as the runtime API gave it
 * @see AWS Lambda, "Lambda proxy integrations" payload formats 1.0 and 2.0; "Receive an event from the load balancer"
 */
export function toWireRequest(payload: Uint8Array, options: EventOptions = {}): Invocation {
  const event = parse(payload)
  const kind = kindOf(event)
  const isMultiValue = kind === 'alb' && isObject(event['multiValueHeaders'])
  return {
    kind,
    request: kind === 'direct' ? directRequest(payload) : httpRequest(event, kind, options),
    respond: (response) => encodeAnswer(kind, isMultiValue, response),
  }
}

function parse(payload: Uint8Array): Members {
  try {
    return asRecord(JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8')))
  } catch {
    return {} // not JSON: a direct invocation, and the protocol says what is wrong with its body
  }
}

function kindOf(event: Members): EventKind {
  const context = asRecord(event['requestContext'])
  if (event['version'] === '2.0' && isObject(context['http'])) {
    const domain = context['domainName']
    return typeof domain === 'string' && domain.includes('.lambda-url.') ? 'function-url' : 'api-gateway-v2'
  }
  if (typeof event['httpMethod'] === 'string' && typeof event['path'] === 'string') {
    if (isObject(context['elb'])) return 'alb'
    if (isObject(event['requestContext'])) return 'api-gateway-v1'
  }
  return 'direct'
}

function directRequest(payload: Uint8Array): WireRequest {
  const headers = { 'content-type': 'application/json', accept: 'application/json' }
  return { method: 'POST', path: '/invocations', query: '', headers, body: payload }
}

function httpRequest(event: Members, kind: EventKind, options: EventOptions): WireRequest | ServingError {
  try {
    const context = asRecord(event['requestContext'])
    const isV2 = event['version'] === '2.0'
    return {
      method: isV2 ? textOf(asRecord(context['http']), 'method') : textOf(event, 'httpMethod'),
      path: pathOf(event, context['stage'], options.basePath),
      query: isV2 ? textOf({ query: event['rawQueryString'] ?? '' }, 'query') : queryOf(event, kind),
      headers: headersOf(event, kind),
      body: bodyOf(event),
    }
  } catch (error) {
    return ServingError.from(error)
  }
}

/** @throws {ServingError} `invalid_argument` where the member is no string */
function textOf(members: Members, name: string): string {
  const value = members[name]
  if (typeof value === 'string') return value
  throw new ServingError(
    'invalid_argument',
    `the event's ${name} is ${value === undefined || value === null ? 'missing' : `of type ${typeof value}`}; it must be a string, ` +
      'as API Gateway and load balancers send it',
  )
}

/**
 * The path as the client sent it. HTTP APIs put the stage before it (REST APIs don't, and theirs have no `version`),
 * and they decode it: what cannot stand in a path is encoded again, what is encoded already stays as it came.
 */
function pathOf(event: Members, stage: unknown, basePath: string | undefined): string {
  let path = textOf(event, event['version'] === '2.0' ? 'rawPath' : 'path')
  const isHttpApi = event['version'] !== undefined
  if (isHttpApi && typeof stage === 'string' && stage !== '' && stage !== '$default') path = without(path, `/${stage}`)
  if (basePath !== undefined) path = without(path, `/${basePath.replaceAll(/^\/+|\/+$/g, '')}`)
  return path === '' ? '/' : escapePath(path)
}

/** `path` less its leading segments `prefix`; unchanged where they are not whole segments of it. */
function without(path: string, prefix: string): string {
  if (prefix === '/' || !(path === prefix || path.startsWith(`${prefix}/`))) return path
  return path.slice(prefix.length)
}

function escapePath(path: string): string {
  return path.replace(/%(?![0-9a-f]{2})|[^\w\-.~!$&'()*+,;=:@/%[\]]+/gi, (found) =>
    encodeURIComponent(found.toWellFormed()),
  )
}

/** REST APIs decode the query, so it is encoded again; load balancers give it as it came. */
function queryOf(event: Members, kind: EventKind): string {
  const lists = event['multiValueQueryStringParameters']
  const parameters = Object.entries(asRecord(isObject(lists) ? lists : event['queryStringParameters']))
  const encode = kind === 'alb' ? (text: string) => text : (text: string) => encodeURIComponent(text.toWellFormed())
  return parameters
    .flatMap(([name, values]) => listOf(values).map((value) => `${encode(name)}=${encode(value)}`))
    .join('&')
}

/**
 * Names in lower case. Of a REST API what encodings the client takes is left out: such an API sends compressed bytes on as
 * base64 text, unless it was set up for binary answers, and can compress by itself.
 */
function headersOf(event: Members, kind: EventKind): Record<string, string> {
  const lists = event['multiValueHeaders']
  const values = new Map<string, string[]>()
  for (const [name, value] of Object.entries(asRecord(isObject(lists) ? lists : event['headers']))) {
    const key = name.toLowerCase()
    values.set(key, [...(values.get(key) ?? []), ...listOf(value)])
  }
  const cookies = event['cookies'] // format 2.0 takes them out of the headers
  if (Array.isArray(cookies) && cookies.length > 0 && !values.has('cookie')) values.set('cookie', listOf(cookies))
  if (kind === 'api-gateway-v1') values.delete('accept-encoding')
  return Object.fromEntries([...values].map(([name, all]) => [name, all.join(name === 'cookie' ? '; ' : ', ')]))
}

function listOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((item) => item !== null && item !== undefined).map(String)
}

/** @throws {ServingError} `invalid_argument` where the body is neither text nor the base64 that the event claims */
function bodyOf(event: Members): Uint8Array {
  const body = event['body']
  if (body === undefined || body === null) return new Uint8Array(0)
  if (typeof body !== 'string')
    throw new ServingError(
      'invalid_argument',
      `the event's body is ${Array.isArray(body) ? 'an array' : `of type ${typeof body}`}; it must be a string: ` +
        'encode the document as JSON text, or invoke the function with the document itself as the event',
    )
  if (event['isBase64Encoded'] !== true) return Buffer.from(body, 'utf8')
  try {
    return Uint8Array.fromBase64(body)
  } catch (error) {
    throw new ServingError(
      'invalid_argument',
      "the event's body is not valid base64, though its isBase64Encoded is true: encode the bytes as base64, or say false",
      { cause: error },
    )
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
