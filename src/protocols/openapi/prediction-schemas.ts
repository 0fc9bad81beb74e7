import type { BytesRule } from '../../codecs/element-text.ts'
import { outputColumns } from '../../codecs/row-text.ts'
import type { TensorSpec } from '../../tensor/signature.ts'
import { answerElement, anyOf, countOf, listOf, nestedOf, objectOf, type Schema } from './schema.ts'

/**
 * Predictions of whatever a request asks for: what it gets unasked, one output, or several.
 * @param unasked the outputs that it gets when it names none
 * @param schemaOf the predictions of such outputs; those that are optional may be missing
 */
export function askedSchema(
  unasked: readonly TensorSpec[],
  all: readonly TensorSpec[],
  schemaOf: (outputs: readonly TensorSpec[], optional?: readonly string[]) => Schema,
): Schema {
  if (all.length === 1) return schemaOf(all)
  const singles = all.map((spec) => [spec])
  const [only] = unasked
  const first = unasked.length === 1 ? singles.filter(([spec]) => spec === only) : [unasked]
  const others = singles.filter(([spec]) => unasked.length !== 1 || spec !== only)
  const several = schemaOf(
    all,
    all.map(({ name }) => name),
  )
  return anyOf([...[...first, ...others].map((outputs) => schemaOf(outputs)), several])
}

/** Predictions in the style `values` of `printPredictions`. */
export function valuesSchema(
  outputs: readonly TensorSpec[],
  bytes: BytesRule,
  optional: readonly string[] = [],
): Schema {
  const [only] = outputs
  if (outputs.length === 1 && only !== undefined) return listOf(outputRow(only, bytes), -1, 1)
  const rows = Object.fromEntries(outputs.map((spec) => [spec.name, outputRow(spec, bytes)]))
  return listOf(objectOf(rows, optional), -1, 1)
}

/** Predictions in the style `columns`. */
export function columnsSchema(
  outputs: readonly TensorSpec[],
  bytes: BytesRule,
  optional: readonly string[] = [],
): Schema {
  const [only] = outputs
  if (outputs.length === 1 && only !== undefined) return nestedOf(answerOf(only, bytes), only.shape)
  const whole = Object.fromEntries(outputs.map((spec) => [spec.name, nestedOf(answerOf(spec, bytes), spec.shape)]))
  return objectOf(whole, optional)
}

/** Predictions in the style `objects`. */
export function objectsSchema(outputs: readonly TensorSpec[], optional: readonly string[] = []): Schema {
  return listOf(objectSchema(outputs, optional), -1, 1)
}

/** One row of that style: what stands in a line of JSON lines, too. */
function objectSchema(outputs: readonly TensorSpec[], optional: readonly string[]): Schema {
  return objectOf(
    Object.fromEntries(
      outputs.map((spec) => {
        const row = spec.shape.slice(1)
        const element = answerOf(spec, 'text')
        if (row.includes(-1)) return [spec.name, anyOf([element, nestedOf(element, row)])]
        return [spec.name, countOf(row) === 1 ? element : nestedOf(element, row)]
      }),
    ),
    optional,
  )
}

function outputRow(spec: TensorSpec, bytes: BytesRule): Schema {
  return nestedOf(answerOf(spec, bytes), spec.shape.slice(1))
}

function answerOf({ datatype }: TensorSpec, bytes: BytesRule): Schema {
  const element = answerElement(datatype)
  return datatype === 'BYTES' && bytes !== 'text' ? { anyOf: [element, objectOf({ b64: element })] } : element
}

/** The names of an answer's CSV fields, for people. */
export function csvFields(outputs: readonly TensorSpec[]): string {
  const names = outputs.flatMap((spec) => {
    const row = spec.shape.slice(1)
    return row.includes(-1) ? [`${spec.name}…`] : outputColumns(spec.name, spec, countOf(row))
  })
  return names.length > 20 ? `${names.slice(0, 20).join(', ')} and ${names.length - 20} more` : names.join(', ')
}
