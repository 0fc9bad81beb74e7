import { readFileSync } from 'node:fs'

/** What the system says of a process that says nothing itself. */
export interface ProcessLook {
  /**
   * `stopped`: by a signal, until another one. `waiting`: its main thread sleeps, as it does between two events. `busy`: it
   * computes, would if it were given a processor, reads from a disk, or is looked at by a debugger.
   */
  readonly state: 'stopped' | 'waiting' | 'busy'
  /** What all of its threads have computed since its start (the system's ticks: hundredths of a second). */
  readonly ticks: number
}

/** Looks at a process. @returns undefined where the system does not tell, or it has gone */
export type LookAtProcess = (pid: number) => ProcessLook | undefined

/** @see proc(5), `/proc/pid/stat` */
export const lookAtProcess: LookAtProcess = (pid) => {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // its second field is a name in brackets, which may hold anything
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[UTIME]) + Number(fields[STIME])
    return Number.isNaN(ticks) ? undefined : { state: STATES[fields[STATE] ?? ''] ?? 'busy', ticks }
  } catch {
    return undefined
  }
}

/** Places behind the name. */
const STATE = 0
const UTIME = 11
const STIME = 12

const STATES: Readonly<Record<string, ProcessLook['state']>> = { T: 'stopped', S: 'waiting' }

/** Silence from which on a process is looked at (ms): half as much again as it may be silent between two words. */
const LOOKED_AT_MS = 1500

/** How long it does nothing at all meanwhile until it counts as frozen (ms): stopped, or waiting for what does not come. */
const FROZEN_MS = { stopped: 500, waiting: 1500 }

/** Finds out whether a process that is silent is frozen: one that computes may yet say something, one that does nothing will not. */
export interface FrostWatch {
  /**
   * To be called again and again, as long as the process may be silent no longer than it is.
   * @param silentMs how long it has said nothing
   * @returns how it is frozen, in words; undefined while it is not, or that cannot be told
   */
  look(pid: number | undefined, silentMs: number): string | undefined
}

/** @param look at a process @param patience how much more silence is nothing unusual (ms) */
export function createFrostWatch(look: LookAtProcess): FrostWatch {
  let since: { readonly silentMs: number; readonly ticks: number } | undefined
  return {
    look(pid, silentMs) {
      const seen = pid === undefined || silentMs < LOOKED_AT_MS ? undefined : look(pid)
      if (seen === undefined || seen.state === 'busy') {
        since = undefined
        return undefined
      }
      if (since === undefined || since.ticks !== seen.ticks) since = { silentMs, ticks: seen.ticks }
      if (silentMs - since.silentMs < FROZEN_MS[seen.state]) return undefined
      return seen.state === 'stopped' ? 'it was stopped by a signal' : 'its event loop waited for what did not come'
    },
  }
}
