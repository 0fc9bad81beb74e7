import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Access, Handle, WireRequest } from '../protocol.ts'
import type { GrpcRoute } from './rpc.ts'
import { grpcFailure } from './status.ts'

export interface GrpcHandleOptions {
  readonly routes: readonly GrpcRoute[]
  /** Told of failures that are ours: the wire gets only a sentence. */
  readonly onFailure?: (error: ServingError, request: WireRequest) => void
  /** Throws for a request that may not be answered; anybody may ask for anything where this is absent. */
  readonly authorize?: (request: WireRequest, access: Access) => unknown
}

/**
 * Finds the method of a message, and makes every failure an answer with a status of gRPC. Methods are found by their whole
 * paths, and HTTP's own rules of content (its codings of bodies) do not hold: a message's coding is its frame's.
 */
export function createGrpcHandle({ routes, onFailure, authorize }: GrpcHandleOptions): Handle {
  const byPath = new Map(routes.map((route) => [route.path, route]))
  if (byPath.size !== routes.length) throw new Error('a method stands twice; this is a bug')

  return async function handle(request, plane, call) {
    try {
      const route = byPath.get(request.path)
      if (route === undefined) throw noMethod(request, authorize)
      if (authorize !== undefined) {
        const access = route.accessOf?.(request) ?? route.access ?? 'inference'
        if (access !== 'open') authorize(request, access)
      }
      return await route.handle(request, plane, call, NO_PARAMETERS)
    } catch (thrown) {
      const error = ServingError.from(thrown)
      if (error.code === 'internal') onFailure?.(error, request)
      return grpcFailure(error)
    }
  }
}

const NO_PARAMETERS = {}

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
