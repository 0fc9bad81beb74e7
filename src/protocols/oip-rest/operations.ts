import { ServingError } from '../../core/errors.ts'
import type { Operations } from '../../runtime/operations.ts'
import { logSettingsDocument, readLogChange } from '../oip/log-settings.ts'
import { checkLoadParameters, repositoryIndex } from '../oip/repository.ts'
import { modelStatistics } from '../oip/statistics.ts'
import { readTraceChange, traceSettingsDocument } from '../oip/trace-settings.ts'
import { empty, json, type Route } from '../protocol.ts'
import { isObject, readObject } from '../read-object.ts'

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
      json(200, await repositoryIndex(operations, readReady(settingsIn(body)))),
    ),
    route('POST', '/v2/repository/models/{model}/load', async ({ body }, _plane, _call, { model = '' }) => {
      checkLoadParameters(model, parametersIn(body))
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

/** What an operator sends; no body is an empty object. */
function settingsIn(body: Uint8Array): Readonly<Record<string, unknown>> {
  return body.length === 0 ? {} : readObject(body, 'send the settings as an object, or no body')
}

function changeIn<Change>(
  body: Uint8Array,
  read: (settings: Readonly<Record<string, unknown>>) => Change,
): Change | undefined {
  const settings = settingsIn(body)
  return Object.keys(settings).length === 0 ? undefined : read(settings)
}

function readReady({ ready = false }: Readonly<Record<string, unknown>>): boolean {
  if (typeof ready !== 'boolean') throw new ServingError('invalid_argument', '"ready" takes true or false')
  return ready
}

function parametersIn(body: Uint8Array): Readonly<Record<string, unknown>> {
  const { parameters = {} } = settingsIn(body)
  if (!isObject(parameters)) throw new ServingError('invalid_argument', '"parameters" takes an object')
  return parameters
}
