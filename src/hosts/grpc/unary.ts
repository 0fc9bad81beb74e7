import { grpcFailure } from '../../protocols/oip-grpc/status.ts'
import type { WireRequest, WireResponse } from '../../protocols/protocol.ts'
import type { Flow } from '../../runtime/body-memory.ts'
import { INTERNAL_ERROR } from '../http2/frames.ts'
import type { Http2Stream } from '../http2/session.ts'
import { withMessage, type CallHead } from './call-head.ts'
import { ask, cutStalled, MessageCall, tellAnswered, type CallOptions, type OpenCall } from './calls.ts'
import { Question } from './question.ts'
import { isOk, sendTrailersOnly, sendUnary, trailersOf } from './send.ts'

/** One message, one answer. */
export function serveUnary(stream: Http2Stream, head: CallHead, options: CallOptions, flow: Flow): OpenCall {
  const call = new MessageCall()
  let isAnswered = false
  let answeredAtMs = 0
  let sentBytes = 0

  const question = new Question(stream, head, flow, options, run, (error) =>
    finish(head.request, grpcFailure(error), performance.now()),
  )

  function run(message: Uint8Array): void {
    const receivedAtMs = performance.now()
    const request = withMessage(head, message)
    void ask(options, request, call).then((answer) => finish(request, answer, receivedAtMs))
  }

  function finish(request: WireRequest, answer: WireResponse, receivedAtMs: number): void {
    isAnswered = true
    question.release()
    if (!stream.isClosed) send(answer)
    tellAnswered(options, request, call, answer, receivedAtMs)
  }

  function send(answer: WireResponse): void {
    answeredAtMs = performance.now()
    sentBytes = answer.body.length
    const trailers = trailersOf(answer)
    try {
      if (isOk(trailers)) sendUnary(stream, answer.body, head.requestId)
      else sendTrailersOnly(stream, trailers, head.requestId)
    } catch (error) {
      options.onDefect?.(error)
      stream.reset(INTERNAL_ERROR)
    }
  }

  return {
    data: (chunk) => question.data(chunk),
    end: () => question.end(),
    writable() {},
    check(nowMs) {
      if (isAnswered) cutStalled(stream, options, answeredAtMs, sentBytes, nowMs)
      else question.check(nowMs) // once it is whole, the plane keeps its deadline
    },
    drain() {}, // it ends by itself
    leave() {
      call.aborted ||= !isAnswered
      question.abandon()
    },
  }
}
