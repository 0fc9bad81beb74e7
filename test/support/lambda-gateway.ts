/**
 * What stands before a function: turns an HTTP request into the event that API Gateway, a function URL or a load
 * balancer would send, and the function's answer back into an HTTP response.
 */
export type FrontKind = 'v1' | 'v2' | 'url' | 'alb' | 'alb-multi'

export interface HttpRequest {
  readonly method: string
  /** Path and query as they stand in the request line. */
  readonly target: string
  /** In the order sent, names as sent, repeated ones repeated. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
}

export interface HttpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface FrontOptions {
  /** The stage that the request came through. Default `$default` for v2 (no prefix in the path), `prod` for v1. */
  readonly stage?: string
}

/** The event, as an object. A REST API is taken to have binaryMediaTypes of all kinds, which base64s every body. */
export function toEvent(kind: FrontKind, request: HttpRequest, options: FrontOptions = {}): Record<string, unknown> {
  const mark = request.target.indexOf('?')
  const path = mark === -1 ? request.target : request.target.slice(0, mark)
  const query = mark === -1 ? '' : request.target.slice(mark + 1)
  if (kind === 'v2' || kind === 'url') return formatTwo(kind, request, path, query, options.stage ?? '$default')
  const isAlb = kind !== 'v1'
  const parameters = listsOf(
    query
      .split('&')
      .filter((part) => part !== '')
      .map((part) => {
        const [name = '', value = ''] = part.split('=')
        return isAlb ? [name, value] : [decodeURIComponent(name), decodeURIComponent(value)]
      }),
  )
  const headers = listsOf(request.headers.map(([name, value]) => [isAlb ? name.toLowerCase() : name, value]))
  const single = { headers: lastOf(headers), queryStringParameters: orNull(lastOf(parameters), isAlb) }
  const multi = { multiValueHeaders: headers, multiValueQueryStringParameters: orNull(parameters, isAlb) }
  return {
    ...(kind === 'v1' && { resource: '/{proxy+}', ...single, ...multi }),
    ...(kind === 'alb' && single),
    ...(kind === 'alb-multi' && multi),
    httpMethod: request.method,
    path,
    requestContext: isAlb
      ? { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/f/1' } }
      : { stage: options.stage ?? 'prod', path: `/${options.stage ?? 'prod'}${path}`, httpMethod: request.method },
    ...bodyMembers(request, kind === 'v1', isAlb),
  }
}

function formatTwo(kind: FrontKind, request: HttpRequest, path: string, query: string, stage: string) {
  const isUrl = kind === 'url'
  const rawPath = `${isUrl || stage === '$default' ? '' : `/${stage}`}${isUrl ? path : decodeURIComponent(path)}`
  const headers = listsOf(request.headers.map(([name, value]) => [name.toLowerCase(), value]))
  const cookies = headers['cookie']?.flatMap((value) => value.split('; '))
  delete headers['cookie']
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString: query,
    ...(cookies !== undefined && { cookies }),
    headers: Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, values.join(',')])),
    requestContext: {
      domainName: isUrl ? 'abc.lambda-url.eu-west-1.on.aws' : 'abc.execute-api.eu-west-1.amazonaws.com',
      http: { method: request.method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1' },
      stage,
    },
    ...bodyMembers(request, false, false),
  }
}

function bodyMembers(request: HttpRequest, isAlwaysBase64: boolean, isAlb: boolean) {
  const bytes = Buffer.from(request.body)
  if (bytes.length === 0) return isAlb ? { body: '', isBase64Encoded: false } : { body: null, isBase64Encoded: false }
  const type = request.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  const isText = !isAlwaysBase64 && /^(text\/|application\/(json|xml|javascript)\b)/.test(type)
  return { body: bytes.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText }
}

/**
 * The response that the client gets.
 * @param payload what the function returned; undefined when it reported an error
 */
export function fromAnswer(kind: FrontKind, payload: string | undefined): HttpResponse {
  const answer: unknown = payload === undefined ? undefined : JSON.parse(payload)
  if (!isObject(answer)) return broken
  if (!('statusCode' in answer)) {
    if (kind !== 'v2' && kind !== 'url') return broken
    return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(payload ?? '') }
  }
  const { statusCode, headers, multiValueHeaders, body = '', isBase64Encoded } = answer
  if (!Number.isInteger(statusCode) || typeof body !== 'string') return broken
  if (kind.startsWith('alb') && typeof answer['statusDescription'] !== 'string') return broken
  const lists = kind === 'v1' || kind === 'alb-multi' ? (multiValueHeaders ?? {}) : {}
  const all = { ...(kind === 'alb-multi' ? {} : (headers ?? {})), ...lists }
  return {
    status: Number(statusCode),
    headers: Object.fromEntries(Object.entries(all).map(([name, value]) => [name.toLowerCase(), String(value)])),
    body: Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8'),
  }
}

/** What clients of API Gateway see of a function error or of an answer out of form. */
const broken: HttpResponse = {
  status: 502,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from('{"message":"Internal server error"}'),
}

function listsOf(pairs: readonly (readonly string[])[]): Record<string, string[]> {
  const lists: Record<string, string[]> = {}
  for (const [name = '', value = ''] of pairs) (lists[name] ??= []).push(value)
  return lists
}

function lastOf(lists: Readonly<Record<string, string[]>>): Record<string, string> {
  return Object.fromEntries(Object.entries(lists).map(([name, values]) => [name, values.at(-1) ?? '']))
}

/** REST APIs write null for no parameters at all. */
function orNull<T extends object>(members: T, isAlb: boolean): T | null {
  return !isAlb && Object.keys(members).length === 0 ? null : members
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
