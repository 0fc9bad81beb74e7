import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { versionName, type Call, type DataPlane, type ServedModel } from '../../runtime/plane.ts'
import { HTTP_STATUS } from '../../core/http-status.ts'
import {
  json,
  retryHeaders,
  type PathParameters,
  type Protocol,
  type WireRequest,
  type WireResponse,
} from '../protocol.ts'
import { describeModel, isRowModel } from './described-model.ts'
import { openApiDocument, type Place } from './document.ts'
import { takesMissingNumbers } from './missing-numbers.ts'
import { swagger } from './swagger.ts'

export interface OpenApiOptions {
  readonly serverVersion: string
  /** Whether requests need a key. */
  readonly needsKeys: boolean
  /** Whether the server tells what it counted. */
  readonly hasStatistics: boolean
}

/**
 * Describes what the server answers, for programs: an OpenAPI document of all models, or of one, made from their
 * signatures and filled with their examples. It promises no more than is taken.
 * @see OpenAPI Specification 3.1.1
 */
export function createOpenApi({ serverVersion, needsKeys, hasStatistics }: OpenApiOptions): Protocol {
  const ofModels = new WeakMap<ServedModel, Map<string, string>>()
  let ofServer: { readonly places: readonly Place[]; readonly text: string } | undefined

  async function serverDocument(_request: WireRequest, plane: DataPlane, call: Call): Promise<WireResponse> {
    const places = await Promise.all(
      plane.models().map(async (model) => {
        const place = await placeOf(plane, model, call)
        return { ...place, byVersion: !place.isModelsDefault }
      }),
    )
    if (ofServer === undefined || !isSamePlaces(places, ofServer.places)) {
      const options = { title: 'Slipway', version: serverVersion, needsKeys, hasStatistics, hasServer: true }
      ofServer = { places, text: JSON.stringify(openApiDocument(places, options)) }
    }
    return answer(ofServer.text)
  }

  async function modelDocument(
    _request: WireRequest,
    plane: DataPlane,
    call: Call,
    { model: name, version }: PathParameters,
  ): Promise<WireResponse> {
    const model = plane.model(name, version)
    const place = { ...(await placeOf(plane, model, call)), byVersion: version !== undefined }
    const key = JSON.stringify({ ...place, model: undefined })
    let texts = ofModels.get(model)
    if (texts === undefined) ofModels.set(model, (texts = new Map()))
    let text = texts.get(key)
    if (text === undefined) {
      const options = { title: model.name, version: versionName(model), needsKeys, hasStatistics, hasServer: false }
      texts.set(key, (text = JSON.stringify(openApiDocument([place], options))))
    }
    return answer(text)
  }

  /** Azure ML names the dialect: `?version=2` or `?version=3`. */
  function swaggerDocument(request: WireRequest, plane: DataPlane, call: Call): WireResponse | Promise<WireResponse> {
    const dialect = new URLSearchParams(request.query).get('version') ?? '3'
    if (/^3(?:\.[01](?:\.\d+)?)?$/.test(dialect)) return serverDocument(request, plane, call)
    if (dialect !== '2' && dialect !== '2.0')
      throw new ServingError('not_found', `there is no document of version ${quote(dialect, 20)}; there are 2 and 3`)
    const described = describeModel(plane.model(), '', false)
    if (isRowModel(described)) return answer(JSON.stringify(swagger(described, serverVersion, needsKeys)))
    throw new ServingError(
      'not_found',
      `the model ${described.model.name} takes no rows, as /score would; see /openapi.json`,
    )
  }

  return {
    name: 'openapi',
    failure: (error: ServingError) =>
      json(HTTP_STATUS[error.code], { error: error.message, code: error.code }, retryHeaders(error)),
    routes: [
      { method: 'GET', path: '/openapi.json', handle: serverDocument },
      { method: 'GET', path: '/swagger.json', handle: swaggerDocument },
      { method: 'GET', path: '/v2/models/{model}/openapi.json', handle: modelDocument },
      { method: 'GET', path: '/v2/models/{model}/versions/{version}/openapi.json', handle: modelDocument },
    ],
  }
}

function answer(text: string): WireResponse {
  return { status: 200, headers: { 'content-type': 'application/json', 'cache-control': 'no-cache' }, body: text }
}

async function placeOf(plane: DataPlane, model: ServedModel, call: Call): Promise<Omit<Place, 'byVersion'>> {
  return {
    model,
    isModelsDefault: isTheOne(() => plane.model(model.name), model),
    isServersDefault: isTheOne(() => plane.model(), model),
    takesMissing: await takesMissing(plane, model, call),
  }
}

const missing = new WeakMap<ServedModel, boolean>()

async function takesMissing(plane: DataPlane, model: ServedModel, call: Call): Promise<boolean> {
  let known = missing.get(model)
  if (known !== undefined) return known
  try {
    known = await takesMissingNumbers(plane, model, call)
    missing.set(model, known)
    return known
  } catch {
    return false // asked again with the next document: it was too busy, or is not ready
  }
}

function isTheOne(find: () => ServedModel, model: ServedModel): boolean {
  try {
    const found = find()
    return found.name === model.name && found.version === model.version
  } catch {
    return false // several models and no default, or one that was unloaded meanwhile
  }
}

function isSamePlaces(a: readonly Place[], b: readonly Place[]): boolean {
  return (
    a.length === b.length &&
    a.every((place, i) => {
      const other = b[i]
      return (
        place.model === other?.model &&
        place.isModelsDefault === other.isModelsDefault &&
        place.isServersDefault === other.isServersDefault &&
        place.takesMissing === other.takesMissing
      )
    })
  )
}
