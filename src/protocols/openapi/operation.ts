import { failureAnswers, type FailureForm } from './failures.ts'
import type { Schema } from './schema.ts'

/** What stands under a path: an operation by method, in lower case. */
export type PathItem = Readonly<Record<string, Schema>>

/** Paths and the schemas that they refer to. */
export interface Described {
  readonly paths: Readonly<Record<string, PathItem>>
  readonly schemas: Readonly<Record<string, Schema>>
}

/** A body by its media type: its schema, and an example that works as it stands. */
export interface Content {
  readonly schema?: Schema
  readonly example?: unknown
}

export interface OperationOptions {
  readonly id: string
  /** The protocol, by which documents are grouped. */
  readonly tag: string
  readonly summary: string
  readonly description?: string
  /** Anybody may call it, with a key or without. */
  readonly isOpen?: boolean
  /** In the path, the query or a header. */
  readonly parameters?: readonly Schema[]
  readonly request?: Readonly<Record<string, Content>>
  /** The answer 200. */
  readonly answer: Readonly<Record<string, Content>>
  readonly failures: readonly FailureForm[]
  readonly statuses: readonly number[]
}

/** An OpenAPI operation. Where it needs a key, the answers 401 and 403 belong to it. */
export function operation(options: OperationOptions, needsKeys: boolean): Schema {
  const {
    id,
    tag,
    summary,
    description,
    isOpen = false,
    parameters = [],
    request,
    answer,
    failures,
    statuses,
  } = options
  const all = needsKeys && !isOpen ? [...statuses, 401, 403] : statuses
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(request === undefined ? {} : { requestBody: { required: true, content: request } }),
    responses: {
      200: { description: 'The answer.', ...(Object.keys(answer).length === 0 ? {} : { content: answer }) },
      ...failureAnswers(failures, all),
    },
    ...(needsKeys && isOpen ? { security: [] } : {}),
  }
}

/** A reference to a schema of the document. */
export function refTo(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` }
}

/** What may go wrong with any inference. */
export const INFERENCE_STATUSES: readonly number[] = [400, 404, 413, 415, 429, 500, 503, 504]

/** What may go wrong where a model is only asked about. */
export const QUESTION_STATUSES: readonly number[] = [404, 429, 500, 503]
