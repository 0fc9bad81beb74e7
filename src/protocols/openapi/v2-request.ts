import { quoteList } from '../../core/text.ts'
import type { TensorSpec } from '../../tensor/signature.ts'
import { isHalf } from '../../tensor/half.ts'
import { documentedShape, type DescribedModel } from './described-model.ts'
import { anyOf, countOf, elementSchema, listOf, nestedOf, objectOf, type Schema } from './schema.ts'

/**
 * A JSON Schema cannot tie the number of rows in a shape to the length of the data: requests are described for each of
 * these numbers of rows by itself.
 */
const ROWS = [1, 2, 3]

/** Whole numbers up to here are exact in a half float, which takes part in JSON as FP32. */
const EXACT_IN_HALF = { FP16: 2048, BF16: 256 } as const

/** The body of an inference request as JSON. @see Open Inference Protocol v2, "Inference Request JSON Object" */
export function v2RequestSchema(described: DescribedModel): Schema {
  const { inputs } = described
  const isBinaryOnly = described.model.signature.outputs.some(hasHalves)
  const rows = inputs.every(({ shape }) => shape[0] === -1) ? ROWS : [1]
  return {
    type: 'object',
    description: `Several rows go together: a tensor's first size counts them. The ${rows.length === 1 ? 'form' : 'forms'} here ${rows.length === 1 ? 'is' : 'are'} for ${rows.join(', ')}; more are taken in the same way.${unusedText(described)}`,
    properties: {
      id: {
        anyOf: [
          { type: 'string', maxLength: 256, not: { pattern: String.raw`[\u0000-\u001f\u007f-\u009f]` } },
          { type: 'null' },
        ],
        description: 'Comes back in the answer.',
      },
      parameters: parametersSchema(isBinaryOnly),
      inputs: anyOf(rows.map((count) => inputsSchema(described, count))),
      outputs: outputsSchema(described),
    },
    required: isBinaryOnly ? ['inputs', 'parameters'] : ['inputs'],
  }
}

function unusedText({ model }: DescribedModel): string {
  const names = model.signature.inputs.filter(({ isUnused }) => isUnused === true).map(({ name }) => name)
  return names.length === 0
    ? ''
    : ` The model never reads ${quoteList(names)}: they may be left out, and hold anything.`
}

function hasHalves({ datatype }: TensorSpec): boolean {
  return isHalf(datatype)
}

/** @param isBinaryOnly an output has no form in JSON */
function parametersSchema(isBinaryOnly: boolean): Schema {
  return {
    ...(isBinaryOnly ? { type: 'object', required: ['binary_data_output'] } : { type: ['object', 'null'] }),
    description:
      '`timeout` is how many microseconds the caller waits. Parameters that the server does not know are passed over.',
    properties: {
      priority: {
        anyOf: [{ type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }, { enum: ['0', '1', '2', '3'] }],
        description: 'Whose turn comes first: 1 before 2 before 3; 0 for the default.',
      },
      binary_data_output: {
        ...(isBinaryOnly ? { const: true } : { type: 'boolean' }),
        description: 'Outputs come as bytes behind the JSON, unless they say otherwise themselves.',
      },
    },
  }
}

function inputsSchema(described: DescribedModel, rows: number): Schema {
  const items = described.inputs.map((spec) => inputSchema(described, spec, rows))
  const [only] = items
  if (items.length === 1 && only !== undefined) return listOf(only, 1)
  return { type: 'array', prefixItems: items, items: false, minItems: items.length }
}

function inputSchema(described: DescribedModel, spec: TensorSpec, rows: number): Schema {
  const { name, datatype } = spec
  const shape = documentedShape(described, name, rows)
  const element = isHalf(datatype)
    ? { type: 'integer', minimum: -EXACT_IN_HALF[datatype], maximum: EXACT_IN_HALF[datatype] }
    : elementSchema(spec, described.takesMissing ? 'tensor' : 'tensor without missing')
  const forms = [listOf(element, countOf(shape))]
  if (shape.length > 1) forms.push(nestedOf(element, shape))
  return {
    type: 'object',
    properties: {
      name: { const: name },
      shape: { const: shape },
      datatype: { const: isHalf(datatype) ? 'FP32' : datatype },
      data: anyOf(forms),
    },
    required: ['name', 'shape', 'datatype', 'data'],
  }
}

/** None for all; one; or the first few in order. Any are taken in any order, but none twice, which a schema cannot say. */
function outputsSchema({ model, outputs }: DescribedModel): Schema {
  const items = model.signature.outputs.map(outputSchema)
  const unasked = outputs.length === items.length ? 'all' : quoteList(outputs.map(({ name }) => name))
  const lists = items.map((item) => listOf(item, 1))
  if (items.length > 1) lists.push({ type: 'array', prefixItems: items, items: false, minItems: 2 })
  return {
    anyOf: [{ type: 'null' }, { type: 'array', maxItems: 0 }, ...lists],
    description: `Which outputs to compute, each once, in any order; ${unasked} when none is named.`,
  }
}

function outputSchema({ name, datatype }: TensorSpec): Schema {
  const flag = isHalf(datatype) ? { enum: [true, null] } : { type: ['boolean', 'null'] }
  const classes = {
    anyOf: [
      { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
      { enum: ['1', '2', '3', '4', '5'] },
      { type: 'null' },
    ],
    description: 'The so many most likely classes in place of the numbers.',
  }
  return {
    type: 'object',
    properties: {
      name: { const: name },
      parameters: {
        properties: {
          binary_data: { ...flag, description: 'It comes as bytes behind the JSON.' },
          ...(datatype === 'BYTES' || datatype === 'BOOL' ? {} : { classification: classes }),
        },
      },
    },
    required: ['name'],
  }
}

/** A request with the model's example; undefined where JSON cannot hold it. */
export function v2RequestExample(described: DescribedModel): unknown {
  const inputs: unknown[] = []
  for (const { name, datatype } of described.inputs) {
    const data = described.examples.get(name)
    if (data === undefined || data.includes(null)) return undefined
    const shape = described.model.example.get(name)?.shape
    inputs.push({ name, shape, datatype: isHalf(datatype) ? 'FP32' : datatype, data })
  }
  const isBinary = described.model.signature.outputs.some(hasHalves)
  return { ...(isBinary ? { parameters: { binary_data_output: true } } : {}), inputs }
}

/** The body of an answer as JSON, and the JSON that stands before bytes. */
export function v2AnswerSchema(described: DescribedModel): Schema {
  const { model } = described
  return {
    ...objectOf(
      {
        model_name: { const: model.name },
        model_version: { type: 'string' },
        id: { type: 'string', minLength: 1 },
        parameters: { type: 'object' },
        outputs: { type: 'array', minItems: 1, items: anyOf(model.signature.outputs.map(answeredOutput)) },
      },
      ['id', 'parameters'],
    ),
    additionalProperties: true,
  }
}

function answeredOutput({ name, datatype, shape }: TensorSpec): Schema {
  const isNumber = datatype !== 'BYTES' && datatype !== 'BOOL'
  return {
    type: 'object',
    properties: {
      name: { const: name },
      datatype: isNumber ? { enum: [datatype, 'BYTES'] } : { const: datatype },
      shape: listOf({ type: 'integer', minimum: 0 }, isNumber ? -1 : shape.length),
      data: listOf(isNumber ? { type: ['number', 'string'] } : { type: datatype === 'BOOL' ? 'boolean' : 'string' }),
      parameters: { type: 'object' },
    },
    required: ['name', 'datatype', 'shape', 'data'],
  }
}
