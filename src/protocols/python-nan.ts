const NAN = Buffer.from('NaN')
const N = 0x4e
const A = 0x61
const NULL = Buffer.from('null')
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Bytes that may stand beside a word of JSON: structure and white space. */
const BESIDE = new Uint8Array(256)
for (const byte of Buffer.from('[]{}:, \t\r\n')) BESIDE[byte] = 1

/**
 * JSON as Python writes it, which has `NaN` for a missing number, with `null` in its place: pandas' frames come so from
 * stock clients. Texts stay as they are; the very same bytes where there is no such word.
 */
export function withoutNan(body: Uint8Array): Uint8Array {
  const first = Buffer.from(body.buffer, body.byteOffset, body.byteLength).indexOf(NAN)
  if (first < 0) return body
  const out = Buffer.alloc(Math.ceil((body.length * NULL.length) / NAN.length))
  let length = 0
  let isText = false
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] as number
    if (byte === N && !isText && isNan(body, at)) {
      for (let i = 0; i < NULL.length; i++) out[length++] = NULL[i] as number
      at += NAN.length - 1
      continue
    }
    out[length++] = byte
    if (byte === QUOTE) isText = !isText
    else if (byte === BACKSLASH && isText && at + 1 < body.length) out[length++] = body[++at] as number
  }
  return out.subarray(0, length)
}

/** Whether the word begins there, and is the whole word. */
function isNan(body: Uint8Array, at: number): boolean {
  return body[at + 1] === A && body[at + 2] === N && isBeside(body[at - 1]) && isBeside(body[at + NAN.length])
}

function isBeside(byte: number | undefined): boolean {
  return byte === undefined || BESIDE[byte] === 1
}
