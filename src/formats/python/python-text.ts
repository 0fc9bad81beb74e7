import { isAscii } from 'node:buffer'
import { damaged } from './stream.ts'

/**
 * The line of a `UNICODE` opcode: Latin-1 with `\u` and `\U` escapes.
 * @see CPython, "raw-unicode-escape"
 */
export function rawUnicode(line: Buffer, offset: number): string {
  const text = line.toString('latin1')
  if (!text.includes('\\')) return text
  return text.replace(/\\(u[^]{0,4}|U[^]{0,8}|[^]?)/g, (whole, rest: string) => {
    if (rest[0] !== 'u' && rest[0] !== 'U') return whole
    const code = /^(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})$/.test(rest) ? Number.parseInt(rest.slice(1), 16) : Infinity
    if (code > 0x10ffff) throw damaged('has a broken escape in a text', offset)
    return String.fromCodePoint(code)
  })
}

const ESCAPES: ReadonlyMap<string, number> = new Map([
  ['\\', 0x5c],
  ["'", 0x27],
  ['"', 0x22],
  ['a', 7],
  ['b', 8],
  ['t', 9],
  ['n', 10],
  ['v', 11],
  ['f', 12],
  ['r', 13],
])

/** The line of a `STRING` opcode: a text of Python 2 in quotes, as `repr` writes it. */
export function quotedText(line: Buffer, offset: number): string | Uint8Array {
  const text = line.toString('latin1').replace(/[ \t\r]+$/, '')
  const quote = text[0]
  if (text.length < 2 || (quote !== "'" && quote !== '"') || text.at(-1) !== quote)
    throw damaged('has a text without its quotes', offset)
  const plain = text.slice(1, -1).replace(/\\(x[^]{0,2}|[0-7]{1,3}|[^]?)/g, (_whole, rest: string) => {
    const code = /^x[0-9a-fA-F]{2}$/.test(rest)
      ? Number.parseInt(rest.slice(1), 16)
      : /^[0-7]/.test(rest)
        ? Number.parseInt(rest, 8) & 0xff
        : ESCAPES.get(rest)
    if (code === undefined) throw damaged('has a broken escape in a text', offset)
    return String.fromCharCode(code)
  })
  const bytes = Buffer.from(plain, 'latin1')
  return isAscii(bytes) ? plain : new Uint8Array(bytes)
}

/** The line of an `INT` opcode: a whole number, or `00` and `01` for False and True. */
export function integerText(line: string, offset: number): bigint | boolean {
  if (line === '00' || line === '01') return line === '01'
  return longText(line, offset)
}

/** The line of a `LONG` opcode. */
export function longText(line: string, offset: number): bigint {
  if (!/^[+-]?\d+L?$/.test(line)) throw damaged('has no whole number where one must stand', offset)
  return BigInt(line.replace(/L$/, '').replace(/^\+/, ''))
}

/** The line of a `FLOAT` opcode. */
export function floatText(line: string, offset: number): number {
  const special = /^([+-]?)(nan|inf(?:inity)?)$/i.exec(line)
  if (special !== null) {
    if (special[2]?.toLowerCase() === 'nan') return Number.NaN
    return special[1] === '-' ? -Infinity : Infinity
  }
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(line))
    throw damaged('has no number where one must stand', offset)
  return Number(line)
}
