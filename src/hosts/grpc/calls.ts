import { ServingError } from '../../core/errors.ts'
import { grpcFailure } from '../../protocols/oip-grpc/status.ts'
import type { Answered, Handle, WireRequest, WireResponse } from '../../protocols/protocol.ts'
import type { BodyMemory } from '../../runtime/body-memory.ts'
import type { Call, DataPlane, ServedModel, Timing } from '../../runtime/plane.ts'
import { CANCEL } from '../http2/frames.ts'
import type { Http2Stream, StreamListener } from '../http2/session.ts'

/** What every kind of call is told. */
export interface CallOptions {
  readonly handle: Handle
  readonly plane: DataPlane
  /** Where messages take their room. */
  readonly memory: BodyMemory
  /** Largest message, as it is announced and as it is inflated (bytes). */
  readonly maxMessageBytes: number
  /** How long a message may take to arrive (ms). */
  readonly requestTimeoutMs: number
  /** How long a client may take over any answer, short or long (ms). */
  readonly writeTimeoutMs: number
  /** How fast a client reads at least, once that has passed (bytes per ms). */
  readonly slowestReadBytesPerMs: number
  /** How long a draining host keeps a stream on which nothing happens (ms). */
  readonly drainGraceMs: number
  /** How often a watched answer is looked at (ms). */
  readonly watchIntervalMs: number
  readonly onAnswered: ((answered: Answered) => void) | undefined
  readonly onDefect: ((error: unknown) => void) | undefined
}

/** A call under way: its connection tells it what comes, and looks it over now and then. */
export interface OpenCall extends StreamListener {
  /** Ends it where it is too slow. */
  check(nowMs: number): void
  /** Ends it where nothing is under way, since the host is about to go. @param nowMs absent at the beginning of draining */
  drain(nowMs: number): void
  /** Told of the end of its stream, whoever has ended it. */
  leave(): void
}

/** The part of a call that the plane sees, for one message. */
export class MessageCall implements Call {
  aborted = false
  timing: Timing | undefined = undefined
  model: ServedModel | undefined = undefined
}

/** Asks for the answer to a message. It never rejects: what a protocol cannot answer is a defect, and told as such. */
export function ask(options: CallOptions, request: WireRequest, call: Call): Promise<WireResponse> {
  return options.handle(request, options.plane, call).catch((error: unknown) => {
    options.onDefect?.(error)
    return grpcFailure(ServingError.from(error))
  })
}

/** Tells of an answer; a listener that fails costs no call. */
export function tellAnswered(
  options: CallOptions,
  request: WireRequest,
  call: Call,
  answer: WireResponse,
  receivedAtMs: number,
): void {
  if (options.onAnswered === undefined) return
  try {
    options.onAnswered({
      request,
      call,
      status: answer.status,
      sentBytes: typeof answer.body === 'string' ? Buffer.byteLength(answer.body) : answer.body.length,
      receivedAtMs,
      totalMs: performance.now() - receivedAtMs,
    })
  } catch (error) {
    options.onDefect?.(error)
  }
}

/** Cuts a call whose answer waits for a reader that does not read. @param sinceMs when the answer was ready */
export function cutStalled(
  stream: Http2Stream,
  { writeTimeoutMs, slowestReadBytesPerMs }: CallOptions,
  sinceMs: number,
  waitingBytes: number,
  nowMs: number,
): void {
  if (writeTimeoutMs === 0) return
  if (nowMs - sinceMs > writeTimeoutMs + waitingBytes / slowestReadBytesPerMs) stream.reset(CANCEL)
}

export function tooSlow(): ServingError {
  return new ServingError('deadline_exceeded', 'the message did not arrive in time')
}

export function pastDeadline(): ServingError {
  return new ServingError('deadline_exceeded', 'the deadline of the call has passed')
}

export function cutOff(): ServingError {
  return new ServingError('invalid_argument', 'the call ends in the middle of a message')
}
