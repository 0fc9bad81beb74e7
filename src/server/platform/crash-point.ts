import { closeSync, openSync } from 'node:fs'

/**
 * For proofs that control goes on from wherever it was killed: `SLIPWAY_CRASH_AT=<n>:<path>` has it kill itself right after
 * its n-th durable step (a commit, a published table), once: the file at the path is made then, and whoever finds it lives on.
 * @param wish the variable's value @returns to be called after each durable step; undefined where none is to be counted
 */
export function createCrashPoint(wish: string | undefined): (() => void) | undefined {
  const [, steps, path] = /^(\d+):(.+)$/.exec(wish ?? '') ?? []
  if (steps === undefined || path === undefined) return undefined
  let left = Number(steps)
  return () => {
    if (--left !== 0) return
    try {
      closeSync(openSync(path, 'wx'))
    } catch {
      return // it happened before
    }
    process.kill(process.pid, 'SIGKILL')
  }
}
