import { many, map, message, one } from './schema.ts'

export const StatisticDuration = message(
  'inference.StatisticDuration',
  one(1, 'count', 'uint64'),
  one(2, 'ns', 'uint64'),
)

export const InferStatistics = message(
  'inference.InferStatistics',
  one(1, 'success', StatisticDuration),
  one(2, 'fail', StatisticDuration),
  one(3, 'queue', StatisticDuration),
  one(4, 'compute_input', StatisticDuration),
  one(5, 'compute_infer', StatisticDuration),
  one(6, 'compute_output', StatisticDuration),
  one(7, 'cache_hit', StatisticDuration),
  one(8, 'cache_miss', StatisticDuration),
)

export const InferResponseStatistics = message(
  'inference.InferResponseStatistics',
  one(1, 'compute_infer', StatisticDuration),
  one(2, 'compute_output', StatisticDuration),
  one(3, 'success', StatisticDuration),
  one(4, 'fail', StatisticDuration),
  one(5, 'empty_response', StatisticDuration),
  one(6, 'cancel', StatisticDuration),
)

export const InferBatchStatistics = message(
  'inference.InferBatchStatistics',
  one(1, 'batch_size', 'uint64'),
  one(2, 'compute_input', StatisticDuration),
  one(3, 'compute_infer', StatisticDuration),
  one(4, 'compute_output', StatisticDuration),
)

export const MemoryUsage = message(
  'inference.MemoryUsage',
  one(1, 'type', 'string'),
  one(2, 'id', 'int64'),
  one(3, 'byte_size', 'uint64'),
)

export const ModelStatistics = message(
  'inference.ModelStatistics',
  one(1, 'name', 'string'),
  one(2, 'version', 'string'),
  one(3, 'last_inference', 'uint64'),
  one(4, 'inference_count', 'uint64'),
  one(5, 'execution_count', 'uint64'),
  one(6, 'inference_stats', InferStatistics),
  many(7, 'batch_stats', InferBatchStatistics),
  many(8, 'memory_usage', MemoryUsage),
  map(9, 'response_stats', 'string', InferResponseStatistics),
)

export const ModelStatisticsRequest = message(
  'inference.ModelStatisticsRequest',
  one(1, 'name', 'string'),
  one(2, 'version', 'string'),
)
export const ModelStatisticsResponse = message(
  'inference.ModelStatisticsResponse',
  many(1, 'model_stats', ModelStatistics),
)
