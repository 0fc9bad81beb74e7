import type { IndexEntry, LogSettings, TraceChange, TraceSampling } from '../runtime/operations.ts'
import type { Failure } from './settings.ts'

/** What a runner asks of its supervisor on behalf of an operator. Plain data. */
export type Operation =
  | { readonly kind: 'index' }
  | { readonly kind: 'load'; readonly name: string }
  | { readonly kind: 'unload'; readonly name: string }
  | { readonly kind: 'log'; readonly change: Partial<LogSettings> | undefined }
  | { readonly kind: 'trace'; readonly model: string | undefined; readonly change: TraceChange | undefined }

/** What comes of each. */
export interface OperationResults {
  readonly index: readonly IndexEntry[]
  readonly load: undefined
  readonly unload: undefined
  readonly log: LogSettings
  readonly trace: TraceSampling
}

export type OperationResult = OperationResults[Operation['kind']]

/** The supervisor's word on an operation: what came of it, or why nothing did. */
export type OperationAnswer = { readonly result: OperationResult } | { readonly failure: Failure }

/** What every runner logs and traces. Plain data. */
export interface Observing {
  readonly log: LogSettings
  readonly traces: TraceSettingsOfAll
}

/** What is traced: of models that are not named, and of those that are. */
export interface TraceSettingsOfAll {
  readonly all: TraceSampling
  readonly models: Readonly<Record<string, TraceSampling>>
}
