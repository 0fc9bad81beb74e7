import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  fromAnswer,
  toEvent,
  type FrontKind,
  type FrontOptions,
  type HttpRequest,
  type HttpResponse,
} from './lambda-gateway.ts'

export interface InvokeOptions {
  /** What `Lambda-Runtime-Deadline-Ms` says. Default: the time now and `timeoutMs`; null sends no such header. */
  readonly deadlineMs?: number | null
  /** How long the function may take (milliseconds). Default 30,000. */
  readonly timeoutMs?: number
  readonly traceId?: string
}

/** What an invoker gets. */
export interface InvokeResult {
  /** The function's answer, or the error's JSON: `{errorMessage, errorType}`. */
  readonly payload: string
  readonly isFunctionError: boolean
}

export interface LambdaEmulator {
  /** For `AWS_LAMBDA_RUNTIME_API`. */
  readonly api: string
  /** What the runtime reported to init/error, as JSON texts. */
  readonly initErrors: readonly string[]
  /**
   * Invokes the function and waits for its answer. Text and bytes are sent as they are, anything else as JSON.
   * Rejects for an event above Lambda's 6 MB, and when the emulator is closed meanwhile.
   */
  invoke(event: unknown, options?: InvokeOptions): Promise<InvokeResult>
  /** Sends an HTTP request through the kind of front named; gives the response that its client would get. */
  fromHttp(kind: FrontKind, request: HttpRequest, options?: FrontOptions & InvokeOptions): Promise<HttpResponse>
  /** How many times the runtime asked for an event. */
  asked(): number
  close(): Promise<void>
}

interface Waiting {
  readonly id: string
  readonly payload: Uint8Array
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  finish(result: InvokeResult): void
  fail(error: Error): void
}

const MAX_EVENT_BYTES = 6_291_456
const MAX_ANSWER_BYTES = 6_291_556
const BASE = '/2018-06-01/runtime'

/**
 * Lambda's runtime API on a free port of 127.0.0.1, for one function.
 * @param prefix a path before the API's own, as emulators of many functions have
 * @see AWS Lambda, "Using the Lambda runtime API for custom runtimes"
 */
export async function startLambdaEmulator(prefix = ''): Promise<LambdaEmulator> {
  const queue: Waiting[] = []
  const running = new Map<string, Waiting>()
  const timers = new Set<NodeJS.Timeout>()
  const initErrors: string[] = []
  let poll: ServerResponse | undefined
  let polls = 0

  function handOut(): void {
    if (poll === undefined) return
    const next = queue.shift()
    if (next === undefined) return
    running.set(next.id, next)
    const timer = setTimeout(() => {
      running.delete(next.id)
      next.finish(functionError('Sandbox.Timedout', `task timed out after ${next.timeoutMs} ms`))
    }, next.timeoutMs)
    timers.add(timer)
    poll.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': next.id,
      ...next.headers,
    })
    poll.end(next.payload)
    poll = undefined
  }

  function answer(path: string, body: Buffer, response: ServerResponse): void {
    if (path === '/init/error') {
      initErrors.push(body.toString('utf8'))
      return reply(response, 202, { status: 'OK' })
    }
    const [, id = '', verb] = /^\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? []
    const waiting = running.get(id)
    if (verb === undefined) return reply(response, 404, { errorType: 'NotFound', errorMessage: path })
    if (waiting === undefined) return reply(response, 400, { errorType: 'InvalidRequestID', errorMessage: id })
    running.delete(id)
    if (verb === 'response' && body.length > MAX_ANSWER_BYTES) {
      waiting.finish(functionError('Function.ResponseSizeTooLarge', `answer of ${body.length} bytes`))
      return reply(response, 413, { errorType: 'RequestEntityTooLarge', errorMessage: `${body.length} bytes` })
    }
    waiting.finish({ payload: body.toString('utf8'), isFunctionError: verb === 'error' })
    reply(response, 202, { status: 'OK' })
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = []
    for await (const chunk of request) chunks.push(chunk as Uint8Array)
    const path = (request.url ?? '').slice(prefix.length + BASE.length)
    if (!request.url?.startsWith(prefix + BASE)) return reply(response, 404, { errorMessage: 'not the runtime API' })
    if (request.method === 'POST') return answer(path, Buffer.concat(chunks), response)
    if (path !== '/invocation/next') return reply(response, 404, { errorMessage: path })
    polls++
    poll = response
    response.on('close', () => {
      if (poll === response) poll = undefined
    })
    handOut()
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  async function invoke(event: unknown, options: InvokeOptions = {}): Promise<InvokeResult> {
    const isRaw = typeof event === 'string' || event instanceof Uint8Array
    const payload = Buffer.from(isRaw ? event : JSON.stringify(event))
    if (payload.length > MAX_EVENT_BYTES) throw new Error(`RequestEntityTooLarge: an event of ${payload.length} bytes`)
    const { timeoutMs = 30_000, traceId } = options
    const deadlineMs = options.deadlineMs === undefined ? Date.now() + timeoutMs : options.deadlineMs
    const { promise, resolve, reject } = Promise.withResolvers<InvokeResult>()
    const headers = {
      ...(deadlineMs !== null && { 'lambda-runtime-deadline-ms': String(deadlineMs) }),
      ...(traceId !== undefined && { 'lambda-runtime-trace-id': traceId }),
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:eu-west-1:123456789012:function:function',
    }
    queue.push({ id: randomUUID(), payload, headers, timeoutMs, finish: resolve, fail: reject })
    handOut()
    return promise
  }

  return {
    api: `127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`,
    initErrors,
    invoke,
    async fromHttp(kind, request, options = {}) {
      const result = await invoke(toEvent(kind, request, options), options)
      return fromAnswer(kind, result.isFunctionError ? undefined : result.payload)
    },
    asked: () => polls,
    async close() {
      for (const timer of timers) clearTimeout(timer)
      for (const waiting of [...queue, ...running.values()]) waiting.fail(new Error('the emulator was closed'))
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function functionError(errorType: string, errorMessage: string): InvokeResult {
  return { payload: JSON.stringify({ errorType, errorMessage }), isFunctionError: true }
}

function reply(response: ServerResponse, status: number, document: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(document))
}
