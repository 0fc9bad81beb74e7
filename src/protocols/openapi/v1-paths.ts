import { INFERENCE_STATUSES, operation, QUESTION_STATUSES, type Described, type PathItem } from './operation.ts'
import type { RowModel } from './described-model.ts'
import { SIGNATURE_NAME } from '../v1/names.ts'
import { parametersSchema, rowPath } from './row-paths.ts'
import { anyOf, objectOf, type Schema } from './schema.ts'
import { askedSchema, columnsSchema, valuesSchema } from './prediction-schemas.ts'

const TAG = 'TensorFlow Serving and KServe V1'

/** What V1 says of a model, and how it is asked. @param base its path: `/v1/models/fraud` */
export function v1ModelPaths(described: RowModel, base: string, needsKeys: boolean): Described {
  const { model, prefix, outputs } = described
  const all = model.signature.outputs
  const bytes = 'b64-by-name' as const
  const predict = rowPath(
    described,
    {
      path: `${base}:predict`,
      id: 'v1Predict',
      tag: TAG,
      summary: `Asks ${model.name} for a prediction of each row`,
      failures: ['error'],
      statuses: [...INFERENCE_STATUSES, 406, 501],
      bodies: [
        {
          forms: ['instances', 'inputs'],
          otherKeys: 'ignored',
          beside: {
            parameters: parametersSchema(described),
            signature_name: { enum: [...new Set([SIGNATURE_NAME, '', ...all.map(({ name }) => name)])] },
          },
        },
      ],
      answer: anyOf([
        objectOf({ predictions: askedSchema(outputs, all, (some, optional) => valuesSchema(some, bytes, optional)) }),
        objectOf({ outputs: askedSchema(outputs, all, (some, optional) => columnsSchema(some, bytes, optional)) }),
      ]),
    },
    needsKeys,
  )
  const get = (id: string, summary: string, schema: Schema): PathItem => ({
    get: operation(
      {
        id: `${id}.${prefix}`,
        tag: TAG,
        summary,
        answer: { 'application/json': { schema } },
        failures: ['error'],
        statuses: QUESTION_STATUSES,
      },
      needsKeys,
    ),
  })
  return {
    paths: {
      [base]: get('v1Status', `Whether ${model.name} answers, and in which versions`, STATUS),
      [`${base}/metadata`]: get('v1Metadata', `What ${model.name} takes and gives`, METADATA),
      ...predict.paths,
    },
    schemas: predict.schemas,
  }
}

const STATUS: Schema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    ready: { const: true },
    model_version_status: {
      type: 'array',
      items: {
        type: 'object',
        properties: { version: { type: 'string' }, state: { type: 'string' }, status: { type: 'object' } },
        required: ['version', 'state', 'status'],
      },
    },
  },
  required: ['name', 'ready', 'model_version_status'],
}

const METADATA: Schema = {
  type: 'object',
  properties: { model_spec: { type: 'object' }, metadata: { type: 'object' } },
  required: ['model_spec', 'metadata'],
}
