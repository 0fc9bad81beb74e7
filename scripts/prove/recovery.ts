/** One line of the server's log. */
interface LogLine {
  readonly time: string
  readonly message: string
  readonly [field: string]: unknown
}

/**
 * Longest time between a process's death and the next that stands in its place (s), by what the log says; NaN when none
 * came back.
 * @param what `runner` or `worker`
 */
export function slowestReturn(log: string, what: string): number {
  const diedMs = new Map<string, number>()
  let slowest = NaN
  for (const line of log.split('\n')) {
    if (!line.startsWith('{')) continue
    const { time, message, [what]: which, model } = JSON.parse(line) as LogLine
    const slot = `${String(model)} ${String(which)}`
    const atMs = Date.parse(time)
    if (message.startsWith(`${what} died`) && !diedMs.has(slot)) diedMs.set(slot, atMs)
    const begun = diedMs.get(slot)
    if (message !== `${what} restarted` || begun === undefined) continue
    diedMs.delete(slot)
    const seconds = (atMs - begun) / 1000
    slowest = Number.isNaN(slowest) ? seconds : Math.max(slowest, seconds)
  }
  return slowest
}
