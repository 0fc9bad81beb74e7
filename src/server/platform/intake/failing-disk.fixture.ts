import fs from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

/** What changes a file system, and may therefore be the last thing that a process did, or find no room. */
const CHANGES = ['mkdir', 'open', 'rename', 'link', 'rm', 'writeFile'] as const

export type Fate =
  /** It never comes back, and nothing after it happens: what a process that is killed there leaves. */
  | 'killed'
  /** There is no room. */
  | 'full'

/** Has a step of all that happens from now on end otherwise than it should. */
export interface FailingDisk {
  /** How many steps there have been. */
  readonly steps: () => number
  /** Resolves when the step was reached. */
  readonly reached: Promise<void>
  restore(): Promise<void>
}

/** @param step counted from 1; 0 for none */
export function failAt(step: number, fate: Fate): FailingDisk {
  const originals = new Map<string, unknown>()
  const reached = Promise.withResolvers<void>()
  let count = 0
  let isDead = false
  const before = async (canBeFull: boolean): Promise<void> => {
    count++
    if (isDead || (count === step && fate === 'killed')) {
      isDead = true
      reached.resolve()
      await new Promise(() => {})
    }
    if (count === step && canBeFull) {
      reached.resolve()
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    }
  }
  const patched = fs as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
  for (const name of CHANGES) {
    const original = patched[name]
    if (original === undefined) throw new Error(`there is no ${name}`)
    originals.set(name, original)
    patched[name] = async (...args) => {
      await before(name !== 'rm' && args[1] !== 'r' && args[1] !== 0)
      const result = await original(...args)
      if (name === 'open') watch(result as FileHandle)
      return result
    }
  }
  const files = new Set<FileHandle>()
  function watch(file: FileHandle): void {
    files.add(file)
    for (const name of ['write', 'sync'] as const) {
      const original = file[name].bind(file) as (...args: unknown[]) => Promise<unknown>
      Object.assign(file, {
        [name]: async (...args: unknown[]) => {
          await before(true)
          return original(...args)
        },
      })
    }
  }
  syncBuiltinESMExports()
  return {
    steps: () => count,
    reached: reached.promise,
    restore: async () => {
      for (const [name, original] of originals) Object.assign(fs, { [name]: original })
      syncBuiltinESMExports()
      for (const file of files) await file.close().catch(() => {}) // as the system does for the dead
    },
  }
}
