import { readFileSync } from 'node:fs'
import type { ProcessEnd } from './kept-process.ts'

/** A version that ran when the process that ran it died. Plain data. */
export interface RunDeath {
  /** The model's name: on the platform, the endpoint's. */
  readonly name: string
  readonly digest: string
  /** How the process ended: `SIGSEGV`. */
  readonly how: string
  /** Deaths at which it ran, lately. */
  readonly deaths: number
}

/** Deaths within this time belong together (ms). */
const WITHIN_MS = 600_000
/** So many, and the version is not run beside others any more. */
const MOST_DEATHS = 2

/** Remembers which versions ran when a process died. */
export interface RunDeaths {
  /**
   * Notes a death.
   * @param labels of what ran, as `runLabel` made them
   * @returns what is known now of each of these versions
   */
  note(labels: readonly string[], how: string): RunDeath[]
  /** Those that ran at too many: they are to run in processes of their own. */
  readonly quarantined: readonly RunDeath[]
  /** All deaths since the start, for metrics. */
  counts(): { readonly model: string; readonly version: string; readonly count: number }[]
  /** Holds nothing against anybody any more. */
  forgive(): void
}

export function createRunDeaths(now: () => number): RunDeaths {
  /** When, by label. */
  const times = new Map<string, number[]>()
  const quarantined = new Map<string, RunDeath>()
  const counts = new Map<string, { readonly model: string; readonly version: string; readonly count: number }>()
  return {
    note(labels, how) {
      return labels.flatMap((label) => {
        const space = label.indexOf(' ')
        if (space === -1) return []
        const lately = [...(times.get(label) ?? []).filter((time) => now() - time < WITHIN_MS), now()]
        times.set(label, lately)
        const [digest, name] = [label.slice(0, space), label.slice(space + 1)]
        counts.set(label, { model: name, version: digest, count: (counts.get(label)?.count ?? 0) + 1 })
        const death = { name, digest, how, deaths: lately.length }
        if (lately.length >= MOST_DEATHS) quarantined.set(label, death)
        return [death]
      })
    },
    get quarantined() {
      return [...quarantined.values()]
    },
    counts: () => [...counts.values()],
    forgive() {
      times.clear()
      quarantined.clear()
    },
  }
}

export function isQuarantined({ deaths }: RunDeath): boolean {
  return deaths >= MOST_DEATHS
}

/** Signals by which native code ends its process. */
const CRASHES = new Set(['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGABRT', 'SIGTRAP', 'SIGSYS'])

/** Tells ends that what ran may have to answer for from those that somebody outside brought about. */
export interface EndJudge {
  isOfRun(end: ProcessEnd): boolean
}

/** @param oomKills how many processes the system has killed for want of memory so far, where it tells */
export function createEndJudge(oomKills: () => number | undefined = countOomKills): EndJudge {
  let known = oomKills()
  return {
    isOfRun({ cause, signal }) {
      const before = known
      known = oomKills()
      if (cause !== 'unknown' || signal === undefined) return cause === 'hung'
      // a kill -9 from outside says nothing of the model, one for want of memory does
      return CRASHES.has(signal) || (signal === 'SIGKILL' && (known ?? 0) > (before ?? 0))
    },
  }
}

/** @see proc(5), `/proc/vmstat`: those of containers count there too */
function countOomKills(): number | undefined {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'latin1'))?.[1] ?? Number.NaN) || 0
  } catch {
    return undefined
  }
}
