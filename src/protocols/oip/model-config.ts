import { versionName, type ServedModel } from '../../runtime/plane.ts'
import type { Datatype } from '../../tensor/datatype.ts'
import type { TensorSpec } from '../../tensor/signature.ts'
import { platformOf, propertiesOf } from './model-metadata.ts'

/** A deadline of the operator's, which every request has (ms). */
export interface ConfigLimits {
  readonly timeoutMs?: number | undefined
}

/**
 * How a model is run, in the words of Triton's configuration. Where rows of different callers run together,
 * `max_batch_size` says how many, and `dims` leave out the dimension that counts them; else it is 0 and `dims` are whole.
 * @see Triton's "Model Configuration" and protobuf `model_config.proto`
 */
export function modelConfig(model: ServedModel, { timeoutMs }: ConfigLimits = {}) {
  const { choices, signature, batching, engines, name } = model
  const specs = [...signature.inputs, ...signature.outputs]
  const isBatched = batching.rowsAreIndependent && specs.every(({ shape }) => shape[0] === -1)
  const { preferredRows, windowMs, maxQueueRows, concurrency } = choices
  return {
    name,
    platform: platformOf(model),
    backend: engines[0] === 'onnxruntime' ? 'onnxruntime' : 'slipway',
    version_policy: { all: {} },
    max_batch_size: isBatched ? choices.maxBatchRows.value : 0,
    input: signature.inputs.map((spec) => ({
      ...tensorConfig(spec, isBatched),
      ...(spec.isUnused === true || spec.isOptional === true ? { optional: true } : {}),
    })),
    output: signature.outputs.map((spec) => tensorConfig(spec, isBatched)),
    ...(isBatched && {
      dynamic_batching: {
        preferred_batch_size: preferredRows.value,
        max_queue_delay_microseconds: Math.round(windowMs.value * 1000),
        priority_levels: 3,
        default_priority_level: 2,
        default_queue_policy: {
          timeout_action: 'REJECT',
          default_timeout_microseconds: timeoutMs === undefined ? 0 : Math.round(timeoutMs * 1000),
          allow_timeout_override: true,
          max_queue_size: maxQueueRows.value,
        },
      },
    }),
    instance_group: [{ name, kind: 'KIND_CPU', count: concurrency.value }],
    parameters: Object.fromEntries(
      Object.entries({ version: versionName(model), ...propertiesOf(model), batching: batching.reason }).map(
        ([key, value]) => [key, { string_value: value }],
      ),
    ),
  }
}

function tensorConfig({ name, datatype, shape }: TensorSpec, isBatched: boolean) {
  const data_type = DATA_TYPE[datatype]
  if (!isBatched) return { name, data_type, dims: [...shape] }
  // `dims` is never empty there: rows that are single values are said to be rows of one
  if (shape.length === 1) return { name, data_type, dims: [1], reshape: { shape: [] } }
  return { name, data_type, dims: shape.slice(1) }
}

/** Datatypes as configurations name them. */
const DATA_TYPE: Record<Datatype, string> = {
  BOOL: 'TYPE_BOOL',
  UINT8: 'TYPE_UINT8',
  UINT16: 'TYPE_UINT16',
  UINT32: 'TYPE_UINT32',
  UINT64: 'TYPE_UINT64',
  INT8: 'TYPE_INT8',
  INT16: 'TYPE_INT16',
  INT32: 'TYPE_INT32',
  INT64: 'TYPE_INT64',
  FP16: 'TYPE_FP16',
  BF16: 'TYPE_BF16',
  FP32: 'TYPE_FP32',
  FP64: 'TYPE_FP64',
  BYTES: 'TYPE_STRING',
}
