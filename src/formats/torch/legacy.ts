import { damaged } from './refusals.ts'

/** What files of torch before 1.6 begin with, in Latin-1: a pickle, of protocol 2, of the number 0x1950a86a20f9469cfc6c. */
export const LEGACY_MAGIC = '\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.'

/** Bytes that follow an opcode: a fixed count, the size of a length that goes before them, or lines of text. */
const FIXED: ReadonlyMap<number, number> = new Map([
  [0x4b, 1], // BININT1
  [0x4d, 2], // BININT2
  [0x4a, 4], // BININT
  [0x47, 8], // BINFLOAT
  [0x71, 1], // BINPUT
  [0x72, 4], // LONG_BINPUT
  [0x68, 1], // BINGET
  [0x6a, 4], // LONG_BINGET
  [0x80, 1], // PROTO
  [0x95, 8], // FRAME
])
const COUNTED: ReadonlyMap<number, number> = new Map([
  [0x58, 4], // BINUNICODE
  [0x8c, 1], // SHORT_BINUNICODE
  [0x8d, 8], // BINUNICODE8
  [0x54, 4], // BINSTRING
  [0x55, 1], // SHORT_BINSTRING
  [0x42, 4], // BINBYTES
  [0x43, 1], // SHORT_BINBYTES
  [0x8e, 8], // BINBYTES8
  [0x8a, 1], // LONG1
  [0x8b, 4], // LONG4
])
const LINES: ReadonlyMap<number, number> = new Map([
  [0x63, 2], // GLOBAL
  [0x69, 2], // INST
  [0x46, 1], // FLOAT
  [0x49, 1], // INT
  [0x4c, 1], // LONG
  [0x53, 1], // STRING
  [0x56, 1], // UNICODE
  [0x50, 1], // PERSID
  [0x67, 1], // GET
  [0x70, 1], // PUT
])
const STOP = 0x2e

/**
 * The pickle of the object in a file of torch before 1.6, which is the fourth of several pickles in a row.
 * @throws {ServingError} `refused` when the file is no such one
 */
export function splitLegacy(bytes: Uint8Array): Uint8Array {
  if (Buffer.from(bytes.subarray(0, LEGACY_MAGIC.length)).toString('latin1') !== LEGACY_MAGIC)
    throw damaged('it is neither a zip archive nor a file of an older torch')
  let start = 0
  for (let i = 0; i < 3; i++) start = endOf(bytes, start)
  return bytes.subarray(start, endOf(bytes, start))
}

/** Just after the STOP of the pickle that begins at a byte. */
function endOf(bytes: Uint8Array, start: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = start
  while (at < bytes.length) {
    const opcode = bytes[at] ?? 0
    at++
    if (opcode === STOP) return at
    const lengthSize = COUNTED.get(opcode)
    const lines = LINES.get(opcode)
    if (lengthSize !== undefined) {
      if (at + lengthSize > bytes.length) break
      const length =
        lengthSize === 1
          ? view.getUint8(at)
          : lengthSize === 4
            ? view.getUint32(at, true)
            : Number(view.getBigUint64(at, true))
      at += lengthSize + length
    } else if (lines !== undefined) {
      for (let line = 0; line < lines; line++) {
        const end = bytes.indexOf(0x0a, at)
        if (end < 0) throw damaged('a pickle in it does not end')
        at = end + 1
      }
    } else at += FIXED.get(opcode) ?? 0
  }
  throw damaged('a pickle in it does not end')
}
