import { ServingError, type ErrorCode } from '../core/errors.ts'
import { expanded, isSameState, keeping, switched, without, type Models } from './desired-state.ts'
import type { Fleet } from './fleet.ts'
import type { Failure, ModelOutcome } from './settings.ts'
import type { WorkerPool } from './worker-pool.ts'

/** What is served, and how it becomes something else. */
export interface Rollout {
  /** The state that every runner is brought to. */
  readonly current: Models
  /** The first state. Which model fails is said by the runners, which then do not start. @throws {ServingError} */
  begin(models: Models): Promise<void>
  /**
   * Goes from what is served to something else, while all is answered. A model of which one version cannot be loaded by
   * one process stays what it was, in all of them.
   * @returns why models stay what they were, by name
   */
  change(next: Models): Promise<ReadonlyMap<string, ServingError>>
}

/** @param workers where models run in processes of their own */
export function createRollout(fleet: Pick<Fleet, 'apply'>, workers?: Pick<WorkerPool, 'provide' | 'retain'>): Rollout {
  let current: Models = []

  /** The models with the processes that they run in. */
  async function provide(next: Models, failures: Map<string, ServingError>): Promise<Models> {
    if (workers === undefined) return next
    const provided = await workers.provide(next)
    for (const [name, error] of provided.failures) failures.set(name, error)
    return keeping(current, provided.models, new Set(failures.keys()))
  }

  /** Why models could not be loaded; when a runner died of it, nobody knows of which, and none of the new ones is tried again. */
  function judge(failed: readonly ModelOutcome[], hasDied: boolean, fresh: Models): Map<string, ServingError> {
    const died = new ServingError('unavailable', 'a process died while it loaded the new models')
    const failures = new Map(hasDied ? fresh.map(({ name }) => [name, died]) : [])
    for (const { name, failure } of failed) if (failure !== undefined) failures.set(name, errorOf(failure))
    return failures
  }

  return {
    get current() {
      return current
    },
    async begin(models) {
      const failures = new Map<string, ServingError>()
      current = await provide(models, failures)
      const [error] = failures.values()
      if (error !== undefined) throw error
      await fleet.apply(current)
    },
    async change(found) {
      const old = current
      const failures = new Map<string, ServingError>()
      let next = await provide(found, failures)
      if (!isSameState(old, next)) {
        const { failed, hasDied } = await fleet.apply(expanded(old, next))
        for (const [name, error] of judge(failed, hasDied, without(next, old))) failures.set(name, error)
        next = keeping(old, next, new Set(failures.keys()))
        await fleet.apply(switched(old, next))
        // those who hold a model for others let go of it last
        await fleet.apply(switched(old, next), without(old, next))
        await fleet.apply(next)
      } else {
        // a runner that was restarted may lack what the others hold: whoever has all of it has nothing to do
        const { failed } = await fleet.apply(next)
        for (const [name, error] of judge(failed, false, [])) failures.set(name, error)
      }
      current = next
      workers?.retain(next)
      return failures
    },
  }
}

function errorOf({ code, message, details }: Failure): ServingError {
  return new ServingError(code as ErrorCode, message, { details })
}
