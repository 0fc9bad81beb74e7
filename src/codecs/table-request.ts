import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import type { Tensors } from '../tensor/tensor.ts'
import type { DecodedRows } from './csv.ts'
import { decodeUtf8 } from './json-lines.ts'
import { decodeJsonRows, parseJson, takesJson } from './json-rows.ts'
import type { RowLayout } from './row-layout.ts'
import { decodeByName } from './table-by-name.ts'
import type { TableOptions } from './table-fields.ts'
import { decodeRecords, decodeSplit } from './table-frame.ts'

export type { TableOptions } from './table-fields.ts'

/**
 * How a table may stand in a JSON document.
 * - `instances`: `{"instances": [row, …]}`
 * - `inputs`: `{"inputs": [row, …]}` for a model of one input, `{"inputs": {name: [value, …], …}}` by input or column
 * - `dataframe_split`: `{"dataframe_split": {"columns": […], "index": […], "data": [[…], …]}}`
 * - `dataframe_records`: `{"dataframe_records": [{column: value, …}, …]}`
 * - `input_data`: `{"input_data": …}` with what `dataframe_split` or `inputs` hold
 * - `data`: `{"data": [row, …]}`
 * - `rows`: `[row, …]`, or one row by itself
 *
 * A row is an array of values in the signature's order, an object by column or input name, `{"features": […]}`, or the
 * bare value where a row has one; tensors in it are nested as their shape is, or flat. Bytes that are no text are
 * `{"b64": "…"}`.
 * @see TensorFlow Serving, "RESTful API"; KServe's V1 protocol; MLflow, "Deploy MLflow Model as a Local Inference
 *   Server"; Azure ML, "Deploy MLflow models to online endpoints"; AWS SageMaker, "Common data formats for inference"
 */
export type TableForm =
  | 'instances'
  | 'inputs'
  | 'dataframe_split'
  | 'dataframe_records'
  | 'input_data'
  | 'data'
  | 'rows'

/** A table as the inputs of a model, and what stood beside it. */
export interface DecodedTable {
  readonly inputs: Tensors
  readonly rows: number
  readonly form: TableForm
  /** Of the key `parameters` or `params`. */
  readonly parameters: Readonly<Record<string, unknown>> | undefined
  /** Of the key `signature_name`. */
  readonly signatureName?: string
  /** The body was one row by itself, not a list of rows. */
  readonly isSingleRow: boolean
}

/** What each form looks like, for those who sent another. */
const EXAMPLE: Readonly<Record<TableForm, string>> = {
  instances: '{"instances": [row, …]}',
  inputs: '{"inputs": {name: [value, …]}}',
  dataframe_split: '{"dataframe_split": {"columns": […], "data": [[…], …]}}',
  dataframe_records: '{"dataframe_records": [{column: value}, …]}',
  input_data: '{"input_data": {"columns": […], "data": [[…], …]}}',
  data: '{"data": [row, …]}',
  rows: 'an array of rows, or one row',
}

const KEYED = (Object.keys(EXAMPLE) as TableForm[]).filter((form) => form !== 'rows')
const BESIDE: ReadonlySet<string> = new Set(['parameters', 'params', 'signature_name'])

/**
 * Turns a JSON document with a table into the inputs of a model.
 * A missing value (null) is NaN where the datatype has one, and refused elsewhere; numbers are never wrapped, cut or
 * rounded to infinity; 64-bit integers are exact.
 * @param layout of `planRows`
 * @param forms that the protocol speaks; exactly one of them stands in the document
 * @throws {ServingError} `invalid_argument`; about a value: with `details.row` (from 1) and `details.column` (its place
 *   in the model's order, from 1)
 */
export function decodeTable(
  body: Uint8Array,
  layout: RowLayout,
  forms: readonly TableForm[],
  options: TableOptions = {},
): DecodedTable {
  const text = decodeUtf8(body, 'the body')
  if (text.trim() === '') throw refuse(`the body is empty; ${sendOne(forms)}`)
  return decodeDocument(parseJson(text, layout, 'the body'), layout, forms, options)
}

function decodeDocument(
  document: unknown,
  layout: RowLayout,
  forms: readonly TableForm[],
  options: TableOptions,
): DecodedTable {
  const all = [...forms, ...(options.formsElsewhere ?? [])]
  if (Array.isArray(document)) return decodeBareRows(document, layout, forms, options)
  if (typeof document !== 'object' || document === null)
    throw refuse(`the body is no object, so ${lacking(all)}; ${sendOne(all)}`)
  const members = document as Readonly<Record<string, unknown>>
  const form = formIn(members, forms)
  if (form === undefined) {
    if (forms.includes('rows') && isRow(members, layout))
      return { ...decodeRows([members], layout, options), form: 'rows', parameters: undefined, isSingleRow: true }
    throw refuse(`${otherForm(members, all)}${lacking(all)}; ${sendOne(all)}`)
  }
  if (options.otherKeys !== 'ignored') refuseOtherKeys(members, form)
  const parameters = parametersIn(members)
  const { signature_name: signatureName } = members
  if (signatureName !== undefined && typeof signatureName !== 'string')
    throw refuse(`"signature_name" is ${kindOf(signatureName)}; it is a text`)
  return {
    ...decodeForm(form, members[form], layout, options),
    form,
    parameters,
    ...(signatureName === undefined ? {} : { signatureName }),
    isSingleRow: false,
  }
}

function decodeForm(form: TableForm, value: unknown, layout: RowLayout, options: TableOptions): DecodedRows {
  switch (form) {
    case 'dataframe_split':
      return decodeSplit(value, layout, options, '"dataframe_split"')
    case 'dataframe_records':
      return decodeRecords(listIn(value, form), layout, options)
    case 'inputs':
      return isObject(value)
        ? decodeByName(value, layout, options, '"inputs"')
        : decodeInputRows(value, layout, options)
    case 'input_data':
      if (!isObject(value)) return decodeRows(listIn(value, form), layout, options)
      return isSplit(value, layout)
        ? decodeSplit(value, layout, options, '"input_data"')
        : decodeByName(value, layout, options, '"input_data"')
    default:
      return decodeRows(listIn(value, form), layout, options)
  }
}

function decodeBareRows(
  list: readonly unknown[],
  layout: RowLayout,
  forms: readonly TableForm[],
  options: TableOptions,
): DecodedTable {
  if (!forms.includes('rows')) throw refuse(`the body is an array, so ${lacking(forms)}; ${sendOne(forms)}`)
  if (list.length === 0) throw refuse(`the body has no rows; ${sendOne(forms)}`)
  // bare values are one row, except that a model of one column can only mean one row each
  const isSingleRow = !isNested(list[0]) && (layout.isWidthFree || layout.columns.length > 1)
  return {
    ...decodeRows(isSingleRow ? [list] : list, layout, options),
    form: 'rows',
    parameters: undefined,
    isSingleRow,
  }
}

function decodeRows(rows: readonly unknown[], layout: RowLayout, options: TableOptions): DecodedRows {
  return decodeJsonRows(rows, layout, options.extraColumns, options.missingColumns)
}

function decodeInputRows(value: unknown, layout: RowLayout, options: TableOptions): DecodedRows {
  const rows = listIn(value, 'inputs')
  const first = rows[0]
  if (isObject(first) && Object.hasOwn(first, 'datatype') && Object.hasOwn(first, 'shape'))
    throw refuse(
      '"inputs" holds tensors of the Open Inference Protocol; send those to /v2/models/{model}/infer, or send {"inputs": {name: [value, …]}}',
    )
  if (layout.inputs.length > 1)
    throw refuse(
      `"inputs" is an array, and the model takes several inputs; send an object by name: ${quoteList(layout.inputs.map(({ spec }) => spec.name))}`,
    )
  return decodeRows(rows, layout, options)
}

/** The one form whose key stands in the document. */
function formIn(members: Readonly<Record<string, unknown>>, forms: readonly TableForm[]): TableForm | undefined {
  let found: TableForm | undefined
  for (const form of forms) {
    if (form === 'rows' || !Object.hasOwn(members, form)) continue
    if (found !== undefined && found !== form)
      throw refuse(`the body has "${found}" and "${form}"; send the rows once, in one of them`)
    found = form
  }
  return found
}

function refuseOtherKeys(members: Readonly<Record<string, unknown>>, form: TableForm): void {
  const others = Object.keys(members).filter((key) => key !== form && !BESIDE.has(key))
  if (others.length === 0) return
  const [noun, verb] = others.length === 1 ? ['key', 'is'] : ['keys', 'are']
  throw new ServingError(
    'invalid_argument',
    `the ${noun} ${quoteList(others, 4)} beside "${form}" ${verb} unknown; "parameters" may stand there`,
    { details: { unknown: others.slice(0, 8).map((key) => key.slice(0, 80)) } },
  )
}

function parametersIn(members: Readonly<Record<string, unknown>>): DecodedTable['parameters'] {
  const { parameters, params } = members
  if (parameters !== undefined && params !== undefined)
    throw refuse('the body has "parameters" and "params", which are one thing; send one of them')
  const value = parameters ?? params ?? undefined
  if (value === undefined || isObject(value)) return value
  throw refuse(`"${parameters === undefined ? 'params' : 'parameters'}" is ${kindOf(value)}; it is an object`)
}

function listIn(value: unknown, form: TableForm): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value
  throw refuse(
    `"${form}" is ${Array.isArray(value) ? 'empty' : kindOf(value)}, no array of rows; send at least one row in it: ${EXAMPLE[form]}`,
  )
}

/** `{"data": …}` with its columns or index; an object by name where the model has a column called `data`. */
function isSplit(value: Readonly<Record<string, unknown>>, layout: RowLayout): boolean {
  if (!Object.hasOwn(value, 'data')) return false
  if (Object.hasOwn(value, 'columns') || Object.hasOwn(value, 'index')) return true
  return !knows(layout, 'data')
}

function isRow(members: object, layout: RowLayout): boolean {
  if (takesJson(layout)) return true
  if (Object.hasOwn(members, 'features') || (layout.columns.length === 1 && Object.hasOwn(members, 'b64'))) return true
  return (
    layout.columns.some((column) => Object.hasOwn(members, column.name)) ||
    layout.inputs.some(({ spec }) => Object.hasOwn(members, spec.name))
  )
}

function knows(layout: RowLayout, name: string): boolean {
  return layout.columns.some((column) => column.name === name) || layout.inputs.some(({ spec }) => spec.name === name)
}

/** Words for a form that stands there and is not spoken here, for the beginning of a message. */
function otherForm(members: Readonly<Record<string, unknown>>, forms: readonly TableForm[]): string {
  const other = KEYED.find((form) => Object.hasOwn(members, form))
  if (other === undefined) return ''
  if (forms.includes(other)) return `the body names "${other}" behind another key, and it has to be the first; else `
  const whose = other === 'inputs' ? ' as the Open Inference Protocol does' : ', which is not taken here'
  return `the body names "${other}"${whose}, and `
}

function lacking(forms: readonly TableForm[]): string {
  const keys = forms.filter((form) => form !== 'rows').map((form) => quote(form))
  return `${keys.join(' or ')} is missing`
}

function sendOne(forms: readonly TableForm[]): string {
  const examples = forms.map((form) => EXAMPLE[form])
  return `send ${examples.slice(0, -1).join(', ')}${examples.length > 1 ? ', or ' : ''}${examples.at(-1) ?? ''}`
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return isNested(value) && !Array.isArray(value)
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'an object'
  return typeof value === 'bigint' ? 'a number' : `a ${typeof value}`
}

function refuse(message: string): ServingError {
  return new ServingError('invalid_argument', message)
}
