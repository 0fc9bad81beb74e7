import { ServingError } from '../../core/errors.ts'
import { grpcFailure } from '../../protocols/oip-grpc/status.ts'
import { mostInflated } from '../../protocols/content-encoding.ts'
import type { WireResponse } from '../../protocols/protocol.ts'
import type { Flow } from '../../runtime/body-memory.ts'
import type { Http2Stream } from '../http2/session.ts'
import { withMessage, type CallHead } from './call-head.ts'
import { ask, cutOff, cutStalled, MessageCall, pastDeadline, tellAnswered, tooSlow } from './calls.ts'
import type { CallOptions, OpenCall } from './calls.ts'
import { inflateMessage } from './compression.ts'
import { MAX_UNDER_WAY } from './limits.ts'
import { MessageReader } from './message-reader.ts'
import { MessageRoom } from './message-room.ts'
import { begin, endWith, isOk, sendMessage, trailersOf, type Trailers } from './send.ts'

/** A message that was read, until its answer is sent. */
interface Turn {
  readonly call: MessageCall
  /** What it takes of memory; of a compressed one the most that it can be, until it is inflated. */
  bytes: number
  answer: WireResponse | undefined
}

const NOTHING = Buffer.alloc(0)

/**
 * A stream of messages: many are answered at the same time, and the answers go out in the order of the messages. What
 * cannot be answered yet is not read, so that a fast sender and a slow reader both wait. The call ends when its caller
 * has no more messages and all are answered, or with the first answer that has another status than OK.
 */
export function serveExchange(stream: Http2Stream, head: CallHead, options: CallOptions, flow: Flow): OpenCall {
  const begunAtMs = performance.now()
  const turns: Turn[] = []
  let bytesUnderWay = 0
  /** What has come and must wait until there is room for it. */
  let unread: Buffer = NOTHING
  let isBlocked = false
  let isHalfClosed = false
  let isOver = false
  /** When something last came, or went. */
  let lastMs = begunAtMs
  /** When the message that is half read began, or its reading went on. */
  let withinSinceMs = begunAtMs

  const { memory, maxMessageBytes } = options
  const room = new MessageRoom({ memory, flow, onRoom: flush, onRefused: fail })
  const reader = new MessageReader(
    maxMessageBytes,
    take,
    (length, isWhole) => length === 0 || room.ask(length, isWhole),
  )

  begin(stream, head.requestId)

  function data(chunk: Buffer): void {
    if (isOver) return
    lastMs = performance.now()
    if (!reader.isWithin) withinSinceMs = lastMs
    if (reader.isWithin) room.came(chunk.length)
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk])
    read()
    holdBack()
  }

  function end(): void {
    isHalfClosed = true
    flush()
  }

  function read(): void {
    try {
      unread = reader.push(unread, isFull)
    } catch (error) {
      fail(ServingError.from(error))
    }
  }

  function isFull(): boolean {
    return (
      isOver || isBlocked || room.isAwaited || turns.length >= MAX_UNDER_WAY || bytesUnderWay > options.maxMessageBytes
    )
  }

  function writable(): void {
    isBlocked = false
    lastMs = performance.now()
    flush()
  }

  function take(bytes: Uint8Array, isCompressed: boolean): void {
    const call = new MessageCall()
    const size = isCompressed ? mostInflated(bytes.length, options.maxMessageBytes) : bytes.length
    const turn: Turn = { call, bytes: size, answer: undefined }
    turns.push(turn)
    bytesUnderWay += size
    const release = room.handOn()
    void answerTo(bytes, isCompressed, turn).then((answer) => {
      release()
      turn.answer = answer
      flush()
    })
  }

  async function answerTo(bytes: Uint8Array, isCompressed: boolean, turn: Turn): Promise<WireResponse> {
    const { call } = turn
    let receivedAtMs = performance.now()
    let request = withMessage(head, bytes)
    let answer: WireResponse
    let release: (() => void) | undefined
    try {
      if (isCompressed) {
        const inflated = await inflate(bytes, turn)
        release = inflated.release
        request = withMessage(head, inflated.body)
        receivedAtMs = performance.now()
      }
      answer = await ask(options, request, call)
    } catch (error) {
      answer = grpcFailure(ServingError.from(error))
    } finally {
      release?.()
    }
    tellAnswered(options, request, call, answer, receivedAtMs)
    return answer
  }

  async function inflate(bytes: Uint8Array, turn: Turn): ReturnType<typeof inflateMessage> {
    const isWanted = () => !turn.call.aborted
    const inflated = await inflateMessage(bytes, head.encoding, maxMessageBytes, isWanted, { memory, flow })
    bytesUnderWay += inflated.body.length - turn.bytes
    turn.bytes = inflated.body.length
    holdBack()
    return inflated
  }

  /** Sends what is ready and next in turn. */
  function flush(): void {
    while (!isOver && !isBlocked) {
      const [turn] = turns
      if (turn?.answer === undefined) break
      turns.shift()
      bytesUnderWay -= turn.bytes
      lastMs = performance.now()
      const trailers = trailersOf(turn.answer)
      if (!isOk(trailers)) return finish(trailers)
      isBlocked = !sendMessage(stream, turn.answer.body)
    }
    holdBack()
    if (isOver || !isHalfClosed || unread.length > 0) return
    if (reader.isWithin) fail(cutOff())
    else if (turns.length === 0 && !isBlocked) finish({ 'grpc-status': '0' })
  }

  /** Reads on, or not. */
  function holdBack(): void {
    if (unread.length > 0 && !isFull()) {
      withinSinceMs = performance.now()
      read()
    }
    const isHeld = isFull()
    if (isOver || isHalfClosed || isHeld === stream.isPaused) return
    withinSinceMs = performance.now()
    if (isHeld) stream.pause()
    else stream.resume()
  }

  /** Ends a call that is no proper one, or too slow: it counts as a request of its own. */
  function fail(error: ServingError): void {
    if (isOver) return
    const answer = grpcFailure(error)
    finish(trailersOf(answer))
    tellAnswered(options, head.request, new MessageCall(), answer, performance.now())
  }

  function finish(trailers: Trailers): void {
    if (isOver) return
    isOver = true
    abandon()
    lastMs = performance.now()
    endWith(stream, trailers)
  }

  function leave(): void {
    isOver = true
    abandon()
  }

  /** Nobody waits for what is still under way. */
  function abandon(): void {
    for (const { call, answer } of turns) if (answer === undefined) call.aborted = true
    turns.length = 0
    unread = NOTHING
    room.release()
  }

  return {
    data,
    end,
    writable,
    check(nowMs) {
      const { timeoutMs } = head
      const { requestTimeoutMs } = options
      if (isOver || isBlocked) cutStalled(stream, options, lastMs, stream.waitingBytes, nowMs)
      else if (timeoutMs !== undefined && nowMs - begunAtMs > timeoutMs) fail(pastDeadline())
      else if (reader.isWithin && !stream.isPaused && requestTimeoutMs > 0 && nowMs - withinSinceMs > requestTimeoutMs)
        fail(tooSlow())
    },
    drain(nowMs) {
      const isIdle = turns.length === 0 && !reader.isWithin && nowMs - lastMs >= options.drainGraceMs
      if (isIdle)
        finish(
          trailersOf(grpcFailure(new ServingError('unavailable', 'the server is about to end: open the stream again'))),
        )
    },
    leave,
  }
}
