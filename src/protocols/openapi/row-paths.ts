import type { TableForm } from '../../codecs/table-request.ts'
import type { DescribedModel, RowModel } from './described-model.ts'
import type { FailureForm } from './failures.ts'
import { INFERENCE_STATUSES, operation, refTo, type Content, type Described } from './operation.ts'
import { anyOf, listOf, type Schema } from './schema.ts'
import { csvFields } from './prediction-schemas.ts'
import { csvExample, tableExample } from './table-examples.ts'
import { csvSchema } from './csv-schema.ts'
import { tableSchema } from './table-schemas.ts'

/** What may stand beside a table: which outputs to compute, and what no model here asks for. */
export function parametersSchema(described: DescribedModel): Schema {
  return { type: ['object', 'null'], properties: { outputs: anyOf([outputNames(described), { type: 'null' }]) } }
}

function outputNames({ model, outputs }: DescribedModel): Schema {
  const unasked = outputs.map(({ name }) => name).join(', ')
  return {
    ...listOf({ enum: model.signature.outputs.map(({ name }) => name) }, -1, 1),
    uniqueItems: true,
    description: `Which outputs to compute; ${unasked} when none is named.`,
  }
}

/** The same behind the path, which works whatever the body is; none where there is no choice. */
function outputsInQuery(described: DescribedModel): readonly Schema[] {
  const { outputs } = described.model.signature
  if (outputs.length === 1 || outputs.some(({ name }) => name.includes(','))) return []
  return [{ name: 'outputs', in: 'query', style: 'form', explode: false, schema: outputNames(described) }]
}

/** Some of the bodies that a protocol of rows takes. */
export interface TableBodies {
  readonly forms: readonly TableForm[]
  /** Keys beside the table that mean nothing are passed over. */
  readonly otherKeys?: 'ignored'
  /** Columns that the model does not know are left out. */
  readonly extraColumns?: 'allowed'
  /** What may stand beside the table. */
  readonly beside: Readonly<Record<string, Schema>>
}

export interface RowOperation {
  readonly path: string
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly failures: readonly FailureForm[]
  readonly statuses?: readonly number[]
  /** The first form of the first of them is the example's. */
  readonly bodies: readonly TableBodies[]
  readonly answer: Schema
  /** Media types of rows besides JSON. */
  readonly lines?: readonly LineType[]
  /** In which of them answers may come. */
  readonly answerLines?: readonly LineType[]
}

type LineType = 'text/csv' | 'application/jsonlines'

/** An operation that takes a table and gives a prediction for each row. */
export function rowPath(described: RowModel, options: RowOperation, needsKeys: boolean): Described {
  const { path, id, tag, summary, failures, statuses = INFERENCE_STATUSES, bodies, answer } = options
  const { lines = [], answerLines = [] } = options
  const { prefix } = described
  const example = bodyExample(described, bodies)
  const request: Record<string, Content> = {
    'application/json': { schema: refTo(`${prefix}.${id}Request`), ...(example === undefined ? {} : { example }) },
  }
  const answers: Record<string, Content> = { 'application/json': { schema: refTo(`${prefix}.${id}Answer`) } }
  for (const line of lines) request[line] = line === 'text/csv' ? csvContent(described) : linesContent(described)
  for (const line of answerLines) answers[line] = { schema: { type: 'string' } }
  return {
    paths: {
      [path]: {
        post: operation(
          {
            id: `${id}.${prefix}`,
            tag,
            summary,
            failures,
            statuses,
            parameters: outputsInQuery(described),
            request,
            answer: answers,
          },
          needsKeys,
        ),
      },
    },
    schemas: {
      [`${prefix}.${id}Request`]: anyOf(bodies.flatMap((each) => bodySchemas(described, each))),
      [`${prefix}.${id}Answer`]: answer,
    },
  }
}

function bodySchemas(described: RowModel, bodies: TableBodies): readonly Schema[] {
  const { forms, otherKeys, extraColumns, beside } = bodies
  const lenience = { otherKeys: otherKeys === 'ignored', extraColumns: extraColumns === 'allowed' }
  return speakable(forms, described).map((form): Schema => {
    const table = tableSchema(form, described, lenience)
    if (form === 'rows') return table
    return {
      type: 'object',
      properties: { [form]: table, ...beside },
      required: [form],
      ...(otherKeys === 'ignored' ? withoutOthers(form, forms) : { additionalProperties: false }),
    }
  })
}

/** Records have names, which rows of any width have not. */
function speakable(forms: readonly TableForm[], { isWidthFree }: RowModel): readonly TableForm[] {
  return isWidthFree ? forms.filter((form) => form !== 'dataframe_records') : forms
}

/** The rows come once. */
function withoutOthers(form: TableForm, forms: readonly TableForm[]): Schema {
  const others = forms.filter((other) => other !== form && other !== 'rows')
  return others.length === 0 ? {} : { not: { anyOf: others.map((other) => ({ required: [other] })) } }
}

function bodyExample(described: RowModel, [first]: readonly TableBodies[]): unknown {
  const form = first?.forms[0] ?? 'rows'
  const example = tableExample(form, described)
  return example === undefined || form === 'rows' ? example : { [form]: example }
}

function csvContent(described: RowModel): Content {
  const { layout, outputs } = described
  const unused = layout.places === undefined ? '' : `, or ${layout.places.length} with those that are never read`
  const example = csvExample(described)
  const schema = {
    ...csvSchema(described, example),
    description: `The pattern knows plain numbers alone; exponents, quotes and a header are taken too. Fields: ${layout.columns.length} in a row, in order${unused}. Fields of an answer in CSV: ${csvFields(outputs)}.`,
  }
  return example === undefined ? { schema } : { schema, example }
}

function linesContent(described: RowModel): Content {
  const rows = tableExample('instances', described) as readonly unknown[] | undefined
  // as words: programs that run examples find nothing to write this media type with
  const [row] = rows ?? []
  const shown = row === undefined ? '' : `: ${JSON.stringify(row)}`
  return { schema: { type: 'string', description: `A row of JSON in each line${shown}` } }
}
