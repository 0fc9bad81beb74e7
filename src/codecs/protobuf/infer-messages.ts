import { choice, many, map, message, one } from './schema.ts'

export const InferParameter = message(
  'inference.InferParameter',
  ...choice(
    'parameter_choice',
    one(1, 'bool_param', 'bool'),
    one(2, 'int64_param', 'int64'),
    one(3, 'string_param', 'string'),
    one(4, 'double_param', 'double'),
    one(5, 'uint64_param', 'uint64'),
  ),
)

export const InferTensorContents = message(
  'inference.InferTensorContents',
  many(1, 'bool_contents', 'bool'),
  many(2, 'int_contents', 'int32'),
  many(3, 'int64_contents', 'int64'),
  many(4, 'uint_contents', 'uint32'),
  many(5, 'uint64_contents', 'uint64'),
  many(6, 'fp32_contents', 'float'),
  many(7, 'fp64_contents', 'double'),
  many(8, 'bytes_contents', 'bytes'),
)

const tensor = (name: string) =>
  message(
    `inference.${name}`,
    one(1, 'name', 'string'),
    one(2, 'datatype', 'string'),
    many(3, 'shape', 'int64'),
    map(4, 'parameters', 'string', InferParameter),
    one(5, 'contents', InferTensorContents),
  )

export const InferInputTensor = tensor('ModelInferRequest.InferInputTensor')
export const InferOutputTensor = tensor('ModelInferResponse.InferOutputTensor')
export const InferRequestedOutputTensor = message(
  'inference.ModelInferRequest.InferRequestedOutputTensor',
  one(1, 'name', 'string'),
  map(2, 'parameters', 'string', InferParameter),
)

export const ModelInferRequest = message(
  'inference.ModelInferRequest',
  one(1, 'model_name', 'string'),
  one(2, 'model_version', 'string'),
  one(3, 'id', 'string'),
  map(4, 'parameters', 'string', InferParameter),
  many(5, 'inputs', InferInputTensor),
  many(6, 'outputs', InferRequestedOutputTensor),
  many(7, 'raw_input_contents', 'bytes'),
)

export const ModelInferResponse = message(
  'inference.ModelInferResponse',
  one(1, 'model_name', 'string'),
  one(2, 'model_version', 'string'),
  one(3, 'id', 'string'),
  map(4, 'parameters', 'string', InferParameter),
  many(5, 'outputs', InferOutputTensor),
  many(6, 'raw_output_contents', 'bytes'),
)

export const ModelStreamInferResponse = message(
  'inference.ModelStreamInferResponse',
  one(1, 'error_message', 'string'),
  one(2, 'infer_response', ModelInferResponse),
)
