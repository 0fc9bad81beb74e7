import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { ServingError } from '../../core/errors.ts'
import { formatBytes } from '../../core/text.ts'
import type { Handle, WireResponse } from '../../protocols/protocol.ts'
import type { DataPlane } from '../../runtime/plane.ts'

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
}

export interface HttpHost {
  readonly server: Server
  /**
   * Stops accepting, lets every request under way finish with `Connection: close`, closes idle connections.
   * @returns once the last connection is closed
   */
  drain(): Promise<void>
  /** Cuts what is left. */
  destroy(): void
}

/** Largest header block (bytes), and most headers. */
const MAX_HEADER_BYTES = 16 * 1024
const MAX_HEADERS = 100

/** How long a client may take to read its answer before the connection is cut (ms without any progress). */
const WRITE_TIMEOUT_MS = 30_000

/** HTTP/1.1 on bare node:http: bytes to a protocol's `handle`, and its answer back in one write. */
export function createHttpHost(options: HttpHostOptions): HttpHost {
  const { handle, plane, maxBodyBytes } = options
  let isDraining = false
  const sockets = new Set<Socket>()

  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: options.headersTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    keepAliveTimeout: options.keepAliveTimeoutMs,
    connectionsCheckingInterval: 1000,
    insecureHTTPParser: false,
    noDelay: true,
  })
  server.maxHeadersCount = MAX_HEADERS
  server.maxConnections = options.maxConnections

  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('request', receive)
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (isTooLong(request)) return refuse(request, response, tooLarge())
    response.writeContinue()
    receive(request, response)
  })
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    refuse(request, response, new ServingError('unsupported', 'of the Expect header only 100-continue is known'), 417),
  )
  // What is no request: the parser has said why, the connection ends.
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
    const [status, reason] = STATUS_OF_PARSER_ERROR[error.code ?? ''] ?? [400, 'Bad Request']
    const body = JSON.stringify({
      error: `the request is no valid HTTP/1.1: ${reason.toLowerCase()}`,
      code: 'invalid_argument',
    })
    const head = `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
    socket.end(head + body)
  })

  function isTooLong(request: IncomingMessage): boolean {
    return Number(request.headers['content-length'] ?? 0) > maxBodyBytes
  }

  function tooLarge(): ServingError {
    return new ServingError('too_large', `the body is larger than ${formatBytes(maxBodyBytes)}, the most that is taken`)
  }

  /** Answers before the body has arrived, and closes: what still comes is not read. */
  function refuse(request: IncomingMessage, response: ServerResponse, error: ServingError, status = 413): void {
    const body = JSON.stringify({ error: error.message, code: error.code })
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    })
    response.end(body, () => request.destroy())
  }

  function receive(request: IncomingMessage, response: ServerResponse): void {
    if (isTooLong(request)) return refuse(request, response, tooLarge())
    const chunks: Buffer[] = []
    let received = 0
    request.on('data', (chunk: Buffer) => {
      received += chunk.length
      if (received <= maxBodyBytes) return void chunks.push(chunk)
      chunks.length = 0
      request.removeAllListeners('data').removeAllListeners('end').pause()
      refuse(request, response, tooLarge())
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
    void handle(wire, plane, cancellation).then((result) => send(request, response, result))
  }

  function send(request: IncomingMessage, response: ServerResponse, result: WireResponse): void {
    if (response.destroyed) return
    const length = typeof result.body === 'string' ? Buffer.byteLength(result.body) : result.body.length
    const headers: Record<string, string | number> = { ...result.headers, 'content-length': length }
    if (isDraining) headers.connection = 'close'
    response.writeHead(result.status, headers)
    if (length > response.writableHighWaterMark) cutWhenStalled(response)
    response.end(request.method === 'HEAD' ? undefined : result.body)
  }

  async function drain(): Promise<void> {
    isDraining = true
    // http.Server.close() cuts connections that the net server's close leaves to finish
    const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()))
    server.closeIdleConnections()
    // a connection may be between two requests just now: ask again until it has had its answer
    const timer = setInterval(() => server.closeIdleConnections(), 100)
    await closed
    clearInterval(timer)
  }

  return {
    server,
    drain,
    destroy: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}

function bodyOf(chunks: readonly Buffer[]): Uint8Array {
  const only = chunks[0]
  if (only === undefined) return new Uint8Array()
  return chunks.length === 1 ? only : Buffer.concat(chunks)
}

/** A reader that takes nothing for a while loses its connection, so that its answer does not stay in memory. */
function cutWhenStalled(response: ServerResponse): void {
  const { socket } = response
  if (socket === null) return
  socket.setTimeout(WRITE_TIMEOUT_MS, () => socket.destroy())
  response.once('finish', () => socket.setTimeout(0))
}

const STATUS_OF_PARSER_ERROR: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'Payload Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
}
