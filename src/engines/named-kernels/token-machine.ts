import { ServingError } from '../../core/errors.ts'
import { readCharacterSet, WORD, type CharacterSet } from './characters.ts'
import type { Parameters } from './kernel.ts'

/** Finds the tokens of a text, as Python's `re.findall` does, and hands on each. */
export type Tokenizer = (text: string, take: (token: string) => void) => void

/** Steps that a pattern may take on a text: so many for each character, and so many to begin with. */
const STEPS_PER_CHARACTER = 2_000
const FIRST_STEPS = 100_000
const MOST_STEPS = 50_000_000
const MAX_INSTRUCTIONS = 20_000
/** Most numbers on its stack. */
const MAX_STACK = 2 ** 22

/**
 * Reads a token pattern: `{ runs: set, least }` finds the runs of at least so many characters of a set; `{ sets, program }`
 * is a list of instructions, each `[name, …numbers]`:
 * - `set n`: one character of set n
 * - `many n least most`: as many characters of set n as there are, within the bounds, and fewer if that fails
 * - `split a b`: goes on at a, and at b if that fails; `jump a`
 * - `save n`: notes where the group begins (0) and ends (1)
 * - `at n`: 0 a word's edge, 1 no word's edge, 2 the text's begin, 3 its end, 4 a line's begin, 5 a line's end, 6 the text's
 *   end or before its last line feed
 * - `look isBehind isNegated width next`: what follows (up to `match`) must match here, or `width` characters before
 * - `match`
 */
export function readTokenizer(parameters: Parameters): Tokenizer {
  if (parameters.has('runs'))
    return runsOf(readCharacterSet(parameters.object('runs')), parameters.int('least', 1, 2 ** 20))
  return new TokenMachine(parameters).tokenize
}

function runsOf(set: CharacterSet, least: number): Tokenizer {
  return (text, take) => {
    const { length } = text
    for (let at = 0; at < length;) {
      let code = text.codePointAt(at) as number
      if (!set.has(code)) {
        at += code > 0xffff ? 2 : 1
        continue
      }
      const from = at
      let count = 0
      do {
        count++
        at += code > 0xffff ? 2 : 1
        if (at >= length) break
        code = text.charCodeAt(at)
        if (code >= 0xd800 && code < 0xdc00) code = text.codePointAt(at) as number
      } while (set.has(code))
      if (count >= least) take(text.slice(from, at))
    }
  }
}

const OPERATIONS = ['set', 'split', 'jump', 'save', 'at', 'look', 'match', 'many'] as const
const [SET, SPLIT, JUMP, SAVE, AT, LOOK, MATCH, MANY] = [0, 1, 2, 3, 4, 5, 6, 7] as const
/** Numbers of each instruction. */
const OPERANDS = [1, 2, 1, 1, 1, 4, 0, 3] as const

/** A backtracking matcher with a stack of its own, and a bound on its steps: no text can hang it. */
class TokenMachine {
  /** Five numbers an instruction: which, and its numbers. */
  readonly #code: Int32Array
  readonly #sets: readonly CharacterSet[]
  readonly #hasGroup: boolean
  #text = ''
  #steps = 0
  /** Numbers on the stacks of the matches that a `look` is within. */
  #below = 0
  #from = -1
  #to = -1

  constructor(parameters: Parameters) {
    this.#sets = parameters.objects('sets').map(readCharacterSet)
    const list = parameters.list('program')
    if (list.length === 0 || list.length > MAX_INSTRUCTIONS)
      throw parameters.refuse('program', `a list of 1 to ${MAX_INSTRUCTIONS} instructions`)
    this.#code = new Int32Array(list.length * 5)
    let hasGroup = false
    list.forEach((item, i) => {
      const [name, ...numbers] = Array.isArray(item) ? (item as unknown[]) : []
      const operation = OPERATIONS.findIndex((each) => each === name)
      if (operation < 0 || numbers.length !== OPERANDS[operation] || !numbers.every(Number.isInteger))
        throw parameters.refuse('program', 'a list of instructions')
      const own = numbers as number[]
      const isGood =
        operation === SET || operation === MANY
          ? isWithin(own[0], this.#sets.length)
          : operation === SPLIT || operation === JUMP
            ? own.every((to) => isWithin(to, list.length))
            : operation === SAVE
              ? isWithin(own[0], 2)
              : operation === AT
                ? isWithin(own[0], 7)
                : operation !== LOOK || (isWithin(own[2], 2 ** 20) && isWithin(own[3], list.length))
      if (!isGood) throw parameters.refuse('program', `within its bounds (instruction ${i + 1})`)
      if (operation === SAVE) hasGroup = true
      this.#code.set([operation, ...own], i * 5)
    })
    // what runs off the end would match nothing: the last instruction must be one that does not go on
    const last = this.#code[(list.length - 1) * 5]
    if (last !== MATCH && last !== JUMP) throw parameters.refuse('program', 'a list that ends with "match"')
    this.#hasGroup = hasGroup
  }

  tokenize: Tokenizer = (text, take) => {
    this.#text = text
    this.#below = 0
    this.#steps = Math.min(MOST_STEPS, FIRST_STEPS + text.length * STEPS_PER_CHARACTER)
    // after a match of nothing, the next one at the same place must be of something
    let mustAdvance = false
    for (let at = 0; at <= text.length;) {
      this.#from = -1
      this.#to = -1
      const end = this.#match(0, at, 0, mustAdvance)
      mustAdvance = end === at
      if (end < 0) at += isPairAt(text, at) ? 2 : 1
      else {
        take(this.#hasGroup ? this.#group() : text.slice(at, end))
        at = end
      }
    }
  }

  /** What the group holds; nothing where it took no part. */
  #group(): string {
    return this.#from < 0 || this.#to < 0 ? '' : this.#text.slice(this.#from, this.#to)
  }

  /** Where the match from `start` ends, or -1. */
  #match(first: number, start: number, depth: number, mustAdvance = false): number {
    const code = this.#code
    const text = this.#text
    // alternatives that are left: instruction, position, how far back it may go (-1: not at all), and the group as it was
    const stack: number[] = []
    let next = first
    let at = start
    for (;;) {
      if (--this.#steps < 0) throw tooMuch(text)
      const i = next * 5
      let isGood = true
      switch (code[i]) {
        case SET: {
          if (at >= text.length) {
            isGood = false
            break
          }
          const unit = text.codePointAt(at) as number
          isGood = (this.#sets[code[i + 1] as number] as CharacterSet).has(unit)
          at += unit > 0xffff ? 2 : 1
          next++
          break
        }
        case SPLIT:
          if (this.#below + stack.length > MAX_STACK) throw tooMuch(text)
          stack.push(code[i + 2] as number, at, -1, this.#from, this.#to)
          next = code[i + 1] as number
          break
        case MANY: {
          const set = this.#sets[code[i + 1] as number] as CharacterSet
          const least = code[i + 2] as number
          const most = code[i + 3] as number
          let count = 0
          let leastAt = least === 0 ? at : -1
          for (; count < most && at < text.length;) {
            const unit = text.codePointAt(at) as number
            if (!set.has(unit)) break
            at += unit > 0xffff ? 2 : 1
            if (++count === least) leastAt = at
          }
          this.#steps -= count >> 2
          next++
          if (count < least) isGood = false
          else if (at > leastAt) {
            if (this.#below + stack.length > MAX_STACK) throw tooMuch(text)
            stack.push(next, at, leastAt, this.#from, this.#to)
          }
          break
        }
        case JUMP:
          next = code[i + 1] as number
          break
        case SAVE:
          if (code[i + 1] === 0) this.#from = at
          else this.#to = at
          next++
          break
        case AT:
          isGood = this.#isAt(code[i + 1] as number, at)
          next++
          break
        case LOOK: {
          const [from, to] = [this.#from, this.#to]
          this.#steps -= code[i + 1] === 0 ? 0 : (code[i + 3] as number)
          const begin = code[i + 1] === 0 ? at : back(text, at, code[i + 3] as number)
          if (depth >= 32) throw new ServingError('refused', 'a token pattern looks around over 32 deep')
          this.#below += stack.length
          const found = begin < 0 ? -1 : this.#match(next + 1, begin, depth + 1)
          this.#below -= stack.length
          const isFound = code[i + 1] === 0 ? found >= 0 : found === at
          isGood = isFound !== (code[i + 2] === 1)
          if (!isGood || code[i + 2] === 1) [this.#from, this.#to] = [from, to]
          next = code[i + 4] as number
          break
        }
        default:
          if (!mustAdvance || at !== start) return at
          isGood = false
      }
      if (isGood) continue
      if (stack.length === 0) return -1
      this.#to = stack.pop() as number
      this.#from = stack.pop() as number
      const leastAt = stack.pop() as number
      at = stack.pop() as number
      next = stack.pop() as number
      if (leastAt < 0) continue
      at = back(text, at, 1)
      if (at > leastAt) stack.push(next, at, leastAt, this.#from, this.#to)
    }
  }

  #isAt(kind: number, at: number): boolean {
    const text = this.#text
    switch (kind) {
      case 0:
        return this.#isEdge(at)
      case 1:
        return !this.#isEdge(at)
      case 2:
        return at === 0
      case 3:
        return at === text.length
      case 4:
        return at === 0 || text.charCodeAt(at - 1) === 10
      case 5:
        return at === text.length || text.charCodeAt(at) === 10
      default:
        return at === text.length || (at === text.length - 1 && text.charCodeAt(at) === 10)
    }
  }

  #isEdge(at: number): boolean {
    const text = this.#text
    const before = at > 0 && WORD.has(text.codePointAt(back(text, at, 1)) as number)
    const after = at < text.length && WORD.has(text.codePointAt(at) as number)
    return before !== after
  }
}

function tooMuch(text: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `the model's token pattern takes too many steps on a text of ${text.length} characters; send a shorter or plainer text`,
  )
}

function isWithin(value: number | undefined, end: number): boolean {
  return value !== undefined && value >= 0 && value < end
}

function isPairAt(text: string, at: number): boolean {
  return at < text.length && (text.codePointAt(at) as number) > 0xffff
}

/** `count` characters before `at`, or -1. */
function back(text: string, at: number, count: number): number {
  let to = at
  for (let i = 0; i < count; i++) {
    if (to <= 0) return -1
    const unit = text.charCodeAt(to - 1)
    to -= unit >= 0xdc00 && unit < 0xe000 && to > 1 && isPairAt(text, to - 2) ? 2 : 1
  }
  return to
}
