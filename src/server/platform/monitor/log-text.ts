import type { LogLine } from '../../../api/api-types.ts'
import { hideKeys } from '../../../core/text.ts'

/** Longest text of a line, or of one of its fields (bytes). */
export const MAX_FIELD_BYTES = 1024
/** More are left out. */
const MOST_FIELDS = 32

/** A line as it is kept: its texts cut, keys hidden in them, and no character in it that a terminal would obey. */
export function plainLine(line: Omit<LogLine, 'seq'>): Omit<LogLine, 'seq'> {
  const { atMs, level, variant, source, message, fields } = line
  const plain = fields && Object.fromEntries(Object.entries(fields).slice(0, MOST_FIELDS).map(plainField))
  return {
    atMs,
    level,
    ...(variant !== undefined && { variant: plainText(variant) }),
    source: plainText(source),
    message: plainText(message),
    ...(plain !== undefined && Object.keys(plain).length > 0 && { fields: plain }),
  }
}

function plainField([name, value]: [string, unknown]): [string, unknown] {
  if (typeof value === 'string') return [plainText(name), plainText(value)]
  if (typeof value === 'object' && value !== null) {
    const text = JSON.stringify(value)
    const plain = plainText(text)
    return [plainText(name), plain === text ? value : plain]
  }
  return [plainText(name), value]
}

/** Colours mean nothing where this is read; other control characters are written as escapes. */
function plainText(text: string): string {
  const shown = hideKeys(cut(text))
    .replaceAll(/\p{Cc}\[[0-9;]*m/gu, '')
    .replaceAll(
      /(?![\t\n])[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
  return cut(shown)
}

function cut(text: string): string {
  if (text.length * 3 <= MAX_FIELD_BYTES) return text
  const bytes = Buffer.from(text.slice(0, MAX_FIELD_BYTES + 1))
  if (bytes.byteLength <= MAX_FIELD_BYTES)
    return text.length > MAX_FIELD_BYTES ? `${text.slice(0, MAX_FIELD_BYTES - 3)}…` : text
  let end = MAX_FIELD_BYTES - 3
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end-- // no half characters
  return `${bytes.subarray(0, end).toString('utf8')}…`
}
