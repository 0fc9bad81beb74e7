import type { ServingError } from '../core/errors.ts'
import type { Cancellation, DataPlane } from '../runtime/plane.ts'

/** A request in no transport's terms: HTTP, Lambda events and tests all make these. */
export interface WireRequest {
  readonly method: string
  /** The path as it came (percent-encoded), without the query. */
  readonly path: string
  /** What stood behind `?`; protocols here ignore it. */
  readonly query: string
  /** Names in lower case; repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
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

export interface Route {
  readonly method: 'GET' | 'POST'
  /** Literal segments and `{placeholders}`: `/v2/models/{model}/infer`. */
  readonly path: string
  handle(
    request: WireRequest,
    plane: DataPlane,
    cancellation: Cancellation,
    parameters: PathParameters,
  ): WireResponse | Promise<WireResponse>
}

/** A wire protocol: parses, calls, formats; decides nothing, knows no framework and no socket. */
export interface Protocol {
  readonly name: string
  readonly routes: readonly Route[]
  /** The answer to a request that failed, in this protocol's own form. */
  failure(error: ServingError): WireResponse
}

/** What a host calls. It never throws: every failure is an answer. */
export type Handle = (request: WireRequest, plane: DataPlane, cancellation: Cancellation) => Promise<WireResponse>

export function json(status: number, document: unknown, headers: Readonly<Record<string, string>> = {}): WireResponse {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(document) }
}

/** `Retry-After` (seconds) for failures that pass by themselves. */
export function retryHeaders({ code }: ServingError): Readonly<Record<string, string>> {
  return code === 'overloaded' || code === 'unavailable' ? { 'retry-after': '1' } : {}
}

export function empty(status: number, headers: Readonly<Record<string, string>> = {}): WireResponse {
  return { status, headers, body: '' }
}
