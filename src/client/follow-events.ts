import type { Followed, LogLine } from '../api/api-types.ts'
import type { PlatformEvent } from '../api/resources.ts'
import type { Client } from './client.ts'

interface Following {
  readonly project: string
  /** Only what came after this `seq`; 0 for all that is kept, -1 for what comes from now on. */
  readonly after: number
  readonly signal?: AbortSignal | undefined
}

export interface FollowEvents extends Following {
  readonly kind?: PlatformEvent['kind'] | undefined
  /** Of the resource. */
  readonly name?: string | undefined
}

export interface FollowLogs extends Following {
  readonly endpoint: string
}

/** Longest that the platform holds a question for more (s). */
const WAIT_S = 25

/**
 * Events as they come, oldest first, without an end: by questions that the platform holds until there is something.
 * A platform that restarts in between is waited for; no event is told twice or left out.
 * @throws {ServingError} as `call`
 */
export function followEvents(
  client: Client,
  { project, after, kind, name, signal }: FollowEvents,
): AsyncGenerator<PlatformEvent, never> {
  return follow(after, (query) =>
    client.call('listEvents', { params: { project }, query: { ...query, kind, name }, signal }),
  )
}

/** The same of what an endpoint, and the processes that serve it, say. */
export function followLogs(
  client: Client,
  { project, endpoint, after, signal }: FollowLogs,
): AsyncGenerator<LogLine, never> {
  return follow(after, (query) => client.call('listLogs', { params: { project, endpoint }, query, signal }))
}

async function* follow<T>(
  begin: number,
  ask: (query: { readonly after: number; readonly wait: number; readonly limit: number }) => Promise<Followed<T>>,
): AsyncGenerator<T, never> {
  for (let after = begin; ;) {
    const found = await ask({ after, wait: WAIT_S, limit: 1000 })
    yield* found.items
    after = found.after
  }
}
