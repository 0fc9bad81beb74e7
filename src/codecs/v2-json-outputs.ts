import { END, LETTER_N, noKeys, OPEN_LIST, OPEN_OBJECT, QUOTE, startsNumber, type JsonScanner } from './json-scanner.ts'
import { readFlag } from './v2-json-parameters.ts'
import { bad, refuseValue } from './v2-json-reading.ts'
import {
  checkClassification,
  checkTensorCount,
  MAX_TENSORS,
  SHARED_MEMORY_PARAMETERS,
  sharedMemoryRefusal,
  type OutputForm,
} from './v2-request.ts'

/** The outputs that a request asks for; all when it names none. */
export interface ReadOutputs {
  readonly names: readonly string[]
  /** Of those that are not wanted as they are; undefined when there is none. */
  readonly forms: Map<string, OutputForm> | undefined
}

// the places of the keys below are what `member` answers
const OUTPUT_KEYS = ['name', 'parameters']
const OUTPUT_PARAMETERS = ['classification', 'binary_data', ...SHARED_MEMORY_PARAMETERS]

/** Reads the list of outputs where the scanner stands. */
export function readOutputs(scanner: JsonScanner): ReadOutputs {
  if (scanner.next() !== OPEN_LIST) throw refuseValue(scanner, '"outputs" must be a list')
  const names: string[] = []
  let forms: Map<string, OutputForm> | undefined
  let count = 0
  scanner.open()
  if (scanner.isEmptyList()) return { names, forms }
  do {
    if (++count > MAX_TENSORS) scanner.skip()
    else {
      const form = readOutput(scanner, names)
      if (form !== undefined) (forms ??= new Map()).set(names.at(-1) ?? '', form)
    }
  } while (scanner.hasMore())
  checkTensorCount(count, 'outputs')
  return { names, forms }
}

/** Adds an output's name to `names`. @returns how it is wanted, when it says so */
function readOutput(scanner: JsonScanner, names: string[]): OutputForm | undefined {
  let name: string | undefined
  let parameters: OutputParameters | undefined
  const seen = noKeys()
  if (scanner.next() === OPEN_OBJECT) {
    scanner.open()
    for (let key = scanner.member(OUTPUT_KEYS, seen); key !== END; key = scanner.member(OUTPUT_KEYS, seen)) {
      const byte = scanner.next()
      if (key === 0 && byte === QUOTE) name = scanner.name()
      else if (key === 1 && byte === OPEN_OBJECT) parameters = readOutputParameters(scanner)
      else scanner.skip()
    }
  } else scanner.skip()
  if (name === undefined) throw bad(`"outputs"[${names.length}] must be an object with a "name"`)
  names.push(name)
  if (parameters === undefined) return undefined
  if (parameters.isShared) throw sharedMemoryRefusal('output', name)
  const { classes, isBinary } = parameters
  if (classes !== undefined) checkClassification(name, classes)
  return classes === undefined && isBinary === undefined ? undefined : { classification: classes ?? 0, isBinary }
}

interface OutputParameters {
  /** As they stand there; NaN for what is no number. */
  classes: number | undefined
  isBinary: boolean | undefined
  isShared: boolean
}

function readOutputParameters(scanner: JsonScanner): OutputParameters {
  const found: OutputParameters = { classes: undefined, isBinary: undefined, isShared: false }
  const seen = noKeys()
  scanner.open()
  for (let key = scanner.member(OUTPUT_PARAMETERS, seen); key !== END; key = scanner.member(OUTPUT_PARAMETERS, seen)) {
    const byte = scanner.next()
    if (byte === LETTER_N) scanner.word('null')
    else if (key === 0) found.classes = readCount(scanner)
    else if (key === 1) found.isBinary = readFlag(scanner, 'binary_data')
    else {
      if (key > 1) found.isShared = true
      scanner.skip()
    }
  }
  return found
}

/** A number, as text too; NaN for anything else. */
function readCount(scanner: JsonScanner): number {
  const byte = scanner.next()
  if (startsNumber(byte)) return scanner.number()
  if (byte !== QUOTE) {
    scanner.skip()
    return Number.NaN
  }
  const text = scanner.string()
  return /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
}
