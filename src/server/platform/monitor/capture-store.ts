import { createReadStream } from 'node:fs'
import { mkdir, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CaptureRecord } from '../../../api/api-types.ts'
import type { Page } from '../../../api/resources.ts'
import type { Captures } from '../../../control/rest/doors.ts'
import { MODEL_NAME } from '../../../core/names.ts'
import { ServingError } from '../../../core/errors.ts'
import { quote } from '../../../core/text.ts'
import type { ObjectStorage } from '../../../storage/object-storage.ts'
import { createCaptureLimit } from './capture-limit.ts'
import {
  CLOSED_SUFFIX,
  dayOf,
  minuteBeginsAtMs,
  minuteOf,
  OPEN_SUFFIX,
  parseCaptureId,
  parseSegment,
  SHIPPED_SUFFIX,
  type SegmentName,
} from './capture-names.ts'
import { cutTornLine, wholeLines } from './json-lines.ts'

export interface CaptureStoreOptions {
  readonly folder: string
  /** Where segments go once they are closed; they stay where they are when absent. */
  readonly storage?: ObjectStorage | undefined
  /** ms since 1970. */
  readonly wallNow: () => number
}

/** What was captured, wherever it lies. */
export interface CaptureStore extends Captures {
  /**
   * Closes segments whose writers have ended, takes closed ones to the object storage, and removes what is older than it shall
   * become, or more than shall be kept.
   * @param retentionOf by project and endpoint
   */
  tidy(retentionOf: (project: string, endpoint: string) => Retention): Promise<void>
}

/** How long captures are kept, and how many bytes of them: whatever ends first. */
export interface Retention {
  readonly days: number
  readonly maxBytes: number
}

interface Segment extends SegmentName {
  readonly text: string
  readonly suffix: string
}

interface Listed {
  readonly id: string
  readonly atMs: number
  readonly variant: string
}

/** Nobody writes to a segment for so long after its minute began (ms). */
const OPEN_FOR_MS = 180_000
/** Read for one page at most (bytes): then the page ends, whether it is full or not. */
const MOST_READ_BYTES = 64 * 2 ** 20
const DAY_MS = 86_400_000
/** Days before yesterday, of which nothing is expected any more, are looked through so seldom. */
const THOROUGH_EVERY = 20
/** As `encodeCapture` begins a line. */
const BEGINNING = /^\{"id":"([0-9A-Za-z-]{1,100})","atMs":(\d{1,15}),"endpoint":"[^"]*","variant":"([^"]*)"/

export function createCaptureStore({ folder, storage, wallNow }: CaptureStoreOptions): CaptureStore {
  let passes = 0
  const limit = createCaptureLimit()

  function folderOf(project: string, endpoint: string): string {
    for (const name of [project, endpoint])
      if (!MODEL_NAME.test(name)) throw new Error(`${quote(name)} is no name of captures; this is a bug`)
    return join(folder, project, endpoint)
  }

  function keyOf(project: string, endpoint: string, { minute, text }: Segment): string {
    return `captures/${keyName(project)}/${keyName(endpoint)}/${dayOf(minute)}/${text}.jsonl`
  }

  /** Lines of a segment, wherever it lies by now; those that cannot be read are left out by whoever parses them. */
  async function* linesOf(project: string, endpoint: string, segment: Segment): AsyncGenerator<string> {
    const path = join(folderOf(project, endpoint), dayOf(segment.minute), segment.text)
    for (const suffix of [segment.suffix, OPEN_SUFFIX, CLOSED_SUFFIX]) {
      if (suffix === SHIPPED_SUFFIX) continue
      let isThere = false
      try {
        for await (const line of wholeLines(createReadStream(`${path}${suffix}`))) {
          isThere = true
          yield line
        }
        return
      } catch (error) {
        if (isThere || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error // it was closed or shipped meanwhile
      }
    }
    if (storage === undefined) return
    try {
      const { body } = await storage.get(keyOf(project, endpoint, segment))
      yield* wholeLines(body)
    } catch (error) {
      if (ServingError.from(error).code !== 'not_found') throw error
    }
  }

  return {
    async list({ project, endpoint, variant, limit, cursor }) {
      const before = parseCursor(cursor)
      const root = folderOf(project, endpoint)
      const items: Listed[] = []
      let readBytes = 0
      for (const day of (await namesIn(root)).filter(isDay).toSorted().toReversed()) {
        if (before !== undefined && day > dayOf(minuteOf(before.atMs))) continue
        const segments = await segmentsIn(join(root, day))
        const minutes = Map.groupBy(segments, ({ minute }) => minute)
        for (const minute of [...minutes.keys()].toSorted().toReversed()) {
          if (before !== undefined && minuteBeginsAtMs(minute) > before.atMs) continue
          const found: Listed[] = []
          for (const segment of minutes.get(minute) ?? [])
            for await (const line of linesOf(project, endpoint, segment)) {
              readBytes += line.length
              const listed = parseBeginning(line)
              if (listed === undefined || (variant !== undefined && listed.variant !== variant)) continue
              if (before === undefined || compare(listed, before) > 0) found.push(listed)
            }
          items.push(...found.sort(compare))
          if (items.length > limit) return pageOf(endpoint, items.slice(0, limit))
          if (readBytes > MOST_READ_BYTES) {
            const cursor = `${minuteBeginsAtMs(minute)}_` // what is older than all of this minute
            return { ...pageOf(endpoint, items), cursor }
          }
        }
      }
      return { items: pageOf(endpoint, items).items }
    },
    async get(project, endpoint, id) {
      const parsed = parseCaptureId(id)
      const segment = parsed && parseSegment(parsed.segment)
      if (segment === undefined || parsed === undefined) return undefined
      for (const found of await segmentsIn(join(folderOf(project, endpoint), dayOf(segment.minute)))) {
        if (found.text !== parsed.segment) continue
        for await (const line of linesOf(project, endpoint, found)) {
          if (parseBeginning(line)?.id !== id) continue
          return recordOf(endpoint, line)
        }
      }
      return undefined
    },
    async tidy(retentionOf) {
      const now = wallNow()
      const isThorough = passes++ % THOROUGH_EVERY === 0
      const yesterday = dayOf(minuteOf(now - DAY_MS))
      const pass: Pass = { failure: undefined }
      for (const project of await namesIn(folder))
        for (const endpoint of await namesIn(join(folder, project))) {
          if (!MODEL_NAME.test(project) || !MODEL_NAME.test(endpoint)) continue
          const { days, maxBytes } = retentionOf(project, endpoint)
          const oldest = dayOf(minuteOf(now - days * DAY_MS))
          for (const day of (await namesIn(join(folder, project, endpoint))).filter(isDay))
            if (isThorough || day < oldest || day >= yesterday)
              await tidyDay(pass, { project, endpoint, day, isOld: day < oldest })
          await limit.hold(
            folderOf(project, endpoint),
            maxBytes,
            { since: yesterday, isThorough },
            {
              daysOf: async (at) => (await namesIn(at)).filter(isDay),
              segmentsIn,
              remove: (day, segment) => removeSegment(pass, { project, endpoint, day }, segment),
            },
          )
          await rmdir(join(folder, project, endpoint)).catch(() => {}) // where nothing is in it
        }
      if (pass.failure !== undefined) throw pass.failure
    },
  }

  /** @returns whether it was done */
  async function tryStorage(pass: Pass, work: (storage: ObjectStorage) => Promise<unknown>): Promise<boolean> {
    if (storage === undefined || pass.failure !== undefined) return false
    try {
      await work(storage)
      return true
    } catch (error) {
      pass.failure = error
      return false
    }
  }

  /** @returns whether it is gone; the name of one is kept whose bytes the object storage has not given up */
  async function removeSegment(pass: Pass, { project, endpoint, day }: Day, segment: Segment): Promise<boolean> {
    const isShipped = segment.suffix === SHIPPED_SUFFIX
    if (isShipped && !(await tryStorage(pass, (it) => it.remove(keyOf(project, endpoint, segment))))) return false
    const at = join(folderOf(project, endpoint), day)
    await rm(join(at, `${segment.text}${segment.suffix}`), { force: true })
    await rmdir(at).catch(() => {}) // where nothing is in it
    return true
  }

  async function tidyDay(
    pass: Pass,
    { project, endpoint, day, isOld }: Day & { readonly isOld: boolean },
  ): Promise<void> {
    const at = join(folderOf(project, endpoint), day)
    for (const segment of await segmentsIn(at)) {
      const path = join(at, segment.text)
      const isClosed = segment.suffix !== OPEN_SUFFIX
      if (!isClosed && wallNow() - minuteBeginsAtMs(segment.minute) < OPEN_FOR_MS) continue
      if (isOld) {
        await removeSegment(pass, { project, endpoint, day }, segment)
        continue
      }
      if (!isClosed) {
        // whoever reads the file itself finds whole lines alone
        await cutTornLine(`${path}${OPEN_SUFFIX}`)
        await rename(`${path}${OPEN_SUFFIX}`, `${path}${CLOSED_SUFFIX}`)
      }
      if (storage === undefined || segment.suffix === SHIPPED_SUFFIX) continue
      const key = keyOf(project, endpoint, segment)
      if (!(await tryStorage(pass, (it) => it.put(key, createReadStream(`${path}${CLOSED_SUFFIX}`))))) continue
      await mkdir(at, { recursive: true })
      const { size } = await stat(`${path}${CLOSED_SUFFIX}`)
      await writeFile(`${path}${SHIPPED_SUFFIX}`, String(size), { mode: 0o600 })
      await rm(`${path}${CLOSED_SUFFIX}`, { force: true })
    }
  }
}

/** Once over everything. */
interface Pass {
  /** Why the object storage did not do something; then it is not asked again until the next time. */
  failure: unknown
}

interface Day {
  readonly project: string
  readonly endpoint: string
  readonly day: string
}

function recordOf(endpoint: string, line: string): CaptureRecord | undefined {
  try {
    const { id, atMs, variant, endpoint: _, ...record } = JSON.parse(line) as Readonly<Record<string, unknown>>
    return { id: String(id), atMs: Number(atMs), endpoint, variant: String(variant), record }
  } catch {
    return undefined // half a line: its writer was killed
  }
}

function pageOf(endpoint: string, items: readonly Listed[]): Page<CaptureRecord> & { readonly items: CaptureRecord[] } {
  const last = items.at(-1)
  return {
    items: items.map(({ id, atMs, variant }) => ({ id, atMs, endpoint, variant })),
    ...(last !== undefined && { cursor: `${last.atMs}_${last.id}` }),
  }
}

type Place = Pick<Listed, 'id' | 'atMs'>

/** Newest first. */
function compare(a: Place, b: Place): number {
  return b.atMs - a.atMs || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)
}

/** @throws {ServingError} `invalid_argument` */
function parseCursor(cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined
  const [, atMs, id] = /^(\d{1,15})_([0-9A-Za-z-]{0,100})$/.exec(cursor) ?? []
  if (atMs === undefined || id === undefined || Number(atMs) > 8.64e15)
    throw new ServingError('invalid_argument', `${quote(cursor)} is no cursor of captures`, {
      details: { reason: 'cursor' },
    })
  return { atMs: Number(atMs), id }
}

function parseBeginning(line: string): Listed | undefined {
  const [, id, atMs, variant] = BEGINNING.exec(line) ?? []
  if (id === undefined || atMs === undefined || variant === undefined) return undefined
  return line.endsWith('}') ? { id, atMs: Number(atMs), variant } : undefined
}

function isDay(name: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(name)
}

/** Each once: between two steps of its way, one may be there under two names. */
async function segmentsIn(path: string): Promise<Segment[]> {
  const found = new Map<string, Segment>()
  for (const suffix of [SHIPPED_SUFFIX, OPEN_SUFFIX, CLOSED_SUFFIX])
    for (const name of await namesIn(path)) {
      if (!name.endsWith(suffix)) continue
      const text = name.slice(0, -suffix.length)
      const segment = parseSegment(text)
      if (segment !== undefined) found.set(text, { ...segment, text, suffix })
    }
  return [...found.values()]
}

async function namesIn(path: string): Promise<string[]> {
  return readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  })
}

/** A name as a part of a key, which may not end as names may. */
function keyName(name: string): string {
  return /(?:\.|\.tmp)$/.test(name) ? `${name}=` : name
}
