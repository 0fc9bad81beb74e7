import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { LogSettings } from '../../runtime/operations.ts'

/** What the log shows, in Triton's words. @see Triton's "Logging Extension" */
export function logSettingsDocument({ info, warning, error, debug }: LogSettings) {
  return {
    log_file: LOG_FILE,
    log_info: info,
    log_warning: warning,
    log_error: error,
    log_verbose_level: debug ? 1 : 0,
    log_format: LOG_FORMAT,
  }
}

/** The log goes to stderr, in lines of JSON with times of this format. */
const LOG_FILE = ''
const LOG_FORMAT = 'ISO8601'

const SWITCHES = { log_info: 'info', log_warning: 'warning', log_error: 'error' } as const
const NAMES = [...Object.keys(SWITCHES), 'log_verbose_level']

/**
 * What a request wants to be changed.
 * @param settings by name, as plain values
 * @throws {ServingError} `invalid_argument` for what is no setting or no value of it; `unsupported` for another file or format
 */
export function readLogChange(settings: Readonly<Record<string, unknown>>): Partial<LogSettings> {
  const change: { -readonly [Key in keyof LogSettings]?: LogSettings[Key] } = {}
  for (const [name, value] of Object.entries(settings)) {
    if (name === 'log_info' || name === 'log_warning' || name === 'log_error') {
      if (typeof value !== 'boolean') throw notA(name, 'true or false')
      change[SWITCHES[name]] = value
    } else if (name === 'log_verbose_level') {
      if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) throw notA(name, 'a whole number from 0')
      change.debug = value > 0
    } else if (name === 'log_file' || name === 'log_format') {
      const stands = name === 'log_file' ? LOG_FILE : LOG_FORMAT
      if (value !== stands)
        throw new ServingError(
          'unsupported',
          `${name} is ${quote(stands)} and stays that: the log goes to stderr, from where it can be sent anywhere`,
        )
    } else
      throw new ServingError(
        'invalid_argument',
        `${quote(name, 40)} is no setting of the log; there are ${quoteList(NAMES)}`,
      )
  }
  return change
}

function notA(name: string, wanted: string): ServingError {
  return new ServingError('invalid_argument', `${name} takes ${wanted}`)
}
