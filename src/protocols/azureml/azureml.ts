import { decodeCsv, type DecodedRows } from '../../codecs/csv.ts'
import { missingIn } from '../../codecs/missing-values.ts'
import { printPredictions } from '../../codecs/table-answer.ts'
import { decodeTable, type TableForm } from '../../codecs/table-request.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { versionName, type Call, type DataPlane, type ServedModel } from '../../runtime/plane.ts'
import { askedOutputs, asking, type Beside } from '../asked-outputs.ts'
import { httpStatusOf } from '../http-status.ts'
import { json, retryHeaders, type Protocol, type WireRequest, type WireResponse } from '../protocol.ts'
import { withoutNan } from '../python-nan.ts'
import { answerRaw, isRaw } from '../raw-model.ts'
import { rowLayoutOf } from '../row-layouts.ts'
import { formHint, headerRule, parseMediaType } from '../sagemaker/media-types.ts'
import { shorten } from '../shorten.ts'
import { checkRequestIds, requestIds } from './request-ids.ts'

const DEPLOYMENT = 'azureml-model-deployment'

const FORMS: readonly TableForm[] = [
  'input_data',
  'data',
  'inputs',
  'instances',
  'dataframe_split',
  'dataframe_records',
  'rows',
]

/**
 * Azure ML's scoring, as its inference server answers it for models without code of their own: `POST /score`, and the
 * same at `/`, where older deployments have it.
 * @see Azure ML, "Deploy MLflow models to online endpoints"; azureml-inference-server-http
 */
export const azureml: Protocol = {
  name: 'azureml',
  routes: ['/score', '/'].map((path) => ({ method: 'POST', path, handle: score })),
  failure(error, request) {
    const headers = request === undefined ? {} : requestIds(request)
    const document = { code: error.code, message: shorten(error.message) }
    return json(statusOf(error), document, { ...retryHeaders(error), ...headers })
  },
}

/** 431 for a header that is too long. @see azureml-inference-server-http, "Request IDs" */
function statusOf(error: ServingError): number {
  return error.details['header'] === undefined ? httpStatusOf(error) : 431
}

/**
 * Runs the default model on a table as JSON or CSV. Keys beside it mean nothing, as to a scoring script that does not
 * ask for them; nor do columns that the model does not know.
 * The answer is the list of predictions: bare values of a model with one output, objects by output name of others.
 */
async function score(request: WireRequest, plane: DataPlane, call: Call): Promise<WireResponse> {
  checkRequestIds(request)
  const asked = request.headers[DEPLOYMENT]
  const model = plane.model(undefined, asked)
  call.model = model
  const told = { [DEPLOYMENT]: asked ?? model.labels[0] ?? versionName(model), ...requestIds(request) }
  if (isRaw(model)) {
    const answered = await answerRaw(request, plane, call, model)
    return { ...answered, headers: { ...answered.headers, ...told } }
  }
  const { inputs, rows, ...beside } = decode(request, model)
  const named = askedOutputs(request, model.signature, beside)
  const { outputs } = await plane.predict(model, inputs, asking(named, call))
  const style = outputs.size === 1 ? 'values' : 'objects'
  const headers = { 'content-type': 'application/json', ...told }
  const tellMissing = missingIn(rowLayoutOf(model.signature), inputs)
  const body = printPredictions(outputs, model.signature.outputs, rows, style, { instead: IN_BINARY, tellMissing })
  return { status: 200, headers, body }
}

const IN_BINARY = 'ask for it in binary by the Open Inference Protocol'

function decode({ headers, body }: WireRequest, { signature }: ServedModel): DecodedRows & Beside {
  const layout = rowLayoutOf(signature)
  const { mediaType, parameters } = parseMediaType(headers['content-type'] ?? 'application/json')
  if (mediaType === 'application/json')
    return decodeTable(withoutNan(body), layout, FORMS, { extraColumns: 'allowed', otherKeys: 'ignored' })
  if (mediaType === 'text/csv') return decodeCsv(body, layout, headerRule(parameters), 'allowed')
  throw new ServingError(
    'unsupported',
    `the content-type is ${quote(mediaType)}; send application/json or text/csv${formHint(mediaType)}`,
  )
}
