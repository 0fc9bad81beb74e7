import type { Principal } from '../auth/authorizer.ts'
import type { ServingError } from '../core/errors.ts'
import { EVERYBODY, NOBODY, type Flow } from '../runtime/body-memory.ts'
import type { Call, DataPlane } from '../runtime/plane.ts'
import { HTTP_STATUS } from '../core/http-status.ts'

/** A request in no transport's terms: HTTP, Lambda events and tests all make these. */
export interface WireRequest {
  readonly method: string
  /** The path as it came (percent-encoded), without the query. */
  readonly path: string
  /** What stood behind `?`: pages of a list, dialects of a document, names of outputs; rows never stand there. */
  readonly query: string
  /** Names in lower case; repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
  /** Numeric address of the caller, where there is one. */
  readonly peer?: string | undefined
  /** Whether this is a head alone: of such a request only that is asked which its head can say. */
  readonly isBodyToCome?: boolean | undefined
}

export interface WireResponse {
  readonly status: number
  /** Names in lower case; no content-length: hosts add it. */
  readonly headers: Readonly<Record<string, string>>
  /** Text is sent as UTF-8. */
  readonly body: string | Uint8Array
}

/** Values of a path's `{placeholders}`, percent-decoded once. */
export type PathParameters = Readonly<Record<string, string>>

/**
 * Who may call a route: anybody (health), whoever may look at what is served or use it (`metadata`), holders of a key for
 * inference, or of one for operating the server.
 */
export type Access = 'open' | 'metadata' | 'inference' | 'operations'

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** When absent, `metadata` of what is got and `inference` of the rest. */
  readonly access?: Access
  /** Who may call it with this request, where that depends on the request: in place of `access`. */
  accessOf?(request: WireRequest): Access
  /** Literal segments and `{placeholders}`, maybe with a suffix: `/v2/models/{model}/infer`, `/v1/models/{model}:predict`. */
  readonly path: string
  /** Left out where another route answers this method at this path: the operator has named the path. */
  readonly yields?: boolean
  handle(
    request: WireRequest,
    plane: DataPlane,
    call: Call,
    parameters: PathParameters,
  ): WireResponse | Promise<WireResponse>
}

/** A request that was answered, as hosts tell it to whoever counts, logs and traces. */
export interface Answered {
  readonly request: WireRequest
  readonly call: Call
  readonly status: number
  /** Size of the answer's body (bytes). */
  readonly sentBytes: number
  /** When the request was whole (ms on the monotonic clock, `performance.now()`). */
  readonly receivedAtMs: number
  /** From then until the answer was handed to the socket (ms). */
  readonly totalMs: number
}

/** A wire protocol: parses, calls, formats; decides nothing, knows no framework and no socket. */
export interface Protocol {
  readonly name: string
  readonly routes: readonly Route[]
  /** The answer to a request that failed, in this protocol's own form. @param request where it is known */
  failure(error: ServingError, request?: WireRequest): WireResponse
}

/** What a host calls. It never throws: every failure is an answer. */
export type Handle = (request: WireRequest, plane: DataPlane, call: Call) => Promise<WireResponse>

/** What a host asks before it reads a body that has not come with its head. */
export interface Door {
  /**
   * @returns whose body it is
   * @throws {ServingError} where the head alone says that the request will not be answered
   */
  admit(head: WireRequest): Flow
  /** The answer to a request whose body is not read, in the form of the protocol that its path belongs to. */
  refusal(head: WireRequest, error: ServingError): WireResponse
}

/**
 * Whose the bodies of a caller are.
 * @param needsKey whether the process asks for keys at all
 */
export function flowOf(principal: Principal | undefined, needsKey: boolean): Flow {
  if (principal !== undefined) return { name: principal.uid ?? principal.name, isOneOfMany: true }
  return needsKey ? NOBODY : EVERYBODY
}

/** Lets everybody in. */
export const OPEN_DOOR: Door = { admit: () => EVERYBODY, refusal: (_head, error) => failure(error) }

/** The answer to a failure that belongs to no protocol. */
export function failure(error: ServingError): WireResponse {
  return json(HTTP_STATUS[error.code], { error: error.message, code: error.code }, retryHeaders(error))
}

export function json(status: number, document: unknown, headers: Readonly<Record<string, string>> = {}): WireResponse {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(document) }
}

/** `Retry-After` (whole seconds) for failures that pass by themselves: what the error's `retryAfterMs` says, else 1. */
export function retryHeaders({ code, details }: ServingError): Readonly<Record<string, string>> {
  if (code !== 'overloaded' && code !== 'unavailable') return {}
  const { retryAfterMs } = details
  const seconds = typeof retryAfterMs === 'number' ? Math.ceil(retryAfterMs / 1000) : 1
  return { 'retry-after': String(seconds >= 1 && seconds < Infinity ? seconds : 1) }
}

/** What a request needs to be answered by a route. */
export function accessTo(route: Route, request: WireRequest): Access {
  return route.accessOf?.(request) ?? route.access ?? (route.method === 'GET' ? 'metadata' : 'inference')
}

/** How to prove who one is, for an answer 401. @see RFC 9110, section 11.6.1 */
export const CHALLENGE: Readonly<Record<string, string>> = { 'www-authenticate': 'Bearer realm="slipway"' }

export function empty(status: number, headers: Readonly<Record<string, string>> = {}): WireResponse {
  return { status, headers, body: '' }
}
