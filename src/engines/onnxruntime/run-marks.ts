import { library } from './library.ts'

/**
 * Where a process says what its native library runs at the moment: memory that it shares with a file, so that whoever has the
 * file open reads it after the process has died, of whatever. A mark costs some 20 ns.
 *
 * The file is `MARKS_BYTES` long: a record of `RECORD_BYTES` for each run that may be under way at once, which holds the
 * label of what runs, in UTF-8, up to a NUL; one that begins with NUL is free. The first is that of the calling tick.
 */
export const RECORD_BYTES = 256
const RECORDS = 64
export const MARKS_BYTES = RECORDS * RECORD_BYTES

/** The record of runs in the tick: they do not overlap. */
const IN_TICK = 0

let file: number | undefined
let memory: Uint8Array | undefined
const free: number[] = []

/** A label as it is written down; made once for whatever runs again and again. */
export type MarkLabel = Uint8Array

/** @returns what fits of it into a record */
export function labelOf(text: string): MarkLabel {
  share()
  const label = new Uint8Array(RECORD_BYTES)
  new TextEncoder().encodeInto(text, label.subarray(0, RECORD_BYTES - 1))
  return label
}

/**
 * Has this process write its marks into a file from now on, for good; where the system cannot share memory with it, there are
 * none.
 * @param fd of a file of `MARKS_BYTES`
 */
export function leaveMarks(fd: number): void {
  file = fd
}

/** With the first label: who runs nothing of ours is spared it. */
function share(): void {
  if (file === undefined) return
  memory = library().share(file, MARKS_BYTES)
  file = undefined
  for (let record = RECORDS - 1; record > IN_TICK; record--) free.push(record)
}

/** What a run is given back when it has ended; none where it left no mark. */
export type Mark = number | undefined

/** Says that a run begins in the calling tick. */
export function markInTick(label: MarkLabel | undefined): void {
  if (label !== undefined) memory?.set(label, IN_TICK)
}

export function unmarkInTick(): void {
  if (memory !== undefined) memory[IN_TICK] = 0
}

/** Says that a run begins off the event loop. */
export function mark(label: MarkLabel | undefined): Mark {
  const record = label === undefined || memory === undefined ? undefined : free.pop()
  if (record !== undefined && label !== undefined) memory?.set(label, record * RECORD_BYTES)
  return record
}

export function unmark(record: Mark): void {
  if (record === undefined || memory === undefined) return
  memory[record * RECORD_BYTES] = 0
  free.push(record)
}

/** What ran when a process wrote its marks last. @param bytes of the file */
export function readMarks(bytes: Uint8Array): string[] {
  const labels = new Set<string>()
  for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
    const record = bytes.subarray(at, at + RECORD_BYTES)
    const end = record.indexOf(0)
    if (end !== 0) labels.add(Buffer.from(record.subarray(0, end === -1 ? RECORD_BYTES : end)).toString('utf8'))
  }
  return [...labels]
}
