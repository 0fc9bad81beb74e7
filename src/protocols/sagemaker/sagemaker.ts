import { decodeCsv, type DecodedRows } from '../../codecs/csv.ts'
import { decodeJsonLines } from '../../codecs/json-lines.ts'
import { planRows, type RowLayout } from '../../codecs/row-layout.ts'
import { createRowPrinter, type RowPrinter } from '../../codecs/row-text.ts'
import { ServingError } from '../../core/errors.ts'
import { MODEL_NAME } from '../../core/names.ts'
import { quote } from '../../core/text.ts'
import type { Call, DataPlane, ServedModel } from '../../runtime/plane.ts'
import type { Signature } from '../../tensor/signature.ts'
import { HTTP_STATUS } from '../http-status.ts'
import { empty, json, retryHeaders, type Protocol, type WireRequest, type WireResponse } from '../protocol.ts'
import { decodeJsonRequest } from './json-request.ts'
import { answerForm, requestForm, type AnswerForm, type RequestForm } from './media-types.ts'

/**
 * SageMaker's container contract: `GET /ping`, `POST /invocations` with rows as CSV, JSON or JSON lines.
 * @see AWS SageMaker, "Use your own inference code with hosting services"
 */
export const sagemaker: Protocol = {
  name: 'sagemaker',
  routes: [
    { method: 'GET', path: '/ping', access: 'open', handle: (_request, plane) => empty(plane.isReady() ? 200 : 503) },
    { method: 'POST', path: '/invocations', handle: invoke },
  ],
  failure: (error) =>
    json(statusOf(error), { ErrorCode: error.code, Message: cut(error.message) }, retryHeaders(error)),
}

async function invoke(request: WireRequest, plane: DataPlane, call: Call): Promise<WireResponse> {
  const from = requestForm(request.headers['content-type'])
  const to = answerForm(request.headers['accept'], from)
  const model = targetModel(request, plane)
  const { inputs, rows } = decode(request.body, from, layoutOf(model.signature))
  const prediction = await plane.predict(model, inputs, { call })
  const printer = createRowPrinter(prediction.outputs, model.signature.outputs, rows)
  return { status: 200, headers: { 'content-type': contentType(to) }, body: encode(printer, to) }
}

function targetModel(request: WireRequest, plane: DataPlane): ServedModel {
  const target = request.headers['x-amzn-sagemaker-target-model']
  if (target === undefined) return plane.model()
  if (!MODEL_NAME.test(target))
    throw new ServingError(
      'invalid_argument',
      `X-Amzn-SageMaker-Target-Model is ${quote(target)}, which is no model name: 1 to 63 of letters, digits, ".", "_" and "-", beginning with a letter or digit`,
    )
  return plane.model(target)
}

const layouts = new WeakMap<Signature, RowLayout>()

function layoutOf(signature: Signature): RowLayout {
  let layout = layouts.get(signature)
  if (layout === undefined) {
    layout = planRows(signature)
    layouts.set(signature, layout)
  }
  return layout
}

function decode(body: Uint8Array, { form, header }: RequestForm, layout: RowLayout): DecodedRows {
  if (form === 'csv') return decodeCsv(body, layout, header)
  return form === 'jsonlines' ? decodeJsonLines(body, layout) : decodeJsonRequest(body, layout)
}

/** CSV: every output's fields, in the signature's order, without a header. */
function encode(printer: RowPrinter, { form }: AnswerForm): string {
  let text = ''
  if (form === 'csv') for (let row = 0; row < printer.rows; row++) text += `${printer.csv(row)}\n`
  else if (form === 'jsonlines') for (let row = 0; row < printer.rows; row++) text += `${printer.json(row)}\n`
  else {
    for (let row = 0; row < printer.rows; row++) text += row === 0 ? printer.json(row) : `,${printer.json(row)}`
    text = `{"predictions":[${text}]}`
  }
  return text
}

function contentType({ form, mediaType }: AnswerForm): string {
  return form === 'csv' ? `${mediaType}; charset=utf-8` : mediaType
}

function statusOf(error: ServingError): number {
  return error.details['reason'] === 'accept' ? 406 : HTTP_STATUS[error.code]
}

/** Lists of names in a message may grow; the answer stays near a kilobyte. */
function cut(message: string): string {
  return message.length > 900 ? `${message.slice(0, 900)}…` : message
}
