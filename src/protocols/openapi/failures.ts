import { ERROR_CODES } from '../../core/errors.ts'
import { anyOf, objectOf, type Schema } from './schema.ts'

/** How each protocol tells of a failure. */
export type FailureForm = 'oip' | 'error' | 'sagemaker' | 'mlflow' | 'google' | 'azureml' | 'runtime'

/** The schemas of failures, by the names that `failureAnswers` refers to. */
export const FAILURE_SCHEMAS: Readonly<Record<string, Schema>> = {
  'Failure.oip': {
    ...objectOf({
      error: { type: 'string', description: 'What was found, where, and what is allowed.' },
      code: { enum: ERROR_CODES, description: 'What a program may decide by.' },
    }),
    additionalProperties: true,
  },
  'Failure.error': { ...objectOf({ error: { type: 'string' } }), additionalProperties: true },
  'Failure.sagemaker': {
    ...objectOf({ ErrorCode: { type: 'string' }, Message: { type: 'string' } }),
    additionalProperties: true,
  },
  'Failure.mlflow': {
    ...objectOf({ error_code: { type: 'string' }, message: { type: 'string' } }),
    additionalProperties: true,
  },
  'Failure.azureml': {
    ...objectOf({ code: { type: 'string' }, message: { type: 'string' } }),
    additionalProperties: true,
  },
  'Failure.runtime': { ...objectOf({ Message: { type: 'string' } }), additionalProperties: true },
  'Failure.google': {
    ...objectOf({
      error: {
        ...objectOf({ code: { type: 'integer' }, message: { type: 'string' }, status: { type: 'string' } }),
        additionalProperties: true,
      },
    }),
    additionalProperties: true,
  },
}

const MEANING: Readonly<Record<number, string>> = {
  400: 'The request is malformed or does not fit the model: change it.',
  401: 'No valid key came with the request.',
  403: 'The key does not allow this.',
  404: 'There is no such model, version or path.',
  406: 'None of the accepted media types can hold the answer.',
  413: 'The body is larger than the server takes.',
  415: 'The media type or the content encoding is not taken.',
  424: 'The model refused the request, or failed.',
  431: 'A header is too long.',
  429: 'The queue is full: try again later.',
  500: 'The server failed.',
  501: 'Well-formed, but of a kind that is not spoken here.',
  503: 'The model is not ready: it is loading, or the server is closing.',
  504: 'The deadline passed before there was an answer.',
}

const RETRY: Schema = {
  'retry-after': { description: 'After how many seconds to try again.', schema: { type: 'integer', minimum: 1 } },
}

/**
 * The answers to a request that fails, by status, each with its schema.
 * @param forms those of them that the path speaks
 */
export function failureAnswers(
  forms: readonly FailureForm[],
  statuses: readonly number[],
): Readonly<Record<string, Schema>> {
  const schema = anyOf(forms.map((form) => ({ $ref: `#/components/schemas/Failure.${form}` })))
  return Object.fromEntries(
    statuses.map((status) => [
      String(status),
      {
        description: MEANING[status] ?? 'The request failed.',
        ...(status === 429 || status === 503 ? { headers: RETRY } : {}),
        content: { 'application/json': { schema } },
      },
    ]),
  )
}
