import { appendFile, mkdir, rename, statfs, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { CaptureSpec } from '../../../api/resources.ts'
import { encodeCapture } from '../../../runtime/capture/encode.ts'
import { createCaptureQueue } from '../../../runtime/capture/queue.ts'
import { createSampler } from '../../../runtime/capture/sampler.ts'
import type { Observation } from '../../../runtime/endpoints/types.ts'
import { CLOSED_SUFFIX, dayOf, minuteOf, OPEN_SUFFIX, segmentText } from './capture-names.ts'

export interface CaptureWriterOptions {
  /** Of the project. */
  readonly folder: string
  /** Differs between two lives of any process; letters and digits. */
  readonly life: string
  /** ms since 1970. */
  readonly wallNow: () => number
  /** What waits to be written, of all endpoints (bytes). Default 8 MiB. */
  readonly maxWaitingBytes?: number | undefined
  /** Size at which a segment is closed (bytes). Default 16 MiB. */
  readonly segmentBytes?: number | undefined
  /** Free space below which nothing is captured (bytes): state comes first. Default 64 MiB, or a twentieth of a smaller disk. */
  readonly reserveBytes?: number | undefined
  /** How often what waits is written (ms). Default 1,000. */
  readonly flushEveryMs?: number | undefined
}

/** Why captured requests were lost. */
export type DropReason = 'busy' | 'disk_full' | 'disk' | 'failed'

export interface CaptureWriter {
  /** What is captured of which endpoint from now on. */
  follow(specs: ReadonlyMap<string, CaptureSpec>): void
  /** Keeps an answered request where its endpoint wants that and its turn has come. It never throws. */
  observe(observation: Observation): void
  dropped(): readonly { readonly endpoint: string; readonly reason: DropReason; readonly count: number }[]
  /** Writes what waits, now. */
  flush(): Promise<void>
  close(): Promise<void>
}

interface Captured {
  readonly endpoint: string
  readonly members: string
  readonly atMs: number
}

interface Segment {
  readonly minute: string
  readonly name: string
  readonly folder: string
  sizeBytes: number
  lines: number
}

const MAX_WAITING_BYTES = 8 * 2 ** 20
const SEGMENT_BYTES = 16 * 2 ** 20
const RESERVE_BYTES = 64 * 2 ** 20
const FLUSH_EVERY_MS = 1000
/** More than this waits for no timer (bytes). */
const FLUSH_BYTES = 2 ** 20

/** Writes captured requests to segments, off the requests' way: what cannot be written is dropped, and counted. */
export function createCaptureWriter(options: CaptureWriterOptions): CaptureWriter {
  const { folder, life, wallNow, segmentBytes = SEGMENT_BYTES } = options
  const isChosen = createSampler(hashOf(life))
  const queue = createCaptureQueue<Captured>(options.maxWaitingBytes ?? MAX_WAITING_BYTES)
  const segments = new Map<string, Segment>()
  const drops = new Map<string, Map<DropReason, number>>()
  let specs = new Map<string, { readonly sample: number; readonly redact: ReadonlySet<string> }>()
  let numbers = 0
  let turn = Promise.resolve()
  let isFlushing = false
  const timer = setInterval(() => void flush(), options.flushEveryMs ?? FLUSH_EVERY_MS).unref()

  function drop(endpoint: string, reason: DropReason, count = 1): void {
    let reasons = drops.get(endpoint)
    if (reasons === undefined) drops.set(endpoint, (reasons = new Map()))
    reasons.set(reason, (reasons.get(reason) ?? 0) + count)
  }

  function observe(observation: Observation): void {
    const { endpoint } = observation
    const spec = specs.get(endpoint)
    if (spec === undefined || !isChosen(spec.sample)) return
    // a queue that is full will not take it: it is not written down first
    if (queue.sizeBytes >= (options.maxWaitingBytes ?? MAX_WAITING_BYTES)) return drop(endpoint, 'busy')
    try {
      const atMs = wallNow()
      const { members, sizeBytes } = encodeCapture(observation, { atMs, redact: spec.redact })
      if (!queue.push({ endpoint, members, atMs }, sizeBytes)) return drop(endpoint, 'busy')
    } catch {
      return drop(endpoint, 'failed')
    }
    if (queue.sizeBytes > FLUSH_BYTES && !isFlushing) void flush()
  }

  function flush(): Promise<void> {
    isFlushing = true
    turn = turn.then(write).finally(() => {
      isFlushing = false
    })
    return turn
  }

  async function write(): Promise<void> {
    const byEndpoint = Map.groupBy(queue.take(), ({ endpoint }) => endpoint)
    const hasRoom = byEndpoint.size === 0 || (await isRoomLeft())
    for (const [endpoint, lines] of byEndpoint)
      if (!hasRoom) drop(endpoint, 'disk_full', lines.length)
      else
        for (const [minute, ofMinute] of Map.groupBy(lines, ({ atMs }) => minuteOf(atMs)))
          await writeLines(endpoint, minute, ofMinute)
    const now = minuteOf(wallNow())
    for (const [endpoint, segment] of segments) if (segment.minute !== now) await closeSegment(endpoint, segment)
  }

  async function writeLines(endpoint: string, minute: string, lines: readonly Captured[]): Promise<void> {
    let segment = segments.get(endpoint)
    if (segment !== undefined && segment.minute !== minute) {
      await closeSegment(endpoint, segment)
      segment = undefined
    }
    try {
      if (segment === undefined) {
        const name = segmentText({ minute, life, number: ++numbers })
        segment = { minute, name, folder: join(folder, endpoint, dayOf(minute)), sizeBytes: 0, lines: 0 }
        await mkdir(segment.folder, { recursive: true, mode: 0o700 })
        segments.set(endpoint, segment)
      }
      const { name, lines: before } = segment
      const text = lines.map(({ members }, i) => `{"id":"${name}-${before + i + 1}",${members}}\n`).join('')
      const bytes = Buffer.from(text)
      await appendFile(join(segment.folder, `${name}${OPEN_SUFFIX}`), bytes, { mode: 0o600 })
      segment.lines += lines.length
      segment.sizeBytes += bytes.byteLength
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      drop(endpoint, code === 'ENOSPC' || code === 'EDQUOT' ? 'disk_full' : 'disk', lines.length)
      // what came after half a line would belong to it
      if (segment !== undefined) await closeTorn(endpoint, segment)
      return
    }
    if (segment.sizeBytes >= segmentBytes) await closeSegment(endpoint, segment)
  }

  async function closeSegment(endpoint: string, { folder: of, name }: Segment): Promise<void> {
    segments.delete(endpoint)
    const path = join(of, name)
    await rename(`${path}${OPEN_SUFFIX}`, `${path}${CLOSED_SUFFIX}`).catch(() => {}) // control closes what is left open
  }

  async function closeTorn(endpoint: string, segment: Segment): Promise<void> {
    const path = join(segment.folder, `${segment.name}${OPEN_SUFFIX}`)
    try {
      await truncate(path, segment.sizeBytes)
      await closeSegment(endpoint, segment)
    } catch {
      segments.delete(endpoint) // control repairs what is left open
    }
  }

  async function isRoomLeft(): Promise<boolean> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const { bavail, blocks, bsize } = await statfs(folder)
      const reserve = options.reserveBytes ?? Math.min(RESERVE_BYTES, (blocks * bsize) / 20)
      return bavail * bsize > reserve
    } catch {
      return false
    }
  }

  return {
    follow(wanted) {
      specs = new Map(
        Array.from(wanted, ([name, { sample, redact }]) => [name, { sample, redact: new Set(redact) }] as const),
      )
      for (const endpoint of drops.keys())
        if (drops.size > MOST_DROP_COUNTS && !specs.has(endpoint)) drops.delete(endpoint)
    },
    observe,
    dropped: () =>
      Array.from(drops, ([endpoint, reasons]) =>
        Array.from(reasons, ([reason, count]) => ({ endpoint, reason, count })),
      ).flat(),
    flush,
    async close() {
      clearInterval(timer)
      await flush()
      for (const [endpoint, segment] of segments) await closeSegment(endpoint, segment)
    },
  }
}

/** Endpoints whose losses are counted although nothing is captured of them any more. */
const MOST_DROP_COUNTS = 1000

function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
