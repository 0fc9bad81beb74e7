import { missingIn } from '../../codecs/missing-values.ts'
import { printPredictions } from '../../codecs/table-answer.ts'
import type { DecodedTable, TableForm, TableOptions } from '../../codecs/table-request.ts'
import { ServingError, type ErrorCode } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { Call, DataPlane, ServedModel } from '../../runtime/plane.ts'
import { HTTP_STATUS } from '../../core/http-status.ts'
import { predictTable } from '../predict-table.ts'
import {
  json,
  retryHeaders,
  type PathParameters,
  type Protocol,
  type Route,
  type WireRequest,
  type WireResponse,
} from '../protocol.ts'
import { answerRaw, isRaw } from '../raw-model.ts'
import { rowLayoutOf } from '../row-layouts.ts'
import { shorten } from '../shorten.ts'
import { eventHeaders } from './cloud-events.ts'
import { modelMetadata, modelStatus } from './model-documents.ts'
import { SIGNATURE_NAME } from './names.ts'

/**
 * TensorFlow Serving's REST API and KServe's V1 protocol, which share their paths and their bodies: rows
 * `{"instances": […]}` are answered with `{"predictions": […]}`, columns `{"inputs": …}` with `{"outputs": …}`. Keys of
 * a body that mean nothing here are ignored, as both servers do, and so are content types.
 * @see TensorFlow Serving, "RESTful API"; KServe, "V1 Inference Protocol"
 */
export const v1: Protocol = {
  name: 'v1',
  failure: (error) => json(statusOf(error), { error: shorten(error.message) }, retryHeaders(error)),
  routes: [
    { method: 'GET', path: '/v1/models', handle: list },
    ...['/v1/models/{model}', '/v1/models/{model}/versions/{version}', '/v1/models/{model}/labels/{version}'].flatMap(
      (base): readonly Route[] => [
        { method: 'GET', path: base, handle: status },
        { method: 'GET', path: `${base}/metadata`, handle: metadata },
        { method: 'POST', path: `${base}:predict`, handle: predict },
        { method: 'POST', path: `${base}:classify`, handle: notSpoken('classify') },
        { method: 'POST', path: `${base}:regress`, handle: notSpoken('regress') },
        { method: 'POST', path: `${base}:explain`, handle: notSpoken('explain') },
      ],
    ),
  ],
}

const FORMS: readonly TableForm[] = ['instances', 'inputs']
const OPTIONS: TableOptions = { otherKeys: 'ignored' }

async function predict(
  request: WireRequest,
  plane: DataPlane,
  call: Call,
  parameters: PathParameters,
): Promise<WireResponse> {
  const model = find(plane, parameters)
  if (isRaw(model)) return await answerRaw(request, plane, call, model)
  const event = eventHeaders(request.headers, model.name)
  const { table, prediction } = await predictTable({ plane, model, call }, request, FORMS, OPTIONS, signatureOutput)
  const isByColumn = table.form === 'inputs'
  const printed = printPredictions(
    prediction.outputs,
    model.signature.outputs,
    table.rows,
    isByColumn ? 'columns' : 'values',
    { bytes: 'b64-by-name', tellMissing: missingIn(rowLayoutOf(model.signature), table.inputs) },
  )
  return {
    status: 200,
    headers: event === undefined ? JSON_HEADERS : { ...JSON_HEADERS, ...event },
    body: `{"${isByColumn ? 'outputs' : 'predictions'}":${printed}}`,
  }
}

const JSON_HEADERS = { 'content-type': 'application/json' }

/** Besides the default signature there is one for each output, of its name. */
function signatureOutput({ signatureName }: DecodedTable, { signature }: ServedModel): string | undefined {
  if (signatureName === undefined || signatureName === '' || signatureName === SIGNATURE_NAME) return undefined
  const names = signature.outputs.map(({ name }) => name)
  if (names.includes(signatureName)) return signatureName
  throw new ServingError(
    'invalid_argument',
    `"signature_name" is ${quote(signatureName)}; the model has the signature "${SIGNATURE_NAME}", and one for each output: ${quoteList(names)}; name one of those, or none`,
  )
}

/** TensorFlow Serving's other ways to run a model, and KServe's: their requests are no tables. */
function notSpoken(verb: string): Route['handle'] {
  return (_request, plane, _call, parameters) => {
    find(plane, parameters)
    throw new ServingError('unsupported', `":${verb}" is not spoken here; send the rows to ":predict"`)
  }
}

function list(_request: WireRequest, plane: DataPlane): WireResponse {
  return json(200, { models: [...new Set(plane.models().map(({ name }) => name))] })
}

function status(_request: WireRequest, plane: DataPlane, _call: Call, parameters: PathParameters): WireResponse {
  const model = find(plane, parameters)
  if (model.state !== 'ready')
    throw (
      model.trouble ??
      new ServingError('unavailable', `model ${quote(model.name)} is ${model.state}; ask again a little later`)
    )
  const versions =
    parameters['version'] === undefined ? plane.models().filter(({ name }) => name === model.name) : [model]
  return json(200, modelStatus(model.name, versions))
}

function metadata(_request: WireRequest, plane: DataPlane, _call: Call, parameters: PathParameters): WireResponse {
  return json(200, modelMetadata(find(plane, parameters)))
}

/**
 * The model that a path means.
 * @throws {ServingError} `not_found` in the words that clients of TensorFlow Serving look for
 */
function find(plane: DataPlane, { model, version }: PathParameters): ServedModel {
  try {
    return plane.model(model, version)
  } catch (thrown) {
    const error = ServingError.from(thrown)
    if (error.code !== 'not_found') throw thrown
    const name = shown(model)
    const servable = version === undefined ? `Latest(${name})` : `Specific(${name}, ${shown(version)})`
    throw new ServingError('not_found', `Servable not found for request: ${servable}; ${error.message}`, {
      cause: error,
      details: error.details,
    })
  }
}

/** A name from a path, short and harmless, without quotes. */
function shown(name = ''): string {
  return quote(name, 40).slice(1, -1)
}

function statusOf({ code, details }: ServingError): number {
  return details['reason'] === 'accept' ? 406 : STATUS[code]
}

/** HTTP status of each code. @see TensorFlow Serving's mapping of its codes to HTTP; KServe's of what a model lacks */
const STATUS: Record<ErrorCode, number> = { ...HTTP_STATUS, unsupported: 501 }
