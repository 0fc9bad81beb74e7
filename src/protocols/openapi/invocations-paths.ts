import { INFERENCE_STATUSES, operation, QUESTION_STATUSES, type Described, type PathItem } from './operation.ts'
import type { RowModel } from './described-model.ts'
import { parametersSchema, rowPath, type TableBodies } from './row-paths.ts'
import { anyOf, objectOf, type Schema } from './schema.ts'
import { askedSchema, objectsSchema, valuesSchema } from './prediction-schemas.ts'

const TAG = 'SageMaker and MLflow'
const AZURE = 'Azure ML'

/** Tables by MLflow's keys; a body that begins with another key is read as SageMaker's. */
function mlflowBodies(described: RowModel): TableBodies {
  return {
    forms: ['dataframe_split', 'dataframe_records', 'inputs'],
    extraColumns: 'allowed',
    beside: { params: parametersSchema(described) },
  }
}

const AZUREML: TableBodies = {
  forms: ['input_data', 'data', 'inputs', 'instances', 'dataframe_split', 'dataframe_records', 'rows'],
  otherKeys: 'ignored',
  extraColumns: 'allowed',
  beside: {},
}

/** What paths that name no model answer, for the server's default model: `/invocations` and `/score`. */
export function defaultModelPaths(described: RowModel, needsKeys: boolean): readonly Described[] {
  const { name } = described.model
  const summary = `Asks ${name} for a prediction of each row`
  const sagemaker: readonly TableBodies[] = [
    { forms: ['instances'], beside: { parameters: parametersSchema(described) } },
    { forms: ['rows'], beside: {} },
  ]
  const invocations = rowPath(
    described,
    {
      path: '/invocations',
      id: 'invocations',
      tag: TAG,
      summary,
      failures: ['sagemaker', 'mlflow'],
      statuses: [...INFERENCE_STATUSES, 406],
      bodies: [...sagemaker, mlflowBodies(described)],
      answer: predictionsSchema(described),
      lines: ['text/csv', 'application/jsonlines'],
      answerLines: ['text/csv', 'application/jsonlines'],
    },
    needsKeys,
  )
  const score = rowPath(
    described,
    {
      path: '/score',
      id: 'score',
      tag: AZURE,
      summary,
      failures: ['azureml'],
      statuses: [...INFERENCE_STATUSES, 406, 431],
      bodies: [AZUREML],
      answer: plainSchema(described),
      lines: ['text/csv'],
    },
    needsKeys,
  )
  return [invocations, score]
}

/** A model as an endpoint of MLflow's deployments. */
export function endpointPaths(described: RowModel, needsKeys: boolean): Described {
  const { name } = described.model
  const mlflow = mlflowBodies(described)
  return rowPath(
    described,
    {
      path: `/endpoints/${encodeURIComponent(name)}/invocations`,
      id: 'endpointInvocations',
      tag: TAG,
      summary: `Asks ${name} for a prediction of each row; requests with AWS's signature are answered as SageMaker's runtime does`,
      failures: ['mlflow', 'runtime'],
      statuses: [...INFERENCE_STATUSES, 406, 424],
      bodies: [{ ...mlflow, forms: [...mlflow.forms, 'instances'] }],
      answer: predictionsSchema(described),
      lines: ['text/csv'],
      answerLines: ['text/csv'],
    },
    needsKeys,
  )
}

/** Of several outputs, each row is an object by name; those with one value a row are bare values in it. */
function plainSchema({ model, outputs }: RowModel): Schema {
  return askedSchema(outputs, model.signature.outputs, (some, optional) =>
    some.length === 1 ? valuesSchema(some, 'text') : objectsSchema(some, optional),
  )
}

/** SageMaker answers objects to rows that come without a key. */
function predictionsSchema(described: RowModel): Schema {
  const all = described.model.signature.outputs
  const names = all.map(({ name }) => name)
  const objects = objectsSchema(all, all.length === 1 ? [] : names)
  return objectOf({ predictions: anyOf([plainSchema(described), objects]) })
}

/** Health by the paths of SageMaker, MLflow and Azure ML, and MLflow's list of endpoints. */
export function containerPaths(needsKeys: boolean): Readonly<Record<string, PathItem>> {
  const text = { 'text/plain': { schema: { type: 'string' } } }
  const health = (id: string, answer: typeof text | Record<string, never>): PathItem => {
    const statuses = [429, 500]
    const summary = 'Whether every model answers'
    const described = operation(
      { id, tag: TAG, summary, isOpen: true, answer, failures: ['mlflow'], statuses },
      needsKeys,
    )
    const { responses } = described as { readonly responses: Schema }
    return { get: { ...described, responses: { ...responses, 503: { description: 'Not yet, or not any more.' } } } }
  }
  const endpoints = {
    id: 'listEndpoints',
    tag: TAG,
    summary: 'The models, as endpoints of MLflow',
    answer: { 'application/json': { schema: { type: 'object', required: ['endpoints'] } } },
    failures: ['mlflow'] as const,
    statuses: QUESTION_STATUSES,
  }
  const version = {
    id: 'version',
    tag: TAG,
    summary: 'The version of the server',
    isOpen: true,
    answer: text,
    failures: ['mlflow'] as const,
    statuses: [429, 500],
  }
  return {
    '/ping': health('ping', {}),
    '/health': health('health', text),
    '/version': { get: operation(version, needsKeys) },
    '/api/2.0/endpoints/': { get: operation(endpoints, needsKeys) },
  }
}
