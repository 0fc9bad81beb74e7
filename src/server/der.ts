/**
 * Values of DER as certificates are written in: tag, length, content.
 * @see ITU-T X.690
 */
export type Der = Uint8Array<ArrayBuffer>

/** A value of any tag, made of parts. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Der {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 | bytes.length, ...bytes]
  const value = new Uint8Array(header.length + length)
  value.set(header)
  let at = header.length
  for (const part of parts) {
    value.set(part, at)
    at += part.length
  }
  return value
}

export const sequence = (...parts: readonly Uint8Array[]): Der => der(0x30, ...parts)
export const setOf = (part: Uint8Array): Der => der(0x31, part)
export const octets = (content: Uint8Array): Der => der(0x04, content)
export const utf8 = (text: string): Der => der(0x0c, new TextEncoder().encode(text))
export const yes = (): Der => der(0x01, Uint8Array.of(0xff))

/** A number that is not negative. @param bytes most significant first */
export function integer(bytes: Uint8Array): Der {
  let at = 0
  while (at < bytes.length - 1 && bytes[at] === 0) at++
  const digits = bytes.subarray(at)
  return der(0x02, ...((digits[0] ?? 0) & 0x80 ? [Uint8Array.of(0)] : []), digits)
}

/** @param unused bits at the end of the last byte that do not count */
export function bits(content: Uint8Array, unused = 0): Der {
  return der(0x03, Uint8Array.of(unused), content)
}

/** An object identifier: `2.5.29.15`. */
export function oid(text: string): Der {
  const [first = 0, second = 0, ...arcs] = text.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const arc of arcs) {
    const digits = [arc & 0x7f]
    for (let rest = arc >>> 7; rest > 0; rest >>>= 7) digits.unshift((rest & 0x7f) | 0x80)
    bytes.push(...digits)
  }
  return der(0x06, Uint8Array.from(bytes))
}

/** A moment, to the second: in two digits of the year until 2049, in four from then on (RFC 5280, section 4.1.2.5). */
export function time(atMs: number): Der {
  const text = new Date(atMs).toISOString().replace(/[-:T]|\.\d+/g, '')
  const isShort = text < '2050'
  return der(isShort ? 0x17 : 0x18, new TextEncoder().encode(isShort ? text.slice(2) : text))
}
