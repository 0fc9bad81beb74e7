import { decodeCsv, type DecodedRows } from '../../codecs/csv.ts'
import { decodeJsonLines } from '../../codecs/json-lines.ts'
import { decodeNpyRows } from '../../codecs/npy-rows.ts'
import { missingIn } from '../../codecs/missing-values.ts'
import type { RowLayout } from '../../codecs/row-layout.ts'
import { printCsv, printJsonLines, printPredictions, type AnswerStyle } from '../../codecs/table-answer.ts'
import { decodeTextLines } from '../../codecs/text-lines.ts'
import { decodeTable, type TableOptions } from '../../codecs/table-request.ts'
import type { Call, DataPlane } from '../../runtime/plane.ts'
import { selectOutputs, type Signature, type TensorSpec } from '../../tensor/signature.ts'
import type { Tensors } from '../../tensor/tensor.ts'
import { askedOutputs, asking, type Beside } from '../asked-outputs.ts'
import type { WireRequest, WireResponse } from '../protocol.ts'
import { answerRaw, isRaw } from '../raw-model.ts'
import { rowLayoutOf } from '../row-layouts.ts'
import { answerForm, requestForm, type AnswerForm, type RequestForm } from './media-types.ts'
import { encodeNpyAnswer, fitsNpy } from './npy-answer.ts'
import type { Target } from './request-headers.ts'

interface Rows extends DecodedRows, Beside {
  /** How JSON answers them. */
  readonly style: AnswerStyle
}

/**
 * Runs a model on rows as CSV, JSON, JSON lines or npy, or on lines of text, and answers in the form that the caller
 * accepts: CSV, JSON lines and npy with the same where it leaves the choice open, all else with JSON.
 * JSON is `{"predictions": [row, …]}`: each row an object by output name; to `{"instances": […]}` of a model with one
 * output, the bare value, as every client that sends this form expects. CSV has every output's fields, in the signature's
 * order, without a header; npy has them side by side.
 * @param formsElsewhere of JSON, which the same path takes where the body begins with them
 * @see AWS SageMaker, "Common data formats for inference"; sagemaker-inference-toolkit, "Default decoder and encoder"
 */
export async function invoke(
  request: WireRequest,
  plane: DataPlane,
  call: Call,
  { model, echo }: Target,
  formsElsewhere: TableOptions['formsElsewhere'] = [],
): Promise<WireResponse> {
  call.model = model
  if (isRaw(model)) {
    const answered = await answerRaw(request, plane, call, model)
    return { ...answered, headers: { ...answered.headers, ...echo } }
  }
  const { outputs: specs } = model.signature
  const from = requestForm(request.headers['content-type'])
  const layout = rowLayoutOf(model.signature)
  const { inputs, rows, style, ...beside } = decode(request.body, from, layout, { formsElsewhere })
  const asked = askedOutputs(request, model.signature, beside)
  const to = answerForm(request.headers['accept'], from, fitsNpy(specsOf(asked, model.signature)))
  const { outputs } = await plane.predict(model, inputs, asking(asked, call))
  const headers = { 'content-type': contentType(to), ...echo }
  if (to.form === 'npy') return { status: 200, headers, body: encodeNpyAnswer(outputs, rows) }
  if (to.form === 'csv') return { status: 200, headers, body: printCsv(outputs, specs, rows) }
  const options = { ...AS_CSV, tellMissing: missingIn(layout, inputs) }
  if (to.form === 'jsonlines') return { status: 200, headers, body: printJsonLines(outputs, specs, rows, options) }
  const body = `{"predictions":${printPredictions(outputs, specs, rows, styleFor(outputs, style), options)}}`
  return { status: 200, headers, body }
}

/** The outputs that are answered. */
function specsOf(asked: readonly string[] | undefined, signature: Signature): readonly TensorSpec[] {
  const names = selectOutputs(asked, signature)
  return signature.outputs.filter(({ name }) => names.includes(name))
}

const AS_CSV = { instead: 'ask for text/csv' }

function decode(body: Uint8Array, { form, header }: RequestForm, layout: RowLayout, options: TableOptions): Rows {
  switch (form) {
    case 'csv':
      return { ...decodeCsv(body, layout, header), style: 'objects' }
    case 'jsonlines':
      return { ...decodeJsonLines(body, layout), style: 'objects' }
    case 'npy':
      return { ...decodeNpyRows(body, layout), style: 'objects' }
    case 'json': {
      const table = decodeTable(body, layout, ['instances', 'rows'], options)
      const { inputs, rows, parameters } = table
      return { inputs, rows, parameters, style: table.form === 'instances' ? 'values' : 'objects' }
    }
    case 'text':
      return { ...decodeTextLines(body, layout), style: 'objects' }
  }
}

/** Of several outputs each row is an object in either style; those of one element a row are bare values then. */
function styleFor(outputs: Tensors, style: AnswerStyle): AnswerStyle {
  return outputs.size === 1 ? style : 'objects'
}

function contentType({ form, mediaType }: AnswerForm): string {
  return form === 'csv' ? `${mediaType}; charset=utf-8` : mediaType
}
