import type { Connection } from './connection.ts'

/** A replica, as its clients see it: a socket, and who has been heard there. */
export interface Member<Run> {
  readonly socket: string
  readonly connection: Pick<Connection<Run>, 'isOpen' | 'size'>
  /** A run that has the replica for itself: it waits for the others there to end, or is under way alone. */
  guest: Run | undefined
  /** Runs that it should have answered by now. */
  readonly overdue: Set<Run>
  /** Runs in a row that failed there. */
  failures: number
  restingUntilMs: number
  /** Rests in a row. */
  rests: number
}

/** How long a replica rests at first, and at most: each rest that follows is twice as long as the one before (ms). */
export interface Rest {
  readonly firstMs: number
  readonly mostMs: number
}

/** A replica where this many runs in a row failed, while another has none that did, gets none for a while. */
const MOST_FAILURES = 3
const REST: Rest = { firstMs: 1000, mostMs: 1000 }

export interface Roster<M> {
  /**
   * One with the fewest runs under way, in turn among equals; one that rests only when there is no other.
   * @param but sockets of those that come last of all
   */
  choose(except?: ReadonlySet<M>, but?: ReadonlySet<string>): M | undefined
  /** Notes how a run went. */
  note(member: M, hasFailed: boolean): void
  /** Those that can take a run. */
  readonly usable: number
}

/** Which of the replicas is to run what comes next. */
export function createRoster<M extends Member<unknown>>(
  members: readonly M[],
  now: () => number,
  rest: Rest = REST,
): Roster<M> {
  let turn = 0

  function choose(except?: ReadonlySet<M>, but?: ReadonlySet<string>): M | undefined {
    const time = now()
    let best: M | undefined
    let bestPlace = 0
    for (let i = 0; i < members.length; i++) {
      const place = (turn + i) % members.length
      const member = members[place]
      if (member === undefined || !isUsable(member) || except?.has(member) === true) continue
      if (best !== undefined && !isBetter(member, best, time, but)) continue
      best = member
      bestPlace = place
    }
    if (best !== undefined) turn = bestPlace + 1
    return best
  }

  function note(member: M, hasFailed: boolean): void {
    member.failures = hasFailed ? member.failures + 1 : 0
    if (!hasFailed) member.rests = 0
    if (member.failures < MOST_FAILURES) return
    member.failures = MOST_FAILURES - 1 // after its rest, one more is enough
    const time = now()
    const isHealthy = (other: M) => isUsable(other) && other.restingUntilMs <= time && other.failures === 0
    if (members.some((other) => other !== member && isHealthy(other)))
      member.restingUntilMs = time + Math.min(rest.firstMs * 2 ** member.rests++, rest.mostMs)
  }

  return {
    choose,
    note,
    get usable() {
      return members.filter(isUsable).length
    },
  }
}

function isUsable({ connection, guest, overdue }: Member<unknown>): boolean {
  return connection.isOpen && guest === undefined && overdue.size === 0
}

function isBetter(a: Member<unknown>, b: Member<unknown>, time: number, but?: ReadonlySet<string>): boolean {
  const isLast = but?.has(a.socket) === true
  if (isLast !== (but?.has(b.socket) === true)) return !isLast
  const isResting = a.restingUntilMs > time
  if (isResting !== b.restingUntilMs > time) return !isResting
  return a.connection.size < b.connection.size
}
