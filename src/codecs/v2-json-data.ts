import { quote } from '../core/text.ts'
import type { Shape } from '../tensor/shape.ts'
import type { Tensor, Tensors } from '../tensor/tensor.ts'
import { checkTexts, MAX_TEXTS, MISSING_TEXT } from '../tensor/texts.ts'
import {
  LETTER_F,
  LETTER_N,
  LETTER_T,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
  startsNumber,
  type JsonScanner,
} from './json-scanner.ts'
import { allocateSmall } from './small-arrays.ts'
import { readFloats, readIntegers } from './v2-json-numbers.ts'
import { refuse, refuseElement, refuseValue, type JsonDatatype, type Reading } from './v2-json-reading.ts'

/** Texts up to here are copied byte by byte. */
const FEW_BYTES = 24

/**
 * Reads a tensor's `data` where the scanner stands, straight into the tensor's own array. Data comes flat, or nested
 * exactly as the shape says. null is a missing value: NaN, an empty element of BYTES, and refused for whole numbers.
 * @param count elements of the shape
 * @param beside the request's inputs that have been read already
 * @throws {ServingError} `invalid_argument`, naming the input and the element; `too_large` for more elements of BYTES
 *   than a request may have
 */
export function readData(
  scanner: JsonScanner,
  name: string,
  datatype: JsonDatatype,
  shape: Shape,
  count: number,
  beside: Tensors,
): Tensor['data'] {
  if (scanner.next() !== OPEN_LIST) throw refuseValue(scanner, `input ${quote(name)}: "data" must be a list`)
  // a shape may claim what it likes, but an element takes two bytes of the body with its comma or bracket
  const room = Math.min(count, (scanner.length - scanner.at) >> 1)
  if (datatype === 'BYTES') {
    // as many would not fit in a small body
    if (scanner.length > MAX_TEXTS) checkTexts(name, count, room, beside)
    const data: Uint8Array[] = []
    readElements({ scanner, name, datatype, shape, target: data }, count)
    return data
  }
  const data = allocateSmall(datatype, room)
  const target =
    data instanceof BigInt64Array || data instanceof BigUint64Array
      ? new Int32Array(data.buffer, data.byteOffset, 2 * room)
      : data
  readElements({ scanner, name, datatype, shape, target }, count)
  return data
}

function readElements(reading: Reading, count: number): void {
  const { scanner, shape } = reading
  scanner.open()
  if (scanner.next() === OPEN_LIST && shape.length > 1) {
    readNested(reading, 0, 0)
    return
  }
  const found = readList(reading, 0, count)
  if (found !== count) throw refuse(reading, `shape [${shape.join(',')}] holds ${count} elements, "data" has ${found}`)
}

/**
 * Reads the elements of a list whose bracket has been taken, and its closing bracket; elements from place `to` on are
 * only counted.
 * @returns how many there are
 */
function readList(reading: Reading, from: number, to: number): number {
  const { scanner, target } = reading
  if (scanner.isEmptyList()) return 0
  if (target instanceof Float32Array || target instanceof Float64Array) return readFloats(reading, target, from, to)
  return Array.isArray(target) ? readTexts(reading, target, from, to) : readIntegers(reading, target, from, to)
}

/**
 * Reads a list, whose bracket has been taken, of lists; as deep as the shape is long, eight at most.
 * @param from the place of its first element
 * @returns the place behind its last element
 */
function readNested(reading: Reading, axis: number, from: number): number {
  const { scanner, shape } = reading
  const size = shape[axis] ?? 0
  let place = from
  let found = 0
  if (axis === shape.length - 1) {
    place += size
    found = readList(reading, from, place)
  } else if (!scanner.isEmptyList()) {
    do {
      if (found >= size) scanner.skip()
      else if (scanner.next() !== OPEN_LIST)
        throw refuseValue(
          scanner,
          `input ${quote(reading.name)}: "data" is nested less deeply than shape [${shape.join(',')}]`,
        )
      else {
        scanner.open()
        place = readNested(reading, axis + 1, place)
      }
      found++
    } while (scanner.hasMore())
  }
  if (found !== size)
    throw refuse(
      reading,
      `"data" has ${found} entries where shape [${shape.join(',')}] has ${size} (dimension ${axis})`,
    )
  return place
}

function readTexts(reading: Reading, target: Uint8Array[], from: number, to: number): number {
  const { scanner } = reading
  let i = from
  do {
    const byte = scanner.next()
    if (i >= to) scanner.skip()
    else {
      const at = scanner.at
      if (byte === LETTER_N) {
        scanner.word('null')
        target[i++] = MISSING_TEXT
        continue
      }
      if (byte !== QUOTE) throw refuseElement(reading, i, at, textHint(byte))
      scanner.skipString()
      if (!scanner.isWhole) throw refuseElement(reading, i, at, 'it holds half a surrogate pair, which UTF-8 has not')
      if (scanner.isEscaped) target[i] = Buffer.from(scanner.textFrom(at), 'utf8')
      else {
        const piece = Buffer.allocUnsafe(scanner.at - at - 2)
        copy(scanner.bytes, at + 1, piece)
        target[i] = piece
      }
    }
    i++
  } while (scanner.hasMore())
  return i - from
}

function textHint(byte: number): string {
  if (byte === OPEN_OBJECT || byte === OPEN_LIST) return 'BYTES takes text: send JSON as a text that holds it'
  return startsNumber(byte) || byte === LETTER_T || byte === LETTER_F
    ? 'BYTES takes text: send it in quotes, as it was written when the model was fitted'
    : 'BYTES takes text'
}

/** A few bytes are sooner copied here than by a call into the engine. */
function copy(source: Buffer, from: number, target: Buffer): void {
  if (target.length > FEW_BYTES) source.copy(target, 0, from, from + target.length)
  else for (let i = 0; i < target.length; i++) target[i] = source[from + i] as number
}
