/** Bytes that are looked at: the first opcodes are enough. */
const WINDOW_BYTES = 4096

/** Opcodes that fit each other, without an end so far, that are no accident. */
const ENOUGH_OPCODES = 12

/** What an opcode of protocol 0 or 1 takes off the stack and puts there; `mark` where it takes all down to a mark. */
interface Opcode {
  readonly takes: number | 'mark'
  readonly puts: number
  /** What follows it: a number of bytes, or lines of text that look like this. */
  readonly argument?: number | readonly RegExp[]
  /** The bytes of the length of what follows. */
  readonly counted?: 1 | 4
}

const INTEGER = /^-?\d+L?$/
const FLOAT = /^-?(?:\d[\d.]*(?:e[+-]?\d+)?|inf|nan)$/i
const QUOTED = /^(?:'.*'|".*")$/
const NAME = /^[A-Za-z_][\w.]*$/
const PLACE = /^\d+$/
const ANY = /^/

const OPCODES: ReadonlyMap<string, Opcode> = new Map<string, Opcode>([
  ['(', { takes: 0, puts: 0 }],
  ['0', { takes: 1, puts: 0 }],
  ['1', { takes: 'mark', puts: 0 }],
  ['2', { takes: 1, puts: 2 }],
  ['F', { takes: 0, puts: 1, argument: [FLOAT] }],
  ['I', { takes: 0, puts: 1, argument: [INTEGER] }],
  ['J', { takes: 0, puts: 1, argument: 4 }],
  ['K', { takes: 0, puts: 1, argument: 1 }],
  ['L', { takes: 0, puts: 1, argument: [INTEGER] }],
  ['M', { takes: 0, puts: 1, argument: 2 }],
  ['N', { takes: 0, puts: 1 }],
  ['P', { takes: 0, puts: 1, argument: [ANY] }],
  ['Q', { takes: 1, puts: 1 }],
  ['R', { takes: 2, puts: 1 }],
  ['S', { takes: 0, puts: 1, argument: [QUOTED] }],
  ['T', { takes: 0, puts: 1, counted: 4 }],
  ['U', { takes: 0, puts: 1, counted: 1 }],
  ['V', { takes: 0, puts: 1, argument: [ANY] }],
  ['X', { takes: 0, puts: 1, counted: 4 }],
  ['a', { takes: 2, puts: 1 }],
  ['b', { takes: 2, puts: 1 }],
  ['c', { takes: 0, puts: 1, argument: [NAME, NAME] }],
  ['d', { takes: 'mark', puts: 1 }],
  ['}', { takes: 0, puts: 1 }],
  ['e', { takes: 'mark', puts: 0 }],
  ['g', { takes: 0, puts: 1, argument: [PLACE] }],
  ['G', { takes: 0, puts: 1, argument: 8 }],
  ['h', { takes: 0, puts: 1, argument: 1 }],
  ['i', { takes: 'mark', puts: 1, argument: [NAME, NAME] }],
  ['j', { takes: 0, puts: 1, argument: 4 }],
  ['l', { takes: 'mark', puts: 1 }],
  [']', { takes: 0, puts: 1 }],
  ['o', { takes: 'mark', puts: 1 }],
  ['p', { takes: 1, puts: 1, argument: [PLACE] }],
  ['q', { takes: 1, puts: 1, argument: 1 }],
  ['r', { takes: 1, puts: 1, argument: 4 }],
  ['s', { takes: 3, puts: 1 }],
  ['t', { takes: 'mark', puts: 1 }],
  [')', { takes: 0, puts: 1 }],
  ['u', { takes: 'mark', puts: 0 }],
])

/**
 * Whether a file is a pickle. Protocol 2 and later say so. Older ones have no mark, and are text of opcodes: their first
 * ones are followed as far as is needed to be no accident, keeping count of what they stack up.
 */
export function looksLikePickle(bytes: Uint8Array): boolean {
  const [first, second] = bytes
  if (first === 0x80) return second !== undefined && second >= 2 && second <= 5
  const window = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, WINDOW_BYTES))
  /** How many values lie above each open mark, the outermost first. */
  const depths = [0]
  let at = 0
  for (let seen = 0; ; seen++) {
    if (at >= window.length) return seen >= 2 && window.length < bytes.length
    if (seen >= ENOUGH_OPCODES) return true
    const letter = String.fromCharCode(window[at] as number)
    const depth = depths.at(-1) as number
    if (letter === '.') return depths.length === 1 && depth === 1 && seen > 0
    if (letter === '(') {
      depths.push(0)
      at++
      continue
    }
    const opcode = OPCODES.get(letter)
    if (opcode === undefined) return false
    const next = endOf(opcode, window, at + 1)
    if (next === undefined) return false
    at = next
    if (opcode.takes === 'mark') {
      if (depths.length === 1) return false
      depths.pop()
      depths.push((depths.pop() as number) + opcode.puts)
    } else {
      if (depth < opcode.takes) return false
      depths[depths.length - 1] = depth - opcode.takes + opcode.puts
    }
  }
}

/** Where an opcode's argument ends, which may be behind the window; undefined where it is none. */
function endOf({ argument = 0, counted }: Opcode, window: Buffer, from: number): number | undefined {
  if (counted !== undefined) {
    if (from + counted > window.length) return window.length
    return from + counted + (counted === 1 ? window.readUInt8(from) : window.readUInt32LE(from))
  }
  if (typeof argument === 'number') return from + argument
  let at = from
  for (const pattern of argument) {
    const end = window.indexOf(0x0a, at)
    if (end === -1) return window.length === WINDOW_BYTES ? window.length : undefined
    if (!pattern.test(window.toString('latin1', at, end).replace(/\r$/, ''))) return undefined
    at = end + 1
  }
  return at
}
