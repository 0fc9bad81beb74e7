import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { MARKS_BYTES, readMarks } from '../engines/onnxruntime/run-marks.ts'

/** A file without a name, in which one process leaves word of what it runs: it goes with those who have it open. */
export interface MarksFile {
  readonly fd: number
  /** What ran last: labels. */
  read(): string[]
  close(): void
}

/** In memory where the system offers that: a page that is being written to a disk would hold up whoever marks a run. */
const FOLDERS = ['/dev/shm', tmpdir()]
let made = 0

/** @returns undefined where no file can be had: then nobody knows what a process ran */
export function createMarksFile(): MarksFile | undefined {
  if (process.platform === 'win32') return undefined
  for (const folder of FOLDERS)
    try {
      return createIn(folder)
    } catch {
      // the next
    }
  return undefined
}

function createIn(folder: string): MarksFile {
  const path = `${folder}/slipway-${process.pid}-${made++}.marks`
  const fd = openSync(path, 'wx+', 0o600)
  try {
    unlinkSync(path)
    // all of it is there from the start: a hole that a full disk cannot fill would end whoever writes to it
    writeSync(fd, new Uint8Array(MARKS_BYTES))
  } catch (error) {
    closeSync(fd)
    throw error
  }
  return {
    fd,
    read() {
      const bytes = new Uint8Array(MARKS_BYTES)
      return readMarks(bytes.subarray(0, readSync(fd, bytes, 0, MARKS_BYTES, 0)))
    },
    close: () => closeSync(fd),
  }
}
