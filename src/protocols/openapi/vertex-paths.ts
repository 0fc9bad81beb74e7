import { INFERENCE_STATUSES, type Described } from './operation.ts'
import type { RowModel } from './described-model.ts'
import { parametersSchema, rowPath } from './row-paths.ts'
import { objectOf } from './schema.ts'
import { askedSchema, valuesSchema } from './prediction-schemas.ts'

/** Vertex AI's call for predictions, in which the endpoint is the model. Any project and location will do. */
export function vertexModelPaths(described: RowModel, needsKeys: boolean): Described {
  const { model } = described
  const names = { type: 'string' }
  return rowPath(
    described,
    {
      path: `/v1/projects/p/locations/l/endpoints/${encodeURIComponent(model.name)}:predict`,
      id: 'vertexPredict',
      tag: 'Vertex AI',
      summary: `Asks ${model.name} for a prediction of each instance; any project and location will do`,
      failures: ['google'],
      statuses: [...INFERENCE_STATUSES, 501],
      bodies: [{ forms: ['instances'], otherKeys: 'ignored', beside: { parameters: parametersSchema(described) } }],
      answer: {
        ...objectOf({
          predictions: askedSchema(described.outputs, model.signature.outputs, (some, optional) =>
            valuesSchema(some, 'b64', optional),
          ),
          deployedModelId: names,
          model: names,
          modelDisplayName: names,
          modelVersionId: names,
        }),
        additionalProperties: true,
      },
    },
    needsKeys,
  )
}
