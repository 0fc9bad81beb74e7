import type { IncomingHttpHeaders } from 'node:http'
import { http } from '../node-http.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'

/** An event that Lambda handed out. */
export interface RuntimeEvent {
  readonly id: string
  readonly payload: Uint8Array
  /** When the function is stopped, in milliseconds since 1970, as the runtime API says: check it. NaN when it says nothing. */
  readonly deadlineMs: number
  readonly traceId: string | undefined
}

/** A connection to Lambda's runtime API: the four calls that a custom runtime makes. */
export interface RuntimeClient {
  /** Waits for an event, however long: Lambda freezes an idle function here. */
  next(signal: AbortSignal): Promise<RuntimeEvent>
  /** @throws {ServingError} `unavailable` when Lambda does not take the answer */
  respond(id: string, payload: string): Promise<void>
  /** Reports that an event failed: the invoker sees a function error with our code as its type. */
  fail(id: string, error: ServingError): Promise<void>
  /** Reports that the function cannot start. */
  failInit(error: ServingError): Promise<void>
  close(): void
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
}

/**
 * Opens the runtime API.
 * @param api what `AWS_LAMBDA_RUNTIME_API` says: `host:port`, or `host:port/path` from emulators that keep many functions
 * @throws {ServingError} `invalid_argument` when it is neither
 * @see AWS Lambda, "Using the Lambda runtime API for custom runtimes", version 2018-06-01
 */
export function createRuntimeClient(api: string): RuntimeClient {
  const { host, port, prefix } = parseAddress(api)
  const agent = new http.Agent({ keepAlive: true })

  function send(method: string, path: string, body = '', headers = {}, signal?: AbortSignal): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const bytes = Buffer.from(body)
    const length =
      method === 'GET' ? {} : { 'content-length': String(bytes.length), 'content-type': 'application/json' }
    const request = http.request({
      host,
      port,
      method,
      path: `${prefix}/2018-06-01/runtime${path}`,
      agent,
      headers: { ...length, ...headers },
      ...(signal !== undefined && { signal }),
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      // A kept connection may have died while the function was frozen: that says nothing about the API.
      const isStale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
      if (isStale) resolve(send(method, path, body, headers, signal))
      else reject(error)
    })
    request.on('response', (response) => {
      const chunks: Uint8Array[] = []
      response.on('data', (chunk: Uint8Array) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    })
    request.end(bytes)
    return promise
  }

  async function post(path: string, body: string, headers = {}): Promise<void> {
    const answer = await send('POST', path, body, headers)
    if (answer.status >= 300) throw unexpected('POST', path, answer)
  }

  return {
    async next(signal) {
      const path = '/invocation/next'
      const answer = await send('GET', path, '', {}, signal)
      const id = answer.headers['lambda-runtime-aws-request-id']
      if (answer.status !== 200 || typeof id !== 'string') throw unexpected('GET', path, answer)
      return {
        id,
        payload: answer.body,
        deadlineMs: Number(answer.headers['lambda-runtime-deadline-ms'] ?? Number.NaN),
        traceId: answer.headers['lambda-runtime-trace-id']?.toString(),
      }
    },
    respond: (id, payload) => post(`/invocation/${encodeURIComponent(id)}/response`, payload),
    fail: (id, error) => post(`/invocation/${encodeURIComponent(id)}/error`, report(error), typeHeader(error)),
    failInit: (error) => post('/init/error', report(error), typeHeader(error)),
    close: () => agent.destroy(),
  }
}

function parseAddress(api: string): { host: string; port: number; prefix: string } {
  const found = /^(?:\[([0-9a-f:.]+)\]|([^\s/:?#[\]]+)):(\d{1,5})((?:\/[^\s?#]*)?)$/i.exec(api)
  const host = found?.[1] ?? found?.[2]
  const port = Number(found?.[3])
  if (host === undefined || port < 1 || port > 65_535)
    throw new ServingError(
      'invalid_argument',
      `the lambda runtime API's address is ${quote(api)}; it must be host:port or host:port/path, ` +
        'as Lambda or its emulator sets AWS_LAMBDA_RUNTIME_API',
    )
  return { host, port, prefix: (found?.[4] ?? '').replace(/\/+$/, '') }
}

/** What invokers see of a failure: code and message; the stack stays here. */
function report(error: ServingError): string {
  return JSON.stringify({ errorMessage: error.message, errorType: error.code, stackTrace: [] })
}

function typeHeader(error: ServingError): Record<string, string> {
  return { 'lambda-runtime-function-error-type': `Slipway.${error.code}` }
}

function unexpected(method: string, path: string, answer: Answer): ServingError {
  const text = quote(Buffer.from(answer.body).toString('utf8'), 200)
  return new ServingError(
    'unavailable',
    `the lambda runtime API answered ${method} ${path} with status ${answer.status} and ${text}`,
  )
}
