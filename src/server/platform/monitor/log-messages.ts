import type { LogLine } from '../../../api/api-types.ts'

/** A line for the log of an endpoint, on its way from a runner to control: see `linkToControl`. */
export interface EndpointLogMessage extends Pick<LogLine, 'level' | 'variant' | 'source' | 'message' | 'fields'> {
  readonly type: 'log'
  readonly project: string
  readonly endpoint: string
}
