import { ServingError } from '../../core/errors.ts'
import { grpcFailure } from '../../protocols/oip-grpc/status.ts'
import type { WireResponse } from '../../protocols/protocol.ts'
import type { Flow } from '../../runtime/body-memory.ts'
import type { Http2Stream } from '../http2/session.ts'
import { withMessage, type CallHead } from './call-head.ts'
import { ask, cutStalled, MessageCall, pastDeadline, tellAnswered, type CallOptions, type OpenCall } from './calls.ts'
import { Question } from './question.ts'
import { begin, endWith, isOk, sendMessage, trailersOf, type Trailers } from './send.ts'

/**
 * One message, and an answer whenever it has changed: the same question is asked again and again, and what is the same as
 * before is not sent. The call ends when its caller leaves, or with the first answer that has another status than OK.
 */
export function serveWatch(stream: Http2Stream, head: CallHead, options: CallOptions, flow: Flow): OpenCall {
  const begunAtMs = performance.now()
  let isOver = false
  let isBlocked = false
  let last: string | undefined
  let lastMs = begunAtMs
  let timer: NodeJS.Timeout | undefined

  const question = new Question(stream, head, flow, options, (message) => void look(message), fail)

  async function look(message: Uint8Array): Promise<void> {
    if (isOver) return
    if (!isBlocked) {
      const request = withMessage(head, message)
      const call = new MessageCall()
      const atMs = performance.now()
      const answer = await ask(options, request, call)
      if (last === undefined) tellAnswered(options, request, call, answer, atMs) // once for the whole call
      show(answer)
    }
    if (!isOver) timer = setTimeout(() => void look(message), options.watchIntervalMs)
  }

  function show(answer: WireResponse): void {
    if (isOver) return
    const trailers = trailersOf(answer)
    if (!isOk(trailers)) return finish(trailers)
    const text = typeof answer.body === 'string' ? answer.body : Buffer.from(answer.body).toString('latin1')
    if (text === last) return
    if (last === undefined) begin(stream, head.requestId)
    last = text
    lastMs = performance.now()
    isBlocked = !sendMessage(stream, answer.body)
  }

  function fail(error: ServingError): void {
    if (isOver) return
    const answer = grpcFailure(error)
    finish(trailersOf(answer))
    if (last === undefined) tellAnswered(options, head.request, new MessageCall(), answer, performance.now())
  }

  function finish(trailers: Trailers): void {
    if (isOver) return
    leave()
    lastMs = performance.now()
    if (!stream.hasBegun) begin(stream, head.requestId)
    endWith(stream, trailers)
  }

  function leave(): void {
    isOver = true
    question.abandon()
    question.release()
    clearTimeout(timer)
  }

  return {
    data: (chunk) => question.data(chunk),
    end: () => question.end(),
    writable() {
      isBlocked = false
    },
    check(nowMs) {
      const { timeoutMs } = head
      if (isOver || isBlocked) cutStalled(stream, options, lastMs, stream.waitingBytes, nowMs)
      else if (!question.isComplete) question.check(nowMs)
      else if (timeoutMs !== undefined && nowMs - begunAtMs > timeoutMs) fail(pastDeadline())
    },
    drain(nowMs) {
      if (nowMs - lastMs >= options.drainGraceMs)
        fail(new ServingError('unavailable', 'the server is about to end: watch it again'))
    },
    leave,
  }
}
