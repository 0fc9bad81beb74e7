import { readFileSync, rmSync, writeFileSync } from 'node:fs'

/**
 * For proofs that control goes on from wherever it was killed: the file that `SLIPWAY_CRASH_AT` names holds a number, say 3,
 * and right after the third durable step (a commit, a published table) from when it was put there control kills itself.
 * The number counts down meanwhile; the file is gone once it has happened.
 * @param file where no steps are to be counted: none
 * @returns to be called after each durable step
 */
export function createCrashPoint(file: string | undefined): (() => void) | undefined {
  if (file === undefined || file === '') return undefined
  return () => {
    const left = stepsLeft(file)
    if (left === undefined) return
    if (left > 1) return writeFileSync(file, `${left - 1}`)
    rmSync(file)
    process.kill(process.pid, 'SIGKILL')
  }
}

/** @returns undefined where nothing is to happen */
function stepsLeft(file: string): number | undefined {
  try {
    const left = Number(readFileSync(file, 'utf8'))
    return Number.isSafeInteger(left) && left > 0 ? left : undefined
  } catch {
    return undefined // there is none
  }
}
