import { ServingError } from '../../core/errors.ts'
import { MODEL_NAME } from '../../core/names.ts'
import { quote } from '../../core/text.ts'
import type { Operations } from '../../runtime/operations.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import { json, type PathParameters, type Route, type WireRequest, type WireResponse } from '../protocol.ts'
import { readObject } from '../read-object.ts'
import { containerFailure, NOT_DONE_HERE } from './failure.ts'

/** Models of one page of the list. */
const PAGE = 100

/**
 * How SageMaker loads and unloads the models of a multi-model endpoint. What it loads is looked for where the server was
 * told to find its models: it is started with the folder `/opt/ml/models`.
 * @param operations absent where models cannot be loaded and unloaded: then that is refused
 * @see AWS SageMaker, "Build your own container for multi-model endpoints"
 */
export function multiModelRoutes(operations: Operations | undefined): readonly Route[] {
  return [
    { method: 'GET', path: '/models', handle: (request, plane) => list(request.query, plane) },
    {
      method: 'POST',
      path: '/models',
      access: 'operations',
      handle: (request, plane) => load(request, plane, operations),
    },
    {
      method: 'GET',
      path: '/models/{model}',
      handle: (_request, plane, _call, { model }) => json(200, entryOf(plane.model(model).name)),
    },
    {
      method: 'DELETE',
      path: '/models/{model}',
      access: 'operations',
      handle: (_request, plane, _call, parameters) => unload(plane, parameters, operations),
    },
  ]
}

/** SageMaker lays every model at the same place below its name, so that the name says where it is. */
function entryOf(name: string) {
  return { modelName: name, modelUrl: `/opt/ml/models/${name}/model` }
}

function list(query: string, plane: DataPlane): WireResponse {
  const token = new URLSearchParams(query).get('next_page_token') ?? ''
  if (token !== '' && !MODEL_NAME.test(token))
    throw new ServingError('invalid_argument', `next_page_token is ${quote(token)}; send what the page before gave`)
  const names = [...new Set(plane.models().map(({ name }) => name))].filter((name) => name > token)
  const page = names.slice(0, PAGE)
  const last = names.length > PAGE ? page.at(-1) : undefined
  return json(200, { models: page.map(entryOf), ...(last === undefined ? {} : { nextPageToken: last }) })
}

async function load(request: WireRequest, plane: DataPlane, operations: Operations | undefined): Promise<WireResponse> {
  const name = readOrder(request.body)
  if (plane.models().some((model) => model.name === name))
    throw new ServingError('conflict', `model ${quote(name)} is loaded already`)
  try {
    await controlled(operations).load(name)
  } catch (thrown) {
    const error = ServingError.from(thrown)
    // SageMaker unloads other models then, and asks again
    if (error.code === 'too_large' || error.code === 'overloaded') return { ...containerFailure(error), status: 507 }
    throw error
  }
  return json(200, entryOf(name))
}

/** The name of the model to load. @throws {ServingError} `invalid_argument` */
function readOrder(body: Uint8Array): string {
  const { model_name: name, url } = readObject(body, 'send {"model_name": NAME, "url": PATH}')
  if (typeof name !== 'string' || !MODEL_NAME.test(name))
    throw new ServingError(
      'invalid_argument',
      `"model_name" is ${typeof name === 'string' ? quote(name) : 'no text'}; it is 1 to 63 of letters, digits, ".", "_" and "-", beginning with a letter or digit`,
    )
  const folders = typeof url === 'string' ? url.split('/') : []
  if (folders[0] !== '' || folders.includes('..') || !folders.slice(-2).includes(name))
    throw new ServingError(
      'invalid_argument',
      `"url" is ${typeof url === 'string' ? quote(url) : 'no text'}; models are loaded by their name from where this server finds its models: send /opt/ml/models/${name}/model`,
    )
  return name
}

async function unload(
  plane: DataPlane,
  { model }: PathParameters,
  operations: Operations | undefined,
): Promise<WireResponse> {
  const { name } = plane.model(model)
  await controlled(operations).unload(name)
  return json(200, entryOf(name))
}

function controlled(operations: Operations | undefined): Operations {
  if (operations?.canControl === true) return operations
  throw new ServingError(
    'unsupported',
    'this server does not load or unload models while it runs; start it with them',
    {
      details: { reason: NOT_DONE_HERE },
    },
  )
}
