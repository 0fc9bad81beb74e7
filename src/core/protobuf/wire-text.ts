import { isUtf8 } from 'node:buffer'

/** Texts up to here are read and written byte by byte where they are ASCII: a call into the engine takes longer. */
const FEW_BYTES = 32

/** Texts that messages are likely to hold again, each in the place of its bytes' hash. */
const KEPT_TEXTS = 256
const keptTexts: string[] = Array.from({ length: KEPT_TEXTS }, () => '')

/**
 * UTF-8 bytes as text, for names and the like, which come again and again.
 * @returns undefined where the bytes are no UTF-8
 */
export function decodeName(bytes: Buffer, from: number, to: number): string | undefined {
  const length = to - from
  if (length === 0) return ''
  if (length > FEW_BYTES) return decodeText(bytes, from, to)
  const place = (length + 7 * (bytes[from] as number) + 31 * (bytes[to - 1] as number)) % KEPT_TEXTS
  const kept = keptTexts[place] as string
  if (kept.length === length && standsAt(bytes, from, kept)) return kept
  const text = decodeText(bytes, from, to)
  // only ASCII is as long in characters as in bytes
  if (text?.length === length) keptTexts[place] = text
  return text
}

function standsAt(bytes: Buffer, from: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false
  return true
}

/** UTF-8 bytes as text; undefined where the bytes are no UTF-8. */
export function decodeText(bytes: Buffer, from: number, to: number): string | undefined {
  return isUtf8(bytes.subarray(from, to)) ? bytes.toString('utf8', from, to) : undefined
}

/** Bytes of a text as UTF-8. */
export function textSize(text: string): number {
  if (text.length > FEW_BYTES) return Buffer.byteLength(text)
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return Buffer.byteLength(text)
  return text.length
}

/**
 * Writes a text as UTF-8.
 * @param sizeBytes its `textSize`
 * @returns the place behind it
 */
export function writeText(target: Buffer, at: number, text: string, sizeBytes: number): number {
  if (sizeBytes > FEW_BYTES || sizeBytes !== text.length) target.write(text, at, 'utf8')
  else for (let i = 0; i < sizeBytes; i++) target[at + i] = text.charCodeAt(i)
  return at + sizeBytes
}
