import { ServingError } from '../../core/errors.ts'
import type { DecodedRows } from '../../codecs/csv.ts'
import { decodeUtf8 } from '../../codecs/json-lines.ts'
import { decodeJsonRows, parseJson } from '../../codecs/json-rows.ts'
import type { RowLayout } from '../../codecs/row-layout.ts'

const FORMS = 'send {"instances": [row, …]}, an array of rows, or one row'

/**
 * Turns a JSON body into tensors: `{"instances": [row, …]}`, `[row, …]`, or one row by itself, as an array of values,
 * an object by column name or `{"features": […]}`.
 * @throws {ServingError} `invalid_argument`
 * @see AWS SageMaker, "Common data formats for inference"
 */
export function decodeJsonRequest(body: Uint8Array, layout: RowLayout): DecodedRows {
  const text = decodeUtf8(body, 'the body')
  if (text.trim() === '') throw new ServingError('invalid_argument', `the body is empty; ${FORMS}`)
  return decodeJsonRows(rowsIn(parseJson(text, layout, 'the body'), layout), layout)
}

function rowsIn(document: unknown, layout: RowLayout): readonly unknown[] {
  if (Array.isArray(document)) {
    if (document.length === 0) throw new ServingError('invalid_argument', `the body has no rows; ${FORMS}`)
    // bare values are one row, except that a model of one column can only mean one row each
    const isOneRow = typeof document[0] !== 'object' && (layout.isWidthFree || layout.columns.length > 1)
    return isOneRow ? [document] : document
  }
  if (typeof document !== 'object' || document === null)
    throw new ServingError(
      'invalid_argument',
      `the body is no array and no object, so "instances" is missing; ${FORMS}`,
    )
  if (Object.hasOwn(document, 'instances')) {
    const { instances } = document as { instances: unknown }
    if (Array.isArray(instances) && instances.length > 0) return instances
    throw new ServingError('invalid_argument', '"instances" is no array of rows; send at least one row in it')
  }
  if (isOneRow(document, layout)) return [document]
  if (Object.hasOwn(document, 'inputs'))
    throw new ServingError(
      'invalid_argument',
      `the body names "inputs" as the Open Inference Protocol does, and "instances" is missing; ${FORMS}`,
    )
  throw new ServingError('invalid_argument', `"instances" is missing; ${FORMS}`)
}

function isOneRow(document: object, layout: RowLayout): boolean {
  if (Object.hasOwn(document, 'features')) return true
  return (
    layout.columns.some((column) => Object.hasOwn(document, column.name)) ||
    layout.inputs.some(({ spec }) => Object.hasOwn(document, spec.name))
  )
}
