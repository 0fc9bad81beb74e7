import type { LocalPlane } from '../local-plane.ts'
import type { Endpoint } from './endpoint.ts'
import type { KeyCounts } from './key-counts.ts'
import type { RetryBudget } from './retry-budget.ts'
import type { Shadows } from './shadow.ts'
import type { EndpointPlaneOptions } from './types.ts'

/** What every request of an endpoint plane looks at. */
export interface PlaneState {
  readonly plane: LocalPlane
  /** Of the table that is followed, by name. */
  endpoints: ReadonlyMap<string, Endpoint>
  /** Their names, sorted. */
  names: readonly string[]
  readonly shadows: Shadows
  readonly retries: RetryBudget
  readonly keys: KeyCounts
  readonly observe: EndpointPlaneOptions['observe']
  readonly now: () => number
  readonly random: () => number
}
