import { ServingError } from '../../core/errors.ts'
import { isInvalidInput } from './api.ts'
import { CODE_ROOT } from './modules.ts'

/** Most of an error's own words that is passed on, in characters. */
const MOST_WORDS = 1000

/**
 * What the code threw, as its caller may know it: its own words, and the line of the code that they come from.
 * @param given whatever it threw
 * @param step what was being done: `preprocess`
 */
export function failureOf(given: unknown, step: string): ServingError {
  const thrown = readable(given)
  const words = wordsOf(thrown)
  if (isInvalidInput(thrown))
    return new ServingError('invalid_argument', words === '' ? 'the code refused the input' : words, { cause: thrown })
  const isOurs = thrown instanceof ServingError
  const name = thrown instanceof Error && !isOurs ? `${nameOf(thrown)}: ` : ''
  const place = placeOf(thrown)
  return new ServingError('internal', `${step} failed: ${name}${words}${place === '' ? '' : ` (${place})`}`, {
    cause: thrown,
    details: { reason: 'code_failed' },
  })
}

/** What was thrown; another error for a thing that cannot even be asked whether it is one. */
export function readable(thrown: unknown): unknown {
  try {
    void (thrown instanceof Error)
    return thrown
  } catch {
    return new Error('something that cannot be read')
  }
}

/** The stack of an error in the code, for the log: the code's own lines alone. */
export function traceOf(given: unknown): string {
  const thrown = readable(given)
  if (!(thrown instanceof Error)) return wordsOf(thrown)
  const own = stackOf(thrown)
    .split('\n')
    .filter((line) => line.includes(CODE_ROOT))
    .map((line) => line.replaceAll(CODE_ROOT, ''))
  return [`${nameOf(thrown)}: ${wordsOf(thrown)}`, ...own].join('\n')
}

function nameOf(error: Error): string {
  try {
    const name: unknown = error.name
    return String(name).slice(0, 100)
  } catch {
    return 'Error'
  }
}

function wordsOf(thrown: unknown): string {
  let text = 'something that cannot be read'
  try {
    text = String(thrown instanceof Error ? thrown.message : thrown)
  } catch {
    // it has a toString of its own that throws
  }
  return text.replaceAll(CODE_ROOT, '').slice(0, MOST_WORDS)
}

/** File and line of the code's innermost frame; of a syntax error, of the error. */
function placeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return ''
  const stack = stackOf(thrown)
  const frame = new RegExp(String.raw`^\s*at (?:(.*?) \()?${escape(CODE_ROOT)}([^\s()]+?):(\d+):\d+\)?$`, 'm').exec(
    stack,
  )
  const [, within, path, line] = frame ?? []
  if (path !== undefined) {
    const named = within === undefined ? '' : `, in ${within.replace(/^(async )?(Module|Object)\./, '')}`
    return `${decodeURIComponent(path)}, line ${line}${named}`
  }
  // a file that cannot be read as code begins its stack with its place
  const [, file, at] = new RegExp(String.raw`^${escape(CODE_ROOT)}(\S+?):(\d+)$`, 'm').exec(stack) ?? []
  return file === undefined ? '' : `${decodeURIComponent(file)}, line ${at}`
}

function stackOf(error: Error): string {
  try {
    const stack: unknown = error.stack
    return typeof stack === 'string' ? stack : ''
  } catch {
    return ''
  }
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)
}
