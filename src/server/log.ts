import { LOG_LEVELS, type LogLevel } from '../api/resources.ts'
import { hideKeys } from '../core/text.ts'
import { randomUUID } from 'node:crypto'
import type { Answered } from '../protocols/protocol.ts'
import type { LogSettings } from '../runtime/operations.ts'
import { versionName } from '../runtime/plane.ts'
import { createLogSink, openStandardError, type LogSink } from './log-sink.ts'

export { LOG_LEVELS, type LogLevel }

let shown = settingsFrom('info')
let sink: LogSink | undefined

/** From now on, less important lines than these are not written. */
export function setLogLevel(level: LogLevel): void {
  shown = settingsFrom(level)
}

/** Which lines are written now. */
export function logSettings(): LogSettings {
  return shown
}

export function setLogSettings(settings: LogSettings): void {
  shown = settings
}

/** What a log shows that begins at a level. */
export function settingsFrom(level: LogLevel): LogSettings {
  const least = LOG_LEVELS.indexOf(level)
  return { debug: least <= 0, info: least <= 1, warning: least <= 2, error: least <= 3 }
}

/** One line of JSON on stderr. Errors are written with their causes and stacks: the log is for the operator, not for callers. */
export function log(
  level: Exclude<LogLevel, 'silent'>,
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): void {
  if (!shown[level === 'warn' ? 'warning' : level]) return
  const standardError = stderrSink()
  standardError.write(JSON.stringify(lineOf(level, message, fields), writeErrors))
  standardError.flush() // the process may be about to die: only lines of requests wait for each other
}

/** Lines that nobody read fast enough, since the process started. */
export function droppedLogLines(): number {
  return sink?.droppedLines ?? 0
}

/** Ids of a span, as the log names them. */
interface SpanIds {
  readonly traceId: string
  readonly spanId: string
}

/**
 * Writes a line for each request: no header but the caller's id for it, no query, no body.
 * @param write takes a line without its newline; stderr when absent, where lines are dropped rather than waited for
 */
export function createAccessLog(
  write: (line: string) => void = (line) => stderrSink().write(line),
): (answered: Answered, span?: SpanIds) => void {
  return ({ request, call, status, sentBytes, totalMs }, span) => {
    const { timing } = call
    const shown = hideKeys(request.path)
    const path = shown.length > MAX_PATH ? `${shown.slice(0, MAX_PATH)}…` : shown
    // put together by hand: there may be tens of thousands in a second
    let line = `{"time":"${timeNow()}","level":"info","message":"request","pid":${process.pid}`
    line += `,"requestId":${text(requestIdOf(request.headers['x-request-id']))}`
    if (span !== undefined) line += `,"trace_id":"${span.traceId}","span_id":"${span.spanId}"`
    line += `,"method":${text(request.method.slice(0, 20))},"path":${text(path)},"status":${status}`
    if (timing !== undefined) {
      line += `,"model":${text(timing.model.name)},"version":"${versionName(timing.model)}","rows":${timing.rows}`
      line += `,"queueMs":${roundMs(timing.queueMs)},"modelMs":${roundMs(timing.runMs)}`
    }
    line += `,"totalMs":${roundMs(totalMs)},"sentBytes":${sentBytes}`
    if (request.peer !== undefined) line += `,"peer":${text(request.peer)}`
    write(`${line}}`)
  }
}

/** A JSON string. */
function text(value: string): string {
  return /^[ !#-[\]-~]*$/.test(value) ? `"${value}"` : JSON.stringify(value)
}

let timeMs = 0
let timeText = ''

/** Now, as the log writes it; many lines have the same. */
function timeNow(): string {
  const nowMs = Date.now()
  if (nowMs === timeMs) return timeText
  timeMs = nowMs
  timeText = new Date(nowMs).toISOString()
  return timeText
}

/** Most characters of a path that are written. */
const MAX_PATH = 512

/** The caller's own id where that is one that a log can hold, else a new one. */
function requestIdOf(given: string | undefined): string {
  return given !== undefined && /^[\x21-\x7e]{1,128}$/.test(given) ? given : randomUUID()
}

function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

function lineOf(level: string, message: string, fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { time: timeNow(), level, message, pid: process.pid, ...fields }
}

function stderrSink(): LogSink {
  if (sink !== undefined) return sink
  const made = createLogSink(openStandardError(), {
    droppedLine: (lines) =>
      JSON.stringify(lineOf('warn', 'log lines were dropped: nobody read them fast enough', { lines })),
  })
  process.on('exit', () => made.flushAtExit())
  sink = made
  return made
}

function writeErrors(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return typeof value === 'bigint' ? String(value) : value
  return {
    name: value.name,
    message: value.message,
    stack: value.stack,
    ...(value.cause === undefined ? {} : { cause: value.cause }),
  }
}
