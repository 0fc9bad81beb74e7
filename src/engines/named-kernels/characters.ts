import type { Parameters } from './kernel.ts'

/** Classes of characters as Python's `re` has them for text. */
const CLASSES = {
  /** `\w`: what `str.isalnum` is true for, and `_`. */
  word: /[\p{L}\p{N}_]/u,
  digit: /\p{Nd}/u,
  /** `\s`: what `str.isspace` is true for. */
  // oxlint-disable-next-line no-control-regex -- Python's white space has control characters in it
  space: /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/,
} as const

type ClassName = keyof typeof CLASSES
const CLASS_NAMES = Object.keys(CLASSES) as ClassName[]

/** A set of code points; what is asked of it once beyond ASCII is remembered by pages. */
export class CharacterSet {
  readonly #test: (code: number) => boolean
  readonly #ascii = new Uint8Array(128)
  /** 256 code points a page: 0 not known yet, 1 no, 2 yes. */
  readonly #pages: (Uint8Array | undefined)[] = []

  constructor(test: (code: number) => boolean) {
    this.#test = test
    for (let code = 0; code < 128; code++) this.#ascii[code] = test(code) ? 1 : 0
  }

  has(code: number): boolean {
    if (code < 128) return this.#ascii[code] === 1
    const page = (this.#pages[code >> 8] ??= new Uint8Array(256))
    const known = page[code & 255] as number
    if (known !== 0) return known === 2
    const is = this.#test(code)
    page[code & 255] = is ? 2 : 1
    return is
  }
}

/** What `\w` matches. */
export const WORD = new CharacterSet((code) => CLASSES.word.test(String.fromCodePoint(code)))
/** What `\s` matches. */
export const SPACE = new CharacterSet((code) => CLASSES.space.test(String.fromCodePoint(code)))

/**
 * Reads `{ ranges: [from, to, …], classes: ["word", …], others: ["space", …], isNegated }`: code points within the ranges
 * (ends included), in one of the classes, or in none of one of the `others`.
 */
export function readCharacterSet(parameters: Parameters): CharacterSet {
  const ranges = parameters.ints('ranges', 0, 0x10ffff)
  const classes = classesOf(parameters, 'classes')
  const others = classesOf(parameters, 'others')
  const isNegated = parameters.flag('isNegated')
  return new CharacterSet((code) => {
    const text = String.fromCodePoint(code)
    let isIn = classes.some((each) => each.test(text)) || others.some((each) => !each.test(text))
    for (let i = 0; i + 1 < ranges.length && !isIn; i += 2)
      isIn = code >= (ranges[i] as number) && code <= (ranges[i + 1] as number)
    return isIn !== isNegated
  })
}

function classesOf(parameters: Parameters, name: string): RegExp[] {
  return parameters.texts(name).map((each) => {
    const known = CLASS_NAMES.find((one) => one === each)
    if (known === undefined) throw parameters.refuse(name, `a list of ${CLASS_NAMES.join(', ')}`)
    return CLASSES[known]
  })
}
