import { ServingError } from '../../core/errors.ts'
import { hideKeys } from '../../core/text.ts'
import type { OnOutput } from './events.ts'

/** Lines that are kept with a failure, and most characters of each. */
const MOST_LINES = 20
const MOST_CHARACTERS = 1000

/**
 * Keeps the last lines that code prints while it is loaded: should that fail, they stand in `details.logTail`.
 * @param onOutput told of each line too
 * @throws {ServingError} what the work throws
 */
export async function withLoadTail<Result>(
  onOutput: OnOutput | undefined,
  work: (onOutput: OnOutput | undefined) => Promise<Result>,
): Promise<Result> {
  if (onOutput === undefined) return work(undefined)
  let lines: string[] | undefined = []
  try {
    return await work((file, text, from) => {
      lines?.push(hideKeys(text).slice(0, MOST_CHARACTERS))
      lines?.splice(0, lines.length - MOST_LINES)
      onOutput(file, text, from)
    })
  } catch (thrown) {
    const error = ServingError.from(thrown)
    if (lines.length === 0) throw error
    const { code, message, cause, details } = error
    throw new ServingError(code, message, { cause, details: { ...details, logTail: lines } })
  } finally {
    lines = undefined
  }
}
