import { ServingError } from '../../core/errors.ts'
import type { Operations } from '../../runtime/operations.ts'
import { logSettingsDocument, readLogChange } from '../oip/log-settings.ts'
import { checkLoadParameters, repositoryIndex } from '../oip/repository.ts'
import { modelStatistics } from '../oip/statistics.ts'
import { readTraceChange, traceSettingsDocument } from '../oip/trace-settings.ts'
import { empty, json, type Route } from '../protocol.ts'

/**
 * What operators ask of the server: what was counted, which models there are, to load and to unload them, what is logged
 * and traced. Where requests need keys, these need one for operations.
 * @see Triton's "Statistics", "Model Repository", "Logging" and "Trace" extensions
 */
export function operationRoutes(operations: Operations): readonly Route[] {
  const stats: Route['handle'] = async (_request, plane, _call, { model, version }) =>
    json(200, await modelStatistics(plane, operations, model, version))
  const logging: Route['handle'] = async ({ body }) =>
    json(200, logSettingsDocument(await operations.logSettings(changeIn(body, readLogChange))))
  const tracing: Route['handle'] = async ({ body }, plane, _call, { model }) => {
    const name = model === undefined ? undefined : plane.model(model).name
    return json(200, traceSettingsDocument(await operations.traceSettings(name, changeIn(body, readTraceChange))))
  }
  return [
    route('GET', '/v2/models/stats', stats),
    route('GET', '/v2/models/{model}/stats', stats),
    route('GET', '/v2/models/{model}/versions/{version}/stats', stats),
    route('POST', '/v2/repository/index', async ({ body }) =>
      json(200, await repositoryIndex(operations, readReady(readObject(body)))),
    ),
    route('POST', '/v2/repository/models/{model}/load', async ({ body }, _plane, _call, { model = '' }) => {
      checkLoadParameters(parametersIn(body))
      await operations.load(model)
      return empty(200)
    }),
    route('POST', '/v2/repository/models/{model}/unload', async ({ body }, _plane, _call, { model = '' }) => {
      parametersIn(body) // no model depends on another: there is nothing that these could change
      await operations.unload(model)
      return empty(200)
    }),
    route('GET', '/v2/logging', logging),
    route('POST', '/v2/logging', logging),
    ...['/v2/trace/setting', '/v2/models/{model}/trace/setting'].flatMap((path) => [
      route('GET', path, tracing),
      route('POST', path, tracing),
    ]),
  ]
}

function route(method: Route['method'], path: string, handle: Route['handle']): Route {
  return { method, path, access: 'operations', handle }
}

/** A body of settings; none is an empty object. */
function readObject(body: Uint8Array): Record<string, unknown> {
  if (body.length === 0) return {}
  let document: unknown
  try {
    document = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8'))
  } catch (cause) {
    throw new ServingError('invalid_argument', 'the body is no JSON', { cause })
  }
  if (!isObject(document)) throw new ServingError('invalid_argument', 'the body is no JSON object')
  return document
}

function changeIn<Change>(
  body: Uint8Array,
  read: (settings: Readonly<Record<string, unknown>>) => Change,
): Change | undefined {
  const settings = readObject(body)
  return Object.keys(settings).length === 0 ? undefined : read(settings)
}

function readReady({ ready = false }: Readonly<Record<string, unknown>>): boolean {
  if (typeof ready !== 'boolean') throw new ServingError('invalid_argument', '"ready" takes true or false')
  return ready
}

function parametersIn(body: Uint8Array): Record<string, unknown> {
  const { parameters = {} } = readObject(body)
  if (!isObject(parameters)) throw new ServingError('invalid_argument', '"parameters" takes an object')
  return parameters
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
