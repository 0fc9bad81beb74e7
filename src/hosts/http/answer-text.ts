import type { WireRequest, WireResponse } from '../../protocols/protocol.ts'
import type { Call } from '../../runtime/plane.ts'
import { http } from '../node-http.ts'
import { formatServerTiming } from './server-timing.ts'

/**
 * The head of an answer as text, up to and with the empty line.
 * @param lengthBytes of the body
 * @param nowMs on the monotonic clock
 * @param isLast whether the connection ends after it
 * @throws {Error} when a status or header cannot be sent: a defect of whoever made the answer
 */
export function formatHead(
  result: WireResponse,
  lengthBytes: number,
  extra: string,
  nowMs: number,
  isLast: boolean,
): string {
  let text = STATUS_LINES.get(result.status) ?? statusLine(result.status)
  const { headers } = result
  for (const name of Object.keys(headers)) text += headerLine(name, headers[name] ?? '')
  if (!isBodiless(result.status)) text += 'content-length: ' + lengthBytes + '\r\n'
  return text + dateLine(nowMs) + extra + (isLast ? 'connection: close\r\n\r\n' : '\r\n')
}

/** Whether answers of this status have neither body nor length. @see RFC 9110, "Content-Length" */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304
}

const STATUS_LINES = new Map<number, string>()

function statusLine(status: number): string {
  checkStatus(status)
  const line = `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? 'unknown'}\r\n`
  STATUS_LINES.set(status, line)
  return line
}

/** @throws {Error} for what is no final status */
export function checkStatus(status: number): void {
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new Error(`an answer cannot have the status ${status}; this is a bug`)
}

/** Lines that were written before, by name and value: protocols send the same few. */
const LINES = new Map<string, Map<string, string>>()
const MAX_LINES = 100
const MAX_LINE_CHARACTERS = 200
let lines = 0

function headerLine(name: string, value: string): string {
  const known = LINES.get(name)?.get(value)
  if (known !== undefined) return known
  checkHeader(name, value)
  const line = `${name}: ${value}\r\n`
  if (lines < MAX_LINES && line.length <= MAX_LINE_CHARACTERS) {
    const values = LINES.get(name) ?? new Map<string, string>()
    LINES.set(name, values.set(value, line))
    lines++
  }
  return line
}

const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
const VALUE = /^[\t\x20-\x7e]*$/

/** Headers that say how an answer is framed: the host's alone. */
const FRAMING = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding', 'upgrade'])

/** @throws {Error} for a header that an answer must not have */
export function checkHeader(name: string, value: string): void {
  if (!NAME.test(name) || FRAMING.has(name))
    throw new Error(`an answer may not have the header ${JSON.stringify(name)}; this is a bug`)
  if (!VALUE.test(value))
    throw new Error(`the header ${name} of an answer holds more than visible ASCII; this is a bug`)
}

let date = ''
let dateUntilMs = -Infinity

/** The `Date` header; its text is made once a second. */
function dateLine(nowMs: number): string {
  if (nowMs >= dateUntilMs) {
    const now = new Date()
    date = `date: ${now.toUTCString()}\r\n`
    dateUntilMs = nowMs + 1000 - now.getMilliseconds()
  }
  return date
}

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/

/** The caller's own name for a request, when it is fit to be sent back. */
export function requestIdOf(headers: WireRequest['headers']): string | undefined {
  const id = headers['x-request-id']
  return id !== undefined && REQUEST_ID.test(id) ? id : undefined
}

/** The `server-timing` line of an answer; empty for a request that reached no model. */
export function timingLine({ timing }: Call, totalMs: number): string {
  return timing === undefined ? '' : 'server-timing: ' + formatServerTiming(timing, totalMs) + '\r\n'
}
