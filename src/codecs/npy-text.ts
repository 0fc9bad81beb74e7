import { isUtf8 } from 'node:buffer'
import { ServingError } from '../core/errors.ts'
import { formatBytes } from '../core/text.ts'

/** Most bytes of an array of text: each element takes as many as the longest. */
const MAX_TEXT_BYTES = 2 ** 26

/**
 * Elements of fixed length as byte strings: `S` as they are, `U` from UTF-32 to UTF-8, both without the NULs at their
 * end.
 * @param bytes little-endian
 * @throws {ServingError} `invalid_argument` for what is no character
 */
export function decodeFixedText(bytes: Uint8Array, count: number, sizeBytes: number, kind: 'U' | 'S'): Uint8Array[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const elements: Uint8Array[] = []
  for (let element = 0; element < count; element++) {
    const from = element * sizeBytes
    const to = from + sizeBytes
    elements.push(kind === 'S' ? all.subarray(from, endOf(all, from, to, 1)) : utf8Of(all, from, to, element))
  }
  return elements
}

/** Where the characters of a padded element end. */
function endOf(bytes: Buffer, from: number, to: number, unitBytes: 1 | 4): number {
  let end = to
  while (end > from && (unitBytes === 1 ? bytes[end - 1] === 0 : bytes.readUInt32LE(end - 4) === 0)) end -= unitBytes
  return end
}

function utf8Of(bytes: Buffer, from: number, to: number, element: number): Uint8Array {
  const end = endOf(bytes, from, to, 4)
  let text = ''
  for (let at = from; at < end; at += 4) {
    const point = bytes.readUInt32LE(at)
    if (point > 0x10_ffff || (point >= 0xd800 && point <= 0xdfff))
      throw new ServingError(
        'invalid_argument',
        `element ${element} of the .npy file has the number 0x${point.toString(16)} where a character is expected`,
      )
    text += String.fromCodePoint(point)
  }
  return Buffer.from(text)
}

/**
 * Byte strings as elements of one length: UTF-32 where all are UTF-8, else as they are.
 * @returns numpy's name of the type, and the elements one after the other
 * @throws {ServingError} `unsupported`, with `details.reason` `accept`, where NULs at an element's end would be lost,
 *   or the elements would take far more room than they have
 */
export function encodeFixedText(elements: readonly Uint8Array[]): {
  readonly type: string
  readonly bytes: Uint8Array
} {
  const ends = elements.findIndex((element) => element.at(-1) === 0)
  if (ends >= 0)
    throw cannotHold(`element ${ends} of the output ends in NUL, which an .npy file cannot tell from padding`)
  if (!elements.every((element) => isUtf8(element))) {
    const longest = elements.reduce((most, element) => Math.max(most, element.length), 1)
    const bytes = room(elements.length, longest)
    for (const [i, element] of elements.entries()) bytes.set(element, i * longest)
    return { type: `|S${longest}`, bytes }
  }
  let longest = 1
  for (const element of elements) longest = Math.max(longest, charactersIn(element))
  const bytes = room(elements.length, longest * 4)
  for (const [i, element] of elements.entries()) {
    let at = i * longest * 4
    for (const character of Buffer.from(element).toString()) {
      bytes.writeUInt32LE(character.codePointAt(0) ?? 0, at)
      at += 4
    }
  }
  return { type: `<U${longest}`, bytes }
}

/** Characters of UTF-8 text: its bytes that do not go on with another. */
function charactersIn(text: Uint8Array): number {
  let count = 0
  for (const byte of text) if ((byte & 0xc0) !== 0x80) count++
  return count
}

function room(count: number, sizeBytes: number): Buffer {
  if (count * sizeBytes > MAX_TEXT_BYTES)
    throw cannotHold(
      `the texts of the output would take ${formatBytes(count * sizeBytes)} in an .npy file, where each takes as much as the longest; the most is ${formatBytes(MAX_TEXT_BYTES)}`,
    )
  return Buffer.alloc(count * sizeBytes)
}

function cannotHold(why: string): ServingError {
  return new ServingError('unsupported', `${why}; ask for JSON, or by the Open Inference Protocol`, {
    details: { reason: 'accept' },
  })
}
