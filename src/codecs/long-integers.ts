/** JSON text read again for the whole numbers that a double would round. */
export interface LongIntegers {
  /** The document, where every whole number of 16 to 40 plain digits stands as its place in `integers`. */
  readonly document: unknown
  readonly integers: readonly bigint[]
}

/** A whole number of many digits, not the tail of another number and not the head of one with a point or exponent. */
const LONG_INTEGER = /(?<![\d.eE+-])-?\d{16,40}(?![\d.eE])/g

/**
 * Reads JSON text that `JSON.parse` has read before, keeping all digits of its long integers. A reviver could do so
 * too, many times slower and only as deep as the stack reaches.
 */
export function readLongIntegers(text: string): LongIntegers {
  const integers: bigint[] = []
  let marked = ''
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('"', at)
    const outside = text.slice(at, open === -1 ? text.length : open)
    marked += outside.replace(LONG_INTEGER, (digits) => String(integers.push(BigInt(digits)) - 1))
    if (open === -1) break
    at = closingQuote(text, open) + 1
    marked += text.slice(open, at)
  }
  return { document: JSON.parse(marked), integers }
}

/** Where the string that opens at `open` ends. */
function closingQuote(text: string, open: number): number {
  let close = open
  let backslashes = 0
  do {
    close = text.indexOf('"', close + 1)
    backslashes = 0
    while (text[close - 1 - backslashes] === '\\') backslashes++
  } while (backslashes % 2 === 1)
  return close
}
