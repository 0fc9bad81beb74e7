import type { PathParameters, Protocol, Route, WireRequest } from './protocol.ts'

/** What answers a request. */
export interface Target {
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

/** The methods of a path that has no route for the one that was asked for. */
export interface Allowed {
  readonly methods: readonly string[]
}

/** Finds what answers a request, from its method and path alone; `undefined` where nothing is at its path. */
export type FindRoute = (request: Pick<WireRequest, 'method' | 'path'>) => Target | Allowed | undefined

/** Paths are matched as they come: no trailing slash, no double slash, no case folding. */
export function createFindRoute(protocols: readonly Protocol[]): FindRoute {
  const root = buildTree(protocols)
  const remembered = { GET: createMemory<Target>(), POST: createMemory<Target>() }

  return function find(request) {
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const memory = method === 'GET' || method === 'POST' ? remembered[method] : undefined
    const known = memory?.get(request.path)
    if (known !== undefined) return known
    const found = walk(root, request.path, method) ?? walk(root, request.path)
    if (found === undefined) return undefined
    const { routes } = found.place
    const place = routes.get(method)
    if (place === undefined) return { methods: routes.has('GET') ? [...routes.keys(), 'HEAD'] : [...routes.keys()] }
    const target = { ...place, parameters: found.parameters }
    memory?.set(request.path, target)
    return target
  }
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
