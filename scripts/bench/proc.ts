import { readdirSync, readFileSync } from 'node:fs'

/** Ticks of `/proc/PID/stat` in a second: Linux shows 100 to programs whatever the kernel's own rate. @see proc(5) */
const TICKS_PER_SECOND = 100

/** One process, as `/proc/PID/stat` tells it. Times are in ticks. */
export interface ProcessStat {
  readonly parent: number
  /** The process's own user and system time. */
  readonly ticks: number
  /** That of its children that have ended. */
  readonly childTicks: number
}

/** @param text of `/proc/PID/stat`; the name in it may hold blanks and brackets */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const number = (index: number) => Number(fields[index])
  return { parent: number(1), ticks: number(11) + number(12), childTicks: number(13) + number(14) }
}

/** A process and all its descendants, itself first. */
export function treeOf(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = readStat(Number(name))
    if (stat === undefined) continue
    const siblings = children.get(stat.parent)
    if (siblings === undefined) children.set(stat.parent, [Number(name)])
    else siblings.push(Number(name))
  }
  const tree = [root]
  for (const pid of tree) tree.push(...(children.get(pid) ?? [])) // grows while it is walked
  return tree
}

/** Processor time that these processes have had so far (seconds), to 10 ms. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (readStat(pid)?.ticks ?? 0), 0) / TICKS_PER_SECOND
}

/** Processor time of this process and of its children that have ended (seconds). */
export function ownCpuSeconds(): number {
  const stat = readStat(process.pid)
  return stat === undefined ? 0 : (stat.ticks + stat.childTicks) / TICKS_PER_SECOND
}

/** Processor time that the whole machine has spent on anything (seconds, all cores together). */
export function machineCpuSeconds(): number {
  return parseMachineTicks(readFileSync('/proc/stat', 'utf8')) / TICKS_PER_SECOND
}

/** Busy ticks of all cores: user, nice, system, interrupts, stolen; not idle, not waiting for a disk. */
export function parseMachineTicks(text: string): number {
  const fields = (text.split('\n', 1)[0] ?? '').trim().split(/\s+/).slice(1).map(Number)
  const [user = 0, nice = 0, system = 0, , , interrupt = 0, softInterrupt = 0, stolen = 0] = fields
  return user + nice + system + interrupt + softInterrupt + stolen
}

/**
 * Memory of a process tree as if it were alone on the machine (bytes): each process's own pages, and the pages of each
 * mapped file once. The plain sum of proportional shares would favour the Node servers here, which share one program
 * file with each other and with the bench itself.
 */
export function memoryBytes(pids: readonly number[]): number {
  const maps: string[] = []
  for (const pid of pids) {
    const text = readProc(`/proc/${pid}/smaps`)
    if (text !== undefined) maps.push(text)
  }
  return sumMaps(maps)
}

/** Memory of a process tree as Linux divides it among all processes that share it (bytes): its proportional set size. */
export function proportionalBytes(pids: readonly number[]): number {
  let sumKiB = 0
  for (const pid of pids) sumKiB += kiBOf(/^Pss: .*$/m.exec(readProc(`/proc/${pid}/smaps_rollup`) ?? '')?.[0] ?? '')
  return sumKiB * 1024
}

/** @param maps the text of each process's `smaps` */
export function sumMaps(maps: readonly string[]): number {
  let privateKiB = 0
  const largestOfFile = new Map<string, number>()
  for (const text of maps) {
    const { anonymousKiB, filesKiB } = parseSmaps(text)
    privateKiB += anonymousKiB
    for (const [file, sizeKiB] of filesKiB) largestOfFile.set(file, Math.max(largestOfFile.get(file) ?? 0, sizeKiB))
  }
  let sharedKiB = 0
  for (const sizeKiB of largestOfFile.values()) sharedKiB += sizeKiB
  return (privateKiB + sharedKiB) * 1024
}

function parseSmaps(text: string): { anonymousKiB: number; filesKiB: Map<string, number> } {
  let anonymousKiB = 0
  const filesKiB = new Map<string, number>()
  let file = ''
  let residentKiB = 0
  for (const line of text.split('\n')) {
    const mapping = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)$/.exec(line)
    if (mapping !== null) file = mapping[1] ?? ''
    else if (line.startsWith('Rss:')) residentKiB = kiBOf(line)
    else if (line.startsWith('Anonymous:')) {
      const ownKiB = kiBOf(line)
      anonymousKiB += ownKiB
      // what a mapping holds beside the process's own pages are pages of its file
      if (residentKiB > ownKiB) filesKiB.set(file, (filesKiB.get(file) ?? 0) + residentKiB - ownKiB)
    }
  }
  return { anonymousKiB, filesKiB }
}

function kiBOf(line: string): number {
  return Number(/(\d+) kB/.exec(line)?.[1] ?? 0)
}

function readStat(pid: number): ProcessStat | undefined {
  const text = readProc(`/proc/${pid}/stat`)
  return text === undefined ? undefined : parseStat(text)
}

/** Text of a file of `/proc`; undefined when its process has ended meanwhile. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}
