import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { HTTP_STATUS } from './http-status.ts'
import {
  CHALLENGE,
  json,
  retryHeaders,
  type Access,
  type Handle,
  type PathParameters,
  type Protocol,
  type Route,
  type WireRequest,
  type WireResponse,
} from './protocol.ts'

export interface RouterOptions {
  readonly protocols: readonly Protocol[]
  /** Told of failures that are ours: the wire gets only a sentence. */
  readonly onFailure?: (error: ServingError, request: WireRequest) => void
  /**
   * Throws for a request that may not be answered; anybody may ask for anything where this is absent. It is not called
   * for open routes, and decides on the same route that answers.
   */
  readonly authorize?: (request: WireRequest, access: Access) => unknown
}

interface Target {
  readonly protocol: Protocol
  readonly route: Route
  readonly parameters: PathParameters
}

/** A place in the tree of path segments. */
interface Place {
  readonly literals: Map<string, Place>
  placeholder: { readonly name: string; readonly place: Place } | undefined
  readonly routes: Map<string, { readonly protocol: Protocol; readonly route: Route }>
}

/** Paths of a method in one generation of those that are remembered: the same few come again and again. */
const MAX_REMEMBERED = 500

/**
 * Finds the route of a request and makes every failure an answer in the words of the protocol that the path belongs to.
 * Paths are matched as they come: no trailing slash, no double slash, no case folding.
 */
export function createRouter({ protocols, onFailure, authorize }: RouterOptions): Handle {
  const root = buildTree(protocols)
  const remembered = { GET: createMemory<Target>(), POST: createMemory<Target>() }

  function find(request: WireRequest): Target | WireResponse {
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const memory = method === 'GET' || method === 'POST' ? remembered[method] : undefined
    const known = memory?.get(request.path)
    if (known !== undefined) return known
    const found = walk(root, request.path)
    const target = found === undefined ? noRoute(request, authorize) : choose(found, method, request)
    if ('route' in target) memory?.set(request.path, target)
    return target
  }

  return async function handle(request, plane, call) {
    let target: Target | undefined
    try {
      const found = find(request)
      if (!('route' in found)) return found
      target = found
      const { route, parameters } = found
      if (authorize !== undefined && route.access !== 'open') authorize(request, route.access ?? 'inference')
      return await route.handle(request, plane, call, parameters)
    } catch (thrown) {
      const error = ServingError.from(thrown)
      if (error.code === 'internal') onFailure?.(error, request)
      const answer = target === undefined ? failure(error) : target.protocol.failure(error)
      return error.code === 'unauthenticated' ? { ...answer, headers: { ...answer.headers, ...CHALLENGE } } : answer
    }
  }
}

/** The answer to a failure that belongs to no protocol. */
function failure(error: ServingError): WireResponse {
  return json(HTTP_STATUS[error.code], { error: error.message, code: error.code }, retryHeaders(error))
}

interface Memory<T> {
  get(path: string): T | undefined
  set(path: string, value: T): void
}

/** Two generations: what is asked for again is young again, what is not goes with its generation. */
function createMemory<T>(): Memory<T> {
  let young = new Map<string, T>()
  let old = new Map<string, T>()

  function set(path: string, value: T): void {
    if (young.size >= MAX_REMEMBERED) {
      old = young
      young = new Map()
    }
    young.set(path, value)
  }

  return {
    get(path) {
      const known = young.get(path)
      if (known !== undefined) return known
      const aged = old.get(path)
      if (aged !== undefined) set(path, aged)
      return aged
    },
    set,
  }
}

function buildTree(protocols: readonly Protocol[]): Place {
  const root = createPlace()
  for (const protocol of protocols) {
    for (const route of protocol.routes) {
      let place = root
      for (const segment of route.path.slice(1).split('/')) place = step(place, segment)
      if (place.routes.has(route.method)) throw new Error(`${route.method} ${route.path} stands twice; this is a bug`)
      place.routes.set(route.method, { protocol, route })
    }
  }
  return root
}

function createPlace(): Place {
  return { literals: new Map(), placeholder: undefined, routes: new Map() }
}

function step(place: Place, segment: string): Place {
  const name = /^\{(\w+)\}$/.exec(segment)?.[1]
  if (name === undefined) {
    let next = place.literals.get(segment)
    if (next === undefined) place.literals.set(segment, (next = createPlace()))
    return next
  }
  place.placeholder ??= { name, place: createPlace() }
  if (place.placeholder.name !== name)
    throw new Error(`{${name}} and {${place.placeholder.name}} share a place; this is a bug`)
  return place.placeholder.place
}

function walk(root: Place, path: string): { place: Place; parameters: Record<string, string> } | undefined {
  if (!path.startsWith('/')) return undefined
  let place = root
  const parameters: Record<string, string> = Object.create(null)
  for (const segment of path.slice(1).split('/')) {
    const literal = place.literals.get(segment)
    if (literal !== undefined) {
      place = literal
      continue
    }
    const value = place.placeholder === undefined ? undefined : decode(segment)
    if (place.placeholder === undefined || value === undefined) return undefined
    parameters[place.placeholder.name] = value
    place = place.placeholder.place
  }
  return place.routes.size === 0 ? undefined : { place, parameters }
}

/** A segment, percent-decoded once; undefined for what no name may hold. */
function decode(segment: string): string | undefined {
  try {
    const value = decodeURIComponent(segment)
    return /^[^/\\\p{Cc}]{1,256}$/u.test(value) ? value : undefined
  } catch {
    return undefined // broken percent-encoding
  }
}

function choose(
  found: { place: Place; parameters: PathParameters },
  method: string,
  request: WireRequest,
): Target | WireResponse {
  const target = found.place.routes.get(method)
  if (target !== undefined) return { ...target, parameters: found.parameters }
  const allowed = [...found.place.routes.keys()]
  if (allowed.includes('GET')) allowed.push('HEAD')
  const message = `${quote(request.path)} takes ${allowed.join(', ')}, not ${quote(request.method, 20)}`
  return json(405, { error: message, code: 'invalid_argument' }, { allow: allowed.join(', ') })
}

/** Where requests need a key, only who has one, for whatever, is told that there is nothing. */
function noRoute(request: WireRequest, authorize: RouterOptions['authorize']): WireResponse {
  try {
    authorize?.(request, 'inference')
  } catch (thrown) {
    if (ServingError.from(thrown).code !== 'permission_denied') throw thrown
  }
  return failure(new ServingError('not_found', `nothing answers at ${quote(request.path)}`))
}
