import type { RowInput } from '../../codecs/row-layout.ts'
import type { TableForm } from '../../codecs/table-request.ts'
import type { RowModel } from './described-model.ts'
import { refTo } from './operation.ts'
import { anyOf, elementSchema, listOf, nestedOf, objectOf, type Schema } from './schema.ts'

/** Lists of several inputs are as long as each other, which a schema cannot say: they are described for so many rows. */
const ROWS_BY_NAME = [1, 2, 3]

/** What a protocol passes over without a word. */
export interface Lenience {
  /** Keys beside the table. */
  readonly otherKeys: boolean
  /** Columns that the model does not know. */
  readonly extraColumns: boolean
}

/** The schemas that the forms of a model's tables refer to, by name. */
export function rowSchemas(described: RowModel): Readonly<Record<string, Schema>> {
  const { prefix } = described
  const record = recordSchema(described)
  return {
    [`${prefix}.Record`]: record,
    [`${prefix}.OpenRecord`]: { ...record, additionalProperties: true },
    [`${prefix}.Row`]: rowSchema(described, false),
    [`${prefix}.OpenRow`]: rowSchema(described, true),
    [`${prefix}.Split`]: splitSchema(described, false),
    [`${prefix}.OpenSplit`]: splitSchema(described, true),
  }
}

/** A table in one of its forms, as the value of that form's key; `rows` is the body itself. */
export function tableSchema(form: TableForm, described: RowModel, { otherKeys, extraColumns }: Lenience): Schema {
  const { layout, prefix } = described
  const rows = listOf(refTo(`${prefix}.${extraColumns ? 'OpenRow' : 'Row'}`), layout.fixedRows, 1)
  const split = refTo(`${prefix}.${otherKeys ? 'OpenSplit' : 'Split'}`)
  switch (form) {
    case 'inputs':
      return anyOf([...(layout.inputs.length > 1 ? [] : [rows]), ...listsByName(described)])
    case 'dataframe_split':
      return split
    case 'dataframe_records':
      return listOf(refTo(`${prefix}.${extraColumns ? 'OpenRecord' : 'Record'}`), layout.fixedRows, 1)
    case 'input_data':
      return anyOf([split, rows, ...listsByName(described)])
    default:
      return rows
  }
}

/** One row of a table, in each form that `decodeJsonRows` takes and that has names of the model's own. */
function rowSchema(described: RowModel, isOpen: boolean): Schema {
  const { layout, prefix } = described
  const [only] = layout.inputs
  const record = refTo(`${prefix}.${isOpen ? 'OpenRecord' : 'Record'}`)
  if (layout.inputs.length > 1 || only === undefined) return anyOf([flatRow(described), record])
  const forms = [...valueForms(only, described)]
  if (layout.isNamed) forms.push(record)
  // the first row's array says how wide rows are, where the model does not
  if (only.width > 1 && !described.isWidthFree) {
    const whole = objectOf({ [only.spec.name]: anyOf(listForms(only, described)) })
    forms.push(isOpen ? { ...whole, additionalProperties: true } : whole)
  }
  return anyOf(forms)
}

/** An object with every column by its name; with every input by its name, where there are several. */
function recordSchema(described: RowModel): Schema {
  const { inputs, columns, isNamed } = described.layout
  if (inputs.length === 1 && isNamed)
    return objectOf(Object.fromEntries(columns.map(({ name }, i) => [name, cells(described)[i] ?? {}])))
  return objectOf(Object.fromEntries(inputs.map((input) => [input.spec.name, anyOf(valueForms(input, described))])))
}

function flatRow(described: RowModel): Schema {
  const items = cells(described)
  const isUniform = described.layout.inputs.length === 1
  return isUniform ? listOf(items[0] ?? {}, items.length) : { ...listOf({}, items.length), prefixItems: items }
}

/** What each column of a row may be, in order. */
function cells(described: RowModel): readonly Schema[] {
  const byInput = described.layout.inputs.map((input) => element(input, described))
  return described.layout.columns.map(({ input }) => byInput[input] ?? {})
}

function element({ spec }: RowInput, { takesMissing }: RowModel): Schema {
  return elementSchema(spec, takesMissing ? 'row' : 'row without missing')
}

/** What one row gives an input. */
function valueForms(input: RowInput, described: RowModel): readonly Schema[] {
  const lists = listForms(input, described)
  return input.width === 1 ? [element(input, described), ...lists] : lists
}

/** The same where an array is wanted: flat, or nested as the row's shape is. */
function listForms(input: RowInput, described: RowModel): readonly Schema[] {
  const { width, rowShape } = input
  const flat = listOf(element(input, described), width)
  return rowShape.length > 1 ? [flat, nestedOf(element(input, described), rowShape)] : [flat]
}

/** Inputs by name, each with a list of what every row gives it. */
function listsByName(described: RowModel): readonly Schema[] {
  const { inputs, fixedRows } = described.layout
  const counts = fixedRows !== undefined ? [fixedRows] : inputs.length > 1 ? ROWS_BY_NAME : [-1]
  return counts.map((rows) =>
    objectOf(
      Object.fromEntries(
        inputs.map((input) => [input.spec.name, listOf(anyOf(valueForms(input, described)), rows, 1)]),
      ),
    ),
  )
}

function splitSchema(described: RowModel, isOpen: boolean): Schema {
  const { columns, isNamed, fixedRows } = described.layout
  const names = columns.map(({ name }) => name)
  const isNeeded = isNamed && names.length > 1
  const named = isNamed
    ? { const: names, description: 'In any order.' }
    : { ...listOf({ type: 'string' }, names.length), uniqueItems: true }
  const split = objectOf(
    { columns: isNeeded ? named : anyOf([named, { type: 'null' }]), data: listOf(flatRow(described), fixedRows, 1) },
    isNeeded ? [] : ['columns'],
  )
  return isOpen ? { ...split, additionalProperties: true } : split
}
