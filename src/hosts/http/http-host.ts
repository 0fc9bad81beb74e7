import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { ServingError, type ErrorCode } from '../../core/errors.ts'
import { formatBytes } from '../../core/text.ts'
import type { Handle, WireResponse } from '../../protocols/protocol.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import { http } from '../node-http.ts'

export interface HttpHostOptions {
  readonly handle: Handle
  readonly plane: DataPlane
  /** Largest request body (bytes). */
  readonly maxBodyBytes: number
  /** Most connections at once; more are closed as they come. */
  readonly maxConnections: number
  /** How long headers may take to arrive (ms). */
  readonly headersTimeoutMs: number
  /** How long a whole request may take to arrive (ms). */
  readonly requestTimeoutMs: number
  /** How long an idle connection is kept (ms). */
  readonly keepAliveTimeoutMs: number
  /** How long a client may take nothing of its answer (ms). Default 30,000. */
  readonly writeTimeoutMs?: number
  /** Told of answers that could not be sent because of a defect of ours. */
  readonly onDefect?: (error: unknown) => void
}

export interface HttpHost {
  readonly server: Server
  /**
   * Stops accepting, lets every request under way finish with `Connection: close`, then closes what is idle: a client
   * that is about to ask again on its kept connection gets its answer, and learns there to go elsewhere.
   * @returns once the last connection is closed
   */
  drain(): Promise<void>
  /** Cuts what is left. */
  destroy(): void
}

/** Largest header block (bytes), and most headers. */
const MAX_HEADER_BYTES = 16 * 1024
const MAX_HEADERS = 100

const WRITE_TIMEOUT_MS = 30_000

/**
 * How long what a refused client still sends is read and thrown away (ms): a connection closed over unread bytes is
 * reset, and a reset takes the answer with it.
 */
const LINGER_MS = 1000

/** A body in more chunks than this, shorter than that on average, costs far more than its bytes: it is refused. */
const MAX_CRUMBS = 10_000
const CRUMB_BYTES = 16

/** How long connections without a request are kept while draining (ms). */
const DRAIN_GRACE_MS = 500

/** HTTP/1.1 on bare node:http: bytes to a protocol's `handle`, and its answer back in one write. */
export function createHttpHost(options: HttpHostOptions): HttpHost {
  const { handle, plane, maxBodyBytes, writeTimeoutMs = WRITE_TIMEOUT_MS, onDefect } = options
  let isDraining = false
  /** Every connection, with the answers that are not through yet. */
  const sockets = new Map<Socket, Set<ServerResponse>>()

  const server = http.createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: options.headersTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    keepAliveTimeout: options.keepAliveTimeoutMs,
    connectionsCheckingInterval: 1000,
    insecureHTTPParser: false,
    requireHostHeader: false, // asked for below, with an answer in our words
    noDelay: true,
  })
  server.maxHeadersCount = MAX_HEADERS + 1 // Node drops what is over this without a word: one more shows
  server.maxConnections = options.maxConnections

  server.on('connection', (socket: Socket) => {
    sockets.set(socket, new Set())
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('request', receive)
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (!isTooLong(request)) response.writeContinue()
    receive(request, response)
  })
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    refuse(request, response, new ServingError('unsupported', 'of the Expect header only 100-continue is known'), 417),
  )
  // What is no request: the parser has said why, the connection ends.
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || isOwed(socket)) return void socket.destroy()
    const [status, reason, code, message] = PARSER_ERRORS[error.code ?? ''] ?? NO_HTTP
    const body = JSON.stringify({ error: message, code })
    const head = `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
    socket.end(head + body)
    socket.resume()
    setTimeout(() => socket.destroy(), LINGER_MS).unref()
  })

  function isTooLong(request: IncomingMessage): boolean {
    return Number(request.headers['content-length'] ?? 0) > maxBodyBytes
  }

  function tooLarge(): ServingError {
    return new ServingError('too_large', `the body is larger than ${formatBytes(maxBodyBytes)}, the most that is taken`)
  }

  function crumbs(): ServingError {
    return new ServingError('too_large', `the body comes in over ${MAX_CRUMBS} chunks of a few bytes: send larger ones`)
  }

  /** Answers without waiting for the body, and closes once the client has had time to read that. */
  function refuse(request: IncomingMessage, response: ServerResponse, error: ServingError, status: number): void {
    const body = JSON.stringify({ error: error.message, code: error.code })
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    })
    response.write(body)
    request.resume()
    const timer = setTimeout(close, LINGER_MS)
    request.once('end', close).once('close', close)
    function close(): void {
      clearTimeout(timer)
      response.end()
    }
  }

  function note({ socket }: IncomingMessage, response: ServerResponse): void {
    const answers = sockets.get(socket)
    answers?.add(response)
    response.once('close', () => answers?.delete(response))
  }

  /** Whether an answer to something before must come first, or is half written. */
  function isOwed(socket: Socket): boolean {
    return [...(sockets.get(socket) ?? [])].some((response) => response.req.complete || response.headersSent)
  }

  function receive(request: IncomingMessage, response: ServerResponse): void {
    note(request, response)
    const fault = faultOf(request)
    if (fault !== undefined) return refuse(request, response, fault.error, fault.status)
    if (isTooLong(request)) return refuse(request, response, tooLarge(), 413)
    const chunks: Buffer[] = []
    let received = 0
    request.on('data', (chunk: Buffer) => {
      received += chunk.length
      chunks.push(chunk)
      const isCrumbs = chunks.length > MAX_CRUMBS && received / chunks.length < CRUMB_BYTES
      if (received <= maxBodyBytes && !isCrumbs) return
      chunks.length = 0
      request.removeAllListeners('data').removeAllListeners('end')
      refuse(request, response, isCrumbs ? crumbs() : tooLarge(), 413)
    })
    request.on('end', () => answer(request, response, bodyOf(chunks)))
    request.on('error', () => {}) // the client went away while sending: nothing to answer
  }

  function answer(request: IncomingMessage, response: ServerResponse, body: Uint8Array): void {
    const url = request.url ?? '/'
    const mark = url.indexOf('?')
    const cancellation = { aborted: false }
    response.on('close', () => (cancellation.aborted = !response.writableFinished))
    const wire = {
      method: request.method ?? 'GET',
      path: mark === -1 ? url : url.slice(0, mark),
      query: mark === -1 ? '' : url.slice(mark + 1),
      headers: request.headers as Record<string, string | undefined>,
      body,
    }
    handle(wire, plane, cancellation)
      .then((result) => send(request, response, result))
      .catch((error: unknown) => {
        onDefect?.(error)
        response.destroy()
      })
  }

  function send(request: IncomingMessage, response: ServerResponse, result: WireResponse): void {
    if (response.destroyed) return
    const length = typeof result.body === 'string' ? Buffer.byteLength(result.body) : result.body.length
    const headers: Record<string, string | number> = { ...result.headers, 'content-length': length }
    if (isDraining) headers.connection = 'close'
    response.writeHead(result.status, headers)
    if (length > response.writableHighWaterMark) cutWhenStalled(response, writeTimeoutMs)
    response.end(request.method === 'HEAD' ? undefined : result.body)
  }

  async function drain(): Promise<void> {
    isDraining = true
    // http.Server.close() cuts connections that the net server's close leaves to finish
    const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()))
    const begun = performance.now()
    const timer = setInterval(() => {
      if (performance.now() - begun >= DRAIN_GRACE_MS) server.closeIdleConnections()
    }, 50)
    await closed
    clearInterval(timer)
  }

  return {
    server,
    drain,
    destroy: () => {
      for (const socket of sockets.keys()) socket.destroy()
    },
  }
}

function bodyOf(chunks: readonly Buffer[]): Uint8Array {
  const only = chunks[0]
  if (only === undefined) return new Uint8Array()
  return chunks.length === 1 ? only : Buffer.concat(chunks)
}

/** What a whole head may have that is no request for us. */
function faultOf({ rawHeaders, httpVersion }: IncomingMessage): { error: ServingError; status: number } | undefined {
  if (rawHeaders.length > 2 * MAX_HEADERS) {
    const error = new ServingError('too_large', `there are over ${MAX_HEADERS} headers, the most that is taken`)
    return { error, status: 431 }
  }
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.length === 4 && rawHeaders[i]?.toLowerCase() === 'host') hosts++
  if (hosts === 1 || (hosts === 0 && httpVersion !== '1.1')) return undefined
  const error = new ServingError('invalid_argument', `there are ${hosts} Host headers; HTTP/1.1 wants one`)
  return { error, status: 400 }
}

/** A reader that takes nothing for a while loses its connection, so that its answer does not stay in memory. */
function cutWhenStalled(response: ServerResponse, timeoutMs: number): void {
  const { socket } = response
  if (socket === null) return void response.once('socket', () => cutWhenStalled(response, timeoutMs)) // not its turn yet
  const cut = () => socket.destroy()
  socket.setTimeout(timeoutMs, cut)
  // by then Node has set its timeout for idle connections, which stays
  response.once('finish', () => socket.off('timeout', cut))
}

type ParserError = readonly [status: number, reason: string, code: ErrorCode, message: string]

const NO_HTTP: ParserError = [400, 'Bad Request', 'invalid_argument', 'the request is no valid HTTP/1.1']

const PARSER_ERRORS: Readonly<Record<string, ParserError>> = {
  HPE_HEADER_OVERFLOW: [
    431,
    'Request Header Fields Too Large',
    'too_large',
    `path and headers are larger than ${formatBytes(MAX_HEADER_BYTES)}, the most that is taken`,
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'Content Too Large', 'too_large', 'the chunk extensions are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'deadline_exceeded', 'the request did not arrive in time'],
}
