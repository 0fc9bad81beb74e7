import type { IncomingMessage } from 'node:http'
import type { ApiTypes } from '../../api/api-types.ts'
import type { ApiRoute, RouteName } from '../../api/routes.ts'
import { etagOf } from '../../api/routes.ts'
import type { PlatformPrincipal } from '../../auth/permissions.ts'
import { ServingError } from '../../core/errors.ts'
import type { Writer } from '../store/store.ts'

/** One request, once it is known who asks, that they may, and that it has the form that its route asks for. */
export interface Call<N extends RouteName> {
  readonly route: ApiRoute
  readonly params: ApiTypes[N]['params']
  readonly query: ApiTypes[N]['query']
  readonly body: ApiTypes[N]['body']
  /** Nobody, who may do nothing, on routes that are open. */
  readonly principal: PlatformPrincipal
  /** How logs, audit entries and revisions name who asks: `default/ci`. */
  readonly by: string
  readonly requestId: string
  readonly conditions: Conditions
  /** Whose body has not been read, on routes that take bytes or a form. */
  readonly incoming: IncomingMessage
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal
  /** Whether the key is still good: for what waits. */
  readonly isStillGood: () => boolean
}

/** What a handler answers. */
export type Reply<N extends RouteName> = ReplyWith<ApiTypes[N]['response']>

export interface ReplyWith<Body> {
  readonly body: Body
  /** Where it is not the route's. */
  readonly status?: number | undefined
  /** For the audit entry. */
  readonly audit?:
    | { readonly resource?: string | undefined; readonly details?: Readonly<Record<string, unknown>> | undefined }
    | undefined
  /** Done once the change is durable; what it throws is logged. */
  readonly after?: (() => Promise<unknown>) | undefined
  /** Nothing was changed: nothing is written to the audit log. */
  readonly isUnchanged?: boolean | undefined
}

/**
 * What a route does. A change says what it wrote within one transaction, together with its audit entry; what has to happen
 * before (bytes that come in) is done before it returns the function that commits.
 */
export type Handler<N extends RouteName> =
  | { readonly read: (call: Call<N>) => Promise<Reply<N>> }
  | { readonly change: (call: Call<N>) => Promise<Commit<N>> }

/** May run more than once. */
export type Commit<N extends RouteName> = CommitOf<ApiTypes[N]['response']>
export type CommitOf<Body> = (tx: Writer) => Promise<ReplyWith<Body>>

export type Handlers = { readonly [N in RouteName]: Handler<N> }

/** `If-Match` and `If-None-Match`. */
export interface Conditions {
  readonly ifMatch?: readonly string[] | '*' | undefined
  readonly ifNoneMatch?: readonly string[] | '*' | undefined
}

/**
 * The conditions of a request's headers (RFC 9110, section 13.1).
 * @throws {ServingError} `invalid_argument`
 */
export function readConditions(headers: Readonly<Record<string, string | string[] | undefined>>): Conditions {
  return { ifMatch: etags('if-match', headers), ifNoneMatch: etags('if-none-match', headers) }
}

function etags(
  name: string,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): readonly string[] | '*' | undefined {
  const header = headers[name]
  if (header === undefined) return undefined
  const text = String(header).trim()
  if (text === '*') return '*'
  const tags = text.length > 4096 ? [] : text.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  if (tags.length === 0 || !tags.every((tag) => /^"[\x21\x23-\x7e]{0,100}"$/.test(tag)))
    throw new ServingError('invalid_argument', `${name} takes "*" or ETags in quotes, joined by commas`)
  return tags
}

/**
 * Refuses a change that was made from another state of a resource than it is in.
 * @param stored as it is now; undefined where there is none
 * @throws {ServingError} `conflict` (details.reason `etag`)
 */
export function checkConditions(
  { ifMatch, ifNoneMatch }: Conditions,
  stored: { readonly uid: string; readonly etag: number } | undefined,
): void {
  const now = stored === undefined ? undefined : etagOf(stored)
  const matches = (tags: readonly string[] | '*') => now !== undefined && (tags === '*' || tags.includes(now))
  if (ifMatch !== undefined && !matches(ifMatch))
    throw new ServingError(
      'conflict',
      now === undefined
        ? 'there is none that if-match could name'
        : 'it was changed meanwhile: read it again, and decide anew',
      { details: { reason: 'etag', ...(now === undefined ? {} : { etag: now }) } },
    )
  if (ifNoneMatch !== undefined && matches(ifNoneMatch))
    throw new ServingError('conflict', 'it is there already, and if-none-match said it must not be', {
      details: { reason: 'etag', etag: now },
    })
}

/** What was asked for and is not there, in words that are the same wherever nobody may see it. */
export function nothing(what: string): ServingError {
  return new ServingError('not_found', `there is no ${what}`)
}
