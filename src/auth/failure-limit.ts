import { isIPv6 } from 'node:net'

/** Failed attempts of one caller in `WINDOW_MS` that are still answered as such. */
export const MAX_FAILURES = 100

/** What is counted together (ms). */
export const WINDOW_MS = 60_000

/** Callers whose failures are remembered; the one that has been silent longest is forgotten first. */
export const MAX_CALLERS = 10_000

interface Failures {
  count: number
  readonly sinceMs: number
}

/** Counts failed attempts of each caller, in bounded memory. */
export interface FailureLimit {
  /**
   * Counts one more.
   * @returns how long until the caller's failures are forgiven (ms); undefined while they are not too many
   */
  add(peer: string | undefined): number | undefined
}

/** @param now ms of a clock that only goes forward */
export function createFailureLimit(now: () => number): FailureLimit {
  const callers = new Map<string, Failures>()
  return {
    add(peer) {
      const caller = callerOf(peer ?? '')
      const time = now()
      const known = callers.get(caller)
      const failures = known !== undefined && time - known.sinceMs < WINDOW_MS ? known : { count: 0, sinceMs: time }
      failures.count++
      callers.delete(caller) // to the end: the first is the one that has been silent longest
      callers.set(caller, failures)
      if (callers.size > MAX_CALLERS) callers.delete(callers.keys().next().value ?? '')
      return failures.count > MAX_FAILURES ? failures.sinceMs + WINDOW_MS - time : undefined
    },
  }
}

/** An address, or the network of an IPv6 one: its lower 64 bits are the caller's to choose. */
export function callerOf(address: string): string {
  if (!isIPv6(address)) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const first = head.split(':').filter(Boolean)
  if (tail !== undefined) {
    const last = tail.split(':').filter(Boolean)
    const groups = first.length + last.length + (tail.includes('.') ? 1 : 0)
    first.push(...Array.from({ length: 8 - groups }, () => '0'), ...last)
  }
  return first
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
