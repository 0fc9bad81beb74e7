import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** As `temporaryBeside` names what is not finished; some of earlier builds say nothing of who writes it. */
const TEMPORARY = /\.(?:([0-9a-f]{8})-([1-9]\d*)-(\d*)\.)?[0-9a-f]{12}\.tmp$/

/** What is not finished for so long, nobody works on any more (ms). */
const ABANDONED_AFTER_MS = 24 * 3_600_000

/**
 * A name beside `path` that nobody else uses, for what is not finished yet. It says which process writes it, so that what
 * that one leaves behind when it is killed can be told from what is being written.
 */
export function temporaryBeside(path: string): string {
  return `${path}.${(ownName ??= nameOfThisProcess())}.${randomBytes(6).toString('hex')}.tmp`
}

/** Whether a file or folder is named as what is not finished. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name)
}

/**
 * Removes what killed processes left half written in a folder: at once where the process that wrote it is known to have
 * ended, after a day where that cannot be known, as with processes of other containers. What cannot be removed is left for
 * another time.
 * @param now ms since 1970
 * @returns the paths that were removed
 */
export async function sweepTemporaries(folder: string, now: number): Promise<string[]> {
  const removed: string[] = []
  for (const name of await readdir(folder).catch(() => []))
    if (isTemporary(name)) {
      const path = join(folder, name)
      try {
        const writer = writerOf(name)
        if (writer === 'lives') continue
        if (writer === 'unknown' && now - (await stat(path)).mtimeMs < ABANDONED_AFTER_MS) continue
        await rm(path, { recursive: true })
        removed.push(path)
      } catch {
        // finished meanwhile, or not ours to remove
      }
    }
  return removed
}

let ownName: string | undefined

function nameOfThisProcess(): string {
  return `${placeOfProcesses()}-${process.pid}-${bornAt(process.pid) ?? ''}`
}

/** Numbers of processes say nothing elsewhere, and are used again. */
function writerOf(name: string): 'lives' | 'ended' | 'unknown' {
  const [, place, pid = '', birth = ''] = TEMPORARY.exec(name) ?? []
  if (place === undefined || place !== placeOfProcesses()) return 'unknown'
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'ended'
  }
  const now = bornAt(Number(pid))
  if (birth === '' || now === undefined) return 'unknown'
  return now === birth ? 'lives' : 'ended'
}

let place: string | undefined

/** Where numbers of processes mean the same as here: this start of this machine, and this container of it. */
function placeOfProcesses(): string {
  if (place !== undefined) return place
  const read = (from: () => string) => {
    try {
      return from()
    } catch {
      return ''
    }
  }
  const parts = [
    read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    read(() => readlinkSync('/proc/self/ns/pid')),
  ]
  place = createHash('sha256').update(parts.join(' ')).digest('hex').slice(0, 8)
  return place
}

/**
 * When a process was started, in the system's own unit; undefined where the system does not say.
 * @see proc_pid_stat(5), field 22
 */
function bornAt(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // the name, in brackets, may hold spaces
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
