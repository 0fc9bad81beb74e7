import { ServingError } from './errors.ts'

/** The `ServingError` that something is refused with. @throws what else was thrown, and when nothing was */
export function refusal(run: () => unknown): ServingError {
  try {
    run()
  } catch (error) {
    if (error instanceof ServingError) return error
    throw error
  }
  throw new Error('it was not refused')
}
