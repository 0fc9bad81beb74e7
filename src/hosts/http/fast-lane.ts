import type { Socket } from 'node:net'
import { ServingError } from '../../core/errors.ts'
import type { WireRequest, WireResponse } from '../../protocols/protocol.ts'
import type { Claim } from '../../runtime/body-memory.ts'
import type { Timing } from '../../runtime/plane.ts'
import { formatHead, isBodiless, timingLine } from './answer-text.ts'
import { BodyCollector } from './body.ts'
import { createHeadReader, MAX_REMEMBERED_CHARACTERS, type Head, type HeadReader } from './head.ts'
import { tellAnswered, type Lane, type LaneOptions } from './lane.ts'
import { SWEEP_INTERVAL_MS } from './limits.ts'
import { closeLingering, NO_HTTP, refuseConnection, TOO_SLOW, type Refusal } from './refusals.ts'

/**
 * HTTP/1.1 without Node's HTTP server: requests whose bytes can be read in one way only are answered in one write, which
 * costs a fraction. It never guesses: a connection that brings anything else, be it chunks, half a head or nonsense, is
 * handed over with all its bytes for the rest of its life.
 * @param handOver takes paused connections; all bytes since the last answer wait there to be read
 */
export function createFastLane(options: LaneOptions, handOver: (socket: Socket) => void): Lane {
  const connections = new Set<Connection>()
  const readHead = createHeadReader(options.maxBodyBytes)
  const sweeper = setInterval(sweep, SWEEP_INTERVAL_MS).unref()

  function sweep(): void {
    const nowMs = performance.now()
    for (const connection of connections) connection.checkTime(nowMs)
  }

  const shared = { options, readHead, handOver, forget: (connection: Connection) => connections.delete(connection) }
  return {
    accept: (socket) => connections.add(new Connection(socket, shared)),
    closeIdle() {
      for (const connection of connections) connection.closeIfIdle()
    },
    close: () => clearInterval(sweeper),
  }
}

/** What all connections share. */
interface Shared {
  readonly options: LaneOptions
  readonly readHead: HeadReader
  readonly handOver: (socket: Socket) => void
  readonly forget: (connection: Connection) => void
}

/** What a connection waits for. */
type State =
  /** Its first request. */
  | 'first'
  /** Its next request. */
  | 'next'
  /** Room for a body, or the rest of it. */
  | 'body'
  /** The answer to its request. */
  | 'answer'
  /** Its client to take what was written. */
  | 'drain'
  /** Nothing: it ends, or is another lane's. */
  | 'end'

const NO_BODY = new Uint8Array()

/** One connection: reads a request, has it answered, writes the answer, and only then looks at the next. */
class Connection {
  readonly #socket: Socket
  readonly #shared: Shared
  #state: State = 'first'
  /** When that began (ms). */
  #sinceMs = performance.now()
  #peer: string | undefined
  /** Of the request under way, else of the last one when it was short. */
  #head: Head | undefined
  #body: BodyCollector | undefined
  /** Room of that body, until it is answered; of one that came at once, so many bytes. */
  #claim: Claim | undefined
  #takenBytes = 0
  #request: WireRequest | undefined
  #call: { aborted: boolean; timing?: Timing | undefined } | undefined
  /** What came before its turn. */
  #held: Buffer | undefined

  constructor(socket: Socket, shared: Shared) {
    this.#socket = socket
    this.#shared = shared
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose)
  }

  /** Ends what has taken too long. */
  checkTime(nowMs: number): void {
    const { headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = this.#shared.options
    const isOver = (limitMs: number) => limitMs > 0 && nowMs - this.#sinceMs > limitMs
    if (this.#state === 'next' && isOver(keepAliveTimeoutMs)) this.#socket.destroy()
    else if (this.#state === 'first' && (isOver(headersTimeoutMs) || isOver(requestTimeoutMs))) this.#refuse(TOO_SLOW)
    else if (this.#state === 'body' && isOver(requestTimeoutMs)) this.#refuse(TOO_SLOW)
  }

  closeIfIdle(): void {
    if (this.#state === 'first' || this.#state === 'next') this.#socket.destroy()
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#state === 'first' || this.#state === 'next') this.#begin(chunk)
    else if (this.#state === 'body') this.#collect(chunk)
    else if (this.#state !== 'end') this.#hold(chunk)
  }

  #begin(chunk: Buffer): void {
    const head = this.#shared.readHead(chunk, this.#head)
    if (head === undefined) return this.#leave(chunk)
    const came = chunk.length - head.text.length
    if (came > head.contentLength) return this.#leave(chunk) // another request behind it
    this.#head = head
    if (came === 0 && head.contentLength === 0) return this.#ask(head, NO_BODY)
    const begun = chunk.subarray(head.text.length)
    if (came < head.contentLength || !this.#shared.options.memory.take(came)) return this.#knock(head, begun)
    this.#takenBytes = came
    this.#ask(head, begun)
  }

  /** Asks whether a body may come, and whether there is room for it; until there is, no more of it is read. */
  #knock(head: Head, begun: Buffer): void {
    const { door, memory } = this.#shared.options
    const { contentLength } = head
    const onRoom = () => {
      this.#socket.resume()
      this.#receive(head, begun)
    }
    const onRefused = (error: ServingError) => this.#turnAway(head, error)
    this.#enter('body', performance.now())
    try {
      const flow = door.admit(this.#wireOf(head, NO_BODY))
      const isToCome = begun.length < contentLength
      this.#claim = memory.claim({ bytes: contentLength, flow, begunBytes: begun.length, isToCome, onRoom, onRefused })
    } catch (error) {
      return onRefused(ServingError.from(error))
    }
    if (this.#claim.hasRoom) this.#receive(head, begun)
    else this.#socket.pause()
  }

  #receive(head: Head, begun: Buffer): void {
    this.#body = new BodyCollector(head.contentLength)
    this.#collect(begun)
  }

  #collect(chunk: Buffer): void {
    const head = this.#head
    const body = this.#body
    if (head === undefined || body === undefined) throw new Error('a body without its head; this is a bug')
    if (chunk.length > body.missing)
      return this.#leave(Buffer.concat([Buffer.from(head.text, 'latin1'), body.received, chunk]))
    body.append(chunk)
    this.#claim?.came(chunk.length)
    if (body.missing > 0) return
    this.#claim?.complete()
    this.#body = undefined
    this.#ask(head, body.received)
  }

  /** Keeps what comes while a request is under way, and reads no more until then. */
  #hold(chunk: Buffer): void {
    // what cannot begin a request ends the connection: an answer to it could pass for the one that is owed
    if (this.#held === undefined && !canBeginRequest(chunk)) return void this.#socket.destroy()
    this.#held = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk])
    this.#socket.pause()
  }

  #wireOf({ method, path, query, headers }: Head, body: Uint8Array): WireRequest {
    const peer = (this.#peer ??= this.#socket.remoteAddress)
    return { method, path, query, headers, body, peer }
  }

  #ask(head: Head, body: Uint8Array): void {
    const { handle, plane } = this.#shared.options
    const request = this.#wireOf(head, body)
    const call = { aborted: false, timing: undefined, model: undefined }
    this.#request = request
    this.#call = call
    this.#enter('answer', performance.now())
    try {
      handle(request, plane, call).then(this.#onResult, this.#onDefect)
    } catch (error) {
      this.#onDefect(error)
    }
  }

  readonly #onResult = (result: WireResponse): void => {
    this.#giveRoom()
    if (this.#state !== 'answer') return // the client has gone
    try {
      this.#answer(result)
    } catch (error) {
      this.#onDefect(error)
    }
  }

  readonly #onDefect = (error: unknown): void => {
    this.#giveRoom()
    this.#shared.options.onDefect?.(error)
    this.#socket.destroy()
  }

  #answer(result: WireResponse): void {
    const { options } = this.#shared
    const head = this.#head
    const request = this.#request
    const call = this.#call
    if (head === undefined || request === undefined || call === undefined)
      throw new Error('an answer to no request; this is a bug')
    const receivedAtMs = this.#sinceMs
    const nowMs = performance.now()
    const isLast = options.isDraining()
    const body = isBodiless(result.status) ? '' : result.body
    const sentBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length
    const extra = timingLine(call, nowMs - receivedAtMs) + head.requestIdLine
    const isTaken = write(this.#socket, formatHead(result, sentBytes, extra, nowMs, isLast), body, sentBytes)

    const answeredAtMs = performance.now()
    this.#request = undefined
    this.#call = undefined
    if (head.text.length > MAX_REMEMBERED_CHARACTERS) this.#head = undefined
    if (isLast) this.#end()
    else if (isTaken) this.#next(answeredAtMs)
    else this.#drain(answeredAtMs)

    if (options.onAnswered === undefined) return
    const totalMs = answeredAtMs - receivedAtMs
    tellAnswered(options, { request, call, status: result.status, sentBytes, receivedAtMs, totalMs })
  }

  #next(nowMs: number): void {
    this.#enter('next', nowMs)
    const held = this.#held
    if (held === undefined) return
    this.#held = undefined
    this.#begin(held)
    if (this.#state !== 'end') this.#socket.resume()
  }

  /** Waits for the client; one that takes nothing for a while loses its connection, so that the answer leaves memory. */
  #drain(nowMs: number): void {
    this.#enter('drain', nowMs)
    this.#cutWhenStalled()
    this.#socket.once('drain', this.#onDrain)
  }

  #cutWhenStalled(): void {
    this.#socket.setTimeout(this.#shared.options.writeTimeoutMs, this.#onStalled)
  }

  readonly #onStalled = (): void => void this.#socket.destroy()

  readonly #onDrain = (): void => {
    if (this.#state !== 'drain') return
    this.#socket.setTimeout(0, this.#onStalled)
    this.#next(performance.now())
  }

  #end(): void {
    this.#state = 'end'
    this.#cutWhenStalled()
    this.#socket.destroySoon()
  }

  /** The client sends no more. */
  readonly #onEnd = (): void => {
    if (this.#state === 'body') return this.#refuse(NO_HTTP)
    this.#abandon()
    this.#cutWhenStalled()
    this.#socket.end()
  }

  readonly #onClose = (): void => {
    this.#abandon()
    this.#shared.forget(this)
  }

  /** The request under way is for nobody. */
  #abandon(): void {
    if (this.#state === 'body') this.#giveRoom() // else its body is held until it is answered all the same
    if (this.#call !== undefined) this.#call.aborted = true
    this.#state = 'end'
    this.#forgetRequest()
  }

  /** Answers a request whose body is not wanted, and ends the connection. */
  #turnAway(head: Head, error: ServingError): void {
    const { options } = this.#shared
    const request = this.#wireOf(head, NO_BODY)
    this.#giveRoom()
    try {
      const answer = options.door.refusal(request, error)
      const { body, status } = answer
      const sentBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length
      const nowMs = performance.now()
      write(this.#socket, formatHead(answer, sentBytes, head.requestIdLine, nowMs, true), body, sentBytes)
      this.#state = 'end'
      this.#forgetRequest()
      closeLingering(this.#socket)
      tellAnswered(options, {
        request,
        call: { aborted: false },
        status,
        sentBytes,
        receivedAtMs: nowMs,
        totalMs: performance.now() - nowMs,
      })
    } catch (defect) {
      this.#onDefect(defect)
    }
  }

  #giveRoom(): void {
    this.#claim?.release()
    this.#claim = undefined
    if (this.#takenBytes > 0) this.#shared.options.memory.give(this.#takenBytes)
    this.#takenBytes = 0
  }

  #refuse(refusal: Refusal): void {
    this.#giveRoom()
    this.#state = 'end'
    this.#forgetRequest()
    refuseConnection(this.#socket, refusal)
  }

  #leave(chunk: Buffer): void {
    const { forget, handOver } = this.#shared
    this.#giveRoom()
    this.#state = 'end'
    this.#forgetRequest()
    forget(this)
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
    this.#socket.pause()
    this.#socket.unshift(chunk)
    handOver(this.#socket)
  }

  #forgetRequest(): void {
    this.#head = undefined
    this.#body = undefined
    this.#request = undefined
    this.#call = undefined
    this.#held = undefined
  }

  #enter(state: State, nowMs: number): void {
    this.#state = state
    this.#sinceMs = nowMs
  }
}

/** Methods are upper case; empty lines before them are skipped. */
function canBeginRequest(chunk: Buffer): boolean {
  const first = chunk[0] ?? 0
  return (first >= 0x41 && first <= 0x5a) || first === 0x0d || first === 0x0a
}

/** Bodies up to this are copied behind their heads: one piece costs less than two (bytes). */
const MAX_COPIED_BYTES = 64 * 1024

/** @returns whether the client takes it as fast as it comes */
function write(socket: Socket, head: string, body: string | Uint8Array, lengthBytes: number): boolean {
  if (typeof body === 'string') return socket.write(head + body, body.length === lengthBytes ? 'latin1' : 'utf8')
  if (lengthBytes <= MAX_COPIED_BYTES) {
    const whole = Buffer.allocUnsafe(head.length + lengthBytes)
    whole.write(head, 'latin1')
    whole.set(body, head.length)
    return socket.write(whole)
  }
  socket.cork()
  socket.write(head, 'latin1')
  const isTaken = socket.write(body)
  socket.uncork()
  return isTaken
}
