import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { ROUTES, type ApiRoute } from '../../api/routes.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { createAnswering } from './answer.ts'
import type { ApiOptions } from './doors.ts'
import { failureHeaders, statusOf } from './failures.ts'
import { createKeyring } from './keyring.ts'

/** What a request's body may have taken to come in whole (ms): a part of a file on a slow line. */
const REQUEST_TIMEOUT_MS = 600_000

/**
 * The platform's API, from `ROUTES`: it listens nowhere until it is told to, and `inject` calls it without a network.
 * Every answer of a change is given after its commit.
 */
export function createApi(options: ApiOptions): FastifyInstance {
  const { environment } = options
  const keyring = createKeyring(options)
  const answering = createAnswering(options, keyring)
  const app = Fastify({
    logger: false,
    bodyLimit: Number.MAX_SAFE_INTEGER, // each route has its own limit, once it is known who sends
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: 72_000,
    requestIdHeader: false,
    forceCloseConnections: 'idle',
    http: { headersTimeout: 10_000, maxHeaderSize: 32_768 },
    routerOptions: {
      maxParamLength: 4096,
      caseSensitive: true,
      ignoreTrailingSlash: false,
      querystringParser: () => ({}),
      onBadUrl: (path, _request, response) => {
        const error = new ServingError('invalid_argument', `the path ${quote(path)} is not percent-encoded UTF-8`)
        response.writeHead(400, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(error))
      },
    },
  })
  app.removeAllContentTypeParsers()
  // bodies stay where they are until it is known who sends them
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))

  app.addHook('onRequest', async (request) => {
    // what stands before this may have decided by the other one @see RFC 9112, section 3.2
    const names = request.raw.rawHeaders.filter((text, at) => at % 2 === 0 && text.toLowerCase() === 'host')
    if (names.length > 1)
      throw new ServingError('invalid_argument', 'the request has more than one Host header: send one')
  })

  for (const route of ROUTES)
    app.route({
      method: route.method,
      url: route.path,
      handler: (request, reply) => answering.answer(route, request, reply),
    })

  app.setNotFoundHandler((request, reply) => fail(request, reply, noRoute(request)))
  app.setErrorHandler((error, request, reply) => {
    // a method that nobody has heard of
    const failure = request.is404 ? noRoute(request) : fastifyFailure(error)
    if (failure.code === 'internal') environment.log('error', 'the API failed', { error: describe(error) })
    return fail(request, reply, failure)
  })
  return app
}

/** What Fastify itself refuses. */
function fastifyFailure(error: unknown): ServingError {
  if (error instanceof ServingError) return error
  const status = (error as { statusCode?: unknown }).statusCode
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new ServingError('invalid_argument', 'the request is malformed: its body or headers cannot be read')
  return ServingError.from(error)
}

function fail(_request: FastifyRequest, reply: FastifyReply, error: ServingError): FastifyReply {
  return reply
    .code(statusOf(error))
    .headers({
      ...failureHeaders(error),
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
    })
    .send(JSON.stringify(error))
}

/** 405 where the path is one of ours, else 404. */
function noRoute(request: FastifyRequest): ServingError {
  const path = request.url.split('?', 1)[0] ?? ''
  const methods = ROUTES.filter((route) => isPathOf(route, path)).map(({ method }) => method)
  if (methods.length === 0)
    return new ServingError(
      'not_found',
      `there is nothing at ${quote(path, 200)}: /api/v1/openapi.json lists what there is`,
    )
  const allow = [...new Set([...methods, ...(methods.includes('GET') ? ['HEAD'] : [])])].join(', ')
  return new ServingError('unsupported', `${quote(request.method, 20)} is not done here: ${allow} are`, {
    details: { reason: 'method', allow },
  })
}

function isPathOf(route: ApiRoute, path: string): boolean {
  const ours = route.path.split('/')
  const theirs = path.split('/')
  return (
    ours.length === theirs.length &&
    ours.every((part, i) => (part.startsWith(':') ? theirs[i] !== '' : part === theirs[i]))
  )
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
