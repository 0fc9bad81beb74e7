import type { ServerHttp2Stream } from 'node:http2'
import { grpcFailure } from '../../protocols/oip-grpc/status.ts'
import type { WireRequest, WireResponse } from '../../protocols/protocol.ts'
import { withMessage, type CallHead } from './call-head.ts'
import { ask, cutStalled, MessageCall, tellAnswered, type CallOptions, type OpenCall } from './calls.ts'
import { readQuestion } from './question.ts'
import { isOk, sendTrailersOnly, sendUnary, trailersOf } from './send.ts'

/** One message, one answer. */
export function serveUnary(stream: ServerHttp2Stream, head: CallHead, options: CallOptions): OpenCall {
  const call = new MessageCall()
  let isAnswered = false
  let answeredAtMs = 0
  let sentBytes = 0

  const question = readQuestion(head, options, run, (error) =>
    finish(head.request, grpcFailure(error), performance.now()),
  )

  function run(message: Uint8Array): void {
    const receivedAtMs = performance.now()
    const request = withMessage(head, message)
    void ask(options, request, call).then((answer) => finish(request, answer, receivedAtMs))
  }

  function finish(request: WireRequest, answer: WireResponse, receivedAtMs: number): void {
    isAnswered = true
    if (!stream.destroyed && !stream.closed) send(answer)
    tellAnswered(options, request, call, answer, receivedAtMs)
  }

  function send(answer: WireResponse): void {
    answeredAtMs = performance.now()
    sentBytes = answer.body.length
    const trailers = trailersOf(answer)
    try {
      if (isOk(trailers)) sendUnary(stream, answer.body, head.requestId)
      else sendTrailersOnly(stream, trailers, head.requestId, !question.isComplete)
    } catch (error) {
      options.onDefect?.(error)
      stream.close(INTERNAL_ERROR)
    }
  }

  return {
    data: question.data,
    end: question.end,
    check(nowMs) {
      if (isAnswered) cutStalled(stream, options, answeredAtMs, sentBytes, nowMs)
      else question.check(nowMs) // once it is whole, the plane keeps its deadline
    },
    drain() {}, // it ends by itself
    leave() {
      call.aborted ||= !isAnswered
    },
  }
}

/** @see RFC 9113, "Error Codes" */
const INTERNAL_ERROR = 0x2
