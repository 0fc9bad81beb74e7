import { ServingError } from '../../core/errors.ts'
import type { Operations } from '../../runtime/operations.ts'
import { logSettingsDocument, readLogChange } from '../oip/log-settings.ts'
import { modelConfig, type ConfigLimits } from '../oip/model-config.ts'
import { checkLoadParameters, repositoryIndex } from '../oip/repository.ts'
import { modelStatistics } from '../oip/statistics.ts'
import { readTraceChange, traceSettingsDocument } from '../oip/trace-settings.ts'
import { INFERENCE, rpc, textIn, type Answer, type GrpcRoute } from './rpc.ts'

/** How a model is run. @see Triton's `ModelConfig` */
export function modelConfigRoute(limits: ConfigLimits): GrpcRoute {
  return rpc(`${INFERENCE}/ModelConfig`, 'metadata', (message, plane) => ({
    config: modelConfig(plane.model(textIn(message, 'name'), textIn(message, 'version')), limits),
  }))
}

/**
 * What operators ask of the server, as over REST.
 * @see Triton's protobuf `grpc_service.proto`
 */
export function operationRoutes(operations: Operations): readonly GrpcRoute[] {
  return [
    route('ModelStatistics', (message, plane) =>
      modelStatistics(plane, operations, textIn(message, 'name'), textIn(message, 'version')),
    ),
    route('RepositoryIndex', async (message) => ({
      models: await repositoryIndex(operations, message['ready'] === true),
    })),
    route('RepositoryModelLoad', async (message) => {
      const model = modelIn(message)
      checkLoadParameters(model, plainValues(message['parameters']))
      await operations.load(model)
      return {}
    }),
    route('RepositoryModelUnload', async (message) => {
      await operations.unload(modelIn(message))
      return {}
    }),
    route('LogSettings', async (message) => {
      const settings = plainValues(message['settings'])
      const change = Object.keys(settings).length === 0 ? undefined : readLogChange(settings)
      return { settings: mapValues(logSettingsDocument(await operations.logSettings(change)), logValue) }
    }),
    route('TraceSetting', async (message, plane) => {
      const settings = mapValues(entriesOf(message['settings']), listValue)
      const change = Object.keys(settings).length === 0 ? undefined : readTraceChange(settings)
      const name = textIn(message, 'model_name')
      const model = name === undefined ? undefined : plane.model(name).name
      const now = traceSettingsDocument(await operations.traceSettings(model, change))
      return { settings: mapValues(now, (value) => ({ value: Array.isArray(value) ? value : [value] })) }
    }),
  ]
}

function route(method: string, answer: Answer): GrpcRoute {
  return rpc(`${INFERENCE}/${method}`, 'operations', answer)
}

function modelIn(message: Record<string, unknown>): string {
  const name = textIn(message, 'model_name')
  if (name === undefined) throw new ServingError('invalid_argument', 'the message names no model')
  return name
}

/** A map whose values are choices of one field each, as plain values. */
function plainValues(map: unknown): Record<string, unknown> {
  return mapValues(entriesOf(map), (value) => Object.values(value as object)[0] as unknown)
}

/** A setting of traces: a list, which is empty for what is to be as it was at the start. */
function listValue(setting: unknown): unknown {
  const { value } = setting as { readonly value: readonly unknown[] }
  return value.length === 0 ? null : value
}

function logValue(value: string | number | boolean) {
  if (typeof value === 'boolean') return { bool_param: value }
  return typeof value === 'number' ? { uint32_param: value } : { string_param: value }
}

function entriesOf(map: unknown): Readonly<Record<string, unknown>> {
  return (map ?? {}) as Readonly<Record<string, unknown>>
}

function mapValues<From, To>(map: Readonly<Record<string, From>>, work: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, work(value)]))
}
