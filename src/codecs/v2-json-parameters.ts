import {
  END,
  LETTER_F,
  LETTER_N,
  LETTER_T,
  noKeys,
  OPEN_OBJECT,
  QUOTE,
  startsNumber,
  type JsonScanner,
} from './json-scanner.ts'
import { bad, refuseValue } from './v2-json-reading.ts'
import { priorityOf, sequenceRefusal, timeoutOf } from './v2-request.ts'

/** What the parameters of a request say that is known here. */
export interface RequestParameters {
  readonly timeoutUs: number | undefined
  readonly priority: 1 | 2 | 3 | undefined
  readonly isBinary: boolean
}

export const UNSET: RequestParameters = { timeoutUs: undefined, priority: undefined, isBinary: false }

// the places of these keys are what `member` answers
const REQUEST_PARAMETERS = ['timeout', 'priority', 'binary_data_output', 'sequence_id']

/**
 * Reads the parameters of a request where the scanner stands; those that are not known are passed over.
 * @throws {ServingError} `invalid_argument`; `unsupported` for a sequence
 */
export function readParameters(scanner: JsonScanner): RequestParameters {
  if (scanner.next() !== OPEN_OBJECT) throw refuseValue(scanner, '"parameters" must be an object')
  let timeout = 0
  let priority = 0
  let isBinary = false
  const seen = noKeys()
  scanner.open()
  for (
    let key = scanner.member(REQUEST_PARAMETERS, seen);
    key !== END;
    key = scanner.member(REQUEST_PARAMETERS, seen)
  ) {
    if (key === 0) timeout = readWhole(scanner, 'the parameter "timeout" must be a whole number of microseconds')
    else if (key === 1)
      priority = readWhole(
        scanner,
        'the parameter "priority" must be a whole number: 0 for the default, 1 for the first',
      )
    else if (key === 2) isBinary = readFlag(scanner, 'binary_data_output')
    else if (key === 3) refuseSequence(scanner)
    else scanner.skip()
  }
  return { timeoutUs: timeoutOf(timeout), priority: priorityOf(priority), isBinary }
}

/** Passes over a sequence that is none: 0, an empty text, null. */
function refuseSequence(scanner: JsonScanner): void {
  const byte = scanner.next()
  if (byte === LETTER_N) scanner.word('null')
  else if (startsNumber(byte)) {
    if (scanner.number() !== 0) throw sequenceRefusal()
  } else if (byte === QUOTE) {
    if (scanner.string() !== '') throw sequenceRefusal()
  } else throw refuseValue(scanner, 'the parameter "sequence_id" must be a number or text')
}

/** A whole number from 0 up; as text too, since some clients send all parameters so. */
export function readWhole(scanner: JsonScanner, otherwise: string): number {
  const byte = scanner.next()
  let value = -1
  if (startsNumber(byte)) value = scanner.number()
  else if (byte === QUOTE) {
    const text = scanner.string()
    if (/^\d{1,16}$/.test(text)) value = Number(text)
  } else scanner.skip()
  if (!Number.isSafeInteger(value) || value < 0) throw bad(otherwise)
  return value
}

/** `true` or `false`. @param name of the parameter */
export function readFlag(scanner: JsonScanner, name: string): boolean {
  const byte = scanner.next()
  if (byte !== LETTER_T && byte !== LETTER_F)
    throw refuseValue(scanner, `the parameter "${name}" must be true or false`)
  scanner.word(byte === LETTER_T ? 'true' : 'false')
  return byte === LETTER_T
}
