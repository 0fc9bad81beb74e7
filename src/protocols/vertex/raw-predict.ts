import { ServingError } from '../../core/errors.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import { json, type Route, type WireRequest, type WireResponse } from '../protocol.ts'

/** A message `google.api.HttpBody` as JSON. */
interface HttpBody {
  readonly contentType?: unknown
  readonly data?: unknown
}

/**
 * Passes a body on to whoever reads bodies of any media type, and its answer back. Clients that are generated from the
 * platform's interface (`PredictionServiceClient` over REST) wrap the body as `{"httpBody": {"contentType", "data"}}`
 * and want the answer so wrapped; all others send the body itself.
 * @param invocations answers for the default model, which is here the one that the endpoint names
 * @see Vertex AI, `projects.locations.endpoints.rawPredict`
 */
export function createRawPredict(invocations: Route): Route['handle'] {
  return async (request, plane, call, parameters) => {
    const model = plane.model(parameters['endpoint'])
    const focused: DataPlane = {
      isReady: () => plane.isReady(),
      models: () => plane.models(),
      model: (name, version) => (name === undefined ? model : plane.model(name, version)),
      predict: (asked, inputs, context) => plane.predict(asked, inputs, context),
    }
    const wrapped = unwrap(request)
    const answer = await invocations.handle(wrapped ?? request, focused, call, {})
    return wrapped === undefined ? answer : wrap(answer)
  }
}

/** The request within an envelope; undefined where there is none. @throws {ServingError} `invalid_argument` for a broken one */
function unwrap(request: WireRequest): WireRequest | undefined {
  if (!(request.headers['x-goog-api-client'] ?? '').includes('gapic/')) return undefined
  const envelope = envelopeIn(request.body)
  if (envelope === undefined) return undefined
  const { contentType = 'application/json', data = '' } = envelope
  if (typeof contentType !== 'string' || typeof data !== 'string' || !/^[\w+/-]*={0,2}$/.test(data))
    throw new ServingError(
      'invalid_argument',
      '"httpBody" has no text as "contentType", or no base64 as "data"; those are the body that is passed on',
    )
  const headers = { ...request.headers, 'content-type': contentType }
  return { ...request, headers, body: Buffer.from(data, 'base64') }
}

function envelopeIn(body: Uint8Array): HttpBody | undefined {
  try {
    const document: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString())
    if (typeof document !== 'object' || document === null || Object.keys(document).join() !== 'httpBody')
      return undefined
    const { httpBody } = document as { readonly httpBody: unknown }
    return typeof httpBody === 'object' && httpBody !== null ? httpBody : undefined
  } catch {
    return undefined // no JSON: the body itself
  }
}

function wrap({ headers, body, ...rest }: WireResponse): WireResponse {
  const { 'content-type': contentType = 'application/octet-stream', ...others } = headers
  const data = Buffer.from(typeof body === 'string' ? Buffer.from(body) : body).toString('base64')
  return { ...rest, ...json(rest.status, { contentType, data }, others) }
}
