import { ServingError } from '../../core/errors.ts'
import type { Environment } from '../environment.ts'

/** A queue before something that only so many may use at once: first come, first served. */
export class Turns {
  readonly #environment: Environment
  readonly #waiting: { readonly start: () => void }[] = []
  #free: number

  constructor(environment: Environment, atOnce: number) {
    this.#environment = environment
    this.#free = atOnce
  }

  /**
   * Runs work when it is its turn.
   * @param deadline on the clock that never goes back: waiting ends there
   * @throws {ServingError} `unavailable` when the turn did not come until then
   */
  async take<T>(deadline: number, work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await this.#wait(deadline)
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next.start()
    }
  }

  /** Resolves when a turn was handed over. */
  async #wait(deadline: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiting = { start: resolve }
    this.#waiting.push(waiting)
    const hasStarted = new AbortController()
    let isLate = false
    const tooLate = this.#environment
      .sleep(Math.max(0, deadline - this.#environment.now()), hasStarted.signal)
      .then(() => {
        isLate = !hasStarted.signal.aborted
      })
    await Promise.race([promise, tooLate])
    const place = this.#waiting.indexOf(waiting)
    if (isLate && place >= 0) {
      this.#waiting.splice(place, 1)
      throw new ServingError('unavailable', 'the database is busy: others have waited for it as long; try again', {
        details: { reason: 'store' },
      })
    }
    hasStarted.abort()
  }
}
