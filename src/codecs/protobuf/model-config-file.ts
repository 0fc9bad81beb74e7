import { choice, enumeration, many, map, message, one, type ProtoFile } from './schema.ts'

/** Datatypes as a model's configuration names them. */
export const DataType = enumeration('inference.DataType', {
  TYPE_INVALID: 0,
  TYPE_BOOL: 1,
  TYPE_UINT8: 2,
  TYPE_UINT16: 3,
  TYPE_UINT32: 4,
  TYPE_UINT64: 5,
  TYPE_INT8: 6,
  TYPE_INT16: 7,
  TYPE_INT32: 8,
  TYPE_INT64: 9,
  TYPE_FP16: 10,
  TYPE_FP32: 11,
  TYPE_FP64: 12,
  TYPE_STRING: 13,
  TYPE_BF16: 14,
})

const Kind = enumeration('inference.ModelInstanceGroup.Kind', {
  KIND_AUTO: 0,
  KIND_GPU: 1,
  KIND_CPU: 2,
  KIND_MODEL: 3,
})

const ModelInstanceGroup = message(
  'inference.ModelInstanceGroup',
  one(1, 'name', 'string'),
  one(4, 'kind', Kind),
  one(2, 'count', 'int32'),
  many(3, 'gpus', 'int32'),
  many(5, 'profile', 'string'),
  one(7, 'passive', 'bool'),
  one(9, 'host_policy', 'string'),
)

const ModelTensorReshape = message('inference.ModelTensorReshape', many(1, 'shape', 'int64'))

const Format = enumeration('inference.ModelInput.Format', { FORMAT_NONE: 0, FORMAT_NHWC: 1, FORMAT_NCHW: 2 })

const ModelInput = message(
  'inference.ModelInput',
  one(1, 'name', 'string'),
  one(2, 'data_type', DataType),
  one(3, 'format', Format),
  many(4, 'dims', 'int64'),
  one(5, 'reshape', ModelTensorReshape),
  one(6, 'is_shape_tensor', 'bool'),
  one(7, 'allow_ragged_batch', 'bool'),
  one(8, 'optional', 'bool'),
  one(9, 'is_non_linear_format_io', 'bool'),
)

const ModelOutput = message(
  'inference.ModelOutput',
  one(1, 'name', 'string'),
  one(2, 'data_type', DataType),
  many(3, 'dims', 'int64'),
  one(4, 'label_filename', 'string'),
  one(5, 'reshape', ModelTensorReshape),
  one(6, 'is_shape_tensor', 'bool'),
  one(7, 'is_non_linear_format_io', 'bool'),
)

const Latest = message('inference.ModelVersionPolicy.Latest', one(1, 'num_versions', 'uint32'))
const All = message('inference.ModelVersionPolicy.All')
const Specific = message('inference.ModelVersionPolicy.Specific', many(1, 'versions', 'int64'))
const ModelVersionPolicy = message(
  'inference.ModelVersionPolicy',
  ...choice('policy_choice', one(1, 'latest', Latest), one(2, 'all', All), one(3, 'specific', Specific)),
)

const TimeoutAction = enumeration('inference.ModelQueuePolicy.TimeoutAction', { REJECT: 0, DELAY: 1 })
const ModelQueuePolicy = message(
  'inference.ModelQueuePolicy',
  one(1, 'timeout_action', TimeoutAction),
  one(2, 'default_timeout_microseconds', 'uint64'),
  one(3, 'allow_timeout_override', 'bool'),
  one(4, 'max_queue_size', 'uint32'),
)

const ModelDynamicBatching = message(
  'inference.ModelDynamicBatching',
  many(1, 'preferred_batch_size', 'int32'),
  one(2, 'max_queue_delay_microseconds', 'uint64'),
  one(3, 'preserve_ordering', 'bool'),
  one(4, 'priority_levels', 'uint64'),
  one(5, 'default_priority_level', 'uint64'),
  one(6, 'default_queue_policy', ModelQueuePolicy),
  map(7, 'priority_queue_policy', 'uint64', ModelQueuePolicy),
)

const ModelSequenceBatching = message(
  'inference.ModelSequenceBatching',
  one(1, 'max_sequence_idle_microseconds', 'uint64'),
  one(6, 'iterative_sequence', 'bool'),
)

const Step = message(
  'inference.ModelEnsembling.Step',
  one(1, 'model_name', 'string'),
  one(2, 'model_version', 'int64'),
  map(3, 'input_map', 'string', 'string'),
  map(4, 'output_map', 'string', 'string'),
  one(5, 'model_namespace', 'string'),
)
const ModelEnsembling = message(
  'inference.ModelEnsembling',
  many(1, 'step', Step),
  one(2, 'max_inflight_requests', 'uint32'),
)

const ModelParameter = message('inference.ModelParameter', one(1, 'string_value', 'string'))

const WarmupInput = message(
  'inference.ModelWarmup.Input',
  one(1, 'data_type', DataType),
  many(2, 'dims', 'int64'),
  ...choice(
    'input_data_type',
    one(3, 'zero_data', 'bool'),
    one(4, 'random_data', 'bool'),
    one(5, 'input_data_file', 'string'),
  ),
)
const ModelWarmup = message(
  'inference.ModelWarmup',
  one(1, 'name', 'string'),
  one(2, 'batch_size', 'uint32'),
  map(3, 'inputs', 'string', WarmupInput),
  one(4, 'count', 'uint32'),
)

const ModelTransactionPolicy = message('inference.ModelTransactionPolicy', one(1, 'decoupled', 'bool'))
const ModelResponseCache = message('inference.ModelResponseCache', one(1, 'enable', 'bool'))

/** A model's configuration: what of it says something of a model here. Clients pass over the fields that are absent. */
export const ModelConfig = message(
  'inference.ModelConfig',
  one(1, 'name', 'string'),
  one(2, 'platform', 'string'),
  one(17, 'backend', 'string'),
  one(25, 'runtime', 'string'),
  one(3, 'version_policy', ModelVersionPolicy),
  one(4, 'max_batch_size', 'int32'),
  many(5, 'input', ModelInput),
  many(6, 'output', ModelOutput),
  ...choice(
    'scheduling_choice',
    one(11, 'dynamic_batching', ModelDynamicBatching),
    one(13, 'sequence_batching', ModelSequenceBatching),
    one(15, 'ensemble_scheduling', ModelEnsembling),
  ),
  many(7, 'instance_group', ModelInstanceGroup),
  one(8, 'default_model_filename', 'string'),
  map(9, 'cc_model_filenames', 'string', 'string'),
  map(10, 'metric_tags', 'string', 'string'),
  map(14, 'parameters', 'string', ModelParameter),
  many(16, 'model_warmup', ModelWarmup),
  one(19, 'model_transaction_policy', ModelTransactionPolicy),
  one(24, 'response_cache', ModelResponseCache),
)

/** @see Triton's protobuf `model_config.proto` */
export const modelConfigFile: ProtoFile = {
  name: 'model_config.proto',
  package: 'inference',
  dependencies: [],
  types: [
    DataType,
    ModelInstanceGroup,
    Kind,
    ModelTensorReshape,
    ModelInput,
    Format,
    ModelOutput,
    ModelVersionPolicy,
    Latest,
    All,
    Specific,
    ModelQueuePolicy,
    TimeoutAction,
    ModelDynamicBatching,
    ModelSequenceBatching,
    ModelEnsembling,
    Step,
    ModelParameter,
    ModelWarmup,
    WarmupInput,
    ModelTransactionPolicy,
    ModelResponseCache,
    ModelConfig,
  ],
  services: [],
}
