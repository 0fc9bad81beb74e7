import { ServingError } from '../../core/errors.ts'
import { grpcFailure } from '../../protocols/oip-grpc/status.ts'
import type { WireResponse } from '../../protocols/protocol.ts'
import type { Http2Stream } from '../http2/session.ts'
import { withMessage, type CallHead } from './call-head.ts'
import { ask, cutOff, cutStalled, MessageCall, pastDeadline, tellAnswered, tooSlow } from './calls.ts'
import type { CallOptions, OpenCall } from './calls.ts'
import { inflateMessage } from './compression.ts'
import { MAX_UNDER_WAY } from './limits.ts'
import { MessageReader } from './message-reader.ts'
import { begin, endWith, isOk, sendMessage, trailersOf, type Trailers } from './send.ts'

/** A message that was read, until its answer is sent. */
interface Turn {
  readonly call: MessageCall
  readonly receivedBytes: number
  answer: WireResponse | undefined
}

/**
 * A stream of messages: many are answered at the same time, and the answers go out in the order of the messages. What
 * cannot be answered yet is not read, so that a fast sender and a slow reader both wait. The call ends when its caller
 * has no more messages and all are answered, or with the first answer that has another status than OK.
 */
export function serveExchange(stream: Http2Stream, head: CallHead, options: CallOptions): OpenCall {
  const begunAtMs = performance.now()
  const turns: Turn[] = []
  let bytesUnderWay = 0
  let isBlocked = false
  let isHalfClosed = false
  let isOver = false
  /** When something last came, or went. */
  let lastMs = begunAtMs
  /** When the message that is half read began. */
  let withinSinceMs = begunAtMs

  const reader = new MessageReader(options.maxMessageBytes, (bytes, isCompressed) => {
    if (!isOver) take(bytes, isCompressed)
  })

  begin(stream, head.requestId)

  function data(chunk: Buffer): void {
    if (isOver) return
    lastMs = performance.now()
    if (!reader.isWithin) withinSinceMs = lastMs
    try {
      reader.push(chunk)
    } catch (error) {
      fail(ServingError.from(error))
    }
    holdBack()
  }

  function end(): void {
    isHalfClosed = true
    if (reader.isWithin) fail(cutOff())
    else flush()
  }

  function writable(): void {
    isBlocked = false
    lastMs = performance.now()
    flush()
  }

  function take(bytes: Uint8Array, isCompressed: boolean): void {
    const call = new MessageCall()
    const turn: Turn = { call, receivedBytes: bytes.length, answer: undefined }
    turns.push(turn)
    bytesUnderWay += bytes.length
    void answerTo(bytes, isCompressed, call).then((answer) => {
      turn.answer = answer
      flush()
    })
  }

  async function answerTo(bytes: Uint8Array, isCompressed: boolean, call: MessageCall): Promise<WireResponse> {
    let receivedAtMs = performance.now()
    let request = withMessage(head, bytes)
    let answer: WireResponse
    try {
      if (isCompressed) {
        request = withMessage(head, await inflateMessage(bytes, head.encoding, options.maxMessageBytes))
        receivedAtMs = performance.now()
      }
      answer = await ask(options, request, call)
    } catch (error) {
      answer = grpcFailure(ServingError.from(error))
    }
    tellAnswered(options, request, call, answer, receivedAtMs)
    return answer
  }

  /** Sends what is ready and next in turn. */
  function flush(): void {
    while (!isOver && !isBlocked) {
      const [turn] = turns
      if (turn?.answer === undefined) break
      turns.shift()
      bytesUnderWay -= turn.receivedBytes
      lastMs = performance.now()
      const trailers = trailersOf(turn.answer)
      if (!isOk(trailers)) return finish(trailers)
      isBlocked = !sendMessage(stream, turn.answer.body)
    }
    if (isHalfClosed && turns.length === 0 && !isBlocked) finish({ 'grpc-status': '0' })
    else holdBack()
  }

  /** Reads on, or not. */
  function holdBack(): void {
    const isFull = isBlocked || turns.length >= MAX_UNDER_WAY || bytesUnderWay > options.maxMessageBytes
    if (isOver || isHalfClosed || isFull === stream.isPaused) return
    if (isFull) stream.pause()
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
