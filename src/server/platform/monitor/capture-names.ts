/** Folder of the captures of all projects, in the data folder. */
export const CAPTURES_FOLDER = 'captures'

/** Ends the name of a segment that is being written, and of one that is not written any more. */
export const OPEN_SUFFIX = '.jsonl.part'
export const CLOSED_SUFFIX = '.jsonl'
/** Stands in the place of a segment whose bytes are in the object storage, and says how many these are. */
export const SHIPPED_SUFFIX = '.jsonl.shipped'

/**
 * A file of captures: all of its lines are of one minute, so that lists are read minute by minute. Its name, and with a line's
 * number behind the id of a capture: `20261123T1826-r0p1a2b3c-4-17`.
 */
export interface SegmentName {
  /** `20261123T1826`, in UTC. */
  readonly minute: string
  /** Of the process that wrote it. */
  readonly life: string
  readonly number: number
}

const SEGMENT = /^(\d{8}T\d{4})-([0-9a-z]{1,40})-(\d{1,9})$/
const ID = /^(\d{8}T\d{4}-[0-9a-z]{1,40}-\d{1,9})-(\d{1,9})$/

export function segmentText({ minute, life, number }: SegmentName): string {
  return `${minute}-${life}-${number}`
}

/** @returns undefined for what is none */
export function parseSegment(text: string): SegmentName | undefined {
  const [, minute, life, number] = SEGMENT.exec(text) ?? []
  if (minute === undefined || life === undefined || number === undefined) return undefined
  return { minute, life, number: Number(number) }
}

/** @returns the segment of a capture's id and the number of its line, counted from 1; undefined for what is none */
export function parseCaptureId(id: string): { readonly segment: string; readonly line: number } | undefined {
  const [, segment, line] = ID.exec(id) ?? []
  return segment === undefined || line === undefined ? undefined : { segment, line: Number(line) }
}

export function minuteOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 16).replaceAll(/[-:]/g, '')
}

/** `2026-11-23`: the folder that a minute's segments lie in. */
export function dayOf(minute: string): string {
  return `${minute.slice(0, 4)}-${minute.slice(4, 6)}-${minute.slice(6, 8)}`
}

/** Beginning of a minute (ms since 1970). */
export function minuteBeginsAtMs(minute: string): number {
  return Date.parse(`${dayOf(minute)}T${minute.slice(9, 11)}:${minute.slice(11, 13)}:00Z`)
}
