import { ServingError } from '../../core/errors.ts'
import type { CallHead } from './call-head.ts'
import { cutOff, pastDeadline, tooSlow, type CallOptions } from './calls.ts'
import { inflateMessage } from './compression.ts'
import { MessageReader } from './message-reader.ts'

/** The one message of a call that has one. */
export interface Question {
  readonly data: (chunk: Buffer) => void
  readonly end: () => void
  /** Whether the client has said all. */
  readonly isComplete: boolean
  /** Refuses it where it comes too slowly. */
  check(nowMs: number): void
}

/**
 * Reads the one message of a call.
 * @param onWhole told of it once the client has said all, as it was before it was compressed
 * @param onRefused told instead why there is none; what still comes is thrown away
 */
export function readQuestion(
  head: CallHead,
  options: CallOptions,
  onWhole: (message: Uint8Array) => void,
  onRefused: (error: ServingError) => void,
): Question {
  const begunAtMs = performance.now()
  let message: Uint8Array | undefined
  let isCompressed = false
  let isComplete = false
  let isRefused = false

  const reader = new MessageReader(options.maxMessageBytes, (bytes, flag) => {
    if (message !== undefined) throw new ServingError('invalid_argument', 'the call has several messages; it takes one')
    message = bytes
    isCompressed = flag
  })

  function data(chunk: Buffer): void {
    if (isRefused) return
    try {
      reader.push(chunk)
    } catch (error) {
      refuse(ServingError.from(error))
    }
  }

  function end(): void {
    if (isRefused) return
    isComplete = true
    if (reader.isWithin) refuse(cutOff())
    else if (message === undefined)
      refuse(new ServingError('invalid_argument', 'the call has no message; it takes one'))
    else if (isCompressed)
      inflateMessage(message, head.encoding, options.maxMessageBytes).then(onWhole, (error: unknown) =>
        refuse(ServingError.from(error)),
      )
    else onWhole(message)
  }

  function refuse(error: ServingError): void {
    if (isRefused) return
    isRefused = true
    onRefused(error)
  }

  return {
    data,
    end,
    get isComplete() {
      return isComplete
    },
    check(nowMs) {
      if (isComplete) return
      const tookMs = nowMs - begunAtMs
      if (head.timeoutMs !== undefined && tookMs > head.timeoutMs) refuse(pastDeadline())
      else if (options.requestTimeoutMs > 0 && tookMs > options.requestTimeoutMs) refuse(tooSlow())
    },
  }
}
