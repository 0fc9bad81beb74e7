import type { Client } from '../../client/client.ts'
import { ServingError } from '../../core/errors.ts'

/** How long the platform holds a question for events before what is watched is looked at anyway (s). */
const HOLD_S = 1

/** Pause between looks of somebody who may not read events (ms). */
const PAUSE_MS = 250

/** Tells when something has happened in a project. */
export interface Watch {
  /** Resolves once something was said since the call before, after about a second at the latest. */
  next(): Promise<void>
}

/** Begins to watch a project: what happens from now on is not missed. */
export async function beginWatch(client: Client, project: string, signal: AbortSignal): Promise<Watch> {
  let after = await ask(-1, 0)
  return {
    async next() {
      if (after === undefined) await pause(PAUSE_MS, signal)
      else after = await ask(after, HOLD_S)
    },
  }

  async function ask(since: number, wait: number): Promise<number | undefined> {
    try {
      const query = { after: since, wait, limit: 1000 }
      return (await client.call('listEvents', { params: { project }, query, signal })).after
    } catch (error) {
      if (error instanceof ServingError && error.code === 'permission_denied') return undefined
      throw error
    }
  }
}

/** @throws {ServingError} when the signal aborts */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      if (signal.aborted) reject(ServingError.from(signal.reason))
      else resolve()
    }
  })
}
