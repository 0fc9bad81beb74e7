import { hideKeys } from '../../../core/text.ts'

/** Lines of a process's log that are kept with its failure. */
const MOST_LINES = 20
/** Of a line (characters). */
const MOST_CHARACTERS = 1000

/** The last lines of what a process says. */
export interface LogTail {
  add(text: string): void
  /** Control characters are escaped, and keys hidden. */
  lines(): readonly string[]
}

export function createLogTail(): LogTail {
  const whole: string[] = []
  let open = ''
  return {
    add: (text) => {
      const lines = (open + text).slice(-2 * MOST_LINES * MOST_CHARACTERS).split(/\r?\n/)
      open = lines.pop() ?? ''
      whole.push(...lines.filter((line) => line.trim() !== ''))
      whole.splice(0, whole.length - MOST_LINES)
    },
    lines: () => [...whole, ...(open.trim() === '' ? [] : [open])].slice(-MOST_LINES).map(shown),
  }
}

function shown(line: string): string {
  // colours mean nothing where this is read
  const plain = hideKeys(line).replaceAll(/\p{Cc}\[[0-9;]*m/gu, '')
  const escaped = plain.replaceAll(
    /(?!\t)[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return escaped.length > MOST_CHARACTERS ? `${escaped.slice(0, MOST_CHARACTERS)}…` : escaped
}
