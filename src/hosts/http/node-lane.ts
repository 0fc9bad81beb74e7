import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { ServingError } from '../../core/errors.ts'
import { formatBytes } from '../../core/text.ts'
import { json, type WireRequest, type WireResponse } from '../../protocols/protocol.ts'
import type { Claim } from '../../runtime/body-memory.ts'
import type { Call, Timing } from '../../runtime/plane.ts'
import { http } from '../node-http.ts'
import { checkHeader, checkStatus, isBodiless, requestIdOf } from './answer-text.ts'
import { tellAnswered, type Lane, type LaneOptions } from './lane.ts'
import { MAX_HEAD_BYTES, MAX_HEADERS, SWEEP_INTERVAL_MS } from './limits.ts'
import { LINGER_MS, MAX_LINGER_BYTES, MAX_LINGER_MS, NO_HTTP, PARSER_REFUSALS, refuseConnection } from './refusals.ts'
import { formatServerTiming } from './server-timing.ts'

/** A body in more chunks than this, shorter than that on average, costs far more than its bytes: it is refused. */
const MAX_CRUMBS = 10_000
const CRUMB_BYTES = 16

/** Room for a body in chunks, at first: how long it will be is not said (bytes). With each step, for twice what has come. */
const FIRST_BYTES = 64 * 1024

/** What may come of a body while it waits for room: what one read of its connection brings (bytes). */
const BEGUN_BYTES = 64 * 1024

/** All of HTTP/1.1, by Node's HTTP server: whatever is lawful is answered, whatever is not is refused in our words. */
export function createNodeLane(options: LaneOptions): Lane {
  const { handle, plane, door, memory, maxBodyBytes, writeTimeoutMs, onDefect } = options
  /** Every connection, with the answers that are not through yet. */
  const sockets = new Map<Socket, Set<ServerResponse>>()

  const server = http.createServer({
    maxHeaderSize: MAX_HEAD_BYTES,
    headersTimeout: options.headersTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    keepAliveTimeout: options.keepAliveTimeoutMs,
    connectionsCheckingInterval: SWEEP_INTERVAL_MS,
    insecureHTTPParser: false,
    requireHostHeader: false, // asked for below, with an answer in our words
  })
  server.maxHeadersCount = MAX_HEADERS + 1 // Node drops what is over this without a word: one more shows

  server.on('connection', (socket: Socket) => {
    sockets.set(socket, new Set())
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => receive(request, response, () => {}))
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
    receive(request, response, () => response.writeContinue()),
  )
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    refuse(request, response, new ServingError('unsupported', 'of the Expect header only 100-continue is known'), 417),
  )
  // What is no request: the parser has said why, the connection ends.
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || isOwed(socket)) return void socket.destroy()
    refuseConnection(socket, PARSER_REFUSALS[error.code ?? ''] ?? NO_HTTP)
  })
  // It never listens itself: this starts its watch over slow heads, slow bodies and idle connections.
  server.emit('listening')

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
    turnAway(request, response, json(status, { error: error.message, code: error.code }))
  }

  /** The same with an answer that a protocol has made. */
  function turnAway(request: IncomingMessage, response: ServerResponse, { status, headers, body }: WireResponse): void {
    const receivedAtMs = performance.now()
    const wire = wireOf(request, NO_BODY)
    const sentBytes = Buffer.byteLength(body)
    response.writeHead(status, {
      ...headers,
      'content-length': sentBytes,
      connection: 'close',
      ...requestIdHeader(wire),
    })
    response.write(body)
    tell(wire, { aborted: false }, status, sentBytes, receivedAtMs)
    let bytes = 0
    const timer = setTimeout(close, MAX_LINGER_MS)
    const quiet = setTimeout(close, LINGER_MS)
    request.on('data', (chunk: Buffer) => {
      quiet.refresh()
      bytes += chunk.length
      if (bytes > MAX_LINGER_BYTES) close()
    })
    request.once('end', close).once('close', close)
    request.resume()
    function close(): void {
      clearTimeout(timer)
      clearTimeout(quiet)
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

  /** @param onWanted told once the body may come */
  function receive(request: IncomingMessage, response: ServerResponse, onWanted: () => void): void {
    note(request, response)
    request.on('error', () => {}) // the client went away while sending: nothing to answer
    const fault = faultOf(request)
    if (fault !== undefined) return refuse(request, response, fault.error, fault.status)
    if (isTooLong(request)) return refuse(request, response, tooLarge(), 413)
    const length = announcedOf(request)
    let claim: Claim | undefined
    const onGone = () => claim?.release()
    const onRoom = () => {
      onWanted()
      read(request, response, claim, onGone)
    }
    if (length === 0) return onRoom()
    response.once('close', onGone)
    const head = wireOf(request, NO_BODY)
    const onRefused = (error: ServingError) => {
      request.removeAllListeners('data').removeAllListeners('end')
      turnAway(request, response, door.refusal(head, error))
    }
    try {
      const flow = door.admit(head)
      const bytes = length ?? Math.min(FIRST_BYTES, maxBodyBytes)
      claim = memory.claim({ bytes, flow, begunBytes: BEGUN_BYTES, isToCome: true, onRoom, onRefused })
    } catch (error) {
      return onRefused(ServingError.from(error))
    }
    if (claim.hasRoom) onRoom()
  }

  /** @param onGone what is done when the client goes before its body is whole */
  function read(
    request: IncomingMessage,
    response: ServerResponse,
    claim: Claim | undefined,
    onGone: () => void,
  ): void {
    const chunks: Buffer[] = []
    let received = 0
    let roomBytes = announcedOf(request) ?? Math.min(FIRST_BYTES, maxBodyBytes)
    const drop = () => {
      chunks.length = 0
      claim?.release()
      request.removeAllListeners('data').removeAllListeners('end')
    }
    request.on('data', (chunk: Buffer) => {
      received += chunk.length
      chunks.push(chunk)
      claim?.came(chunk.length)
      const isCrumbs = chunks.length > MAX_CRUMBS && received / chunks.length < CRUMB_BYTES
      if (received > maxBodyBytes || isCrumbs) {
        drop()
        return refuse(request, response, isCrumbs ? crumbs() : tooLarge(), 413)
      }
      if (received <= roomBytes) return
      roomBytes = Math.min(2 * received, maxBodyBytes)
      if (claim?.resize(roomBytes) !== false) return
      drop()
      turnAway(request, response, door.refusal(wireOf(request, NO_BODY), memory.full()))
    })
    request.on('end', () => {
      response.off('close', onGone) // it is held until it is answered, whoever still waits for that
      claim?.complete()
      if (received < roomBytes) claim?.resize(received)
      answer(request, response, bodyOf(chunks), claim)
    })
  }

  function answer(
    request: IncomingMessage,
    response: ServerResponse,
    body: Uint8Array,
    claim: Claim | undefined,
  ): void {
    const receivedAtMs = performance.now()
    const wire = wireOf(request, body)
    const call: Call & { aborted: boolean } = { aborted: false, timing: undefined, model: undefined }
    response.on('close', () => (call.aborted = !response.writableFinished))
    Promise.try(handle, wire, plane, call)
      .finally(() => claim?.release())
      .then((result) => send(wire, call, response, result, receivedAtMs))
      .catch((error: unknown) => {
        onDefect?.(error)
        response.destroy()
      })
  }

  function send(
    wire: WireRequest,
    call: { readonly timing?: Timing | undefined; readonly aborted: boolean },
    response: ServerResponse,
    result: WireResponse,
    receivedAtMs: number,
  ): void {
    if (response.destroyed) return
    const isEmpty = isBodiless(result.status)
    const length = isEmpty ? 0 : typeof result.body === 'string' ? Buffer.byteLength(result.body) : result.body.length
    response.writeHead(checkedStatus(result), {
      ...checkedHeaders(result),
      ...(isEmpty ? {} : { 'content-length': length }),
      ...(call.timing === undefined
        ? {}
        : { 'server-timing': formatServerTiming(call.timing, performance.now() - receivedAtMs) }),
      ...requestIdHeader(wire),
      ...(options.isDraining() ? { connection: 'close' } : {}),
    })
    if (length > response.writableHighWaterMark) cutWhenStalled(response, writeTimeoutMs)
    const hasBody = wire.method !== 'HEAD' && !isEmpty
    response.end(hasBody ? result.body : undefined)
    tell(wire, call, result.status, hasBody ? length : 0, receivedAtMs)
  }

  function tell(
    request: WireRequest,
    call: { readonly timing?: Timing | undefined; readonly aborted: boolean },
    status: number,
    sentBytes: number,
    receivedAtMs: number,
  ): void {
    const totalMs = performance.now() - receivedAtMs
    tellAnswered(options, { request, call, status, sentBytes, receivedAtMs, totalMs })
  }

  return {
    accept: (socket) => {
      server.emit('connection', socket)
      // What was unshifted must reach the parser before anything that it reads from the connection itself.
      if (socket.readableLength > 0) socket.read()
      socket.resume()
    },
    closeIdle: () => server.closeIdleConnections(),
    close: () => void server.close(),
  }
}

const NO_BODY = new Uint8Array()

function wireOf(request: IncomingMessage, body: Uint8Array): WireRequest {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  return {
    method: request.method ?? 'GET',
    path: mark === -1 ? url : url.slice(0, mark),
    query: mark === -1 ? '' : url.slice(mark + 1),
    headers: headersOf(request.rawHeaders),
    body,
    peer: request.socket.remoteAddress,
  }
}

/** Names in lower case, repeated ones joined. */
function headersOf(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase()
    const value = raw[i + 1] ?? ''
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value
  }
  return headers
}

/** How long a body is said to be; `undefined` for one in chunks, which says so at its end. */
function announcedOf({ headers }: IncomingMessage): number | undefined {
  return headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined
}

function requestIdHeader({ headers }: WireRequest): Record<string, string> {
  const id = requestIdOf(headers)
  return id === undefined ? {} : { 'x-request-id': id }
}

function checkedStatus({ status }: WireResponse): number {
  checkStatus(status)
  return status
}

function checkedHeaders({ headers }: WireResponse): Readonly<Record<string, string>> {
  for (const name of Object.keys(headers)) checkHeader(name, headers[name] ?? '')
  return headers
}

function bodyOf(chunks: readonly Buffer[]): Uint8Array {
  const only = chunks[0]
  if (only === undefined) return NO_BODY
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
