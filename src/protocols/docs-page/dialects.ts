import type { RowLayout } from '../../codecs/row-layout.ts'
import type { ServedModel } from '../../runtime/plane.ts'
import { tableOf } from '../row-layouts.ts'

/** A way to ask a model: the page has a tab for each. */
export interface Dialect {
  readonly id: 'v2' | 'v1' | 'sagemaker' | 'csv' | 'mlflow' | 'azureml' | 'vertex'
  /** For the tab. */
  readonly label: string
  /** From the server's root, without a slash in front. */
  readonly path: string
  readonly mediaType: string
  /** How the form's values stand in the body. */
  readonly body: 'tensors' | 'instances' | 'csv' | 'dataframe_split' | 'input_data'
  /** Whose Python client the page shows. */
  readonly client: string
}

const JSON_TYPE = 'application/json'

/**
 * The ways to ask a model, those that any model can be asked in first.
 * @param isDefault whether the paths that name no model reach this one
 */
export function dialectsOf({ name, signature }: ServedModel, isDefault: boolean): readonly Dialect[] {
  const model = encodeURIComponent(name)
  const v2: Dialect = {
    id: 'v2',
    label: 'Open Inference (V2)',
    path: `v2/models/${model}/infer`,
    mediaType: JSON_TYPE,
    body: 'tensors',
    client: 'tritonclient',
  }
  const layout = tableOf(signature)
  if (layout === undefined || signature.outputs.some(({ shape }) => shape.length === 0)) return [v2]
  const invocations = isDefault ? 'invocations' : `models/${model}/invoke`
  const rows: readonly (Dialect | undefined)[] = [
    dialect('v1', 'TF Serving, KServe V1', `v1/models/${model}:predict`, 'instances', 'kserve'),
    dialect('sagemaker', 'SageMaker', invocations, 'instances', 'boto3'),
    isFlat(layout)
      ? { ...dialect('csv', 'SageMaker (CSV)', invocations, 'csv', 'boto3'), mediaType: 'text/csv' }
      : undefined,
    dialect(
      'mlflow',
      'MLflow',
      isDefault ? 'invocations' : `endpoints/${model}/invocations`,
      'dataframe_split',
      'mlflow',
    ),
    isDefault ? dialect('azureml', 'Azure ML', 'score', 'input_data', 'requests') : undefined,
    dialect(
      'vertex',
      'Vertex AI',
      `v1/projects/p/locations/l/endpoints/${model}:predict`,
      'instances',
      'google-cloud-aiplatform',
    ),
  ]
  return [v2, ...rows.filter((each) => each !== undefined)]
}

function dialect(id: Dialect['id'], label: string, path: string, body: Dialect['body'], client: string): Dialect {
  return { id, label, path, mediaType: JSON_TYPE, body, client }
}

/** Whether a row is a line: one dimension of values, or one value. */
function isFlat({ inputs }: RowLayout): boolean {
  return inputs.every(({ rowShape }) => rowShape.length < 2)
}
