import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ServingError } from '../../core/errors.ts'
import type { ReadBundleFile } from '../engine.ts'
import type { PythonFile } from '../../bundle/python-file.ts'

/** A model's files as its code sees them. */
export interface ModelFiles {
  /** Folder of the files; the code may not change it where the system allows that to be said. */
  readonly root: string
  /** Folder that the code may write to. */
  readonly scratch: string
  /** Removes both. */
  remove(): void
}

const PREFIX = 'slipway-python-'

/**
 * Lays out a model's files in a folder of their own: what lies in the bundle was checked when it was read, and stays as
 * it is whatever the code does.
 * @param temporary folder to make it in
 * @throws {ServingError} `unavailable` when they cannot be written
 */
export function layOut(file: PythonFile, read: ReadBundleFile, temporary: string): ModelFiles {
  removeAbandoned(temporary)
  let folder: string | undefined
  try {
    folder = mkdtempSync(join(temporary, `${PREFIX}${namespaceOfPids()}-${process.pid}-`))
    const root = join(folder, 'model')
    const scratch = join(folder, 'scratch')
    mkdirSync(root)
    mkdirSync(scratch)
    for (const [path, inBundle] of file.files) {
      const target = join(root, path)
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, read(inBundle), { flag: 'wx' })
    }
    const made = folder
    keepUntilExit(made)
    return {
      root,
      scratch,
      remove: () => {
        laidOut.delete(made)
        removeQuietly(made)
      },
    }
  } catch (cause) {
    if (folder !== undefined) removeQuietly(folder)
    if (cause instanceof ServingError) throw cause
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    throw new ServingError(
      'unavailable',
      `the files of a model in Python could not be laid out in the folder for temporary files (${code}): give it one that it can write to; a container has its at /tmp`,
      { cause },
    )
  }
}

/** What this process has laid out, to be removed at its end. */
const laidOut = new Set<string>()
let isWatched = false

function keepUntilExit(folder: string): void {
  laidOut.add(folder)
  if (isWatched) return
  isWatched = true
  process.on('exit', () => laidOut.forEach(removeQuietly))
}

/** Folders of processes that ended without removing them. Those of other machines and containers are left alone. */
function removeAbandoned(temporary: string): void {
  const own = `${PREFIX}${namespaceOfPids()}-`
  let names: string[]
  try {
    names = readdirSync(temporary)
  } catch {
    return // it will be said when something is to be written there
  }
  for (const name of names) {
    const pid = name.startsWith(own) ? Number(/^\d+(?=-)/.exec(name.slice(own.length))?.[0]) : Number.NaN
    if (pid > 0 && !isAlive(pid)) removeQuietly(join(temporary, name))
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** What tells the processes of one container from those of another, as far as the system says. */
function namespaceOfPids(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    return '0'
  }
}

function removeQuietly(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // somebody is still writing there; it is removed with the next
  }
}
