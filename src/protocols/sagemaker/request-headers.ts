import { ServingError } from '../../core/errors.ts'
import { MODEL_NAME } from '../../core/names.ts'
import { quote } from '../../core/text.ts'
import type { DataPlane, ServedModel } from '../../runtime/plane.ts'
import type { WireRequest } from '../protocol.ts'

/** What SageMaker's headers say of a request. */
export interface Target {
  readonly model: ServedModel
  /** The variant that answers, by the name that the caller knows it by. */
  readonly variant: string
  /** For the answer: the custom attributes that came. */
  readonly echo: Readonly<Record<string, string>>
}

/** What SageMaker calls the only variant of an endpoint where nobody named it. */
const ALL_TRAFFIC = 'AllTraffic'

const ATTRIBUTES = 'x-amzn-sagemaker-custom-attributes'
const VARIANT = /^[A-Za-z0-9](?:-*[A-Za-z0-9]){0,62}$/
const NO_NAME = 'which is no model name: 1 to 63 of letters, digits, ".", "_" and "-", beginning with a letter or digit'

/**
 * The version that a request is for, by `X-Amzn-SageMaker-Target-Model` (a model's name, or that with `.tar.gz`, as the
 * files of multi-model endpoints are called) and `-Target-Variant` (a label or digest; `AllTraffic` is the default).
 * @param named the model that the path names
 * @throws {ServingError} `not_found` for an unknown model; `invalid_argument` for an unknown variant, and for custom
 *   attributes or an inference id that SageMaker would not let pass
 * @see AWS SageMaker Runtime, "InvokeEndpoint"
 */
export function readTarget({ headers }: WireRequest, plane: DataPlane, named?: string): Target {
  const echo = echoOf(headers[ATTRIBUTES])
  checkInferenceId(headers['x-amzn-sagemaker-inference-id'])
  const target = named ?? headers['x-amzn-sagemaker-target-model']
  const model = target === undefined ? plane.model() : findModel(target, plane)
  const variant = headers['x-amzn-sagemaker-target-variant']
  if (variant === undefined) return { model, variant: model.labels[0] ?? ALL_TRAFFIC, echo }
  return { model: findVariant(model, variant, plane), variant, echo }
}

function findModel(name: string, plane: DataPlane): ServedModel {
  if (!MODEL_NAME.test(name))
    throw new ServingError('invalid_argument', `X-Amzn-SageMaker-Target-Model is ${quote(name)}, ${NO_NAME}`)
  const bare = name.endsWith('.tar.gz') ? name.slice(0, -'.tar.gz'.length) : name
  const isServed = bare === name || plane.models().some((model) => model.name === name)
  return plane.model(isServed ? name : bare)
}

function findVariant(model: ServedModel, variant: string, plane: DataPlane): ServedModel {
  if (!VARIANT.test(variant))
    throw new ServingError(
      'invalid_argument',
      `X-Amzn-SageMaker-Target-Variant is ${quote(variant)}, which is no variant's name: 1 to 63 of letters, digits and "-"`,
    )
  try {
    return plane.model(model.name, variant)
  } catch (thrown) {
    const error = ServingError.from(thrown)
    if (error.code !== 'not_found') throw error
    if (variant === ALL_TRAFFIC) return model
    throw new ServingError('invalid_argument', `X-Amzn-SageMaker-Target-Variant: ${error.message}`, { cause: error })
  }
}

function echoOf(attributes: string | undefined): Target['echo'] {
  if (attributes === undefined) return {}
  if (!/^[\x20-\x7e]{0,1024}$/.test(attributes))
    throw new ServingError(
      'invalid_argument',
      `X-Amzn-SageMaker-Custom-Attributes has ${attributes.length} characters, or some that are not printable ASCII; send up to 1024 of those`,
    )
  return { [ATTRIBUTES]: attributes }
}

function checkInferenceId(id: string | undefined): void {
  if (id === undefined || /^[\x20-\x7e]{1,64}$/.test(id)) return
  throw new ServingError(
    'invalid_argument',
    `X-Amzn-SageMaker-Inference-Id has ${id.length} characters, or some that are not printable ASCII; send 1 to 64 of those`,
  )
}
