import { appendFile, mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogLine } from '../../../api/api-types.ts'
import type { EndpointLogs } from '../../../control/rest/doors.ts'
import { MODEL_NAME } from '../../../core/names.ts'
import { quote } from '../../../core/text.ts'
import { plainLine } from './log-text.ts'

export interface EndpointLogsOptions {
  /** Made when it is not there. One folder for each project in it. */
  readonly folder: string
  /** Size at which a file is put aside for a new one (bytes). Default 8 MiB. */
  readonly fileBytes?: number | undefined
  /** Files of each endpoint. Default 4. */
  readonly files?: number | undefined
  /** How soon what came is written (ms). Default 100. */
  readonly flushAfterMs?: number | undefined
  /** What waits to be written, of all endpoints (bytes). Default 4 MiB. */
  readonly maxWaitingBytes?: number | undefined
}

/** The logs of all endpoints, one JSON document a line, in files of bounded size. */
export interface LogFiles extends EndpointLogs {
  append(project: string, endpoint: string, line: Omit<LogLine, 'seq'>): void
  /** Takes a log away for good. */
  remove(project: string, endpoint: string): Promise<void>
  /** Every endpoint that has a log. */
  known(): Promise<readonly { readonly project: string; readonly endpoint: string }[]>
  /** Lines that were lost: the disk was full, or too slow. */
  readonly dropped: number
  flush(): Promise<void>
  close(): Promise<void>
}

const FILE_BYTES = 8 * 2 ** 20
const FILES = 4
const FLUSH_AFTER_MS = 100
const MAX_WAITING_BYTES = 4 * 2 ** 20
/** Longest line: 32 fields and more (bytes). */
const MAX_LINE_BYTES = 128 * 2 ** 10
/** Logs whose last number is remembered. */
const MOST_OPEN = 5000
const SUFFIX = '.jsonl'

interface Log {
  readonly path: string
  /** Of the line that came last. */
  seq: number
  /** Of the file that is written to (bytes). */
  sizeBytes: number
  /** Whether it ends within a line. */
  isTorn: boolean
}

export function createEndpointLogs(options: EndpointLogsOptions): LogFiles {
  const { folder, fileBytes = FILE_BYTES, files = FILES, flushAfterMs = FLUSH_AFTER_MS } = options
  const maxWaitingBytes = options.maxWaitingBytes ?? MAX_WAITING_BYTES
  const logs = new Map<string, Promise<Log>>()
  let waiting: { project: string; endpoint: string; line: Omit<LogLine, 'seq'> }[] = []
  let waitingBytes = 0
  let dropped = 0
  let timer: NodeJS.Timeout | undefined
  let turn = Promise.resolve()

  function pathOf(project: string, endpoint: string): string {
    for (const name of [project, endpoint])
      if (!MODEL_NAME.test(name)) throw new Error(`${quote(name)} is no name of a log; this is a bug`)
    return join(folder, project, `${endpoint}${SUFFIX}`)
  }

  /** Where a log stands; its files are looked at once. */
  function logOf(project: string, endpoint: string): Promise<Log> {
    const path = pathOf(project, endpoint)
    let log = logs.get(path)
    if (log === undefined) {
      const [oldest] = logs.keys()
      if (logs.size >= MOST_OPEN && oldest !== undefined) logs.delete(oldest)
      logs.set(path, (log = findEnd(path, files)))
      log.catch(() => logs.delete(path))
    }
    return log
  }

  async function write(): Promise<void> {
    const lines = waiting
    waiting = []
    waitingBytes = 0
    for (const group of Map.groupBy(lines, ({ project, endpoint }) => `${project} ${endpoint}`).values()) {
      const [first] = group
      if (first === undefined) continue
      try {
        await writeTo(
          await logOf(first.project, first.endpoint),
          group.map(({ line }) => line),
        )
      } catch {
        dropped += group.length // a full disk loses lines, and disturbs nobody
      }
    }
  }

  async function writeTo(log: Log, lines: readonly Omit<LogLine, 'seq'>[]): Promise<void> {
    if (log.sizeBytes >= fileBytes) await rotate(log)
    let { seq } = log
    const text = lines.map((line) => `${JSON.stringify({ seq: ++seq, ...line })}\n`).join('')
    const bytes = Buffer.from(log.isTorn ? `\n${text}` : text)
    // numbers are never given twice, also when it is not known how much was written
    log.seq = seq
    log.isTorn = true
    await mkdir(join(log.path, '..'), { recursive: true, mode: 0o700 })
    await appendFile(log.path, bytes, { mode: 0o600 })
    log.isTorn = false
    log.sizeBytes += bytes.byteLength
  }

  async function rotate(log: Log): Promise<void> {
    for (let i = files - 1; i > 0; i--)
      await rename(i === 1 ? log.path : `${log.path}.${i - 1}`, `${log.path}.${i}`).catch(unlessMissing)
    log.sizeBytes = 0
    log.isTorn = false
  }

  function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    turn = turn.then(write)
    return turn
  }

  return {
    append(project, endpoint, line) {
      const plain = plainLine(line)
      const sizeBytes = JSON.stringify(plain).length
      if (waitingBytes + sizeBytes > maxWaitingBytes) {
        dropped++
        return
      }
      waitingBytes += sizeBytes
      waiting.push({ project, endpoint, line: plain })
      timer ??= setTimeout(() => void flush(), flushAfterMs).unref()
    },
    async read({ project, endpoint, after, limit }) {
      await turn
      const log = await logOf(project, endpoint)
      if (log.seq <= after) return []
      const found: LogLine[] = []
      for (let i = files - 1; i >= 0 && found.length < limit; i--)
        await readAfter(i === 0 ? log.path : `${log.path}.${i}`, after, limit, found)
      return found
    },
    async last(project, endpoint) {
      await turn
      return (await logOf(project, endpoint)).seq
    },
    async remove(project, endpoint) {
      turn = turn.then(async () => {
        const path = pathOf(project, endpoint)
        logs.delete(path)
        for (let i = 0; i < files; i++) await rm(i === 0 ? path : `${path}.${i}`, { force: true }).catch(() => {})
      })
      await turn
    },
    async known() {
      const projects = await readdir(folder).catch(() => [])
      const found = await Promise.all(
        projects.map(async (project) => {
          const names = await readdir(join(folder, project)).catch(() => [])
          const logged = names.map((name) => /^(.+)\.jsonl(?:\.\d+)?$/.exec(name)?.[1] ?? '')
          return [...new Set(logged)].filter((name) => MODEL_NAME.test(name)).map((endpoint) => ({ project, endpoint }))
        }),
      )
      return found.flat()
    },
    get dropped() {
      return dropped
    },
    flush,
    async close() {
      await flush()
    },
  }
}

/** Where a log that another life of this process wrote goes on. */
async function findEnd(path: string, files: number): Promise<Log> {
  const sizeBytes = (await stat(path).catch(unlessMissing))?.size ?? 0
  const end = { path, seq: 0, sizeBytes, isTorn: false }
  for (let i = 0; i < files && end.seq === 0; i++) {
    const file = await open(i === 0 ? path : `${path}.${i}`).catch(unlessMissing)
    if (file === undefined) continue
    try {
      const { size } = await file.stat()
      const tail = await readAt(file, Math.max(0, size - MAX_LINE_BYTES), size)
      if (i === 0 && size > 0) end.isTorn = !tail.endsWith('\n')
      for (const line of tail.split('\n').toReversed()) {
        const parsed = parse(line)
        if (parsed === undefined) continue
        end.seq = parsed.seq
        break
      }
    } finally {
      await file.close()
    }
  }
  return end
}

/** Adds lines of one file to `found`: its lines ascend, so that the first is looked for by halves. */
async function readAfter(path: string, after: number, limit: number, found: LogLine[]): Promise<void> {
  const file = await open(path).catch(unlessMissing)
  if (file === undefined) return
  try {
    const { size } = await file.stat()
    let from = 0
    let to = size
    while (to - from > 2 * MAX_LINE_BYTES) {
      const middle = Math.floor((from + to) / 2)
      const text = await readAt(file, middle, Math.min(size, middle + 2 * MAX_LINE_BYTES))
      // what begins within a line says nothing
      const first = text
        .split('\n')
        .slice(1)
        .map(parse)
        .find((line) => line !== undefined)
      if (first !== undefined && first.seq > after) to = middle
      else from = middle
    }
    let rest = ''
    for (let at = from; at < size && found.length < limit; at += CHUNK_BYTES) {
      const isLast = at + CHUNK_BYTES >= size
      const text = rest + (await readAt(file, at, Math.min(size, at + CHUNK_BYTES), 'latin1'))
      const lines = text.split('\n')
      rest = isLast ? '' : (lines.pop() ?? '')
      for (const line of lines) {
        const parsed = parse(Buffer.from(line, 'latin1').toString('utf8'))
        if (parsed === undefined || parsed.seq <= after) continue
        found.push(parsed)
        if (found.length >= limit) return
      }
    }
  } finally {
    await file.close()
  }
}

const CHUNK_BYTES = 256 * 2 ** 10

async function readAt(
  file: FileHandle,
  from: number,
  to: number,
  encoding: 'utf8' | 'latin1' = 'utf8',
): Promise<string> {
  const buffer = Buffer.alloc(Math.max(0, to - from))
  const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, from)
  return buffer.toString(encoding, 0, bytesRead)
}

/** @returns undefined for half a line, and for what is none of ours */
function parse(text: string): LogLine | undefined {
  if (!text.startsWith('{"seq":')) return undefined
  try {
    const line = JSON.parse(text) as LogLine
    return Number.isSafeInteger(line.seq) ? line : undefined
  } catch {
    return undefined
  }
}

function unlessMissing(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
  throw error
}
