import type { Server } from 'node:net'
import { setImmediate } from 'node:timers/promises'

/** Turns of the event loop in which a draining host accepts, however many clients come. */
const MOST_ACCEPT_TURNS = 100

/**
 * Accepts the connections that the system has made and we have not taken yet: closing would cut them.
 * @returns after a turn of the event loop in which none came
 */
export async function takeWaiting(server: Server): Promise<void> {
  let taken = 0
  const count = () => taken++
  server.on('connection', count)
  for (let turn = 0, before = -1; turn < 2 || (taken > before && turn < MOST_ACCEPT_TURNS); turn++) {
    before = taken
    await setImmediate()
  }
  server.off('connection', count)
}
