import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { TraceChange, TraceSampling } from '../../runtime/operations.ts'

/**
 * What is traced, in Triton's words. Traces go to OpenTelemetry's collector; which share of the requests, `trace_rate`
 * says as one in so many, 0 for those alone whose caller traces them.
 * @see Triton's "Trace Extension"
 */
export function traceSettingsDocument({ isOn, ratio }: TraceSampling) {
  return {
    ...FIXED,
    trace_level: [isOn ? 'TIMESTAMPS' : 'OFF'],
    trace_rate: String(ratio === 0 ? 0 : Math.round(1 / ratio)),
  }
}

/** Settings that are told and stay as they are. */
const FIXED = { trace_file: '', trace_mode: 'opentelemetry', trace_count: '-1', log_frequency: '0' } as const

const NAMES = ['trace_level', 'trace_rate']

/** Largest rate that is taken: one request in so many. */
const MAX_RATE = 2 ** 31

/**
 * What a request wants to be changed.
 * @param settings by name: text, a number, a list of texts, or null to have it as it was at the start
 * @throws {ServingError} `invalid_argument` for what is no setting or no value of it; `unsupported` for what cannot be changed
 */
export function readTraceChange(settings: Readonly<Record<string, unknown>>): TraceChange {
  const change: { -readonly [Key in keyof TraceChange]: TraceChange[Key] } = {}
  for (const [name, value] of Object.entries(settings)) {
    if (name === 'trace_level') change.isOn = value === null ? null : readLevel(value)
    else if (name === 'trace_rate') change.ratio = value === null ? null : readRatio(only(value))
    else if (isFixed(name)) {
      const given = only(value)
      const isNew = typeof given === 'number' ? String(given) !== FIXED[name] : given !== FIXED[name]
      if (given !== null && isNew)
        throw new ServingError(
          'unsupported',
          `${name} is ${quote(FIXED[name])} and stays that: traces go to the collector that OTEL_EXPORTER_OTLP_ENDPOINT names`,
        )
    } else
      throw new ServingError(
        'invalid_argument',
        `${quote(name, 40)} is no setting of traces; there are ${quoteList(NAMES)}`,
      )
  }
  return change
}

function isFixed(name: string): name is keyof typeof FIXED {
  return Object.hasOwn(FIXED, name)
}

function readLevel(value: unknown): boolean {
  const levels: unknown[] = Array.isArray(value) ? value : [value]
  if (levels.includes('TENSORS'))
    throw new ServingError('unsupported', 'trace_level is OFF or TIMESTAMPS: tensors are not traced')
  const [level] = levels
  if (levels.length === 1 && (level === 'OFF' || level === 'TIMESTAMPS')) return level === 'TIMESTAMPS'
  throw new ServingError('invalid_argument', 'trace_level takes "OFF" or "TIMESTAMPS"')
}

function readRatio(value: unknown): number {
  const rate = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value
  if (typeof rate !== 'number' || !Number.isInteger(rate) || rate < 0 || rate > MAX_RATE)
    throw new ServingError('invalid_argument', `trace_rate takes a whole number from 0 to ${MAX_RATE}`)
  return rate === 0 ? 0 : 1 / rate
}

/** A value that may stand in a list by itself. */
function only(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value
}
