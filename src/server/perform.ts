import { ServingError } from '../core/errors.ts'

/** Does a piece of work, and gives whoever asked what came of it. */
export type Perform = <T>(work: () => Promise<T>) => Promise<T>

/**
 * Work that somebody waits for, among what a process does by itself. Nobody waits beyond the end.
 * @param add has work done when it is its turn, or never
 * @param end from then on, whoever waits is told that the server ends (`unavailable`), and nothing is added
 */
export function createPerform(add: (work: () => Promise<void>) => void, end: AbortSignal): Perform {
  const waiting = new Set<(error: ServingError) => void>()
  end.addEventListener('abort', () => {
    for (const reject of waiting) reject(isEnding())
  })

  return async function perform<T>(work: () => Promise<T>): Promise<T> {
    if (end.aborted) throw isEnding()
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    waiting.add(reject)
    add(() => work().then(resolve, reject))
    try {
      return await promise
    } finally {
      waiting.delete(reject)
    }
  }
}

function isEnding(): ServingError {
  return new ServingError('unavailable', 'the server is ending')
}
