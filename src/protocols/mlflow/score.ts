import { decodeCsv, type DecodedRows } from '../../codecs/csv.ts'
import { missingIn } from '../../codecs/missing-values.ts'
import { printCsv, printPredictions } from '../../codecs/table-answer.ts'
import { decodeTable, type TableForm } from '../../codecs/table-request.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Call, DataPlane, ServedModel } from '../../runtime/plane.ts'
import { askedOutputs, asking, type Beside } from '../asked-outputs.ts'
import type { WireRequest, WireResponse } from '../protocol.ts'
import { withoutNan } from '../python-nan.ts'
import { answerRaw, isRaw } from '../raw-model.ts'
import { rowLayoutOf } from '../row-layouts.ts'
import { formHint, headerRule, parseMediaType, preferredForm } from '../sagemaker/media-types.ts'

const FORMS: readonly TableForm[] = ['dataframe_split', 'dataframe_records', 'instances', 'inputs']

/**
 * Runs a model as MLflow's scoring server does: `dataframe_split`, `dataframe_records`, `instances` or `inputs`, maybe
 * with `params` beside, or CSV. Columns go by their names, and those that the model does not know are left out; of
 * `params`, `outputs` names outputs, and all else means nothing to a model that is compiled.
 * The answer is `{"predictions": [row, …]}`: bare values of a model with one output, records by output name of others;
 * CSV without a header where `accept` prefers that, since CSV has a word for NaN.
 * @throws {ServingError} `unsupported` for another media type or charset
 * @see MLflow, "Local Inference Server Specification"
 */
export async function score(
  request: WireRequest,
  plane: DataPlane,
  call: Call,
  model: ServedModel,
): Promise<WireResponse> {
  call.model = model
  if (isRaw(model)) return await answerRaw(request, plane, call, model)
  const { inputs, rows, ...beside } = decode(request, model)
  const asked = askedOutputs(request, model.signature, beside)
  const { outputs } = await plane.predict(model, inputs, asking(asked, call))
  const style = outputs.size === 1 ? 'values' : 'objects'
  const { outputs: specs } = model.signature
  if (wantsCsv(request.headers['accept']))
    return {
      status: 200,
      headers: { 'content-type': 'text/csv; charset=utf-8' },
      body: printCsv(outputs, specs, rows),
    }
  const tellMissing = missingIn(rowLayoutOf(model.signature), inputs)
  const text = printPredictions(outputs, specs, rows, style, { instead: ELSEWHERE, tellMissing })
  return { status: 200, headers: { 'content-type': 'application/json' }, body: `{"predictions":${text}}` }
}

const ELSEWHERE = 'ask for text/csv, or in binary by the Open Inference Protocol'

/** Whether the caller would rather have CSV than JSON. Whoever takes neither has JSON, as of MLflow's own server. */
function wantsCsv(accept: string | undefined): boolean {
  return accept !== undefined && preferredForm(accept, ['json', 'csv'])?.form === 'csv'
}

function decode({ headers, body }: WireRequest, { signature }: ServedModel): DecodedRows & Beside {
  const layout = rowLayoutOf(signature)
  const { mediaType, parameters } = parseMediaType(headers['content-type'] ?? '')
  const charset = parameters.get('charset') ?? 'utf-8'
  if (charset !== 'utf-8' && charset !== 'utf8')
    throw new ServingError('unsupported', `the charset ${quote(charset)} is not taken; send UTF-8`)
  if (mediaType === 'application/json') return decodeTable(withoutNan(body), layout, FORMS, { extraColumns: 'allowed' })
  if (mediaType === 'text/csv') return decodeCsv(body, layout, headerRule(parameters), 'allowed')
  throw new ServingError(
    'unsupported',
    `the content-type is ${quote(mediaType)}; send application/json or text/csv${formHint(mediaType)}`,
  )
}
