import type { RowModel } from './described-model.ts'
import { answerElement, type Schema } from './schema.ts'
import { tableExample } from './table-examples.ts'

/**
 * Azure ML's scoring of one model as Swagger 2.0, which the platform's older tools read. That dialect has no words for
 * most of what the OpenAPI document says: it shows one form of request, and promises no bounds.
 * @see Swagger (OpenAPI) Specification 2.0; azureml-inference-server-http, "Server Routes"
 */
export function swagger(described: RowModel, version: string, needsKeys: boolean): Schema {
  const { layout, model } = described
  const failure = { description: 'The request failed.', schema: { $ref: '#/definitions/ErrorResponse' } }
  const datatypes = new Set(layout.columns.map(({ input }) => layout.inputs[input]?.spec.datatype))
  const cell = datatypes.size === 1 ? answerElement([...datatypes][0] ?? 'BYTES') : {}
  const example = tableExample('dataframe_split', described)
  return {
    swagger: '2.0',
    info: { title: model.name, version },
    schemes: ['http', 'https'],
    consumes: ['application/json'],
    produces: ['application/json'],
    ...(needsKeys
      ? {
          securityDefinitions: { Bearer: { type: 'apiKey', name: 'Authorization', in: 'header' } },
          security: [{ Bearer: [] }],
        }
      : {}),
    paths: {
      '/': {
        get: {
          operationId: 'ServiceHealthCheck',
          description: 'Whether the server answers.',
          produces: ['text/plain'],
          responses: { 200: { description: 'It does.', schema: { type: 'string' } } },
        },
      },
      '/score': {
        post: {
          operationId: 'RunMLService',
          description: `Asks ${model.name} for a prediction of each row.`,
          parameters: [
            { name: 'serviceInputPayload', in: 'body', required: true, schema: { $ref: '#/definitions/ServiceInput' } },
          ],
          responses: {
            200: { description: 'The predictions.', schema: { $ref: '#/definitions/ServiceOutput' } },
            default: failure,
          },
        },
      },
    },
    definitions: {
      ServiceInput: {
        type: 'object',
        properties: {
          input_data: {
            type: 'object',
            properties: {
              columns: { type: 'array', items: { type: 'string' } },
              data: { type: 'array', items: { type: 'array', items: cell } },
            },
            required: ['data'],
          },
        },
        required: ['input_data'],
        ...(example === undefined ? {} : { example: { input_data: example } }),
      },
      ServiceOutput: { type: 'array', items: {} },
      ErrorResponse: {
        type: 'object',
        properties: { code: { type: 'string' }, message: { type: 'string' } },
        required: ['code', 'message'],
      },
    },
  }
}
