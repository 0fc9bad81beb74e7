import type { PlatformEvent } from '../api/resources.ts'
import type { Client } from './client.ts'

export interface FollowEvents {
  readonly project: string
  /** Only what came after this `seq`; 0 for all that is kept, -1 for what comes from now on. */
  readonly after: number
  readonly kind?: PlatformEvent['kind'] | undefined
  /** Of the resource. */
  readonly name?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** Longest that the platform holds a question for events (s). */
const WAIT_S = 25

/**
 * Events as they come, oldest first, without an end: by questions that the platform holds until there is something.
 * A platform that restarts in between is waited for; no event is told twice or left out.
 * @throws {ServingError} as `call`
 */
export async function* followEvents(
  client: Client,
  { project, after, kind, name, signal }: FollowEvents,
): AsyncGenerator<PlatformEvent, never> {
  let seq = after
  for (;;) {
    const query = { after: seq, wait: WAIT_S, limit: 1000, kind, name }
    const found = await client.call('listEvents', { params: { project }, query, signal })
    yield* found.items
    seq = found.after
  }
}
