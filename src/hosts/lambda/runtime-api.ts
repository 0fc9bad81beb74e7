import { setTimeout as sleep } from 'node:timers/promises'
import { ServingError } from '../../core/errors.ts'
import type { Handle, WireRequest, WireResponse } from '../../protocols/protocol.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import { toWireRequest } from './events.ts'
import { toResponse } from './failure.ts'
import { createRuntimeClient, type RuntimeClient, type RuntimeEvent } from './runtime-client.ts'

export interface LambdaOptions {
  /** What `AWS_LAMBDA_RUNTIME_API` says: `host:port` or `host:port/path`. */
  readonly api: string
  readonly handle: Handle
  readonly plane: DataPlane
  /** Ends the loop: at once while it waits for an event, after the answer while it handles one. */
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: (message: string, error?: unknown) => void
  /** Leading segments of every path that a custom domain's mapping adds, as `/ml`. Default none. */
  readonly basePath?: string
  /** Wait before the second try to reach the runtime API, doubled for each further one (milliseconds). Default 100. */
  readonly retryDelayMs?: number
}

/** Tries in a row to get an event before the loop gives up. */
const MAX_TRIES = 5

/** Longest that Lambda lets a function run. @see AWS Lambda quotas, "Function timeout" */
const MAX_TIMEOUT_MS = 15 * 60_000

/** Time for an event whose deadline makes no sense: one emulator's is no time since 1970. */
const DEFAULT_TIMEOUT_MS = 60_000

/** Kept back from the deadline, to answer before Lambda stops the function; half of the time where that is less. */
const MARGIN_MS = 200

/**
 * Serves a Lambda function: takes events from the runtime API, one at a time, and answers each by `handle`.
 * A handler that throws is reported to Lambda and the loop goes on; one that has not answered shortly before the
 * function's deadline is told so by its call, and the caller gets `deadline_exceeded`.
 * Resolves when `signal` is aborted.
 * @throws {ServingError} `invalid_argument` for an address of the wrong form; `unavailable` when five tries in a row
 * to get an event failed: Lambda, or the process's supervisor, starts the function anew
 */
export async function runLambda(options: LambdaOptions): Promise<void> {
  const client = createRuntimeClient(options.api)
  try {
    while (!options.signal.aborted) {
      const event = await nextEvent(client, options)
      if (event !== undefined) await answer(event, client, options)
    }
  } finally {
    client.close()
  }
}

/**
 * Tells Lambda that the function cannot start (a model that does not load, say), so that invokers see why.
 * @throws {ServingError} `invalid_argument`, `unavailable`; a plain network error when nobody listens
 */
export async function reportInitError(api: string, error: unknown): Promise<void> {
  const client = createRuntimeClient(api)
  try {
    await client.failInit(ServingError.from(error))
  } finally {
    client.close()
  }
}

/** The next event; undefined when the loop was told to end. */
async function nextEvent(client: RuntimeClient, options: LambdaOptions): Promise<RuntimeEvent | undefined> {
  const { api, signal, log, retryDelayMs = 100 } = options
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.next(signal)
    } catch (error) {
      if (signal.aborted) return undefined
      if (attempt === MAX_TRIES)
        throw new ServingError(
          'unavailable',
          `${MAX_TRIES} tries to get an event from the lambda runtime API at ${api} failed`,
          {
            cause: error,
          },
        )
      log(`try ${attempt} of ${MAX_TRIES} to get an event from the lambda runtime API failed`, error)
    }
    await sleep(retryDelayMs * 2 ** (attempt - 1), undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return undefined
  }
}

/**
 * Handles one event to its end. When Lambda takes neither the answer nor the report, nobody is left to tell but the
 * log: the event's time was up, or the API is gone, which the next call for an event finds out.
 */
async function answer(event: RuntimeEvent, client: RuntimeClient, options: LambdaOptions): Promise<void> {
  const outcome = await outcomeOf(event, options)
  try {
    if (outcome instanceof ServingError) await client.fail(event.id, outcome)
    else await client.respond(event.id, outcome)
  } catch (error) {
    options.log(`lambda took no answer to event ${event.id}`, error)
  }
}

/** The answer's JSON text, or the error to report in its place. */
async function outcomeOf(event: RuntimeEvent, options: LambdaOptions): Promise<string | ServingError> {
  const { basePath, log } = options
  try {
    const invocation = toWireRequest(event.payload, basePath === undefined ? {} : { basePath })
    if (invocation.request instanceof ServingError) return invocation.respond(toResponse(invocation.request))
    const request = withTrace(invocation.request, event.traceId)
    return invocation.respond(await handleInTime(request, event.deadlineMs, options))
  } catch (error) {
    if (!(error instanceof ServingError)) log(`the handler of lambda event ${event.id} failed`, error)
    return ServingError.from(error)
  }
}

async function handleInTime(request: WireRequest, deadlineMs: number, options: LambdaOptions): Promise<WireResponse> {
  const { handle, plane, now } = options
  const start = now()
  const timeoutMs = deadlineMs > start && deadlineMs <= start + MAX_TIMEOUT_MS ? deadlineMs - start : DEFAULT_TIMEOUT_MS
  const usableMs = timeoutMs - Math.min(MARGIN_MS, timeoutMs / 2)
  // By the clock, not by a timer: true in time even while a model keeps the event loop busy.
  const call = {
    get aborted() {
      return now() - start >= usableMs
    },
  }
  const late = Promise.withResolvers<WireResponse>()
  const timer = setTimeout(() => {
    const message = `no answer within ${Math.round(usableMs)} ms of the lambda function's time: raise its timeout, or send fewer rows`
    late.resolve(toResponse(new ServingError('deadline_exceeded', message)))
  }, usableMs)
  try {
    return await Promise.race([handle(request, plane, call), late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** The request with Lambda's trace, where the caller sent none. */
function withTrace(request: WireRequest, traceId: string | undefined): WireRequest {
  if (traceId === undefined || request.headers['x-amzn-trace-id'] !== undefined) return request
  return { ...request, headers: { ...request.headers, 'x-amzn-trace-id': traceId } }
}
