import type { ApiTypes } from '../api/api-types.ts'
import { etagOf, pathOf, routeOf } from '../api/routes.ts'
import type { Meta } from '../api/resources.ts'
import { ServingError } from '../core/errors.ts'
import { createSender, type Pace } from './send.ts'
import { createFetchTransport, type Transport } from './transport.ts'

export interface ClientOptions {
  /** Of the API, without `/api/v1`: `http://127.0.0.1:8082`. */
  readonly url: string
  /** Bearer key; none for what is open to everybody. */
  readonly key?: string | undefined
  /** Default: the global `fetch`. */
  readonly transport?: Transport
  /** How long a request is tried again while the platform restarts (ms). Default 20,000; 0 for never. */
  readonly retryForMs?: number
  /** Longest that one try may take, besides what it asks the platform to wait (ms). Default 60,000. */
  readonly timeoutMs?: number
  readonly pace?: Pace
  /** Told why a request is tried again, at its first time, and for how long (ms). */
  readonly onRetry?: ((error: ServingError, retryForMs: number) => void) | undefined
}

type Name = keyof ApiTypes

/** What a call may add to its parameters. */
interface CallOptions {
  /** The change is made only to the state of the resource that has this; else it fails with `conflict`. */
  readonly ifMatch?: Pick<Meta, 'uid' | 'etag'> | undefined
  /** Further headers, in small letters. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly signal?: AbortSignal | undefined
}

/** A field that need not be there where all within it need not, and that is not there where nothing can be. */
type IfAny<Key extends string, T> = string extends keyof T
  ? { readonly [K in Key]?: undefined }
  : Partial<T> extends T
    ? { readonly [K in Key]?: T }
    : { readonly [K in Key]: T }

/** What goes into a call: parameters of its path, its query and its body, each where it has them. */
export type CallInput<N extends Name> = IfAny<'params', ApiTypes[N]['params']> &
  IfAny<'query', ApiTypes[N]['query']> &
  (undefined extends ApiTypes[N]['body']
    ? { readonly body?: ApiTypes[N]['body'] }
    : { readonly body: ApiTypes[N]['body'] }) &
  CallOptions

/** The platform's API, typed by its table of routes. */
export interface Client {
  readonly url: string
  /**
   * Sends one request, and again while the platform restarts: reads, and changes, which carry an idempotency key.
   * @throws {ServingError} what the platform answered; `unavailable` when nobody did
   */
  call<N extends Name>(name: N, input: CallInput<N>): Promise<ApiTypes[N]['response']>
}

const BASE = '/api/v1'

/** Talks to a platform's API. */
export function createClient(options: ClientOptions): Client {
  const { key, transport = createFetchTransport(), retryForMs = 20_000, timeoutMs = 60_000 } = options
  const { pace = realPace(), onRetry } = options
  const url = baseOf(options.url)
  const send = createSender({ transport, retryForMs, pace, onRetry })

  return {
    url,
    async call(name, input) {
      const route = routeOf(name)
      const { params, query, body, ifMatch, signal } = input as CallInput<Name> & Loose
      const isBytes = body instanceof Uint8Array
      const sent = isBytes ? (body as Uint8Array<ArrayBuffer>) : body === undefined ? undefined : JSON.stringify(body)
      const waitMs = typeof query?.wait === 'number' ? query.wait * 1000 : 0
      const headers: Record<string, string> = {
        accept: 'application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(sent === undefined ? {} : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }),
        // a part of a file is the same part however often it is sent
        ...(route.method !== 'GET' && !isBytes ? { 'idempotency-key': crypto.randomUUID() } : {}),
        ...(ifMatch === undefined ? {} : { 'if-match': etagOf(ifMatch) }),
        ...input.headers,
      }
      const answer = await send({
        method: route.method,
        url: `${url}${pathOf(route, params ?? {})}${queryOf(query ?? {})}`,
        headers,
        body: sent,
        timeoutMs: timeoutMs + waitMs,
        signal,
      })
      return parse(answer.text, answer.header('content-type'), url) as never
    },
  }
}

interface Loose {
  readonly params?: Readonly<Record<string, string | number>>
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: unknown
}

/** @throws {ServingError} `invalid_argument` for what is no address of a platform */
function baseOf(text: string): string {
  const found = URL.canParse(text) ? new URL(text) : undefined
  if (found === undefined || !/^https?:$/.test(found.protocol) || found.username !== '' || found.password !== '')
    throw new ServingError(
      'invalid_argument',
      `${JSON.stringify(found === undefined ? text : `${found.protocol}//…`)} is no address of a platform; it is like http://127.0.0.1:8082, without a name or password`,
    )
  return `${found.origin}${found.pathname.replace(/\/+$/, '')}`.replace(new RegExp(`${BASE}$`), '')
}

function queryOf(query: Readonly<Record<string, string | number | undefined>>): string {
  const words = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`],
  )
  return words.length === 0 ? '' : `?${words.join('&')}`
}

function parse(text: string, type: string | undefined, url: string): unknown {
  if (text === '') return undefined
  if (type !== undefined && !/json/i.test(type)) return text
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ServingError('internal', `the answer of ${url} is no JSON: does something else listen there?`, {
      cause: error,
    })
  }
}

/** The clock and the chance of this machine. */
export function realPace(): Pace {
  return {
    now: () => performance.now(),
    random: Math.random,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const done = () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', done)
          if (signal?.aborted === true) reject(ServingError.from(signal.reason))
          else resolve()
        }
        const timer = setTimeout(done, ms)
        signal?.addEventListener('abort', done, { once: true })
        if (signal?.aborted === true) done()
      }),
  }
}
