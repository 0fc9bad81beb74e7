import type { Principal } from '../../auth/authorizer.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Flow } from '../../runtime/body-memory.ts'
import type { Call, DataPlane } from '../../runtime/plane.ts'
import { accessTo, flowOf, type Access, type Handle, type WireRequest } from '../protocol.ts'
import type { GrpcRoute } from './rpc.ts'
import { grpcFailure } from './status.ts'

export interface GrpcHandleOptions {
  readonly routes: readonly GrpcRoute[]
  /** Told of failures that are ours: the wire gets only a sentence. */
  readonly onFailure?: (error: ServingError, request: WireRequest) => void
  /** Throws for a request that may not be answered; anybody may ask for anything where this is absent. */
  readonly authorize?: (request: WireRequest, access: Access) => Principal | undefined
  /** The plane as one message sees it, metadata being its headers; the host's own when absent. Called once it is authorised. */
  readonly planeFor?: (plane: DataPlane, request: WireRequest, call: Call) => DataPlane
}

/**
 * Finds the method of a message, and makes every failure an answer with a status of gRPC. Methods are found by their whole
 * paths, and HTTP's own rules of content (its codings of bodies) do not hold: a message's coding is its frame's.
 */
export function createGrpcHandle({ routes, onFailure, authorize, planeFor }: GrpcHandleOptions): Handle {
  const find = createFind({ routes, authorize })

  return async function handle(request, plane, call) {
    try {
      const route = find(request, call)
      const seen = planeFor === undefined ? plane : planeFor(plane, request, call)
      return await route.handle(request, seen, call, NO_PARAMETERS)
    } catch (thrown) {
      const error = ServingError.from(thrown)
      if (error.code === 'internal') onFailure?.(error, request)
      return grpcFailure(error)
    }
  }
}

const NO_PARAMETERS = {}

/**
 * Decides on calls before anything of their messages is read, so that those of strangers cost no memory and no inflating.
 * What passes is decided on again with each message: keys are replaced while calls go on, and some methods ask for more
 * once they know their message.
 * @returns what throws for a call that no message of it could save, and says of others whose they are
 */
export function createGrpcAdmit(options: Pick<GrpcHandleOptions, 'routes' | 'authorize'>): (head: WireRequest) => Flow {
  const find = createFind(options)
  return (head) => {
    const call: Call = { aborted: false }
    find(head, call)
    return flowOf(call.principal, options.authorize !== undefined)
  }
}

/** @returns what finds the method of a request that may be answered, and notes who asks; it throws for any other */
function createFind({
  routes,
  authorize,
}: {
  readonly routes: readonly GrpcRoute[]
  readonly authorize?: GrpcHandleOptions['authorize'] | undefined
}): (request: WireRequest, call?: Call) => GrpcRoute {
  const byPath = new Map(routes.map((route) => [route.path, route]))
  if (byPath.size !== routes.length) throw new Error('a method stands twice; this is a bug')

  return function find(request, call) {
    const route = byPath.get(request.path)
    if (route === undefined) throw noMethod(request, authorize)
    if (authorize !== undefined) {
      const access = accessTo(route, request)
      if (access !== 'open') {
        const principal = authorize(request, access)
        if (call !== undefined) call.principal = principal
      }
    }
    return route
  }
}

/** Where methods need a key, only who has one, for whatever, is told that there is none. */
function noMethod(request: WireRequest, authorize: GrpcHandleOptions['authorize']): ServingError {
  try {
    authorize?.(request, 'inference')
  } catch (thrown) {
    const error = ServingError.from(thrown)
    if (error.code !== 'permission_denied') return error
  }
  return new ServingError('unsupported', `there is no method ${quote(request.path)}`)
}
