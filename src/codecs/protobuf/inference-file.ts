import {
  InferInputTensor,
  InferOutputTensor,
  InferParameter,
  InferRequestedOutputTensor,
  InferTensorContents,
  ModelInferRequest,
  ModelInferResponse,
  ModelStreamInferResponse,
} from './infer-messages.ts'
import { ModelConfig, modelConfigFile } from './model-config-file.ts'
import { choice, many, map, message, one, unary, type Field, type ProtoFile } from './schema.ts'
import {
  InferBatchStatistics,
  InferResponseStatistics,
  InferStatistics,
  MemoryUsage,
  ModelStatistics,
  ModelStatisticsRequest,
  ModelStatisticsResponse,
  StatisticDuration,
} from './statistics-messages.ts'

/** Requests for nothing, and answers without anything. */
const empty = (name: string) => message(`inference.${name}`)
/** Requests that name a model and perhaps a version. */
const ofModel = (name: string) => message(`inference.${name}`, one(1, 'name', 'string'), one(2, 'version', 'string'))
/** Requests that name one thing. */
const named = (name: string) => message(`inference.${name}`, one(1, 'name', 'string'))

export const ServerLiveRequest = empty('ServerLiveRequest')
export const ServerLiveResponse = message('inference.ServerLiveResponse', one(1, 'live', 'bool'))
export const ServerReadyRequest = empty('ServerReadyRequest')
export const ServerReadyResponse = message('inference.ServerReadyResponse', one(1, 'ready', 'bool'))
export const ModelReadyRequest = ofModel('ModelReadyRequest')
export const ModelReadyResponse = message('inference.ModelReadyResponse', one(1, 'ready', 'bool'))

export const ServerMetadataRequest = empty('ServerMetadataRequest')
export const ServerMetadataResponse = message(
  'inference.ServerMetadataResponse',
  one(1, 'name', 'string'),
  one(2, 'version', 'string'),
  many(3, 'extensions', 'string'),
)

const TensorMetadata = message(
  'inference.ModelMetadataResponse.TensorMetadata',
  one(1, 'name', 'string'),
  one(2, 'datatype', 'string'),
  many(3, 'shape', 'int64'),
)
export const ModelMetadataRequest = ofModel('ModelMetadataRequest')
export const ModelMetadataResponse = message(
  'inference.ModelMetadataResponse',
  one(1, 'name', 'string'),
  many(2, 'versions', 'string'),
  one(3, 'platform', 'string'),
  many(4, 'inputs', TensorMetadata),
  many(5, 'outputs', TensorMetadata),
  map(6, 'properties', 'string', 'string'),
)

export const ModelConfigRequest = ofModel('ModelConfigRequest')
export const ModelConfigResponse = message('inference.ModelConfigResponse', one(1, 'config', ModelConfig))

const ModelRepositoryParameter = message(
  'inference.ModelRepositoryParameter',
  ...choice(
    'parameter_choice',
    one(1, 'bool_param', 'bool'),
    one(2, 'int64_param', 'int64'),
    one(3, 'string_param', 'string'),
    one(4, 'bytes_param', 'bytes'),
  ),
)
const ModelIndex = message(
  'inference.RepositoryIndexResponse.ModelIndex',
  one(1, 'name', 'string'),
  one(2, 'version', 'string'),
  one(3, 'state', 'string'),
  one(4, 'reason', 'string'),
)
export const RepositoryIndexRequest = message(
  'inference.RepositoryIndexRequest',
  one(1, 'repository_name', 'string'),
  one(2, 'ready', 'bool'),
)
export const RepositoryIndexResponse = message('inference.RepositoryIndexResponse', many(1, 'models', ModelIndex))

/** What loading and unloading a model both say. */
const repositoryFields: readonly Field[] = [
  one(1, 'repository_name', 'string'),
  one(2, 'model_name', 'string'),
  map(3, 'parameters', 'string', ModelRepositoryParameter),
]
export const RepositoryModelLoadRequest = message('inference.RepositoryModelLoadRequest', ...repositoryFields)
export const RepositoryModelLoadResponse = empty('RepositoryModelLoadResponse')
export const RepositoryModelUnloadRequest = message('inference.RepositoryModelUnloadRequest', ...repositoryFields)
export const RepositoryModelUnloadResponse = empty('RepositoryModelUnloadResponse')

const SystemRegion = message(
  'inference.SystemSharedMemoryStatusResponse.RegionStatus',
  one(1, 'name', 'string'),
  one(2, 'key', 'string'),
  one(3, 'offset', 'uint64'),
  one(4, 'byte_size', 'uint64'),
)
export const SystemSharedMemoryStatusRequest = named('SystemSharedMemoryStatusRequest')
export const SystemSharedMemoryStatusResponse = message(
  'inference.SystemSharedMemoryStatusResponse',
  map(1, 'regions', 'string', SystemRegion),
)
export const SystemSharedMemoryRegisterRequest = message(
  'inference.SystemSharedMemoryRegisterRequest',
  ...SystemRegion.fields,
)
export const SystemSharedMemoryRegisterResponse = empty('SystemSharedMemoryRegisterResponse')
export const SystemSharedMemoryUnregisterRequest = named('SystemSharedMemoryUnregisterRequest')
export const SystemSharedMemoryUnregisterResponse = empty('SystemSharedMemoryUnregisterResponse')

const CudaRegion = message(
  'inference.CudaSharedMemoryStatusResponse.RegionStatus',
  one(1, 'name', 'string'),
  one(2, 'device_id', 'uint64'),
  one(3, 'byte_size', 'uint64'),
)
export const CudaSharedMemoryStatusRequest = named('CudaSharedMemoryStatusRequest')
export const CudaSharedMemoryStatusResponse = message(
  'inference.CudaSharedMemoryStatusResponse',
  map(1, 'regions', 'string', CudaRegion),
)
export const CudaSharedMemoryRegisterRequest = message(
  'inference.CudaSharedMemoryRegisterRequest',
  one(1, 'name', 'string'),
  one(2, 'raw_handle', 'bytes'),
  one(3, 'device_id', 'int64'),
  one(4, 'byte_size', 'uint64'),
)
export const CudaSharedMemoryRegisterResponse = empty('CudaSharedMemoryRegisterResponse')
export const CudaSharedMemoryUnregisterRequest = named('CudaSharedMemoryUnregisterRequest')
export const CudaSharedMemoryUnregisterResponse = empty('CudaSharedMemoryUnregisterResponse')

const traceSetting = (of: string) => message(`inference.${of}.SettingValue`, many(1, 'value', 'string'))
const TraceSettingAsked = traceSetting('TraceSettingRequest')
const TraceSettingTold = traceSetting('TraceSettingResponse')
export const TraceSettingRequest = message(
  'inference.TraceSettingRequest',
  map(1, 'settings', 'string', TraceSettingAsked),
  one(2, 'model_name', 'string'),
)
export const TraceSettingResponse = message(
  'inference.TraceSettingResponse',
  map(1, 'settings', 'string', TraceSettingTold),
)

const logSetting = (of: string) =>
  message(
    `inference.${of}.SettingValue`,
    ...choice(
      'parameter_choice',
      one(1, 'bool_param', 'bool'),
      one(2, 'uint32_param', 'uint32'),
      one(3, 'string_param', 'string'),
    ),
  )
const LogSettingAsked = logSetting('LogSettingsRequest')
const LogSettingTold = logSetting('LogSettingsResponse')
export const LogSettingsRequest = message('inference.LogSettingsRequest', map(1, 'settings', 'string', LogSettingAsked))
export const LogSettingsResponse = message(
  'inference.LogSettingsResponse',
  map(1, 'settings', 'string', LogSettingTold),
)

/** @see Open Inference Protocol v2, "gRPC"; Triton's protobuf `grpc_service.proto` */
export const inferenceFile: ProtoFile = {
  name: 'grpc_service.proto',
  package: 'inference',
  dependencies: [modelConfigFile],
  types: [
    ServerLiveRequest,
    ServerLiveResponse,
    ServerReadyRequest,
    ServerReadyResponse,
    ModelReadyRequest,
    ModelReadyResponse,
    ServerMetadataRequest,
    ServerMetadataResponse,
    ModelMetadataRequest,
    ModelMetadataResponse,
    TensorMetadata,
    InferParameter,
    InferTensorContents,
    ModelInferRequest,
    InferInputTensor,
    InferRequestedOutputTensor,
    ModelInferResponse,
    InferOutputTensor,
    ModelStreamInferResponse,
    ModelConfigRequest,
    ModelConfigResponse,
    ModelStatisticsRequest,
    StatisticDuration,
    InferStatistics,
    InferResponseStatistics,
    InferBatchStatistics,
    MemoryUsage,
    ModelStatistics,
    ModelStatisticsResponse,
    ModelRepositoryParameter,
    RepositoryIndexRequest,
    RepositoryIndexResponse,
    ModelIndex,
    RepositoryModelLoadRequest,
    RepositoryModelLoadResponse,
    RepositoryModelUnloadRequest,
    RepositoryModelUnloadResponse,
    SystemSharedMemoryStatusRequest,
    SystemSharedMemoryStatusResponse,
    SystemRegion,
    SystemSharedMemoryRegisterRequest,
    SystemSharedMemoryRegisterResponse,
    SystemSharedMemoryUnregisterRequest,
    SystemSharedMemoryUnregisterResponse,
    CudaSharedMemoryStatusRequest,
    CudaSharedMemoryStatusResponse,
    CudaRegion,
    CudaSharedMemoryRegisterRequest,
    CudaSharedMemoryRegisterResponse,
    CudaSharedMemoryUnregisterRequest,
    CudaSharedMemoryUnregisterResponse,
    TraceSettingRequest,
    TraceSettingAsked,
    TraceSettingResponse,
    TraceSettingTold,
    LogSettingsRequest,
    LogSettingAsked,
    LogSettingsResponse,
    LogSettingTold,
  ],
  services: [
    {
      name: 'inference.GRPCInferenceService',
      methods: [
        unary('ServerLive', ServerLiveRequest, ServerLiveResponse),
        unary('ServerReady', ServerReadyRequest, ServerReadyResponse),
        unary('ModelReady', ModelReadyRequest, ModelReadyResponse),
        unary('ServerMetadata', ServerMetadataRequest, ServerMetadataResponse),
        unary('ModelMetadata', ModelMetadataRequest, ModelMetadataResponse),
        unary('ModelInfer', ModelInferRequest, ModelInferResponse),
        {
          ...unary('ModelStreamInfer', ModelInferRequest, ModelStreamInferResponse),
          isClientStreaming: true,
          isServerStreaming: true,
        },
        unary('ModelConfig', ModelConfigRequest, ModelConfigResponse),
        unary('ModelStatistics', ModelStatisticsRequest, ModelStatisticsResponse),
        unary('RepositoryIndex', RepositoryIndexRequest, RepositoryIndexResponse),
        unary('RepositoryModelLoad', RepositoryModelLoadRequest, RepositoryModelLoadResponse),
        unary('RepositoryModelUnload', RepositoryModelUnloadRequest, RepositoryModelUnloadResponse),
        unary('SystemSharedMemoryStatus', SystemSharedMemoryStatusRequest, SystemSharedMemoryStatusResponse),
        unary('SystemSharedMemoryRegister', SystemSharedMemoryRegisterRequest, SystemSharedMemoryRegisterResponse),
        unary(
          'SystemSharedMemoryUnregister',
          SystemSharedMemoryUnregisterRequest,
          SystemSharedMemoryUnregisterResponse,
        ),
        unary('CudaSharedMemoryStatus', CudaSharedMemoryStatusRequest, CudaSharedMemoryStatusResponse),
        unary('CudaSharedMemoryRegister', CudaSharedMemoryRegisterRequest, CudaSharedMemoryRegisterResponse),
        unary('CudaSharedMemoryUnregister', CudaSharedMemoryUnregisterRequest, CudaSharedMemoryUnregisterResponse),
        unary('TraceSetting', TraceSettingRequest, TraceSettingResponse),
        unary('LogSettings', LogSettingsRequest, LogSettingsResponse),
      ],
    },
  ],
}
