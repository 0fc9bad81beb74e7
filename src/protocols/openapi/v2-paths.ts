import { isHalf } from '../../tensor/half.ts'
import type { DescribedModel } from './described-model.ts'
import { INFERENCE_STATUSES, operation, QUESTION_STATUSES, refTo, type Described, type PathItem } from './operation.ts'
import { listOf, objectOf, type Schema } from './schema.ts'
import { v2AnswerSchema, v2RequestExample, v2RequestSchema } from './v2-request.ts'

const TAG = 'Open Inference Protocol'
const JSON_TYPE = 'application/json'

/** A tensor in metadata. @see Open Inference Protocol v2, "Model Metadata" */
const TENSOR_METADATA: Schema = {
  ...objectOf({
    name: { type: 'string' },
    datatype: { type: 'string' },
    shape: { type: 'array', items: { type: 'integer' } },
  }),
  additionalProperties: true,
}

export const V2_SCHEMAS: Readonly<Record<string, Schema>> = {
  'V2.ModelMetadata': {
    ...objectOf(
      {
        name: { type: 'string' },
        versions: { type: 'array', items: { type: 'string' } },
        platform: { type: 'string' },
        inputs: { type: 'array', items: refTo('V2.TensorMetadata') },
        outputs: { type: 'array', items: refTo('V2.TensorMetadata') },
        properties: { type: 'object', additionalProperties: { type: 'string' } },
      },
      ['versions', 'properties'],
    ),
    additionalProperties: true,
  },
  'V2.TensorMetadata': TENSOR_METADATA,
  'V2.ModelConfig': {
    type: 'object',
    properties: {
      name: { type: 'string' },
      max_batch_size: { type: 'integer', minimum: 0 },
      input: { type: 'array', items: refTo('V2.TensorConfig') },
      output: { type: 'array', items: refTo('V2.TensorConfig') },
    },
    required: ['name', 'max_batch_size', 'input', 'output'],
  },
  'V2.TensorConfig': {
    type: 'object',
    properties: { name: { type: 'string' }, data_type: { type: 'string' }, dims: { type: 'array' } },
    required: ['name', 'data_type', 'dims'],
  },
  'V2.ModelStatistics': objectOf({
    model_stats: {
      type: 'array',
      items: {
        type: 'object',
        properties: { name: { type: 'string' }, version: { type: 'string' }, inference_stats: { type: 'object' } },
        required: ['name', 'version', 'inference_count', 'execution_count', 'inference_stats'],
      },
    },
  }),
}

/** What the server says of itself. */
export function v2ServerPaths(needsKeys: boolean): Readonly<Record<string, PathItem>> {
  const get = (
    id: string,
    summary: string,
    schema: Schema,
    isOpen: boolean,
    statuses: readonly number[],
  ): PathItem => ({
    get: operation(
      { id, tag: TAG, summary, isOpen, answer: { [JSON_TYPE]: { schema } }, failures: ['oip'], statuses },
      needsKeys,
    ),
  })
  const health = { type: 'object', properties: { live: { type: 'boolean' }, ready: { type: 'boolean' } } }
  const server = { name: { type: 'string' }, version: { type: 'string' }, extensions: listOf({ type: 'string' }) }
  return {
    '/v2': get('serverMetadata', 'Name, version and extensions', objectOf(server), true, [429, 500]),
    '/v2/health/live': get('serverLive', 'Whether the server runs', health, true, [429, 500]),
    '/v2/health/ready': {
      get: withHealth(
        operation(
          {
            id: 'serverReady',
            tag: TAG,
            summary: 'Whether every model answers',
            isOpen: true,
            answer: { [JSON_TYPE]: { schema: health } },
            failures: ['oip'],
            statuses: [429, 500],
          },
          needsKeys,
        ),
        health,
      ),
    },
    '/v2/models': get(
      'listModels',
      'The names of the models',
      objectOf({ models: listOf({ type: 'string' }) }),
      false,
      QUESTION_STATUSES,
    ),
  }
}

/** Readiness is told by the same document with another status. */
function withHealth(described: Schema, health: Schema): Schema {
  const { responses } = described as { readonly responses: Schema }
  const unready = { description: 'Not yet, or not any more.', content: { [JSON_TYPE]: { schema: health } } }
  return { ...described, responses: { ...responses, 503: unready } }
}

export interface V2Options {
  readonly needsKeys: boolean
  /** Whether the server tells what it counted. */
  readonly hasStatistics: boolean
}

/**
 * What a model takes and says by the Open Inference Protocol.
 * @param base its path: `/v2/models/fraud`
 */
export function v2ModelPaths(described: DescribedModel, base: string, options: V2Options): Described {
  const { needsKeys, hasStatistics } = options
  const { model, prefix } = described
  const id = (name: string): string => `${name}.${prefix}`
  const example = v2RequestExample(described)
  const ready = objectOf({ name: { const: model.name }, ready: { const: true } })
  const common = { tag: TAG, failures: ['oip'] as const }
  const about = (name: string, path: string, summary: string, schema: Schema): Described['paths'] => {
    const answer = { [JSON_TYPE]: { schema } }
    return {
      [`${base}/${path}`]: {
        get: operation({ ...common, id: id(name), summary, answer, statuses: QUESTION_STATUSES }, needsKeys),
      },
    }
  }
  const isBinaryOnly = model.signature.outputs.some(({ datatype }) => isHalf(datatype))
  return {
    paths: {
      [base]: {
        get: operation(
          {
            ...common,
            id: id('modelMetadata'),
            summary: `What ${model.name} takes and gives`,
            answer: { [JSON_TYPE]: { schema: refTo('V2.ModelMetadata') } },
            statuses: QUESTION_STATUSES,
          },
          needsKeys,
        ),
      },
      ...about('modelReady', 'ready', `Whether ${model.name} answers`, ready),
      ...about('modelConfig', 'config', `How ${model.name} is run`, refTo('V2.ModelConfig')),
      ...(hasStatistics
        ? about('modelStats', 'stats', `What ${model.name} was asked`, refTo('V2.ModelStatistics'))
        : {}),
      [`${base}/infer`]: {
        post: operation(
          {
            ...common,
            id: id('infer'),
            summary: `Asks ${model.name} for a prediction`,
            description:
              'Any content type is read by what the body is. Tensors may come as bytes behind the JSON, whose length is then in the header `Inference-Header-Content-Length`.',
            request: {
              [JSON_TYPE]: { schema: refTo(`${prefix}.V2Request`), ...(example === undefined ? {} : { example }) },
            },
            answer: {
              ...(isBinaryOnly ? {} : { [JSON_TYPE]: { schema: refTo(`${prefix}.V2Answer`) } }),
              'application/octet-stream': {},
            },
            statuses: [...INFERENCE_STATUSES, 406, 501],
          },
          needsKeys,
        ),
      },
    },
    schemas: {
      [`${prefix}.V2Request`]: v2RequestSchema(described),
      [`${prefix}.V2Answer`]: v2AnswerSchema(described),
    },
  }
}
