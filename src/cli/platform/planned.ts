import type { EndpointPlan } from '../../api/api-types.ts'
import { ServingError } from '../../core/errors.ts'
import type { WantedDocument } from './documents.ts'

/** What one document would do, and how to do it. */
export interface Planned {
  readonly kind: WantedDocument['kind']
  readonly project: string
  readonly name: string
  readonly effect: EndpointPlan['effect']
  readonly summary: string
  readonly changes: EndpointPlan['changes']
  /** What a person should know before it is done. */
  readonly warnings?: readonly string[] | undefined
  /**
   * @param isDetached whether nothing is waited for that need not be
   * @returns the revision of an endpoint that it made
   */
  readonly apply: (isDetached: boolean) => Promise<number | undefined>
}

/** Undefined for what is not there. */
export async function unlessMissing<T>(found: Promise<T>): Promise<T | undefined> {
  return found.catch((error: unknown) => {
    if (error instanceof ServingError && error.code === 'not_found') return undefined
    throw error
  })
}
