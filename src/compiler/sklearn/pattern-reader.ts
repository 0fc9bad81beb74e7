import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { EDGE, MOST, widthOf, type CharacterSet, type ClassName, type Node } from './pattern-node.ts'

const NOT_NEWLINE: CharacterSet = { ranges: [10, 10], classes: [], others: [], isNegated: true }
const ANY: CharacterSet = { ranges: [], classes: [], others: [], isNegated: true }
const CLASSES: Readonly<Record<string, ClassName>> = { w: 'word', d: 'digit', s: 'space' }
const CONTROLS: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, f: 12, v: 11, a: 7 }

const MAX_REPEAT = 1_000
const MAX_NESTING = 32

/** The error for a pattern that has something which is not covered. */
export function refusal(pattern: string, where: string, reason: string): ServingError {
  return new ServingError(
    'unsupported',
    `${where}: the token pattern ${quote(pattern)} ${reason}, which is not covered`,
  )
}

/** Reads a token pattern of Python's `re`, one character after the other. */
export class PatternReader {
  readonly #characters: readonly string[]
  readonly #pattern: string
  readonly #where: string
  #next = 0
  #groups = 0
  #nesting = 0
  #isDotAll = false
  #isMultiline = false

  constructor(pattern: string, where: string) {
    this.#characters = Array.from(pattern)
    this.#pattern = pattern
    this.#where = where
  }

  read(): Node {
    this.#flags()
    const node = this.#either()
    if (this.#next < this.#characters.length) throw this.#refuse('has a ")" too many')
    return node
  }

  #refuse(reason: string): ServingError {
    return refusal(this.#pattern, this.#where, reason)
  }

  #peek(offset = 0): string | undefined {
    return this.#characters[this.#next + offset]
  }

  #take(): string {
    const character = this.#characters[this.#next++]
    if (character === undefined) throw this.#refuse('ends too early')
    return character
  }

  #skip(text: string): boolean {
    const characters = Array.from(text)
    if (!characters.every((character, i) => this.#peek(i) === character)) return false
    this.#next += characters.length
    return true
  }

  /** Flags for the whole pattern, which stand before it. */
  #flags(): void {
    for (;;) {
      const rest = this.#characters.slice(this.#next, this.#next + 16).join('')
      const [whole, flags = ''] = /^\(\?([a-zA-Z]+)\)/.exec(rest) ?? []
      if (whole === undefined) return
      for (const flag of flags) {
        if (flag === 's') this.#isDotAll = true
        else if (flag === 'm') this.#isMultiline = true
        else if (flag !== 'u') throw this.#refuse(`has the flag ${quote(flag)}`)
      }
      this.#next += whole.length
    }
  }

  #either(): Node {
    if (++this.#nesting > MAX_NESTING) throw this.#refuse(`has groups over ${MAX_NESTING} deep`)
    const parts = [this.#sequence()]
    while (this.#skip('|')) parts.push(this.#sequence())
    this.#nesting--
    return parts.length === 1 ? (parts[0] as Node) : { kind: 'either', parts }
  }

  #sequence(): Node {
    const parts: Node[] = []
    for (let next = this.#peek(); next !== undefined && next !== '|' && next !== ')'; next = this.#peek())
      parts.push(this.#repeated(this.#atom()))
    return parts.length === 1 ? (parts[0] as Node) : { kind: 'sequence', parts }
  }

  #repeated(part: Node): Node {
    const bounds = this.#bounds()
    if (bounds === undefined) return part
    if (part.kind === 'at' || part.kind === 'look') throw this.#refuse('repeats a place between characters')
    if (this.#peek() === '+') throw this.#refuse('has a possessive repetition')
    const isLazy = this.#skip('?')
    const [least, most] = bounds
    if (least > most) throw this.#refuse('repeats at least more often than at most')
    if (widthOf(part).least === 0 && most > 1) throw this.#refuse('repeats what may match nothing')
    const node: Node = { kind: 'repeat', part, least, most, isLazy }
    if (this.#bounds() !== undefined) throw this.#refuse('repeats a repetition')
    return node
  }

  #bounds(): readonly [least: number, most: number] | undefined {
    if (this.#skip('*')) return [0, MOST]
    if (this.#skip('+')) return [1, MOST]
    if (this.#skip('?')) return [0, 1]
    const rest = this.#characters.slice(this.#next, this.#next + 32).join('')
    const match = /^\{(\d*)(,?)(\d*)\}/.exec(rest)
    if (match === null || match[0] === '{}') return undefined
    const [whole, from = '', comma = '', to = ''] = match
    this.#next += whole.length
    const least = from === '' ? 0 : Number(from)
    const most = comma === '' ? least : to === '' ? MOST : Number(to)
    if (least > MAX_REPEAT || (most > MAX_REPEAT && most !== MOST))
      throw this.#refuse(`repeats over ${MAX_REPEAT} times`)
    return [least, most]
  }

  #atom(): Node {
    const character = this.#take()
    if (character === '(') return this.#group()
    if (character === '[') return { kind: 'set', set: this.#set() }
    if (character === '.') return { kind: 'set', set: this.#isDotAll ? ANY : NOT_NEWLINE }
    if (character === '^') return { kind: 'at', place: this.#isMultiline ? 4 : 2 }
    if (character === '$') return { kind: 'at', place: this.#isMultiline ? 5 : 6 }
    if (character === '\\') return this.#escape()
    if (character === '*' || character === '+' || character === '?') throw this.#refuse('repeats nothing')
    return { kind: 'set', set: single(codeOf(character)) }
  }

  #group(): Node {
    if (!this.#skip('?')) return this.#captured()
    if (this.#skip(':')) return this.#until(this.#either())
    if (this.#skip('P<')) {
      while (this.#take() !== '>');
      return this.#captured()
    }
    if (this.#skip('#')) {
      while (this.#take() !== ')');
      return { kind: 'sequence', parts: [] }
    }
    const isBehind = this.#skip('<')
    const mark = this.#take()
    if (mark !== '=' && mark !== '!') throw this.#refuse(`has the group "(?${isBehind ? '<' : ''}${mark}"`)
    const groups = this.#groups
    const part = this.#until(this.#either())
    if (this.#groups > groups) throw this.#refuse('captures within a look around')
    const { least, most } = widthOf(part)
    if (isBehind && least !== most) throw this.#refuse('looks behind for what has no fixed width')
    return { kind: 'look', part, isBehind, isNegated: mark === '!' }
  }

  #captured(): Node {
    if (++this.#groups > 1) throw this.#refuse('has more than one group that captures (scikit-learn takes one)')
    return { kind: 'group', part: this.#until(this.#either()) }
  }

  #until(node: Node): Node {
    if (!this.#skip(')')) throw this.#refuse('has a "(" too many')
    return node
  }

  #escape(): Node {
    const character = this.#take()
    if (character === 'b') return { kind: 'at', place: EDGE }
    if (character === 'B') return { kind: 'at', place: 1 }
    if (character === 'A') return { kind: 'at', place: 2 }
    if (character === 'Z') return { kind: 'at', place: 3 }
    const known = CLASSES[character.toLowerCase()]
    if (known !== undefined) {
      const isOther = character !== character.toLowerCase()
      return { kind: 'set', set: { ...ANY, isNegated: isOther, classes: [known] } }
    }
    if (/[1-9]/.test(character)) throw this.#refuse('refers back to a group, or has an octal escape')
    return { kind: 'set', set: single(this.#code(character)) }
  }

  /** The code point of an escape that stands for one character. @param character what follows the backslash */
  #code(character: string): number {
    const control = CONTROLS[character]
    if (control !== undefined) return control
    const digits = ({ x: 2, u: 4, U: 8 } as const)[character as 'x' | 'u' | 'U']
    if (digits !== undefined) {
      const text = Array.from({ length: digits }, () => this.#take()).join('')
      const code = /^[0-9a-fA-F]+$/.test(text) ? Number.parseInt(text, 16) : Infinity
      if (code > 0x10ffff) throw this.#refuse('has a broken escape')
      return code
    }
    if (character === '0') {
      let text = ''
      while (text.length < 2 && /^[0-7]$/.test(this.#peek() ?? '')) text += this.#take()
      return Number.parseInt(`0${text}`, 8)
    }
    if (/^[a-zA-Z]$/.test(character)) throw this.#refuse(`has the escape ${quote(`\\${character}`)}`)
    return codeOf(character)
  }

  #set(): CharacterSet {
    const isNegated = this.#skip('^')
    const [ranges, classes, others]: [number[], ClassName[], ClassName[]] = [[], [], []]
    for (let isFirst = true; ; isFirst = false) {
      const character = this.#take()
      if (character === ']' && !isFirst) break
      const from = this.#member(character, classes, others)
      if (this.#peek() !== '-' || this.#peek(1) === ']' || this.#peek(1) === undefined) {
        if (from !== undefined) ranges.push(from, from)
        continue
      }
      this.#next++
      const to = this.#member(this.#take(), [], [])
      if (from === undefined || to === undefined || to < from) throw this.#refuse('has a bad range of characters')
      ranges.push(from, to)
    }
    return { ranges, classes, others, isNegated }
  }

  /** One character of a set, or undefined for a class, which is added. */
  #member(character: string, classes: ClassName[], others: ClassName[]): number | undefined {
    if (character !== '\\') return codeOf(character)
    const escaped = this.#take()
    const known = CLASSES[escaped.toLowerCase()]
    if (known !== undefined) {
      if (escaped === escaped.toLowerCase()) classes.push(known)
      else others.push(known)
      return undefined
    }
    if (escaped === 'b') return 8
    if (/[1-9]/.test(escaped)) throw this.#refuse('has an octal escape')
    return this.#code(escaped)
  }
}

function codeOf(character: string): number {
  return character.codePointAt(0) as number
}

function single(code: number): CharacterSet {
  return { ranges: [code, code], classes: [], others: [], isNegated: false }
}
