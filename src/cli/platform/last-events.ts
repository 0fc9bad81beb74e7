import type { Followed } from '../../api/api-types.ts'
import type { PlatformEvent } from '../../api/resources.ts'
import type { Client } from '../../client/client.ts'

export interface LastEvents {
  readonly project: string
  readonly kind?: PlatformEvent['kind'] | undefined
  readonly name?: string | undefined
  /** Most of them. */
  readonly limit: number
  readonly signal: AbortSignal
}

/** The last events that fit, oldest first; `after` is where what comes next goes on. */
export function lastEvents(
  client: Client,
  { project, kind, name, limit, signal }: LastEvents,
): Promise<Followed<PlatformEvent>> {
  return lastOf(limit, (after, most) => {
    const query = { after, limit: most, kind, name }
    return client.call('listEvents', { params: { project }, query, signal })
  })
}

/** Lines on one page. */
const PAGE = 1000

/**
 * The last lines of a list that can only be read forward: from a place so many numbers before its end, which goes back
 * tenfold until there are enough (numbers are shared with lines that do not fit).
 * @param ask for lines after a number; after -1 for none, and the number that the list has come to. `isFull` tells whether there
 *   may be more of them, where some of a page are left out
 */
export async function lastOf<T>(
  limit: number,
  ask: (after: number, most: number) => Promise<Followed<T> & { readonly isFull?: boolean }>,
): Promise<Followed<T>> {
  const { after: end } = await ask(-1, 1)
  for (let back = Math.max(limit, 100); ; back *= 10) {
    const start = Math.max(0, end - back)
    const items: T[] = []
    let after = start
    for (;;) {
      const page = await ask(after, PAGE)
      items.push(...page.items)
      if (items.length > 2 * limit + PAGE) items.splice(0, items.length - limit)
      const isEnd = !(page.isFull ?? page.items.length >= PAGE) || page.after <= after
      after = Math.max(after, page.after)
      if (isEnd) break
    }
    if (items.length >= limit || start === 0) return { items: items.slice(-limit), after }
  }
}
