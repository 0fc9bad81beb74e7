import type { Principal } from '../auth/authorizer.ts'
import { isSigned } from '../auth/sigv4/claim.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { EVERYBODY, NOBODY, type BodyMemory } from '../runtime/body-memory.ts'
import type { Call, DataPlane } from '../runtime/plane.ts'
import {
  ACCEPTED_ENCODINGS,
  answerCoding,
  compressed,
  decompressed,
  UNKNOWN_ENCODING,
  type Unpacked,
} from './content-encoding.ts'
import { createFindRoute, type Allowed, type Target } from './find-route.ts'
import {
  accessTo,
  CHALLENGE,
  failure,
  flowOf,
  json,
  type Access,
  type Door,
  type Handle,
  type Protocol,
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
  /**
   * The same for requests whose bodies are still to come; `authorize` when absent. It may know less than that, and say yes
   * to what is refused later.
   */
  readonly authorizeHead?: ((request: WireRequest, access: Access) => Principal | undefined) | undefined
  /** The plane as one request sees it; the host's own when absent. Called once the request is authorised. */
  readonly planeFor?: (plane: DataPlane, request: WireRequest, call: Call) => DataPlane
  /** Largest body of a request once it is decompressed (bytes). Default 32 MiB, as that of servers. */
  readonly maxBodyBytes?: number
  /** Where bodies take room once they are decompressed; nothing is counted where it is absent. */
  readonly memory?: BodyMemory | undefined
}

const MAX_BODY_BYTES = 32 * 2 ** 20

/**
 * Finds the route of a request and makes every failure an answer in the words of the protocol that the path belongs to.
 */
export function createRouter(options: RouterOptions): Handle {
  return createFrontDesk(options).handle
}

/** What answers requests, and what decides on those that have not come whole. */
export interface FrontDesk {
  readonly handle: Handle
  readonly door: Door
}

/** A router with its door: see `createRouter`. */
export function createFrontDesk(options: RouterOptions): FrontDesk {
  const { protocols, onFailure, authorize, planeFor, maxBodyBytes = MAX_BODY_BYTES, memory } = options
  const authorizeHead = options.authorizeHead ?? authorize
  const find = createFindRoute(protocols)

  async function handle(request: WireRequest, plane: DataPlane, call: Call): Promise<WireResponse> {
    let target: Target | undefined
    let plain = request
    let unpacked: Unpacked | undefined
    try {
      const found = find(request)
      if (found === undefined || !('route' in found)) return nothingThere(request, found, authorize)
      target = found
      const { route, parameters } = found
      if (authorize !== undefined) {
        const access = accessTo(route, request)
        if (access !== 'open') call.principal = authorize(request, access)
      }
      if (request.headers['content-encoding'] !== undefined && route.method !== 'GET') {
        unpacked = await decompressed(
          request,
          call,
          maxBodyBytes,
          memory && { memory, flow: flowOf(call.principal, authorize !== undefined) },
        )
        plain = unpacked.request
      }
      const seen = planeFor === undefined ? plane : planeFor(plane, request, call)
      const answer = await route.handle(plain, seen, call, parameters)
      const accepted = request.headers['accept-encoding']
      const coding = accepted === undefined ? undefined : answerCoding(accepted)
      return coding === undefined ? answer : await compressed(answer, coding, request)
    } catch (thrown) {
      const error = ServingError.from(thrown)
      if (error.code === 'internal') onFailure?.(error, request)
      return refusal(target, plain, error)
    } finally {
      unpacked?.release()
    }
  }

  return {
    handle,
    door: {
      admit(head) {
        if (authorizeHead === undefined) return EVERYBODY
        const found = find(head)
        if (found === undefined || !('route' in found)) {
          refuseStrangers(head, authorizeHead)
          return NOBODY
        }
        const access = accessTo(found.route, head)
        if (access === 'open') return NOBODY
        const flow = flowOf(authorizeHead({ ...head, isBodyToCome: true }, access), true)
        // of a signature over the body only the key's name is known: others who know it too must not take its room
        return isProved(head) ? flow : { ...flow, name: `${flow.name} unproved` }
      },
      refusal(head, error) {
        const found = find(head)
        return refusal(found !== undefined && 'route' in found ? found : undefined, head, error)
      },
    },
  }
}

/** Whether a head alone shows that its sender has the key that it names. */
function isProved({ headers, query }: WireRequest): boolean {
  return !isSigned(headers['authorization'], query) || headers['x-amz-content-sha256'] !== undefined
}

function refusal(target: Target | undefined, request: WireRequest, error: ServingError): WireResponse {
  return withReason(target === undefined ? failure(error) : target.protocol.failure(error, request), error)
}

/** What HTTP says of some failures, whatever the protocol makes of them: how to do better. */
function withReason(answer: WireResponse, { code, details }: ServingError): WireResponse {
  if (code === 'unauthenticated') return { ...answer, headers: { ...answer.headers, ...CHALLENGE } }
  if (details['reason'] !== UNKNOWN_ENCODING) return answer
  return { ...answer, status: 415, headers: { ...answer.headers, 'accept-encoding': ACCEPTED_ENCODINGS } }
}

/** The answer where no route is. */
function nothingThere(
  request: WireRequest,
  allowed: Allowed | undefined,
  authorize: RouterOptions['authorize'],
): WireResponse {
  refuseStrangers(request, authorize)
  if (allowed === undefined) return failure(new ServingError('not_found', `nothing answers at ${quote(request.path)}`))
  const methods = allowed.methods.join(', ')
  const message = `${quote(request.path)} takes ${methods}, not ${quote(request.method, 20)}`
  return json(405, { error: message, code: 'invalid_argument' }, { allow: methods })
}

/** Where requests need a key, only who has one, for whatever, is told which paths and methods there are. */
function refuseStrangers(request: WireRequest, authorize: RouterOptions['authorize']): void {
  try {
    authorize?.(request, 'inference')
  } catch (thrown) {
    if (ServingError.from(thrown).code !== 'permission_denied') throw thrown
  }
}
