import type { MetricType } from './exposition.ts'

/** Every metric: its type and what it says. In the order in which they are written; docs/metrics.md explains them. */
export const CATALOGUE = {
  slipway_requests_total: [
    'counter',
    'Requests answered, by HTTP status. Requests that reached no model have model="".',
  ],
  slipway_request_duration_seconds: ['histogram', 'Time from a whole request to its answer.'],
  slipway_queue_duration_seconds: ['histogram', "Part of a request's time that it waited for its run."],
  slipway_model_duration_seconds: ['histogram', "Part of a request's time that the run took of which it was part."],
  slipway_overhead_duration_seconds: [
    'histogram',
    "Part of a request's time that was neither queue nor model: reading, checking, writing.",
  ],
  slipway_rejected_total: ['counter', 'Requests answered with a failure other than an internal one, by its kind.'],
  slipway_batch_rows: ['histogram', 'Rows that ran together.'],
  slipway_batch_duration_seconds: ['histogram', 'Time of a run.'],
  slipway_rows_total: ['counter', 'Rows that were run with success.'],
  slipway_failed_runs_total: ['counter', 'Runs that failed.'],
  slipway_busy_seconds_total: ['counter', 'Time of all runs; several at once count several times.'],
  slipway_run_slots: ['gauge', 'Runs that may be under way at once.'],
  slipway_saturation_ratio: ['gauge', 'Share of the last few seconds in which the run slots were busy.'],
  slipway_queue_rows: ['gauge', 'Rows that wait for their run.'],
  slipway_runs_in_progress: ['gauge', 'Runs under way.'],
  slipway_requests_in_progress: ['gauge', 'Requests that wait or run.'],
  slipway_model_info: [
    'gauge',
    'Versions that are held, each 1: their engines and whether they run in the tick or off the loop.',
  ],
  slipway_ready_models: ['gauge', 'Versions that are answered for.'],
  slipway_ready_processes: ['gauge', 'Processes that take requests.'],
  slipway_event_loop_delay_seconds: [
    'histogram',
    'How late the event loop was for a timer, sampled a few times a second.',
  ],
  slipway_event_loop_busy_seconds_total: ['counter', 'Time that the event loop of a process was at work.'],
  slipway_spans_exported_total: ['counter', 'Spans that a collector has taken.'],
  slipway_spans_dropped_total: ['counter', 'Spans that were lost: the queue was full, or no collector took them.'],
  slipway_log_lines_dropped_total: ['counter', 'Log lines that were lost because nobody read them fast enough.'],
  slipway_runner_restarts_total: ['counter', 'Runners that ended unasked and were started again.'],
  slipway_runner_deaths_total: [
    'counter',
    'Deaths of runners by a crash, for want of memory or in a hung run, by each version that ran there.',
  ],
  slipway_worker_restarts_total: ['counter', 'Isolated workers that ended unasked and were started again.'],
  process_cpu_seconds_total: ['counter', 'Processor time of a process, user and system.'],
  process_resident_memory_bytes: ['gauge', 'Memory of a process that is in RAM.'],
  process_start_time_seconds: ['gauge', 'When a process started, in seconds since the epoch.'],
} as const satisfies Record<string, readonly [MetricType, help: string]>

export type MetricName = keyof typeof CATALOGUE

/** What runners of the platform (`slipway up`) say besides. */
export const ENDPOINT_CATALOGUE = {
  slipway_endpoint_requests_total: ['counter', 'Requests that reached a variant of an endpoint, by HTTP status.'],
  slipway_endpoint_request_duration_seconds: [
    'histogram',
    'Time from the arrival of a request at its endpoint to its answer, of those that succeeded.',
  ],
  slipway_endpoint_rows_total: ['counter', 'Rows that were answered.'],
  slipway_endpoint_in_flight: ['gauge', 'Requests under way or held, of each variant.'],
  slipway_endpoint_replicas: ['gauge', 'Replicas of each variant: desired, ready, loading, failed.'],
  slipway_cold_starts_total: ['counter', 'Loads that a request waited for.'],
  slipway_shadow_compared_total: ['counter', 'Answers of a shadow that were compared with those that were sent.'],
  slipway_shadow_differed_total: ['counter', 'Answers of a shadow that were not those that were sent.'],
  slipway_shadow_dropped_total: ['counter', 'Copies that a shadow did not get for want of room.'],
  slipway_key_requests_total: [
    'counter',
    'Requests by key and HTTP status. Requests without a valid key, and refused ones, have key="".',
  ],
  slipway_capture_dropped_total: ['counter', 'Captured requests that were lost, by reason.'],
  slipway_endpoint_log_lines_dropped_total: ['counter', 'Lines for the logs of endpoints that were lost.'],
  slipway_rollout_state: ['gauge', "State of each endpoint's last rollout, as a label."],
  slipway_control_up: ['gauge', 'Whether the control process is there: 1 or 0.'],
} as const satisfies Record<string, readonly [MetricType, help: string]>

export type EndpointMetricName = keyof typeof ENDPOINT_CATALOGUE
