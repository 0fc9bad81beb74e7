import type { Principal } from '../auth/authorizer.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Call, DataPlane } from '../runtime/plane.ts'
import { ACCEPTED_ENCODINGS, answerCoding, compressed, decompressed, UNKNOWN_ENCODING } from './content-encoding.ts'
import { HTTP_STATUS } from './http-status.ts'
import {
  accessTo,
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
  readonly authorize?: (request: WireRequest, access: Access) => Principal | undefined
  /** The plane as one request sees it; the host's own when absent. Called once the request is authorised. */
  readonly planeFor?: (plane: DataPlane, request: WireRequest, call: Call) => DataPlane
  /** Largest body of a request once it is decompressed (bytes). Default 32 MiB, as that of servers. */
  readonly maxBodyBytes?: number
}

const MAX_BODY_BYTES = 32 * 2 ** 20

interface Target {
  readonly protocol: Protocol
  readonly route: Route
  readonly parameters: PathParameters
}

/** A place in the tree of path segments. */
interface Place {
  readonly literals: Map<string, Place>
  /** The longest suffix first, so that the one without takes what the others leave. */
  readonly placeholders: Placeholder[]
  readonly routes: Map<string, { readonly protocol: Protocol; readonly route: Route }>
}

/** Segments of any text before a suffix: `{model}:predict`; the suffix of `{model}` is empty. */
interface Placeholder {
  readonly name: string
  readonly suffix: string
  readonly place: Place
}

/** Paths of a method in one generation of those that are remembered: the same few come again and again. */
const MAX_REMEMBERED = 500

/**
 * Finds the route of a request and makes every failure an answer in the words of the protocol that the path belongs to.
 * Paths are matched as they come: no trailing slash, no double slash, no case folding.
 */
export function createRouter(options: RouterOptions): Handle {
  const { protocols, onFailure, authorize, planeFor, maxBodyBytes = MAX_BODY_BYTES } = options
  const root = buildTree(protocols)
  const remembered = { GET: createMemory<Target>(), POST: createMemory<Target>() }

  function find(request: WireRequest): Target | WireResponse {
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const memory = method === 'GET' || method === 'POST' ? remembered[method] : undefined
    const known = memory?.get(request.path)
    if (known !== undefined) return known
    const found = walk(root, request.path, method) ?? walk(root, request.path)
    const target = found === undefined ? noRoute(request, authorize) : choose(found, method, request, authorize)
    if ('route' in target) memory?.set(request.path, target)
    return target
  }

  return async function handle(request, plane, call) {
    let target: Target | undefined
    let plain = request
    try {
      const found = find(request)
      if (!('route' in found)) return found
      target = found
      const { route, parameters } = found
      if (authorize !== undefined) {
        const access = accessTo(route, request)
        if (access !== 'open') call.principal = authorize(request, access)
      }
      const isPlain = request.headers['content-encoding'] === undefined || route.method === 'GET'
      if (!isPlain) plain = await decompressed(request, call, maxBodyBytes)
      const seen = planeFor === undefined ? plane : planeFor(plane, request, call)
      const answer = await route.handle(plain, seen, call, parameters)
      const accepted = request.headers['accept-encoding']
      const coding = accepted === undefined ? undefined : answerCoding(accepted)
      return coding === undefined ? answer : await compressed(answer, coding, request)
    } catch (thrown) {
      const error = ServingError.from(thrown)
      if (error.code === 'internal') onFailure?.(error, request)
      const answer = target === undefined ? failure(error) : target.protocol.failure(error, plain)
      return withReason(answer, error)
    }
  }
}

/** What HTTP says of some failures, whatever the protocol makes of them: how to do better. */
function withReason(answer: WireResponse, { code, details }: ServingError): WireResponse {
  if (code === 'unauthenticated') return { ...answer, headers: { ...answer.headers, ...CHALLENGE } }
  if (details['reason'] !== UNKNOWN_ENCODING) return answer
  return { ...answer, status: 415, headers: { ...answer.headers, 'accept-encoding': ACCEPTED_ENCODINGS } }
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
  const all = protocols.flatMap((protocol) => protocol.routes.map((route) => ({ protocol, route })))
  for (const each of all) if (each.route.yields !== true) place(each)
  for (const each of all) {
    const { yields, path, method } = each.route
    if (yields === true && walk(root, path, method) === undefined) place(each)
  }
  return root

  function place({ protocol, route }: { readonly protocol: Protocol; readonly route: Route }): void {
    let at = root
    for (const segment of route.path.slice(1).split('/')) at = step(at, segment)
    if (at.routes.has(route.method)) throw new Error(`${route.method} ${route.path} stands twice; this is a bug`)
    at.routes.set(route.method, { protocol, route })
  }
}

function createPlace(): Place {
  return { literals: new Map(), placeholders: [], routes: new Map() }
}

function step(place: Place, segment: string): Place {
  const [, name, suffix = ''] = /^\{(\w+)\}(:\w+)?$/.exec(segment) ?? []
  if (name === undefined) {
    let next = place.literals.get(segment)
    if (next === undefined) place.literals.set(segment, (next = createPlace()))
    return next
  }
  const known = place.placeholders.find((each) => each.suffix === suffix)
  if (known === undefined) {
    const next = createPlace()
    place.placeholders.push({ name, suffix, place: next })
    place.placeholders.sort((a, b) => b.suffix.length - a.suffix.length)
    return next
  }
  if (known.name !== name) throw new Error(`{${name}} and {${known.name}} share a place; this is a bug`)
  return known.place
}

interface Found {
  readonly place: Place
  readonly parameters: Record<string, string>
}

/** @param method that the place has a route for; any when absent */
function walk(root: Place, path: string, method?: string): Found | undefined {
  if (!path.startsWith('/')) return undefined
  const parameters: Record<string, string> = Object.create(null)
  const place = descend(root, path.slice(1).split('/'), 0, parameters, method)
  return place === undefined ? undefined : { place, parameters }
}

/** A literal segment goes before a placeholder, unless it leads nowhere: models may be called as parts of paths are. */
function descend(
  place: Place,
  segments: readonly string[],
  at: number,
  parameters: Record<string, string>,
  method: string | undefined,
): Place | undefined {
  const segment = segments[at]
  if (segment === undefined) {
    const isThere = method === undefined ? place.routes.size > 0 : place.routes.has(method)
    return isThere ? place : undefined
  }
  const literal = place.literals.get(segment)
  const found = literal && descend(literal, segments, at + 1, parameters, method)
  if (found !== undefined || place.placeholders.length === 0) return found
  const value = decode(segment)
  if (value === undefined) return undefined
  for (const { name, suffix, place: next } of place.placeholders) {
    if (!value.endsWith(suffix) || value.length === suffix.length) continue
    const end = descend(next, segments, at + 1, parameters, method)
    if (end === undefined) {
      // no name ends as a verb does that is spoken here: the path has other methods, and is no other path
      if (suffix !== '' && descend(next, segments, at + 1, {}, undefined) !== undefined) return undefined
      continue
    }
    parameters[name] = value.slice(0, value.length - suffix.length)
    return end
  }
  return undefined
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
  found: Found,
  method: string,
  request: WireRequest,
  authorize: RouterOptions['authorize'],
): Target | WireResponse {
  const target = found.place.routes.get(method)
  if (target !== undefined) return { ...target, parameters: found.parameters }
  refuseStrangers(request, authorize)
  const allowed = [...found.place.routes.keys()]
  if (allowed.includes('GET')) allowed.push('HEAD')
  const message = `${quote(request.path)} takes ${allowed.join(', ')}, not ${quote(request.method, 20)}`
  return json(405, { error: message, code: 'invalid_argument' }, { allow: allowed.join(', ') })
}

function noRoute(request: WireRequest, authorize: RouterOptions['authorize']): WireResponse {
  refuseStrangers(request, authorize)
  return failure(new ServingError('not_found', `nothing answers at ${quote(request.path)}`))
}

/** Where requests need a key, only who has one, for whatever, is told which paths and methods there are. */
function refuseStrangers(request: WireRequest, authorize: RouterOptions['authorize']): void {
  try {
    authorize?.(request, 'inference')
  } catch (thrown) {
    if (ServingError.from(thrown).code !== 'permission_denied') throw thrown
  }
}
